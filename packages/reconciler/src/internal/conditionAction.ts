/** Condition actions wait for a person or a program: no plugin, no pod, no finalizer, and no events. */
import type { Phase, TaskAction } from "@fairlead/core"
import { Effect, Result } from "effect"
import type { ActionMemory } from "./actionMemory.ts"
import { conclude } from "./conclusion.ts"
import { applyMeaning, type Meaning } from "./conditions.ts"
import { timeoutOf } from "./conditionSpec.ts"
import { messageMax, truncate } from "./messages.ts"
import { append } from "./phaseHistory.ts"
import { changedFields } from "./statusPatch.ts"
import { lookAt, patchAction, type Surroundings } from "./surroundings.ts"
import { fromWire } from "./times.ts"

type Status = TaskAction.TaskActionStatus

/** Where a condition action stands. */
export interface Standing {
  readonly meaning: Pick<Meaning, "reason" | "terminal">
  readonly message: string
  readonly error?: Phase.TaskError | undefined
  /** When it runs out of time. */
  readonly deadline: number | undefined
  readonly isInHistory: boolean
}

/** Where a condition action stands at `now`: a signal that came beats a deadline that has passed, and a `parent` that failed. */
const standingOf = (action: TaskAction.TaskAction, now: number, parent?: TaskAction.TaskAction): Standing => {
  const { signalValue, signalledBy } = action.status ?? {}
  if (signalValue !== undefined && signalValue !== "") {
    const by = signalledBy === undefined ? "" : ` by ${signalledBy}`
    return { meaning: { reason: "Signaled", terminal: "Succeeded" }, message: `the condition was signalled${by}`, deadline: undefined, isInHistory: true }
  }
  if (parent !== undefined) {
    const message = `aborted because ${parent.metadata.name}, to which it belongs, failed`
    return { meaning: { reason: "Aborted", terminal: "Failed" }, message, deadline: undefined, isInHistory: true }
  }
  const { conditionSpec } = action.spec
  const timeout: Result.Result<number, string> = conditionSpec === undefined || conditionSpec === "" ? Result.fail("is empty, but needed") : timeoutOf(conditionSpec)
  if (Result.isFailure(timeout)) {
    const message = `spec.conditionSpec ${timeout.failure}`
    return { meaning: { reason: "InvalidSpec", terminal: "Failed" }, message, error: { code: "InvalidSpec", message, kind: "USER" }, deadline: undefined, isInHistory: false }
  }
  const createdAt = fromWire(action.metadata.creationTimestamp) ?? now
  const deadline = timeout.success > 0 ? createdAt + timeout.success : undefined
  if (deadline !== undefined && now >= deadline) {
    const message = `nobody signalled the condition within ${timeout.success / 1000} s`
    return { meaning: { reason: "TimedOut", terminal: "Failed" }, message, error: { code: "ConditionTimedOut", message, kind: "USER" }, deadline, isInHistory: true }
  }
  return { meaning: { reason: "Paused" }, message: "waiting for a signal", deadline, isInHistory: true }
}

/** The status that follows: conditions, history and error alone, so that the fields of the signal stay as they are. */
const withStanding = (status: Status, standing: Standing, now: number, generation: number | undefined): Status => ({
  ...status,
  conditions: applyMeaning(status.conditions ?? [], { ...standing.meaning, event: "UNSPECIFIED" }, standing.message, now, generation),
  ...(standing.isInHistory
    ? { phaseHistory: append(status.phaseHistory ?? [], { phase: standing.meaning.reason, message: standing.message, attempt: 1 }, now) }
    : {}),
  ...(standing.error === undefined
    ? {}
    : { errorState: { code: standing.error.code, kind: "USER" as const, message: truncate(standing.error.message, messageMax) } })
})

/** Brings a condition action up to date. */
export const advanceCondition = Effect.fnUntraced(function*(around: Surroundings, action: TaskAction.TaskAction, memory: ActionMemory, now: number) {
  const status = action.status ?? {}
  const standing = standingOf(action, now, around.failedParent(action))
  const changed = changedFields(status, withStanding(status, standing, now, action.metadata.generation))
  const stored = Object.keys(changed).length === 0 ? action : yield* patchAction(around, action, "status", { status: changed })
  if (standing.meaning.terminal !== undefined) return yield* conclude(around, stored, memory, now)
  return lookAt(standing.deadline ?? Infinity, now)
})
