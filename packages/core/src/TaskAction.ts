/** The custom resource `TaskAction` of group `flyte.org`, version `v1`: Flyte 2's wire form plus the readable `spec.task`. */
import { Schema } from "effect"
import { Task } from "./Task.ts"

/** Descriptions travel into the custom resource definition, where `kubectl explain` shows them. */
const about = (description: string) => ({ description })

const text = (minimum: number, maximum: number) =>
  Schema.String.check(Schema.isBetweenCodePoints(minimum, maximum, { expected: `${minimum} to ${maximum} characters` }))
const textUpTo = (maximum: number) => Schema.String.check(Schema.isMaxCodePoints(maximum, { expected: `at most ${maximum} characters` }))
const Base64 = Schema.String.annotate({ format: "byte" })
const Time = Schema.String.annotate({ format: "date-time" })
const Int32 = Schema.Int.annotate({ format: "int32" })

/** What is to be done. Lengths are those of Flyte's CRD. */
export const TaskActionSpec = Schema.Struct({
  runName: text(1, 30).annotate(about("Run that the action belongs to.")),
  project: text(1, 63).annotate(about("Project of the run.")),
  domain: text(1, 63).annotate(about("Domain of the run, such as development.")),
  actionName: text(1, 30).annotate(about("Name of the action, unique in its run.")),
  parentActionName: Schema.optionalKey(text(1, 30).annotate(about("Action that started this one; absent for the root action of a run."))),
  actionType: Schema.optionalKey(Schema.Literals(["task", "condition"]).annotate(about("Kind of action; absent means task."))),
  conditionSpec: Schema.optionalKey(Base64.annotate(about("Serialized workflow.ConditionAction of a condition."))),
  inputUri: Schema.optionalKey(Schema.String.annotate(about("Folder of inputs.pb, or the file itself."))),
  runOutputBase: Schema.optionalKey(Schema.String.annotate(about("Folder below which every attempt gets its own folder of outputs."))),
  cacheKey: Schema.optionalKey(textUpTo(256).annotate(about("Equal keys share one result."))),
  taskType: Schema.optionalKey(textUpTo(63).annotate(about("Chooses the plugin: container, spark, …"))),
  shortName: Schema.optionalKey(textUpTo(63).annotate(about("Name to show to people."))),
  taskTemplate: Schema.optionalKey(Base64.annotate(about("Serialized core.TaskTemplate. Wins over task."))),
  /** Ours: Flyte does not know it and ignores it. */
  task: Schema.optionalKey(Task),
  envVars: Schema.optionalKey(Schema.Record(Schema.String, Schema.String).annotate(about("Environment variables of all actions of the run."))),
  interruptible: Schema.optionalKey(Schema.Boolean.annotate(about("Whether the run may be put on machines that can be taken away."))),
  group: Schema.optionalKey(textUpTo(256).annotate(about("Group that the action is shown in.")))
})
export type TaskActionSpec = typeof TaskActionSpec.Type

/** `metav1.Condition` with the limits of its own schema. */
export const TaskActionCondition = Schema.Struct({
  type: textUpTo(316)
    .check(Schema.isPattern(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/u, { expected: "a word, perhaps behind a domain and a slash" }))
    .annotate(about("Progressing, Succeeded or Failed.")),
  status: Schema.Literals(["True", "False", "Unknown"]),
  reason: text(1, 1024)
    .check(Schema.isPattern(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/u, { expected: "one word in CamelCase" }))
    .annotate(about("Why, in one word for machines.")),
  message: textUpTo(32768).annotate(about("Why, in words for people.")),
  lastTransitionTime: Time.annotate(about("When the status changed last.")),
  observedGeneration: Schema.optionalKey(
    Schema.Int.annotate({ format: "int64" }).check(Schema.isGreaterThanOrEqualTo(0)).annotate(about("Generation of the object that this is about."))
  )
})
export type TaskActionCondition = typeof TaskActionCondition.Type

/** One line of `status.phaseHistory`. `attempt` (1-based) and `sequence` (number of the event that tells of it) are ours. */
export const PhaseTransition = Schema.Struct({
  phase: Schema.String.annotate(about("Phase that was entered.")),
  occurredAt: Time.annotate(about("When it was entered.")),
  message: Schema.optionalKey(Schema.String.annotate(about("What happened."))),
  attempt: Schema.optionalKey(Int32.annotate(about("Attempt that entered it, from 1."))),
  sequence: Schema.optionalKey(Schema.Int.annotate(about("Number of the event that tells of it.")))
})
export type PhaseTransition = typeof PhaseTransition.Type

/** Why the action failed; kept here because the condition has no room for a code. `kind` is `USER`, `SYSTEM` or empty. */
export const TaskActionErrorState = Schema.Struct({
  code: Schema.optionalKey(Schema.String.annotate(about("Stable word for machines, such as OOMKilled."))),
  kind: Schema.optionalKey(Schema.String.annotate(about("Who is to blame: USER, SYSTEM or empty."))),
  message: Schema.optionalKey(Schema.String.annotate(about("What went wrong, in words for people.")))
})
export type TaskActionErrorState = typeof TaskActionErrorState.Type

/**
 * What was observed. All fields of Flyte's status, plus ours, which Flyte's tools ignore:
 * `taskType` (by which the plugin was chosen), `launches` (number of the attempt's current launch, from 0), `sequence` (number of the last event), `delivered` (number
 * of the last event known to have arrived when this was written), `systemFailureSince`.
 */
export const TaskActionStatus = Schema.Struct({
  stateJson: Schema.optionalKey(Schema.String.annotate(about("Phase, action and time as JSON, for Flyte's state service."))),
  pluginState: Schema.optionalKey(Base64.annotate(about("What the plugin remembers between rounds."))),
  pluginStateVersion: Schema.optionalKey(Schema.Int.annotate(about("Version of the plugin's own schema of its state."))),
  pluginPhase: Schema.optionalKey(Schema.String.annotate(about("Phase that the plugin reported last, such as PhaseRunning."))),
  pluginPhaseVersion: Schema.optionalKey(Int32.annotate(about("Version of that phase; counts reports of the same phase."))),
  attempts: Schema.optionalKey(Int32.annotate(about("Number of the current attempt; 0 and absent read as 1."))),
  systemFailures: Schema.optionalKey(Int32.annotate(about("Failures of the system in a row, not charged to the task."))),
  cacheStatus: Schema.optionalKey(Int32.annotate(about("core.CatalogCacheStatus of the last look-up."))),
  conditions: Schema.optionalKey(
    Schema.Array(TaskActionCondition).annotate({
      ...about("Where the action stands: Progressing, Succeeded, Failed."),
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"]
    })
  ),
  phaseHistory: Schema.optionalKey(Schema.Array(PhaseTransition).annotate(about("Every phase that was entered, oldest first."))),
  errorState: Schema.optionalKey(TaskActionErrorState.annotate(about("Why the last attempt failed."))),
  signalValue: Schema.optionalKey(Base64.annotate(about("Serialized core.Literal that a condition was given."))),
  signalledBy: Schema.optionalKey(Schema.String.annotate(about("Who gave the condition its value."))),
  signalledAt: Schema.optionalKey(Time.annotate(about("When the condition got its value."))),
  taskType: Schema.optionalKey(Schema.String.annotate(about("Task type by which the plugin was chosen, wherever the spec says it."))),
  launches: Schema.optionalKey(Int32.annotate(about("Number of the current launch of the attempt, from 0."))),
  sequence: Schema.optionalKey(Schema.Int.annotate(about("Number of the last event."))),
  delivered: Schema.optionalKey(Schema.Int.annotate(about("Number of the last event known to have arrived."))),
  systemFailureSince: Schema.optionalKey(Time.annotate(about("Start of the current row of system failures.")))
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

/** Annotations of launched objects: `launch` is the number of the launch within its attempt, from 0. */
export const annotations = { launch: "flyte.org/launch" } as const

/** True when the action has ended: `Succeeded` or `Failed` is `True`. */
export const isTerminal = (action: TaskAction): boolean =>
  action.status?.conditions?.some((it) => (it.type === "Succeeded" || it.type === "Failed") && it.status === "True") ?? false
