/** The readable form of a task template, as people write it in YAML: `spec.task` of a TaskAction. */
import { Schema } from "effect"

/** A name usable as variable name and as file name. */
const VariableName = Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_.-]*$/u, {
  message: "Expected a name of letters, digits, _, . and -, beginning with a letter or _"
}))

/** Types of inputs and outputs that have a readable form. `blob` is a file or a folder given by URI. */
export const SimpleTypeName = Schema.Literals([
  "integer", "float", "string", "boolean", "datetime", "duration", "struct", "blob"
])

/** Declares one input or output. */
export const TaskVariable = Schema.Struct({
  type: SimpleTypeName,
  description: Schema.optionalKey(Schema.String)
})

/** Requests and limits as Kubernetes quantities: `{ requests: { cpu: 500m } }`. */
export const TaskContainerResources = Schema.Struct({
  requests: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  limits: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

/** The container that does the work. `command` and `args` may hold templates such as `{{.inputs.x}}`. */
export const TaskContainer = Schema.Struct({
  image: Schema.String.check(Schema.isMinLength(1)),
  command: Schema.optionalKey(Schema.Array(Schema.String)),
  args: Schema.optionalKey(Schema.Array(Schema.String)),
  env: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  resources: Schema.optionalKey(TaskContainerResources)
})

/** A whole pod instead of one container. */
export const TaskPod = Schema.Struct({
  primaryContainerName: Schema.String.check(Schema.isMinLength(1)),
  labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  spec: Schema.Record(Schema.String, Schema.Unknown)
})

/** Equal tasks (same name, version, interface and inputs) may share one result. */
export const TaskCache = Schema.Struct({
  version: Schema.String.check(Schema.isMinLength(1)),
  serializable: Schema.optionalKey(Schema.Boolean),
  ignoredInputs: Schema.optionalKey(Schema.Array(Schema.String))
})

/** How copilot containers bring inputs and outputs into the task as files. On by default when the interface declares any. */
export const TaskDataConfig = Schema.Struct({
  enabled: Schema.optionalKey(Schema.Boolean),
  /** Folder of the inputs; `/var/flyte/inputs` if left out. */
  inputPath: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\//u))),
  /** Folder of the outputs; `/var/flyte/outputs` if left out. */
  outputPath: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\//u))),
  /** Form of the summary of all inputs, `inputs.json`, `inputs.yaml` or `inputs.pb`; `json` if left out. */
  format: Schema.optionalKey(Schema.Literals(["json", "yaml", "proto"])),
  /** `named` keeps the names of files: `<input>/<name>` instead of `<input>`; `direct` if left out. */
  layout: Schema.optionalKey(Schema.Literals(["direct", "named"]))
})

/** `90`, `90s`, `5m`, `1h30m`: how long something may take; a bare number counts seconds. */
export const TaskDuration = Schema.String.check(Schema.isPattern(/^(\d+|(\d+(\.\d+)?(ms|s|m|h))+)$/u, {
  message: "Expected a duration such as 90, 90s, 5m or 1h30m"
}))

/** A task template for people. Exactly one of `container` and `pod` for the pod plugin; other plugins read `custom`. */
export const Task = Schema.Struct({
  /** Task type, which chooses the plugin; `container` if left out. */
  type: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(63))),
  /** Name of the task as distinct from the action; the action's name if left out. */
  name: Schema.optionalKey(Schema.String),
  version: Schema.optionalKey(Schema.String),
  container: Schema.optionalKey(TaskContainer),
  pod: Schema.optionalKey(TaskPod),
  interface: Schema.optionalKey(Schema.Struct({
    inputs: Schema.optionalKey(Schema.Record(VariableName, TaskVariable)),
    outputs: Schema.optionalKey(Schema.Record(VariableName, TaskVariable))
  })),
  dataConfig: Schema.optionalKey(TaskDataConfig),
  /** Values of the inputs; the engine writes them to `inputs.pb` when the action has no `inputUri`. */
  inputs: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  /** Further attempts after a failure by the task itself. */
  retries: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 }))),
  timeout: Schema.optionalKey(TaskDuration),
  interruptible: Schema.optionalKey(Schema.Boolean),
  cache: Schema.optionalKey(TaskCache),
  podTemplateName: Schema.optionalKey(Schema.String),
  serviceAccount: Schema.optionalKey(Schema.String),
  /** Plugin settings. */
  config: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  custom: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})
export type Task = typeof Task.Type
