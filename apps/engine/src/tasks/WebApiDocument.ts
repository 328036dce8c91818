/** Documents of the kind `WebApi`: services that tasks of a run can use, described beside the tasks. */
import { formatPath, TaskActionDecode } from "@fairlead/core"
import { HttpJsonConfig, httpJsonProblems, parsePluginConfig, type PluginConfigInput } from "@fairlead/webapi-runtime"
import { Result, Schema } from "effect"
import type { FileProblem, YamlDocument } from "./YamlFile.ts"

/** The kind and version of such documents. */
export const webApiKind = "WebApi"
const webApiVersion = "fairlead.dev/v1"

const Document = Schema.Struct({
  apiVersion: Schema.Literals([webApiVersion]),
  kind: Schema.Literals([webApiKind]),
  metadata: Schema.Struct({ name: Schema.String.check(Schema.isMinLength(1, { expected: "some text" })) }),
  spec: Schema.Struct({
    /** Task types that run on the service. */
    taskTypes: Schema.Array(Schema.String).check(Schema.isMinLength(1)),
    service: HttpJsonConfig,
    /** Limits, quotas and pace. */
    settings: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
    /** A program that serves it, for trying things out: started before the tasks unless `ready` answers already. */
    process: Schema.optionalKey(Schema.Struct({
      command: Schema.Array(Schema.String).check(Schema.isMinLength(1)),
      /** Address that answers when the program is ready. */
      ready: Schema.String
    }))
  })
})

/** A service to be used by a run. */
export interface WebApiSource {
  readonly id: string
  readonly taskTypes: ReadonlyArray<string>
  readonly service: HttpJsonConfig
  readonly settings: PluginConfigInput
  readonly process: { readonly command: ReadonlyArray<string>; readonly ready: string } | undefined
  /** The file that describes it. */
  readonly file: string
}

/** Reads one document, or tells everything that is wrong with it. */
export const readWebApi = (document: YamlDocument): { readonly source?: WebApiSource; readonly problems: ReadonlyArray<FileProblem> } => {
  const problem = (path: ReadonlyArray<PropertyKey>, message: string): FileProblem =>
    ({ file: document.file, line: document.lineOf(path), field: formatPath(path.map((it) => (typeof it === "number" ? it : String(it)))), message })
  const decoded = TaskActionDecode.decodeAs(Document, document.value, { unknownFields: "refuse" })
  if (Result.isFailure(decoded)) return { problems: decoded.failure.issues.map((issue) => problem(issue.path, issue.problem)) }
  const { metadata, spec } = decoded.success
  const problems = httpJsonProblems(spec.service).map((it) => problem(["spec", "service", ...it.path], it.problem))
  const settings = (spec.settings ?? {}) as PluginConfigInput
  const parsed = parsePluginConfig(settings)
  if (Result.isFailure(parsed)) {
    for (const it of parsed.failure.problems) problems.push(problem(["spec", "settings"], it))
    for (const { field, max, min, provided } of parsed.failure.violations) {
      problems.push(problem(["spec", "settings", ...field.split(".")], `is ${provided}; it must be between ${min} and ${max}`))
    }
  }
  if (problems.length > 0) return { problems }
  return { problems, source: { id: metadata.name, taskTypes: spec.taskTypes, service: spec.service, settings, process: spec.process, file: document.file } }
}
