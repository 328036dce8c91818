/** Tasks read from files, ready to be handed to a cluster. */
import { formatPath, formatValue, type Task, type TaskAction, TaskActionCrd, TaskActionDecode, type TaskInvalid, TaskTemplates } from "@fairlead/core"
import { Option, Result } from "effect"
import { expand, type InputReference, PlainTask, type PlainTaskPlace } from "./PlainTask.ts"
import { clashes, danglingReferences } from "./SubmissionChecks.ts"
import { readWebApi, webApiKind, type WebApiSource } from "./WebApiDocument.ts"
import { type FileProblem, parseYaml, type YamlDocument } from "./YamlFile.ts"

/** One action to submit. */
export interface Submission {
  /** The name that people see; unique in a run. */
  readonly name: string
  readonly action: TaskAction.TaskAction
  /** Inputs that come from other tasks, which must have succeeded before. */
  readonly references: ReadonlyArray<InputReference>
  /** Where it was written. */
  readonly document: YamlDocument
  /** The field of the document that names it. */
  readonly nameField: ReadonlyArray<string>
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
  /** Services that the tasks can use. */
  readonly webApis?: ReadonlyArray<WebApiSource>
}

/** Reads and checks all files. When there is any problem, nothing may be started. */
export const readSubmissions = (files: ReadonlyArray<TaskFile>, place: PlainTaskPlace): Submissions => {
  const submissions: Array<Submission> = []
  const problems: Array<FileProblem> = []
  const webApis: Array<WebApiSource> = []
  for (const { file, text } of files) {
    const parsed = parseYaml(file, text)
    problems.push(...parsed.problems)
    for (const document of parsed.documents) {
      if (isWebApi(document)) {
        const { problems: ofService, source } = readWebApi(document)
        problems.push(...ofService)
        if (source !== undefined) webApis.push(source)
        continue
      }
      const read = readDocument(document, place)
      submissions.push(...read.submissions)
      problems.push(...read.problems)
    }
  }
  if (submissions.length === 0 && problems.length === 0) {
    problems.push(...files.map(({ file }) => ({ file, line: 0, field: "", message: "there is no task in it" })))
  }
  problems.push(...clashes(submissions))
  // What refers to a document that could not be read is not wrong for that.
  if (problems.length === 0) problems.push(...danglingReferences(submissions))
  return { submissions, problems, webApis }
}

const isWebApi = ({ value }: YamlDocument): boolean => typeof value === "object" && value !== null && "kind" in value && value.kind === webApiKind

const readDocument = (document: YamlDocument, place: PlainTaskPlace): Submissions => {
  const { value } = document
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(document, [], `expected a task, which is a map with at least a name, got ${formatValue(value)}`)
  }
  return "kind" in value || "apiVersion" in value ? readAction(document, place) : readPlain(document, place)
}

/** What a server would have to say about the name of an object. */
const objectName = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

const readAction = (document: YamlDocument, place: PlainTaskPlace): Submissions => {
  const decoded = TaskActionDecode.decode(document.value, { unknownFields: "refuse" })
  if (Result.isFailure(decoded)) return problemsOf(document, decoded.failure)
  const { apiVersion, kind, metadata: { annotations, labels, name, namespace = place.namespace }, spec } = decoded.success
  if (apiVersion === undefined) return refuse(document, ["apiVersion"], `missing; it must be ${TaskActionCrd.apiVersion}`)
  if (kind === undefined) return refuse(document, ["kind"], `missing; it must be ${TaskActionCrd.kind}`)
  if (name === undefined) return refuse(document, ["metadata", "name"], "missing; results are shown by it")
  if (!objectName.test(name)) {
    const problem = `expected at most 253 lower-case letters, digits, dashes and dots, beginning and ending with a letter or digit, got ${formatValue(name)}`
    return refuse(document, ["metadata", "name"], problem)
  }
  const faults = spec.task === undefined ? undefined : templateFaults(spec.task, spec, ["spec", "task"])
  if (faults !== undefined) return problemsOf(document, faults)
  // What a server wrote into an object that was read from it (`kubectl get -o yaml`) would only be in the way of a new one.
  const metadata = { name, namespace, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) }
  return {
    submissions: [{
      name: namespace === place.namespace ? name : `${namespace}/${name}`,
      action: { apiVersion, kind, metadata, spec },
      references: [],
      document,
      nameField: ["metadata", "name"]
    }],
    problems: []
  }
}

const readPlain = (document: YamlDocument, place: PlainTaskPlace): Submissions => {
  const decoded = TaskActionDecode.decodeAs(PlainTask, document.value, { unknownFields: "refuse" })
  if (Result.isFailure(decoded)) return problemsOf(document, decoded.failure)
  const { forEach: _, ...task } = decoded.success
  const faults = templateFaults(task, { ...place, actionName: task.name }, [])
  if (faults !== undefined) return problemsOf(document, faults)
  const expanded = expand(decoded.success, place)
  if ("message" in expanded) return refuse(document, expanded.path, expanded.message)
  return {
    submissions: expanded.map(({ action, references }) => ({ name: action.spec.actionName, action, references, document, nameField: ["name"] })),
    problems: []
  }
}

type Path = TaskInvalid["issues"][number]["path"]

/** What the engine would refuse whatever the inputs are: it is better told with a line, before anything starts. */
const templateFaults = (task: Task, { actionName, domain, project }: { project: string; domain: string; actionName: string }, path: Path): TaskInvalid | undefined =>
  Option.getOrUndefined(Result.getFailure(TaskTemplates.fromTask(task, { project, domain, name: actionName }, path)))

const problemsOf = (document: YamlDocument, { issues }: TaskInvalid): Submissions => ({
  submissions: [],
  problems: issues.map(({ path, problem }) => ({ file: document.file, line: document.lineOf(path), field: formatPath(path), message: problem }))
})

const refuse = (document: YamlDocument, path: ReadonlyArray<string>, message: string): Submissions => ({
  submissions: [],
  problems: [{ file: document.file, line: document.lineOf(path), field: formatPath(path), message }]
})
