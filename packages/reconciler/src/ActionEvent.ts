/** What the engine tells the world about an action: one event for every change that is worth a line. */
import type { Idl, Phase } from "@fairlead/core"

/** Phases of actions as `flyteidl2.common.ActionPhase` names them. */
export type ActionPhase =
  | "UNSPECIFIED"
  | "QUEUED"
  | "WAITING_FOR_RESOURCES"
  | "INITIALIZING"
  | "RUNNING"
  | "SUCCEEDED"
  | "FAILED"
  | "ABORTED"
  | "TIMED_OUT"

/** Names an action for the services that follow it. */
export interface ActionId {
  readonly project: string
  readonly domain: string
  readonly run: string
  readonly action: string
}

/** A line of explanation. Times are milliseconds since the epoch. */
export interface ClusterEvent {
  readonly message: string
  readonly occurredAt: number
}

/**
 * One change of an action. `(id, attempt, phase, version)` identifies it: an event that arrives twice has the same
 * identity, and says no more the second time than the first. `version` grows with every event of an action, over all attempts and launches, so that
 * no two events are taken for one.
 */
export interface ActionEvent {
  readonly id: ActionId
  readonly attempt: number
  readonly phase: ActionPhase
  readonly version: number
  /** When it happened, by the engine's clock, in milliseconds since the epoch. */
  readonly updatedTime: number
  readonly error?: Phase.TaskError | undefined
  readonly cluster: string
  /** Where the attempt's outputs and report are or will be. */
  readonly outputs?: { readonly outputUri: string; readonly reportUri: string } | undefined
  readonly clusterEvents: ReadonlyArray<ClusterEvent>
  readonly logs: ReadonlyArray<Idl.TaskLog>
  /** Pod, containers and their times, by which logs are found. */
  readonly logContext?: Idl.LogContext | undefined
  /** `core.CatalogCacheStatus`. */
  readonly cacheStatus: number
}
