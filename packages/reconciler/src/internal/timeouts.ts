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

const error = (code: string, message: string): Phase.TaskError => ({ code, message, kind: "USER" })

const seconds = (millis: number): string => `${millis / 1000} s`

type Status = TaskAction.TaskActionStatus

/** Most tasks have none, and whoever looks for one reads times out of the history. */
const hasBounds = ({ deadline, queuedTimeout, runningTimeout }: TimeBounds): boolean => deadline > 0 || queuedTimeout > 0 || runningTimeout > 0

const deadlineAt = ({ phaseHistory = [] }: Status, { deadline }: TimeBounds, createdAt: number): number =>
  deadline > 0 ? (startedAt(phaseHistory) ?? createdAt) + deadline : Infinity

const queuedUntil = ({ phaseHistory = [] }: Status, phase: Phase.Phase | undefined, { queuedTimeout }: TimeBounds): number =>
  queuedTimeout > 0 && (phase === undefined || queuedPhases.has(phase)) ? (enteredAt(phaseHistory, "Queued") ?? Infinity) + queuedTimeout : Infinity

const runsUntil = ({ phaseHistory = [] }: Status, phase: Phase.Phase | undefined, { runningTimeout }: TimeBounds): number =>
  runningTimeout > 0 && phase === "Running" ? (enteredAt(phaseHistory, "Executing") ?? Infinity) + runningTimeout : Infinity

/** The failure that an action which now is in `phase` has run into, if any; the deadline first. */
export const expired = (status: Status, phase: Phase.Phase | undefined, bounds: TimeBounds, createdAt: number, now: number): Phase.PhaseInfo | undefined => {
  if (!hasBounds(bounds)) return undefined
  if (now >= deadlineAt(status, bounds, createdAt)) {
    return Phase.permanentFailure(error(codes.deadline, `the task did not end within ${seconds(bounds.deadline)} of being queued`))
  }
  if (now >= queuedUntil(status, phase, bounds)) {
    return Phase.retryableFailure(error(codes.queued, `the task waited for more than ${seconds(bounds.queuedTimeout)} to be started`))
  }
  if (now >= runsUntil(status, phase, bounds)) {
    return Phase.retryableFailure(error(codes.running, `the task ran for more than its timeout of ${seconds(bounds.runningTimeout)}`))
  }
  return undefined
}

/** When the next bound is reached; infinity when there is none. */
export const nextDeadline = (status: Status, bounds: TimeBounds, createdAt: number): number => {
  if (!hasBounds(bounds)) return Infinity
  const phase = Phase.fromWire(status.pluginPhase)
  return Math.min(deadlineAt(status, bounds, createdAt), queuedUntil(status, phase, bounds), runsUntil(status, phase, bounds))
}
