/** The contract of v1 executors: Flyte's `plugins/go/tasks/v1/types`, every method and constant of it. */
import type { Idl, NamespacedName, TaskOwnerReference, TaskResources } from "@fairlead/core"
import { Data, Effect } from "effect"
import type { Json } from "./AsyncPlugin.ts"

/** A failure with a code, as executors attach it to a status or fail with. */
export class ExecutorError extends Data.TaggedError("ExecutorError")<{ readonly code: string; readonly description: string }> {
  override get message(): string {
    return `[${this.code}] ${this.description}`
  }
}

/** The phases, with their numbers. The number of a status that nobody filled in is `Queued`. */
export const TaskPhase = {
  Queued: 0,
  Running: 1,
  RetryableFailure: 2,
  PermanentFailure: 3,
  Succeeded: 4,
  Undefined: 5,
  NotReady: 6,
  Unknown: 7
} as const
export type TaskPhase = (typeof TaskPhase)[keyof typeof TaskPhase]

const phaseNames = Object.keys(TaskPhase) as ReadonlyArray<keyof typeof TaskPhase>

/** The name of a phase; `Unknown` for a number that is none. */
export const taskPhaseName = (phase: number): keyof typeof TaskPhase => phaseNames[phase] ?? "Unknown"
/** True for a failure that no retry can help. */
export const isPermanentFailure = (phase: TaskPhase): boolean => phase === TaskPhase.PermanentFailure
/** True for a failure that another execution may mend. */
export const isRetryableFailure = (phase: TaskPhase): boolean => phase === TaskPhase.RetryableFailure
/** True for `Succeeded` and `PermanentFailure` only: a retryable failure is not terminal in v1. */
export const isTerminalTaskPhase = (phase: TaskPhase): boolean => phase === TaskPhase.Succeeded || phase === TaskPhase.PermanentFailure

/** What an executor wants to find again in the next call. It travels as JSON. */
export type CustomState = { readonly [key: string]: Json }

/** Where a task stands. `state` replaces what was stored; a status without it erases that. */
export interface TaskStatus {
  readonly phase: TaskPhase
  readonly phaseVersion: number
  readonly err?: ExecutorError | undefined
  readonly state?: CustomState | undefined
  /** Milliseconds since the epoch. */
  readonly occurredAt?: number | undefined
}

const status = (phase: TaskPhase): TaskStatus => ({ phase, phaseVersion: 0 })

/** `TaskStatusNotReady`. */
export const taskStatusNotReady: TaskStatus = status(TaskPhase.NotReady)
/** `TaskStatusQueued`. */
export const taskStatusQueued: TaskStatus = status(TaskPhase.Queued)
/** `TaskStatusRunning`. */
export const taskStatusRunning: TaskStatus = status(TaskPhase.Running)
/** `TaskStatusSucceeded`. */
export const taskStatusSucceeded: TaskStatus = status(TaskPhase.Succeeded)
/** `TaskStatusUndefined`. */
export const taskStatusUndefined: TaskStatus = status(TaskPhase.Undefined)
/** `TaskStatusUnknown`. */
export const taskStatusUnknown: TaskStatus = status(TaskPhase.Unknown)
/** The task was not accepted, for a quota for instance; it is started again later. */
export const taskStatusNotReadyFailure = (err: ExecutorError): TaskStatus => ({ ...taskStatusNotReady, err })
/** The task has failed for good. */
export const taskStatusPermanentFailure = (err: ExecutorError): TaskStatus => ({ ...status(TaskPhase.PermanentFailure), err })
/** The task has failed; another execution of it may succeed. */
export const taskStatusRetryableFailure = (err: ExecutorError): TaskStatus => ({ ...status(TaskPhase.RetryableFailure), err })
/** A copy that happened at another time. */
export const withOccurredAt = (it: TaskStatus, occurredAt: number): TaskStatus => ({ ...it, occurredAt })
/** A copy with another version. */
export const withPhaseVersion = (it: TaskStatus, phaseVersion: number): TaskStatus => ({ ...it, phaseVersion })
/** A copy with another state. */
export const withState = (it: TaskStatus, state: CustomState): TaskStatus => ({ ...it, state })
/** A status as one line for people. */
export const taskStatusText = ({ err, phase, phaseVersion }: TaskStatus): string =>
  `${taskPhaseName(phase)} (version ${phaseVersion})${err === undefined ? "" : `: ${err.message}`}`

/** Who the running task is. */
export interface TaskExecutionID {
  readonly getGeneratedName: () => string
  readonly getId: () => Idl.TaskExecutionIdentifier
}

/** Settings that replace those of the template. */
export interface TaskOverrides {
  readonly getResources: () => TaskResources | undefined
  readonly getConfig: () => { readonly [key: string]: string } | undefined
}

/** What an executor may know about the task of a call. */
export interface TaskContext {
  readonly getOwnerId: () => NamespacedName
  readonly getTaskExecutionId: () => TaskExecutionID
  readonly getDataDir: () => string
  readonly getInputsFile: () => string
  readonly getOutputsFile: () => string
  readonly getErrorFile: () => string
  readonly getNamespace: () => string
  readonly getOwnerReference: () => TaskOwnerReference
  readonly getOverrides: () => TaskOverrides
  readonly getLabels: () => { readonly [key: string]: string }
  readonly getAnnotations: () => { readonly [key: string]: string }
  /** What the last status carried; empty before the first, and after one that carried none. */
  readonly getCustomState: () => CustomState
  readonly getK8sServiceAccount: () => string
  readonly getPhase: () => TaskPhase
  readonly getPhaseVersion: () => number
}

/** What an executor tells about a task between statuses. */
export interface TaskExecutionEvent {
  readonly taskExecutionId: Idl.TaskExecutionIdentifier
  readonly phase: TaskPhase
  readonly phaseVersion: number
  /** Milliseconds since the epoch. */
  readonly occurredAt: number
  readonly reason?: string | undefined
  readonly logs?: ReadonlyArray<Idl.TaskLog> | undefined
  readonly customInfo?: { readonly [key: string]: unknown } | undefined
}

/** Takes events. This engine's never refuses one. */
export interface EventRecorder {
  readonly recordTaskEvent: (event: TaskExecutionEvent) => Effect.Effect<void, ExecutorError>
}

/** Remembered results, for executors that look for them themselves. */
export interface CatalogClient {
  readonly get: (task: Idl.TaskTemplate, inputPath: string) => Effect.Effect<Idl.LiteralMap, ExecutorError>
  readonly put: (task: Idl.TaskTemplate, execId: Idl.TaskExecutionIdentifier, inputPath: string, outputPath: string) => Effect.Effect<void, ExecutorError>
}

/** Reads and writes literal maps by URI: what v1's `ComposedProtobufStore` is used for. */
export interface LiteralMapStore {
  readonly readLiteralMap: (uri: string) => Effect.Effect<Idl.LiteralMap | undefined, ExecutorError>
  readonly writeLiteralMap: (uri: string, literals: Idl.LiteralMap) => Effect.Effect<void, ExecutorError>
}

/** All optional, as in v1. */
export interface ExecutorInitializationParameters {
  readonly catalogClient?: CatalogClient | undefined
  readonly eventRecorder?: EventRecorder | undefined
  readonly dataStore?: LiteralMapStore | undefined
  /** Asks for an early call for the task of this owner. */
  readonly enqueueOwner?: ((owner: NamespacedName) => Effect.Effect<void, ExecutorError>) | undefined
  readonly ownerKind?: string | undefined
  readonly metricLabels?: { readonly [name: string]: string } | undefined
}

/** Properties of all tasks of an executor. */
export interface ExecutorProperties {
  /** The executor leaves work outside of the cluster. Nothing depends on it: every action is held until its task is killed. */
  readonly requiresFinalizer: boolean
  readonly disableNodeLevelCaching: boolean
}

/** Finds outputs of a task that has succeeded. */
export interface OutputsResolver {
  readonly resolveOutputs: (taskCtx: TaskContext, ...outputVariables: ReadonlyArray<string>) => Effect.Effect<{ readonly [name: string]: Idl.Literal }, ExecutorError>
}

/** Runs tasks of some kind. */
export interface Executor extends OutputsResolver {
  /** Unique among all executors. */
  readonly getId: () => string
  readonly getProperties: () => ExecutorProperties
  /** Called once, before everything else. */
  readonly initialize: (params: ExecutorInitializationParameters) => Effect.Effect<void, ExecutorError>
  /** Starts a task. Called again after `NotReady`, and after a crash. */
  readonly startTask: (taskCtx: TaskContext, task: Idl.TaskTemplate, inputs: Idl.LiteralMap) => Effect.Effect<TaskStatus, ExecutorError>
  /** Looks how a started task is. */
  readonly checkTaskStatus: (taskCtx: TaskContext, task: Idl.TaskTemplate) => Effect.Effect<TaskStatus, ExecutorError>
  /** Ends a task. Called again until it succeeds; a task that is not there is a success. */
  readonly killTask: (taskCtx: TaskContext, reason: string) => Effect.Effect<void, ExecutorError>
}

/** v1's default: reads the outputs file. A variable that is not in it is an error. */
export const makeOutputsResolver = (store: Pick<LiteralMapStore, "readLiteralMap">): OutputsResolver => ({
  resolveOutputs: (taskCtx, ...outputVariables) => Effect.flatMap(store.readLiteralMap(taskCtx.getOutputsFile()), (found) => {
    const missing = outputVariables.filter((name) => found?.literals[name] === undefined)
    return missing.length > 0
      ? Effect.fail(new ExecutorError({ code: "OutputsNotFound", description: `${taskCtx.getOutputsFile()} holds no ${missing.join(", ")}` }))
      : Effect.succeed(Object.fromEntries(outputVariables.map((name) => [name, found!.literals[name]!])))
  })
})
