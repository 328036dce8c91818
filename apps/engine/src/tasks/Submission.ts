/** Tasks read from files, checked against each other, ready to be handed to a cluster. */
import { TaskAction } from "@fairlead/core"
import { Result, Schema, SchemaIssue } from "effect"
import { expand, type InputReference, PlainTask, type PlainTaskPlace } from "./PlainTask.ts"
import { type FileProblem, parseYaml, type YamlDocument } from "./YamlFile.ts"

/** One action to submit. */
export interface Submission {
  /** The name that people see; unique in a run. */
  readonly name: string
  readonly action: TaskAction.TaskAction
  /** Inputs that come from other tasks, which must have succeeded before. */
  readonly references: ReadonlyArray<InputReference>
  readonly file: string
  readonly line: number
}

/** A file's name and text. */
export interface TaskFile {
  readonly file: string
  readonly text: string
}

/** Everything to submit, in the order of the files, and everything that is wrong with them. */
export interface Submissions {
  readonly submissions: ReadonlyArray<Submission>
  readonly problems: ReadonlyArray<FileProblem>
}

/** Reads and checks all files. When there is any problem, nothing may be started. */
export const readSubmissions = (files: ReadonlyArray<TaskFile>, place: PlainTaskPlace): Submissions => {
  const submissions: Array<Submission> = []
  const problems: Array<FileProblem> = []
  for (const { file, text } of files) {
    const parsed = parseYaml(file, text)
    problems.push(...parsed.problems)
    for (const document of parsed.documents) {
      const read = readDocument(document, place)
      submissions.push(...read.submissions)
      problems.push(...read.problems)
    }
  }
  return { submissions, problems: [...problems, ...checkNames(submissions), ...checkReferences(submissions)] }
}

const readDocument = (document: YamlDocument, place: PlainTaskPlace): Submissions => {
  const { value } = document
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(document, [], `is ${describe(value)}; a task is a map with at least a name`)
  }
  return "kind" in value || "apiVersion" in value ? readAction(document, value, place) : readPlain(document, place)
}

const TaskActionDocument = Schema.Struct({
  apiVersion: Schema.Literal("flyte.org/v1"),
  kind: Schema.Literal("TaskAction"),
  metadata: Schema.Struct({
    name: Schema.String.check(Schema.isPattern(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, {
      message: "Expected lower-case letters, digits, dashes and dots, beginning and ending with a letter or digit"
    })),
    namespace: Schema.optionalKey(Schema.String),
    labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  }),
  spec: TaskAction.TaskActionSpec
})

const readAction = (document: YamlDocument, value: object, place: PlainTaskPlace): Submissions => {
  const decoded = decode(TaskActionDocument, document, value)
  if ("problems" in decoded) return { submissions: [], problems: decoded.problems }
  const action = decoded.value
  return {
    submissions: [{
      name: action.metadata.name,
      action: { ...action, metadata: { ...action.metadata, namespace: action.metadata.namespace ?? place.namespace } },
      references: [],
      file: document.file,
      line: document.lineOf([])
    }],
    problems: []
  }
}

const readPlain = (document: YamlDocument, place: PlainTaskPlace): Submissions => {
  const decoded = decode(PlainTask, document, document.value)
  if ("problems" in decoded) return { submissions: [], problems: decoded.problems }
  const expanded = expand(decoded.value, place)
  if ("message" in expanded) return refuse(document, expanded.path, expanded.message)
  return {
    submissions: expanded.map(({ action, references }) => ({
      name: action.spec.actionName,
      action,
      references,
      file: document.file,
      line: document.lineOf([])
    })),
    problems: []
  }
}

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const decode = <A>(
  schema: Schema.Codec<A, unknown>,
  document: YamlDocument,
  value: unknown
): { readonly value: A } | { readonly problems: ReadonlyArray<FileProblem> } => {
  const result = Schema.decodeUnknownResult(schema)(value, { errors: "all", onExcessProperty: "error" })
  if (Result.isSuccess(result)) return { value: result.success }
  return {
    problems: formatIssue(result.failure.issue).issues.map((issue) => {
      const path = (issue.path ?? []).map((it) => (typeof it === "object" ? it.key : it))
      return { file: document.file, line: document.lineOf(path), field: path.map(String).join("."), message: sentence(issue.message, valueAt(value, path)) }
    })
  }
}

/** The schema's words, with the value seen and, where the words are short, what to do. */
const sentence = (message: string, seen: unknown): string => {
  if (message === "Expected no excess property") return "is not a field of a task here; check its spelling or remove it"
  if (message === "Missing key") return "is missing; it must be given"
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}, but got ${describe(seen)}`
}

const valueAt = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>((it, key) => (typeof it === "object" && it !== null ? (it as Record<PropertyKey, unknown>)[key] : undefined), value)

const describe = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`
}

const refuse = (document: YamlDocument, path: ReadonlyArray<string>, message: string): Submissions => ({
  submissions: [],
  problems: [{ file: document.file, line: document.lineOf(path), field: path.join("."), message }]
})

const checkNames = (submissions: ReadonlyArray<Submission>): ReadonlyArray<FileProblem> => {
  const first = new Map<string, Submission>()
  const problems: Array<FileProblem> = []
  for (const submission of submissions) {
    const key = `${submission.action.metadata.namespace}/${submission.action.metadata.name}`
    const earlier = first.get(key)
    if (earlier === undefined) first.set(key, submission)
    else {
      const where = `${earlier.file}:${earlier.line}`
      problems.push({ file: submission.file, line: submission.line, field: "name", message: `"${submission.name}" is already the name of the task at ${where}; names must differ` })
    }
  }
  return problems
}

const checkReferences = (submissions: ReadonlyArray<Submission>): ReadonlyArray<FileProblem> => {
  const byName = new Map(submissions.map((it) => [it.name, it]))
  const problems: Array<FileProblem> = []
  for (const submission of submissions) {
    const report = (input: string, message: string): void => {
      problems.push({ file: submission.file, line: submission.line, field: `inputs.${input}`, message })
    }
    for (const { input, output, task } of submission.references) {
      const source = byName.get(task)
      if (source === undefined) report(input, `comes from the task "${task}", which is in none of the files; known: ${[...byName.keys()].sort().join(", ")}`)
      else if (source.action.spec.task !== undefined && source.action.spec.task.interface?.outputs?.[output] === undefined) {
        report(input, `comes from the output "${output}" of "${task}", which declares no such output`)
      } else if (reaches(byName, task, submission.name)) report(input, `makes "${submission.name}" and "${task}" wait for each other`)
    }
  }
  return problems
}

/** True when `from` waits, over any number of steps, for `target`. */
const reaches = (byName: ReadonlyMap<string, Submission>, from: string, target: string): boolean => {
  const seen = new Set<string>()
  const open = [from]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === target) return true
    if (seen.has(name)) continue
    seen.add(name)
    open.push(...(byName.get(name)?.references.map((it) => it.task) ?? []))
  }
  return false
}
