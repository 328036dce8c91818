/** Airflow's KubernetesExecutor: commands go in, pods run them, states of tasks come out. */
import type { KubeClient, KubeTransport, Pod } from "@fairlead/kube"
import { Clock, Effect, Random } from "effect"
import type { ExecutorChange, ExecutorEvent, TaskState } from "./ExecutorEvent.ts"
import { Executor } from "./internal/executor.ts"
import type { KubernetesExecutorOptions } from "./KubernetesExecutorOptions.ts"
import type { KubernetesResults, TaskCommand } from "./KubernetesJob.ts"
import type { TaskKey } from "./TaskKey.ts"

/** What may be said about a command besides its key and itself. */
export interface CommandOptions {
  /** Airflow's `executor_config` of the task, as a dictionary. */
  readonly executorConfig?: unknown
  /** Higher first. */
  readonly priority?: number | undefined
  readonly queue?: string | undefined
  readonly image?: string | undefined
  /** Names this run of the key. Handing in the same one again changes nothing, also after a restart. Drawn by chance if not given. */
  readonly runId?: string | undefined
}

/** Figures of an executor. */
export interface ExecutorStats {
  readonly queued: number
  readonly running: number
  readonly slotsAvailable: number
  /** Runs that wait for their create, and creates under way. */
  readonly waiting: number
  readonly creating: number
  /** Creates that may be under way at once, at the moment. */
  readonly concurrency: number
  /** Runs that wait for room in a quota. */
  readonly waitingForQuota: number
  /** Deletes, marks and look-ups that wait or are tried again, and those that were given up. */
  readonly chores: number
  readonly choresGivenUp: number
  readonly events: number
  /** Reports of watchers that wait for a `sync`. */
  readonly reports: number
}

/**
 * Airflow's `KubernetesExecutor` with the bookkeeping of its `BaseExecutor`.
 *
 * Flow: `queueCommand` keeps a command until `heartbeat` finds a slot for it; the executor creates its pod in the
 * background, follows it, and `sync` turns what was seen into events, which `getEventBuffer` hands out.
 *
 * Guarantees:
 * - a run has one pod at most at a time, whatever answers are lost: names follow from the run, and a pod counts for the
 *   run and launch that its annotations name, never for another of the same key;
 * - every run that got a slot ends in one event, or is adopted or revoked; then its slot is free;
 * - `sync` reads and writes memory only, and stops after `syncTime`;
 * - one bad command, pod, hook or answer concerns itself alone.
 */
export interface KubernetesExecutor {
  /** Starts watchers and workers and takes over pods of its own that are there. Waits until it knows them. */
  readonly start: Effect.Effect<void, never, KubeClient | KubeTransport>
  /** Keeps a command until there is a slot. Answers what is wrong with its configuration; then the task has failed. */
  readonly queueCommand: (key: TaskKey, command: TaskCommand, options?: CommandOptions) => string | undefined
  /** Airflow's `execute_async`: takes a slot at once. A configuration that cannot be read fails the task, nothing else. */
  readonly executeAsync: (key: TaskKey, command: TaskCommand, options?: CommandOptions) => string | undefined
  /** Fills open slots and syncs. */
  readonly heartbeat: Effect.Effect<void>
  /** Hands the most urgent of the queued commands over, so many at most. */
  readonly triggerTasks: (openSlots: number) => void
  /** Turns what the watchers saw into events. */
  readonly sync: Effect.Effect<void>
  /** Airflow's `_change_state`, for a report about a pod. */
  readonly changeState: (result: KubernetesResults) => Effect.Effect<void>
  /** Hands out events and forgets them; of some DAGs only, if asked so. */
  readonly getEventBuffer: (dagIds?: ReadonlyArray<string>) => ReadonlyArray<ExecutorEvent>
  /** Queued or running here. */
  readonly hasTask: (key: TaskKey) => boolean
  readonly running: () => ReadonlyArray<TaskKey>
  /** The runs that have slots. */
  readonly runs: () => ReadonlyArray<ActiveRun>
  readonly queuedTasks: () => ReadonlyArray<TaskKey>
  readonly slotsAvailable: () => number
  readonly slotsOccupied: () => number
  /**
   * Takes a command back: it is neither queued nor running afterwards, its pod is deleted, and no event tells of it. Waits for
   * the mark on the pod, five seconds at most. With a `runId` other runs of the key stay. Answers whether it was known.
   */
  readonly revokeTask: (key: TaskKey, runId?: string) => Effect.Effect<boolean>
  /**
   * Takes over the pods of executors that are dead, for these tasks. Answers the tasks that have no pod and may be
   * started anew; those whose executor lives, or whose pod nobody could take over for certain, are in neither place.
   */
  readonly tryAdoptTaskInstances: (candidates: ReadonlyArray<AdoptionCandidate>) => Effect.Effect<ReadonlyArray<AdoptionCandidate>>
  /** Airflow 1.10: makes queued task instances ready to be scheduled again that have no pod. Answers them. */
  readonly clearNotLaunchedQueuedTasks: Effect.Effect<ReadonlyArray<TaskKey>>
  /** Compares slots with pods: those whose pods are gone are freed, with a reason. */
  readonly audit: Effect.Effect<void>
  /** Ends within `endTimeout`: commands that have no pod yet are dropped, pods stay. A second call, or one before `start`, does nothing. */
  readonly end: Effect.Effect<void>
  /** The same at once. */
  readonly terminate: Effect.Effect<void>
  /** Hears every change from now on; a plain function that must return quickly. Answers the way to stop. */
  readonly subscribe: (listener: (change: ExecutorChange) => void) => () => void
  /** The pod of a task that is running here, as last seen. */
  readonly podOf: (key: TaskKey) => Pod | undefined
  /** Whether it may write at present; not while its lease is in doubt. */
  readonly mayWrite: () => boolean
  /** What is wrong, one sentence each; nothing when all is well. */
  readonly health: () => ReadonlyArray<string>
  readonly stats: () => ExecutorStats
}

/** A run that has a slot. */
export interface ActiveRun {
  readonly key: TaskKey
  readonly runId: string
  /** `undefined` while its pod is not certain to be there. */
  readonly pod: { readonly namespace: string; readonly name: string } | undefined
}

/** A task whose pod may be there, and the executor that it was queued by. */
export interface AdoptionCandidate {
  readonly key: TaskKey
  /** Id of the executor; `undefined` when it was never queued. */
  readonly queuedBy: string | undefined
}

/** Makes an executor that is not started yet; it needs nothing and does nothing until then. */
export const make = (options: KubernetesExecutorOptions): Effect.Effect<KubernetesExecutor> =>
  Effect.gen(function*() {
    return new Executor(options, yield* Clock.Clock, yield* Random.Random)
  })

export type { TaskState }
