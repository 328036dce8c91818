/** A task as people write it for `fairlead run`: a name and what to do, without the wrapping of a TaskAction. */
import { Task, type TaskAction } from "@fairlead/core"
import { Schema } from "effect"

/** An input that is an output of another task: `{ from: write-note.note }`. */
export const Reference = Schema.Struct({ from: Schema.String.check(Schema.isPattern(/^[a-z0-9-]+\.[A-Za-z0-9_.-]+$/, { message: "Expected the name of a task, a dot and the name of its output" })) })
const isReference = Schema.is(Reference)

/** Lower-case letters, digits and dashes, at most 30: it becomes part of object names. */
const ActionName = Schema.String.check(Schema.isPattern(/^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/, {
  message: "Expected lower-case letters, digits and dashes inside, at most 30 characters"
}))

/** The fields of `spec.task`, and `forEach`: one task for every value of one input. */
export const PlainTask = Schema.Struct({
  ...Task.fields,
  name: ActionName,
  forEach: Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(Schema.Unknown)))
})
export type PlainTask = typeof PlainTask.Type

/** An input that has to wait for another task. */
export interface InputReference {
  readonly input: string
  readonly task: string
  readonly output: string
}

/** Where plain tasks live: these fill the fields that a TaskAction must have. */
export interface PlainTaskPlace {
  readonly namespace: string
  readonly runName: string
  readonly project: string
  readonly domain: string
}

/** One action made from a plain task. */
export interface ExpandedTask {
  readonly action: TaskAction.TaskAction
  readonly references: ReadonlyArray<InputReference>
}

/** Why a plain task cannot be expanded; the message names the field. */
export interface ExpansionProblem {
  readonly path: ReadonlyArray<string>
  readonly message: string
}

/** Makes the actions of a plain task: one, or one for each value of `forEach`. */
export const expand = (plain: PlainTask, place: PlainTaskPlace): ReadonlyArray<ExpandedTask> | ExpansionProblem => {
  const { forEach, ...task } = plain
  if (forEach === undefined) return [toAction(task, task.name, place)]
  const entries = Object.entries(forEach)
  const [input, values] = entries[0] ?? []
  if (entries.length !== 1 || input === undefined || values === undefined) {
    return { path: ["forEach"], message: `names ${entries.length} inputs; it takes exactly one, with the list of its values` }
  }
  if (values.length === 0) return { path: ["forEach", input], message: "has no values, so there would be no task; give at least one" }
  const longest = `${task.name}-${values.length - 1}`
  if (longest.length > 30) {
    return { path: ["name"], message: `"${longest}" would have ${longest.length} characters and names of tasks have at most 30; choose a shorter name` }
  }
  return values.map((value, index) => toAction({ ...task, inputs: { ...task.inputs, [input]: value } }, `${task.name}-${index}`, place))
}

const toAction = (plain: Omit<PlainTask, "forEach">, actionName: string, place: PlainTaskPlace): ExpandedTask => {
  const { name, ...task } = plain
  const references: Array<InputReference> = []
  const inputs: Record<string, unknown> = {}
  for (const [input, value] of Object.entries(task.inputs ?? {})) {
    if (isReference(value)) {
      const dot = value.from.indexOf(".")
      references.push({ input, task: value.from.slice(0, dot), output: value.from.slice(dot + 1) })
    } else inputs[input] = value
  }
  const action: TaskAction.TaskAction = {
    apiVersion: "flyte.org/v1",
    kind: "TaskAction",
    metadata: { name: `${place.runName}-${actionName}`, namespace: place.namespace },
    spec: {
      runName: place.runName,
      project: place.project,
      domain: place.domain,
      actionName,
      task: { ...task, name, ...(task.inputs === undefined ? {} : { inputs }) }
    }
  }
  return { action, references }
}
