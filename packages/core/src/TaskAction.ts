/** The custom resource `TaskAction` of group `flyte.org`, version `v1`: Flyte 2's wire form plus the readable `spec.task`. */
import { Schema } from "effect"
import { Task } from "./Task.ts"

const text = (minimum: number, maximum: number) => Schema.String.check(Schema.isBetweenLength(minimum, maximum))
const Base64 = Schema.String

/** What is to be done. Lengths are those of Flyte's CRD. */
export const TaskActionSpec = Schema.Struct({
  runName: text(1, 30),
  project: text(1, 63),
  domain: text(1, 63),
  actionName: text(1, 30),
  /** Absent for the root action of a run. */
  parentActionName: Schema.optionalKey(text(1, 30)),
  /** Absent means `task`. */
  actionType: Schema.optionalKey(Schema.Literals(["task", "condition"])),
  /** Serialized `workflow.ConditionAction`. */
  conditionSpec: Schema.optionalKey(Base64),
  /** Folder of `inputs.pb`, or the file itself. */
  inputUri: Schema.optionalKey(Schema.String),
  runOutputBase: Schema.optionalKey(Schema.String),
  cacheKey: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(256))),
  taskType: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(63))),
  shortName: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(63))),
  /** Serialized `core.TaskTemplate`. Wins over `task`. */
  taskTemplate: Schema.optionalKey(Base64),
  /** The same for people. Ours: Flyte does not know it and ignores it. */
  task: Schema.optionalKey(Task),
  envVars: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  interruptible: Schema.optionalKey(Schema.Boolean),
  group: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(256)))
})
export type TaskActionSpec = typeof TaskActionSpec.Type

/** `metav1.Condition` with the limits of its own schema. */
export const TaskActionCondition = Schema.Struct({
  type: Schema.String.check(Schema.isMaxLength(316)),
  status: Schema.Literals(["True", "False", "Unknown"]),
  reason: text(1, 1024),
  message: Schema.String.check(Schema.isMaxLength(32768)),
  lastTransitionTime: Schema.String,
  observedGeneration: Schema.optionalKey(Schema.Int)
})
export type TaskActionCondition = typeof TaskActionCondition.Type

/** One line of `status.phaseHistory`. `attempt` (1-based) and `sequence` (number of the event that tells of it) are ours. */
export const PhaseTransition = Schema.Struct({
  phase: Schema.String,
  occurredAt: Schema.String,
  message: Schema.optionalKey(Schema.String),
  attempt: Schema.optionalKey(Schema.Int),
  sequence: Schema.optionalKey(Schema.Int)
})
export type PhaseTransition = typeof PhaseTransition.Type

/** Why the action failed; kept here because the condition has no room for a code. */
export const TaskActionErrorState = Schema.Struct({
  code: Schema.optionalKey(Schema.String),
  kind: Schema.optionalKey(Schema.Literals(["USER", "SYSTEM", ""])),
  message: Schema.optionalKey(Schema.String)
})
export type TaskActionErrorState = typeof TaskActionErrorState.Type

/**
 * What was observed. All fields of Flyte's status, plus ours, which Flyte's tools ignore:
 * `launches` (number of the attempt's current launch, from 0), `sequence` (number of the last event), `delivered` (number
 * of the last event known to have arrived when this was written), `systemFailureSince`.
 */
export const TaskActionStatus = Schema.Struct({
  stateJson: Schema.optionalKey(Schema.String),
  pluginState: Schema.optionalKey(Base64),
  pluginStateVersion: Schema.optionalKey(Schema.Int),
  pluginPhase: Schema.optionalKey(Schema.String),
  pluginPhaseVersion: Schema.optionalKey(Schema.Int),
  /** 1-based; 0 and absent read as 1. */
  attempts: Schema.optionalKey(Schema.Int),
  systemFailures: Schema.optionalKey(Schema.Int),
  /** `core.CatalogCacheStatus`. */
  cacheStatus: Schema.optionalKey(Schema.Int),
  conditions: Schema.optionalKey(Schema.Array(TaskActionCondition)),
  phaseHistory: Schema.optionalKey(Schema.Array(PhaseTransition)),
  errorState: Schema.optionalKey(TaskActionErrorState),
  signalValue: Schema.optionalKey(Base64),
  signalledBy: Schema.optionalKey(Schema.String),
  signalledAt: Schema.optionalKey(Schema.String),
  launches: Schema.optionalKey(Schema.Int),
  sequence: Schema.optionalKey(Schema.Int),
  delivered: Schema.optionalKey(Schema.Int),
  systemFailureSince: Schema.optionalKey(Schema.String)
})
export type TaskActionStatus = typeof TaskActionStatus.Type

/** Metadata that the engine reads and writes; the same shape as Kubernetes' `ObjectMeta`. */
export interface TaskActionMeta {
  readonly name?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string | null
  readonly deletionTimestamp?: string
  readonly labels?: { readonly [key: string]: string }
  readonly annotations?: { readonly [key: string]: string }
  readonly finalizers?: ReadonlyArray<string>
  readonly ownerReferences?: ReadonlyArray<{
    readonly apiVersion: string
    readonly kind: string
    readonly name: string
    readonly uid: string
    readonly controller?: boolean
    readonly blockOwnerDeletion?: boolean
  }>
}

/** One unit of work and its state. */
export interface TaskAction {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: TaskActionMeta
  readonly spec: TaskActionSpec
  readonly status?: TaskActionStatus
}

/** Finalizer of task actions, from Flyte. */
export const finalizer = "flyte.org/plugin-finalizer"

/** Labels that Flyte's tools and the garbage collector read. */
export const labels = {
  project: "flyte.org/project",
  domain: "flyte.org/domain",
  run: "flyte.org/run",
  action: "flyte.org/action",
  actionType: "flyte.org/action-type",
  isRoot: "flyte.org/is-root",
  managed: "flyte.org/managed",
  terminationStatus: "flyte.org/termination-status",
  completedTime: "flyte.org/completed-time",
  terminalStatusRecorded: "flyte.org/terminal-status-recorded"
} as const

/** True when the action has ended: `Succeeded` or `Failed` is `True`. */
export const isTerminal = (action: TaskAction): boolean =>
  action.status?.conditions?.some((it) => (it.type === "Succeeded" || it.type === "Failed") && it.status === "True") ?? false
