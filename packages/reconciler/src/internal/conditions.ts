/** Conditions, and what each phase means for them. */
import { KubeTime } from "@fairlead/kube"
import type { Phase, TaskAction } from "@fairlead/core"
import type { ActionPhase } from "../ActionEvent.ts"
import { messageMax, noteMax, truncate } from "./messages.ts"

type Condition = TaskAction.TaskActionCondition

/** Word for the state of an action, used as reason of conditions and as phase of the history. */
export type Reason =
  | "Queued"
  | "Initializing"
  | "Executing"
  | "Completed"
  | "RetryableFailure"
  | "PermanentFailure"
  | "Aborted"
  | "PluginNotFound"
  | "InvalidSpec"
  | "Paused"
  | "Signaled"
  | "TimedOut"

/** What a phase means for people and for event consumers. */
export interface Meaning {
  readonly reason: Reason
  readonly event: ActionPhase
  /** The condition that becomes true when the phase ends the action. */
  readonly terminal?: "Succeeded" | "Failed"
}

const waiting: Meaning = { reason: "Queued", event: "WAITING_FOR_RESOURCES" }

/** The meaning of every phase; `Undefined` has none and changes nothing. */
export const meanings: { readonly [P in Phase.Phase]: Meaning | undefined } = {
  Undefined: undefined,
  NotReady: { reason: "Queued", event: "QUEUED" },
  Queued: { reason: "Queued", event: "QUEUED" },
  WaitingForResources: waiting,
  WaitingForCache: waiting,
  Initializing: { reason: "Initializing", event: "INITIALIZING" },
  Running: { reason: "Executing", event: "RUNNING" },
  Success: { reason: "Completed", event: "SUCCEEDED", terminal: "Succeeded" },
  RetryableFailure: { reason: "RetryableFailure", event: "FAILED" },
  PermanentFailure: { reason: "PermanentFailure", event: "FAILED", terminal: "Failed" },
  Aborted: { reason: "Aborted", event: "ABORTED", terminal: "Failed" }
}

/** A failure because a bound of time was passed. */
export const timedOut: Meaning = { reason: "TimedOut", event: "TIMED_OUT", terminal: "Failed" }

/** Sets one condition by type; `lastTransitionTime` moves only with `status`, and an equal condition stays the same object. */
const setCondition = (
  conditions: ReadonlyArray<Condition>,
  next: Pick<Condition, "type" | "status" | "reason" | "message">,
  now: number,
  generation: number | undefined
): ReadonlyArray<Condition> => {
  const { message, reason, status, type } = next
  const at = conditions.findIndex((it) => it.type === type)
  // V8 looks for the name "-1" in the slowest way it has.
  const before = at < 0 ? undefined : conditions[at]
  if (before?.status === status && before.reason === reason && before.message === message && before.observedGeneration === generation) return conditions
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : KubeTime.format(now)
  const after: Condition = generation === undefined
    ? { type, status, reason, message, lastTransitionTime }
    : { type, status, reason, message, lastTransitionTime, observedGeneration: generation }
  // Stored lists are frozen, over which `with` and `slice` take ten times as long as a spread.
  const copy = [...conditions]
  copy[before === undefined ? conditions.length : at] = after
  return copy
}

/** Sets `Progressing`, and `Succeeded` or `Failed` when the meaning is terminal. */
export const applyMeaning = (
  conditions: ReadonlyArray<Condition>,
  meaning: Meaning,
  message: string,
  now: number,
  generation: number | undefined
): ReadonlyArray<Condition> => {
  const progressing = setCondition(conditions, {
    type: "Progressing",
    status: meaning.terminal === undefined ? "True" : "False",
    reason: meaning.reason,
    message: truncate(message, noteMax)
  }, now, generation)
  if (meaning.terminal === undefined) return progressing
  const ended = { type: meaning.terminal, status: "True", reason: meaning.reason, message: truncate(message, messageMax) } as const
  return setCondition(progressing, ended, now, generation)
}

/** The condition of a type. */
export const conditionOf = (status: TaskAction.TaskActionStatus | undefined, type: string): Condition | undefined =>
  status?.conditions?.find((it) => it.type === type)

/** The condition that ended the action, if it has ended. Looks at objects that nobody has checked yet. */
export const terminalCondition = (status: TaskAction.TaskActionStatus | undefined): Condition | undefined => {
  const conditions: unknown = status?.conditions
  if (!Array.isArray(conditions)) return undefined
  for (const it of conditions as ReadonlyArray<Condition | undefined>) {
    if (it?.status === "True" && (it.type === "Succeeded" || it.type === "Failed")) return it
  }
  return undefined
}
