/** A plugin for any service that speaks JSON over HTTP, made from its description. */
import { Idl, LiteralValues, Phase } from "@fairlead/core"
import { create as message } from "@bufbuild/protobuf"
import { Effect, Result } from "effect"
import type { AsyncPlugin, Created, Json, JobStatus, StatusContext, WebApiTask } from "./AsyncPlugin.ts"
import type { HttpJsonConfig } from "./HttpJsonConfig.ts"
import { exchange, type HttpJsonFetch } from "./internal/httpExchange.ts"
import { parsePath, valueAt } from "./internal/jsonPath.ts"
import { fillText, type TemplateValues } from "./internal/requestTemplate.ts"
import type { PluginConfigInput } from "./PluginConfig.ts"
import { WebApiError } from "./WebApiError.ts"

export type { HttpJsonFetch } from "./internal/httpExchange.ts"

/** What is kept about a job: the values that the description names, and whose it is. */
export type HttpJsonMeta = { readonly project: string; readonly domain: string; readonly values: { readonly [name: string]: Json } }

/** How the service is reached, and how fast. */
export interface HttpJsonOptions {
  readonly config: HttpJsonConfig
  readonly fetch: HttpJsonFetch
  readonly settings?: (() => PluginConfigInput) | undefined
}

const at = (value: unknown, path: string): unknown => valueAt(value, parsePath(path) ?? [])

/** Makes the plugin. The description must have been checked. */
export const makeHttpJson = ({ config, fetch, settings = () => ({}) }: HttpJsonOptions): AsyncPlugin<HttpJsonMeta, Json> => {
  const send = exchange(config, fetch)
  const states = statesOf(config)
  const { find } = config
  return {
    config: settings,
    endpoint: () => new URL(config.baseUrl).origin,
    isCreateIdempotent: config.isCreateIdempotent,
    create: (task) => Effect.flatMap(valuesOf(task), (values) =>
      Effect.flatMap(send(config.create, "POST", values, task.key), ({ json }) => createdFrom(config, values, json))),
    ...(find === undefined ? {} : {
      find: (task: WebApiTask) => Effect.flatMap(valuesOf(task), (values) => send(find, "GET", values).pipe(
        Effect.flatMap(({ json }) => {
          const job = find.found === undefined ? json : at(json, find.found)
          return job === undefined || job === null ? Effect.undefined : createdFrom(config, values, job)
        }),
        Effect.catchIf((error) => error.fault === "NotFound", () => Effect.undefined)
      ))
    }),
    get: ({ key, meta, secrets }) => Effect.map(send(config.get, "GET", laterValues(key, meta, secrets)), ({ json }) => json),
    delete: ({ key, meta, secrets }) => config.delete === undefined ? Effect.void : Effect.asVoid(send(config.delete, "DELETE", laterValues(key, meta, secrets))),
    status: (context) => statusOf(config, states, context),
    isTerminal: (resource) => isEnd(states.get(wordOf(at(resource, config.status.path))))
  }
}

const valuesOf = Effect.fnUntraced(function*(task: WebApiTask): Effect.fn.Return<TemplateValues, WebApiError> {
  const { metadata, paths, secrets, template } = task
  const inputs = yield* Effect.mapError(task.inputs, (error) => new WebApiError({ fault: "Unavailable", code: error.code, description: error.description }))
  const { executionId } = metadata.taskExecutionId.id.nodeExecutionId ?? {}
  return {
    secrets,
    values: {
      key: task.key,
      name: metadata.taskExecutionId.generatedName,
      project: executionId?.project ?? "",
      domain: executionId?.domain ?? "",
      inputs: LiteralValues.mapToValue(inputs),
      custom: template.custom ?? {},
      config: template.config,
      outputPrefix: paths.outputPrefix
    }
  }
})

/** What is left of the task between rounds. */
const laterValues = (key: string, { domain, project, values }: HttpJsonMeta, secrets: TemplateValues["secrets"]): TemplateValues =>
  ({ values: { key, project, domain, meta: values }, secrets })

const createdFrom = (config: HttpJsonConfig, { values: of }: TemplateValues, answer: unknown): Effect.Effect<Created<HttpJsonMeta, Json>, WebApiError> => {
  const wanted = Object.entries(config.create.meta ?? { id: "$.id" })
  const meta = wanted.map(([name, path]) => [name, at(answer, path)] as const)
  const missing = wanted.filter((_, index) => meta[index]![1] === undefined).map(([, path]) => path)
  if (missing.length > 0) return Effect.fail(new WebApiError({ fault: "Unknown", description: `the answer has nothing at ${missing.join(", ")}` }))
  const values = Object.fromEntries(meta) as { readonly [name: string]: Json }
  return Effect.succeed({ meta: { project: String(of["project"]), domain: String(of["domain"]), values } })
}

type State = "queued" | "initializing" | "running" | "succeeded" | "failed" | "refused" | "aborted"

const isEnd = (state: State | undefined): boolean => state === "succeeded" || state === "failed" || state === "refused" || state === "aborted"

const wordOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value) ?? "").toLowerCase()

const statesOf = ({ status }: HttpJsonConfig): ReadonlyMap<string, State> =>
  new Map((["queued", "initializing", "running", "succeeded", "failed", "refused", "aborted"] as const)
    .flatMap((state) => (status[state] ?? []).map((word) => [word.toLowerCase(), state] as const)))

const statusOf = Effect.fnUntraced(function*(
  config: HttpJsonConfig,
  states: ReadonlyMap<string, State>,
  context: StatusContext<HttpJsonMeta, Json>
): Effect.fn.Return<JobStatus, WebApiError> {
  const { meta, resource } = context
  const word = at(resource, config.status.path)
  const told = config.status.reason === undefined ? undefined : at(resource, config.status.reason)
  const reason = typeof told === "string" ? told : told === undefined || told === null ? "" : JSON.stringify(told)
  const logs = yield* linksOf(config, context, meta)
  const info = { logs, externalResources: [] }
  const failure = { code: "JobFailed", message: reason || `the service says ${wordOf(word)}`, kind: "USER" as const }
  switch (states.get(wordOf(word))) {
    case "queued": return { phase: Phase.queued(0, reason || "waits in the service", info) }
    case "initializing": return { phase: Phase.initializing(0, reason, info) }
    case "succeeded": return { phase: Phase.success(info), ...outputsOf(config, context) }
    case "failed": return { phase: Phase.retryableFailure(failure, { info }) }
    case "refused": return { phase: Phase.permanentFailure(failure, { info }) }
    case "aborted": return { phase: Phase.aborted(0, reason || "the service says that the job was stopped", info) }
    case "running": return { phase: Phase.running(0, reason, info) }
    case undefined: return { phase: Phase.running(0, reason || `the service says ${word === undefined ? "nothing" : JSON.stringify(word)}, which its description does not know`, info) }
  }
})

const linksOf = Effect.fnUntraced(function*({ links }: HttpJsonConfig, context: StatusContext<HttpJsonMeta, Json>, meta: HttpJsonMeta): Effect.fn.Return<ReadonlyArray<Idl.TaskLog>, WebApiError> {
  if (links === undefined) return []
  const { secrets, values } = yield* valuesOf(context)
  return yield* Effect.forEach(Object.entries(links), ([name, text]) =>
    Effect.map(fillText(text, { secrets, values: { ...values, meta: meta.values } }, encodeURIComponent), (uri) => message(Idl.TaskLogSchema, { name, uri })))
})

const outputsOf = ({ outputs }: HttpJsonConfig, { resource, template }: StatusContext<HttpJsonMeta, Json>): Partial<JobStatus> => {
  if (outputs === undefined) return {}
  const declared = template.interface?.outputs
  const names = new Set(declared?.variables.map((it) => it.key))
  const values = Object.entries(outputs).map(([name, path]) => [name, at(resource, path)] as const).filter(([name, value]) => names.has(name) && value !== undefined)
  const literals = LiteralValues.mapFromValues(declared, Object.fromEntries(values), ["outputs"])
  if (Result.isSuccess(literals)) return { outputs: literals.success }
  return { phase: Phase.retryableFailure({ code: "OutputsNotFound", message: `the answer of the service does not fit the outputs of the task: ${literals.failure.message}`, kind: "USER" }) }
}
