/** The readable form of a task template, as people write it in YAML: `spec.task` of a TaskAction. */
import { Schema } from "effect"

/** A name usable as variable name and as file name. */
const VariableName = Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_.-]*$/u, {
  message: "Expected a name of letters, digits, _, . and -, beginning with a letter or _",
  expected: "a name of letters, digits, _, . and -, beginning with a letter or _"
}))

/** Types of inputs and outputs that have a readable form. `blob` is a file or a folder given by URI. */
export const SimpleTypeName = Schema.Literals([
  "integer", "float", "string", "boolean", "datetime", "duration", "struct", "blob"
])

/** Descriptions travel into the custom resource definition, where `kubectl explain` shows them. */
const about = (description: string) => ({ description })

const Texts = Schema.Record(Schema.String, Schema.String)

/** Declares one input or output. */
export const TaskVariable = Schema.Struct({
  type: SimpleTypeName.annotate(about("Type of the value; a blob is a file or a folder given by URI.")),
  description: Schema.optionalKey(Schema.String.annotate(about("What it is, for people.")))
})

/** Requests and limits as Kubernetes quantities: `{ requests: { cpu: 500m } }`. */
export const TaskContainerResources = Schema.Struct({
  requests: Schema.optionalKey(Texts.annotate(about("What the task needs at least: cpu, memory, gpu, ephemeral-storage."))),
  limits: Schema.optionalKey(Texts.annotate(about("What the task may use at most.")))
})

/** The container that does the work. `command` and `args` may hold templates such as `{{.inputs.x}}`. */
export const TaskContainer = Schema.Struct({
  image: Schema.String.check(Schema.isMinLength(1, { expected: "some text" })).annotate(about("Image that the container runs.")),
  command: Schema.optionalKey(Schema.Array(Schema.String).annotate(about("Program; may hold templates such as {{.inputs.x}}."))),
  args: Schema.optionalKey(Schema.Array(Schema.String).annotate(about("Arguments; may hold templates such as {{.inputs.x}}."))),
  env: Schema.optionalKey(Texts.annotate(about("Environment variables."))),
  resources: Schema.optionalKey(TaskContainerResources.annotate(about("Requests and limits: { requests: { cpu: 500m } }.")))
})

/** A whole pod instead of one container. */
export const TaskPod = Schema.Struct({
  primaryContainerName: Schema.String.check(Schema.isMinLength(1, { expected: "some text" })).annotate(about("Container whose end is the end of the task.")),
  labels: Schema.optionalKey(Texts),
  annotations: Schema.optionalKey(Texts),
  spec: Schema.Record(Schema.String, Schema.Unknown).annotate(about("The spec of a Kubernetes pod."))
})

/** Equal tasks (same name, version, interface and inputs) may share one result. */
export const TaskCache = Schema.Struct({
  version: Schema.String.check(Schema.isMinLength(1, { expected: "some text" })).annotate(about("Change it to make earlier results count no more.")),
  serializable: Schema.optionalKey(Schema.Boolean.annotate(about("Let one of several equal tasks work while the others wait."))),
  ignoredInputs: Schema.optionalKey(Schema.Array(Schema.String).annotate(about("Inputs that make no difference to the result.")))
})

/** How copilot containers bring inputs and outputs into the task as files. On by default when the interface declares any. */
export const TaskDataConfig = Schema.Struct({
  enabled: Schema.optionalKey(Schema.Boolean.annotate(about("Whether there are files at all."))),
  inputPath: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^\//u, { expected: "a path that starts with /" })).annotate(about("Folder of the inputs; /var/flyte/inputs if left out."))
  ),
  outputPath: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^\//u, { expected: "a path that starts with /" })).annotate(about("Folder of the outputs; /var/flyte/outputs if left out."))
  ),
  format: Schema.optionalKey(Schema.Literals(["json", "yaml", "proto"]).annotate(about("Form of the summary of all inputs; json if left out."))),
  layout: Schema.optionalKey(
    Schema.Literals(["direct", "named"]).annotate(about("named keeps the names of files, <input>/<name>; direct, the default, is <input>."))
  )
})

/** `90`, `90s`, `5m`, `1h30m`: how long something may take; a bare number counts seconds. */
export const TaskDuration = Schema.String.check(
  Schema.isPattern(/^(\d+|(\d+(\.\d+)?(ms|s|m|h))+)$/u, { expected: "a length of time such as 90s, 5m or 1h30m" })
)

/** A task template for people. Exactly one of `container` and `pod` for the pod plugin; other plugins read `custom`. */
export const Task = Schema.Struct({
  type: Schema.optionalKey(
    Schema.String.check(Schema.isMaxCodePoints(63, { expected: "at most 63 characters" })).annotate(about("Task type, which chooses the plugin; container if left out."))
  ),
  name: Schema.optionalKey(Schema.String.annotate(about("Name of the task as distinct from the action; the action's name if left out."))),
  version: Schema.optionalKey(Schema.String.annotate(about("Version of the task, for people."))),
  container: Schema.optionalKey(TaskContainer.annotate(about("The container that does the work."))),
  pod: Schema.optionalKey(TaskPod.annotate(about("A whole pod instead of one container."))),
  interface: Schema.optionalKey(
    Schema.Struct({
      inputs: Schema.optionalKey(Schema.Record(VariableName, TaskVariable)),
      outputs: Schema.optionalKey(Schema.Record(VariableName, TaskVariable))
    }).annotate(about("Inputs that the task takes and outputs that it gives, by name."))
  ),
  dataConfig: Schema.optionalKey(TaskDataConfig.annotate(about("How inputs and outputs become files of the task."))),
  /** The engine writes them to `inputs.pb` when the action has no `inputUri`. */
  inputs: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown).annotate(about("Values of the inputs, by name."))),
  retries: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 }, { expected: "a number from 0 to 1000" })).annotate(about("Further attempts after a failure by the task itself."))
  ),
  timeout: Schema.optionalKey(TaskDuration.annotate(about("Longest time of one attempt: 90s, 5m, 1h30m."))),
  interruptible: Schema.optionalKey(Schema.Boolean.annotate(about("Whether the task may be put on machines that can be taken away."))),
  cache: Schema.optionalKey(TaskCache.annotate(about("Lets equal tasks share one result."))),
  podTemplateName: Schema.optionalKey(Schema.String.annotate(about("PodTemplate of the namespace to start from."))),
  serviceAccount: Schema.optionalKey(Schema.String.annotate(about("Service account of the pod."))),
  config: Schema.optionalKey(Texts.annotate(about("Settings of the plugin."))),
  custom: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown).annotate(about("What plugins other than the pod plugin read.")))
}).annotate(about("The template of the task in readable form. Read when there is no taskTemplate."))
export type Task = typeof Task.Type
