/** The three bounds of time of a task: waiting and running per launch, and everything together. */
import { Phase, type TaskAction } from "@fairlead/core"
import { enteredAt, startedAt } from "./phaseHistory.ts"

/** Bounds in milliseconds; zero means none. */
export interface TimeBounds {
  readonly queuedTimeout: number
  readonly runningTimeout: number
  readonly deadline: number
}

const codes = { queued: "QueuedTimeoutExpired", running: "TimeoutExpired", deadline: "DeadlineExceeded" } as const

/** True for the code of a failure by time. */
export const isTimeoutCode = (code: string | undefined): boolean =>
  code === codes.queued || code === codes.running || code === codes.deadline

const queuedPhases: ReadonlySet<Phase.Phase> = new Set<Phase.Phase>(["NotReady", "WaitingForResources", "Queued", "WaitingForCache"])

interface Bound {
  readonly at: number
  readonly failure: () => Phase.PhaseInfo
}

/** The bounds that an action in `phase` runs into, each with the time and what happens then. */
const boundsAhead = (
  status: TaskAction.TaskActionStatus,
  phase: Phase.Phase | undefined,
  bounds: TimeBounds,
  createdAt: number
): ReadonlyArray<Bound> => {
  const history = status.phaseHistory ?? []
  const found: Array<Bound> = []
  const add = (timeout: number, since: number | undefined, failure: () => Phase.PhaseInfo): void => {
    if (timeout > 0 && since !== undefined) found.push({ at: since + timeout, failure })
  }
  add(bounds.deadline, startedAt(history) ?? createdAt, () =>
    Phase.permanentFailure(error(codes.deadline, `the task did not end within ${seconds(bounds.deadline)} of being queued`)))
  if (phase === undefined || queuedPhases.has(phase)) {
    add(bounds.queuedTimeout, enteredAt(history, "Queued"), () =>
      Phase.retryableFailure(error(codes.queued, `the task waited for more than ${seconds(bounds.queuedTimeout)} to be started`)))
  }
  if (phase === "Running") {
    add(bounds.runningTimeout, enteredAt(history, "Executing"), () =>
      Phase.retryableFailure(error(codes.running, `the task ran for more than its timeout of ${seconds(bounds.runningTimeout)}`)))
  }
  return found
}

const error = (code: string, message: string): Phase.TaskError => ({ code, message, kind: "USER" })

const seconds = (millis: number): string => `${millis / 1000} s`

/** The failure that an action which now is in `phase` has run into, if any; the deadline first. */
export const expired = (
  status: TaskAction.TaskActionStatus,
  phase: Phase.Phase | undefined,
  bounds: TimeBounds,
  createdAt: number,
  now: number
): Phase.PhaseInfo | undefined => boundsAhead(status, phase, bounds, createdAt).find((it) => now >= it.at)?.failure()

/** When the next bound is reached; infinity when there is none. */
export const nextDeadline = (status: TaskAction.TaskActionStatus, bounds: TimeBounds, createdAt: number): number =>
  boundsAhead(status, Phase.fromWire(status.pluginPhase), bounds, createdAt).reduce((soonest, it) => Math.min(soonest, it.at), Infinity)
