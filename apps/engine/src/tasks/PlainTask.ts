/** A task as people write it for `fairlead run`: a name and what to do, without the wrapping of a TaskAction. */
import { Task, type TaskAction } from "@fairlead/core"
import { Schema } from "effect"

/** Lower-case letters, digits and dashes, at most 30: it becomes part of object names. */
const ActionName = Schema.String.check(Schema.isPattern(/^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/, {
  expected: "at most 30 lower-case letters, digits and dashes, beginning and ending with a letter or digit"
})).annotate({ description: "Name of the task, unique among the tasks of a run." })

/** The fields of `spec.task`, and `forEach`: one task for every value of one input. */
export const PlainTask = Schema.Struct({
  ...Task.fields,
  name: ActionName,
  forEach: Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(Schema.Unknown)).annotate({
    description: "One input with the list of its values; there will be a task for each."
  }))
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

/** Why a plain task cannot be expanded; the message continues the field. */
export interface ExpansionProblem {
  readonly path: ReadonlyArray<string>
  readonly message: string
}

/** Makes the actions of a plain task: one, or one for each value of `forEach`. */
export const expand = (plain: PlainTask, place: PlainTaskPlace): ReadonlyArray<ExpandedTask> | ExpansionProblem => {
  const { forEach, ...task } = plain
  const bad = badReference(plain)
  if (bad !== undefined) return bad
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

/** An input that is an output of another task: `{ from: write-note.note }`. A struct may have a key `from` of its own. */
const referenceText = (plain: Pick<PlainTask, "interface">, input: string, value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null || !("from" in value) || Object.keys(value).length !== 1) return undefined
  return plain.interface?.inputs?.[input]?.type === "struct" ? undefined : String(value.from)
}

const reference = /^([a-z0-9-]+)\.([A-Za-z_][A-Za-z0-9_.-]*)$/

const badReference = (plain: PlainTask): ExpansionProblem | undefined => {
  for (const [input, value] of Object.entries(plain.inputs ?? {})) {
    const from = referenceText(plain, input, value)
    if (from !== undefined && !reference.test(from)) {
      return { path: ["inputs", input, "from"], message: `expected the name of a task, a dot and the name of its output, got "${from}"` }
    }
  }
  return undefined
}

const toAction = (plain: Omit<PlainTask, "forEach">, actionName: string, place: PlainTaskPlace): ExpandedTask => {
  const { name, ...task } = plain
  const references: Array<InputReference> = []
  const inputs: Record<string, unknown> = {}
  for (const [input, value] of Object.entries(task.inputs ?? {})) {
    const [, source, output] = reference.exec(referenceText(plain, input, value) ?? "") ?? []
    if (source !== undefined && output !== undefined) references.push({ input, task: source, output })
    else inputs[input] = value
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
