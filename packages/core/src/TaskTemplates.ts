/** Templates of tasks: read from a TaskAction in either form, wire or readable, and turned from one into the other. */
import { Result } from "effect"
import { type LiteralMap, type TaskTemplate, TaskTemplateSchema } from "./idl/core.generated.ts"
import { readableTask } from "./internal/readableTask.ts"
import { taskFaults } from "./internal/taskFaults.ts"
import { templateDifferences } from "./internal/templateDifferences.ts"
import { templateOf } from "./internal/taskTemplateOf.ts"
import * as LiteralValues from "./LiteralValues.ts"
import type { Task } from "./Task.ts"
import type { TaskActionSpec } from "./TaskAction.ts"
import { type TaskIssue, TaskInvalid } from "./TaskInvalid.ts"
import * as Wire from "./Wire.ts"

/** Who a task belongs to: what the readable form leaves to the action. */
export interface TaskOwner {
  readonly project: string
  readonly domain: string
  /** Name of the task if the task itself has none. */
  readonly name: string
}

/** Task types that the pod plugin carries out, so that they need a container or a pod. */
export const podTaskTypes: ReadonlyArray<string> = ["container", "python", "raw-container", "sidecar"]

/** The type of a readable task that names none: `sidecar` for a whole pod, as Flyte calls it, else `container`. */
export const taskTypeDefault = (task: Task): string => (task.pod === undefined ? "container" : "sidecar")

/** The task type of an action, which chooses the plugin. */
export const taskType = (spec: TaskActionSpec, template: TaskTemplate): string =>
  spec.taskType === undefined || spec.taskType === "" ? template.type : spec.taskType

/** Reads the template of an action. `spec.taskTemplate`, the wire form, wins over the readable `spec.task`. */
export const fromSpec = (spec: TaskActionSpec): Result.Result<TaskTemplate, TaskInvalid> => {
  if (spec.taskTemplate !== undefined && spec.taskTemplate !== "") return fromWireField(spec.taskTemplate)
  if (spec.task === undefined) {
    return invalid(["spec", "task"], "missing; describe the task here, or give a core.TaskTemplate in base64 as spec.taskTemplate")
  }
  const type = spec.taskType === "" ? undefined : spec.taskType
  if (type !== undefined && spec.task.type !== undefined && spec.task.type !== type) {
    return invalid(["spec", "task", "type"], `"${spec.task.type}" contradicts spec.taskType "${type}"; leave one of them out`)
  }
  const task = type === undefined ? spec.task : { ...spec.task, type }
  return fromTask(task, { project: spec.project, domain: spec.domain, name: spec.actionName }, ["spec", "task"])
}

const fromWireField = (text: string): Result.Result<TaskTemplate, TaskInvalid> =>
  Result.mapError(
    Wire.decodeBase64(TaskTemplateSchema, text),
    (error) => new TaskInvalid({ issues: [{ path: ["spec", "taskTemplate"], problem: `${error.message}; encode a core.TaskTemplate in base64` }] })
  )

const invalid = (path: TaskIssue["path"], problem: string): Result.Result<never, TaskInvalid> =>
  Result.fail(new TaskInvalid({ issues: [{ path, problem }] }))

/** Turns a readable task into a template. Paths of faults start with `path`. */
export const fromTask = (task: Task, owner: TaskOwner, path: TaskIssue["path"] = []): Result.Result<TaskTemplate, TaskInvalid> => {
  const type = task.type ?? taskTypeDefault(task)
  const issues = taskFaults(task, podTaskTypes.includes(type), path)
  return issues.length > 0 ? Result.fail(new TaskInvalid({ issues })) : Result.succeed(templateOf(task, type, owner))
}

/**
 * Turns a template into its readable form. Fails with the fields that have none, so that nothing is lost silently:
 * `fromTask` of the result is the same template again.
 */
export const toTask = (template: TaskTemplate): Result.Result<Task, TaskInvalid> => {
  const task = readableTask(template, taskTypeDefault)
  const again = fromTask(task, { project: template.id?.project ?? "", domain: template.id?.domain ?? "", name: "" })
  if (Result.isFailure(again)) return Result.fail(again.failure)
  const issues = templateDifferences(template, again.success)
  return issues.length === 0 ? Result.succeed(task) : Result.fail(new TaskInvalid({ issues }))
}

/** Writes a template for `spec.taskTemplate`. */
export const encodeBase64 = (template: TaskTemplate): string => Wire.encodeBase64(TaskTemplateSchema, template)

/** Reads a template from the text of `spec.taskTemplate`. */
export const decodeBase64 = (text: string): Result.Result<TaskTemplate, Wire.WireInvalid> => Wire.decodeBase64(TaskTemplateSchema, text)

/**
 * Reads the values of `spec.task.inputs` by the declared interface: what belongs into `inputs.pb`.
 *
 * `undefined` when the action names its inputs by `inputUri`. Without it, every declared input needs a value here.
 */
export const inputs = (spec: TaskActionSpec, template: TaskTemplate): Result.Result<LiteralMap | undefined, TaskInvalid> => {
  if (spec.inputUri !== undefined && spec.inputUri !== "") return Result.succeed(undefined)
  return LiteralValues.mapFromValues(template.interface?.inputs, spec.task?.inputs ?? {}, ["spec", "task", "inputs"])
}
