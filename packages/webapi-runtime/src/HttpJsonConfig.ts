/** Describes a service that speaks JSON over HTTP, so that tasks can run on it without a line of code. */
import { Result, Schema } from "effect"
import type { Json } from "./AsyncPlugin.ts"
import { parsePath } from "./internal/jsonPath.ts"
import { gapProblems } from "./internal/requestTemplate.ts"

const Texts = Schema.Record(Schema.String, Schema.String)
const Words = Schema.optionalKey(Schema.Array(Schema.String))
const path = Schema.String

const Request = Schema.Struct({
  method: Schema.optionalKey(Schema.Literals(["GET", "POST", "PUT", "PATCH", "DELETE"])),
  /** Appended to `baseUrl`. Values that are put in are escaped. */
  path: Schema.String,
  headers: Schema.optionalKey(Texts),
  /** Sent as JSON. A text that is one gap, `{{inputs.rows}}`, becomes the value itself. */
  body: Schema.optionalKey(Schema.Unknown)
})

/**
 * A service.
 *
 * Texts of requests may hold gaps: `{{key}}` (the idempotency key), `{{name}}`, `{{project}}`, `{{domain}}`, `{{inputs.…}}`,
 * `{{custom.…}}`, `{{config.…}}`, `{{outputPrefix}}`, `{{meta.…}}` (not in `create` and `find`), and in headers and bodies
 * `{{secret group/key}}`. Paths into answers are written `$.job.id`, `$.items[0]`.
 */
export const HttpJsonConfig = Schema.Struct({
  baseUrl: Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s]+$/, { expected: "an http or https address such as https://service.example.org/v1" })),
  /** Sent with every request. */
  headers: Schema.optionalKey(Texts),
  create: Schema.Struct({
    ...Request.fields,
    /** What is kept about the job: name → path into the answer. `{ id: $.id }` if left out. */
    meta: Schema.optionalKey(Texts)
  }),
  /** How to find a job by its key. `found` is the path of the job in the answer; no job when there is nothing. */
  find: Schema.optionalKey(Schema.Struct({ ...Request.fields, found: Schema.optionalKey(path) })),
  /** True when `create` with a known key answers the job that is there. */
  isCreateIdempotent: Schema.optionalKey(Schema.Boolean),
  get: Request,
  delete: Schema.optionalKey(Request),
  status: Schema.Struct({
    /** Path of the state in the answer of `get`. */
    path,
    /** Path of a text for people. */
    reason: Schema.optionalKey(path),
    queued: Words,
    initializing: Words,
    running: Words,
    succeeded: Schema.Array(Schema.String),
    /** Failures that another attempt may mend. */
    failed: Schema.Array(Schema.String),
    /** Failures that none can. */
    refused: Words,
    aborted: Words
  }),
  /** Name of an output → its path in the answer of `get`. If left out, the job writes its outputs itself. */
  outputs: Schema.optionalKey(Texts),
  /** Links to logs: name → address, which may hold gaps. */
  links: Schema.optionalKey(Texts)
})
export type HttpJsonConfig = typeof HttpJsonConfig.Type

const always = ["key", "name", "project", "domain", "inputs", "custom", "config", "outputPrefix"]

const textsIn = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" ? [value]
    : Array.isArray(value) ? value.flatMap(textsIn)
    : typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : []

/** Everything about a service's description that no schema can tell: gaps and paths. Each with the place where it stands. */
export const httpJsonProblems = (config: HttpJsonConfig): ReadonlyArray<{ readonly path: ReadonlyArray<string>; readonly problem: string }> => {
  const found: Array<{ path: ReadonlyArray<string>; problem: string }> = []
  const check = (path: ReadonlyArray<string>, text: string, roots: ReadonlyArray<string>, mayHoldSecrets: boolean): void => {
    for (const problem of gapProblems(text, roots, mayHoldSecrets)) found.push({ path, problem })
  }
  for (const [name, value] of Object.entries(config.headers ?? {})) check(["headers", name], value, ["key", "project", "domain"], true)
  for (const operation of ["create", "find", "get", "delete"] as const) {
    const request = config[operation]
    if (request === undefined) continue
    // Looks and deletions happen between rounds: all that is left of the task then is its key, whose it is, and its meta.
    const roots = operation === "get" || operation === "delete" ? ["key", "project", "domain", "meta"] : always
    check([operation, "path"], request.path, roots, false)
    for (const [name, value] of Object.entries(request.headers ?? {})) check([operation, "headers", name], value, roots, true)
    for (const text of textsIn(request.body)) check([operation, "body"], text, roots, true)
  }
  for (const [name, value] of Object.entries(config.links ?? {})) check(["links", name], value, [...always, "meta"], false)
  const paths: ReadonlyArray<readonly [ReadonlyArray<string>, string | undefined]> = [
    ...Object.entries(config.create.meta ?? {}).map(([name, it]) => [["create", "meta", name], it] as const),
    [["find", "found"], config.find?.found],
    [["status", "path"], config.status.path],
    [["status", "reason"], config.status.reason],
    ...Object.entries(config.outputs ?? {}).map(([name, it]) => [["outputs", name], it] as const)
  ]
  for (const [path, text] of paths) {
    if (text !== undefined && parsePath(text) === undefined) found.push({ path, problem: `"${text}" is no path; write for example $.job.id or $.items[0].state` })
  }
  return found
}

/** Reads a description from anything, for those who write it as JSON; what is wrong is one text. */
export const parseHttpJsonConfig = (input: Json): Result.Result<HttpJsonConfig, string> => {
  const decoded = Schema.decodeUnknownResult(HttpJsonConfig)(input, { errors: "all", onExcessProperty: "error" })
  if (Result.isFailure(decoded)) return Result.fail(String(decoded.failure.message))
  const problems = httpJsonProblems(decoded.success)
  return problems.length === 0 ? Result.succeed(decoded.success) : Result.fail(problems.map((it) => `${it.path.join(".")}: ${it.problem}`).join("\n"))
}
