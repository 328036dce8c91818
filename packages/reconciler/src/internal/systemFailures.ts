/** The budget for failures that are nobody's fault but the system's: a count and a time, both of which must be used up. */
import type { TaskAction } from "@fairlead/core"
import type { Limits } from "../EngineConfig.ts"
import { enteredAt } from "./phaseHistory.ts"
import { fromWire } from "./times.ts"

type Status = TaskAction.TaskActionStatus

/** How the budget stands after one more failure. */
export interface SystemFailureCount {
  readonly failures: number
  readonly since: number
  readonly exhausted: boolean
}

/** True when the current launch has run so long that failures before it are forgotten. */
export const hasProgressed = (status: Status, limits: Limits, now: number): boolean => {
  const running = enteredAt(status.phaseHistory ?? [], "Executing")
  return running !== undefined && now - running >= limits.systemFailureReset
}

/** Counts one more failure; `afresh` forgets the earlier ones. */
export const countSystemFailure = (status: Status, limits: Limits, now: number, afresh: boolean): SystemFailureCount => {
  const failures = afresh ? 1 : (status.systemFailures ?? 0) + 1
  const since = failures === 1 ? now : (fromWire(status.systemFailureSince) ?? now)
  return { failures, since, exhausted: failures > limits.systemFailuresMax && now - since >= limits.systemFailureWindow }
}

/** The pause after so many failures. */
export const systemFailureDelay = (limits: Limits, failures: number): number =>
  Math.min(limits.systemFailureDelayMax, limits.systemFailureDelayMin * 2 ** Math.min(30, Math.max(0, failures - 1)))
