/** The rendering service as a plugin written by hand: what `examples/webapi/service.yaml` describes, and a place for everything that a description cannot say. */
import { Literals, LiteralValues, Phase } from "@fairlead/core"
import { type AsyncPlugin, faultOfStatus, retryAfterMillis, type PluginEntry, asyncPlugin, WebApiError } from "@fairlead/webapi-runtime"
import { Clock, Effect } from "effect"

/** Stored with the task: enough to find the job again, and no secrets. */
type Meta = { readonly id: string }

interface Job {
  readonly id: string
  readonly state: "queued" | "rendering" | "done" | "failed" | "deleted"
  readonly message: string
  readonly result?: { readonly pixels: number }
}

/** Sends a request; every failure is sorted by what helps against it. */
const ask = (baseUrl: string, method: string, path: string, options: { readonly key?: string; readonly body?: unknown } = {}) =>
  Effect.gen(function*() {
    const response = yield* Effect.tryPromise({
      try: (signal) => fetch(`${baseUrl}${path}`, {
        method,
        signal,
        headers: { "content-type": "application/json", ...(options.key === undefined ? {} : { "idempotency-key": options.key }) },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) })
      }),
      catch: (error) => new WebApiError({ fault: "Unknown", description: `${method} ${path} got no answer: ${String(error)}` })
    })
    if (!response.ok) {
      const retryAfter = retryAfterMillis(response.headers.get("retry-after"), yield* Clock.currentTimeMillis)
      return yield* new WebApiError({ fault: faultOfStatus(response.status), description: `${method} ${path} was answered with ${response.status}`, retryAfter })
    }
    return yield* Effect.tryPromise({
      try: () => response.json() as Promise<unknown>,
      catch: (error) => new WebApiError({ fault: "Unavailable", description: `${method} ${path} was answered with something else than JSON: ${String(error)}` })
    })
  })

/** Renders frames on the service at `baseUrl`. */
export const renderPlugin = (baseUrl: string): AsyncPlugin<Meta, Job> => ({
  config: () => ({ readRateLimiter: { qps: 50, burst: 100 }, resourceQuotas: { default: 25 } }),
  create: ({ inputs, key, template }) => Effect.gen(function*() {
    const { frame } = LiteralValues.mapToValue(yield* Effect.mapError(inputs, (error) => new WebApiError({ fault: "Unavailable", description: error.message })))
    const job = (yield* ask(baseUrl, "POST", "/jobs", { key, body: { frame, width: template.config["width"] ?? "640" } })) as Job
    return { meta: { id: job.id }, resource: job }
  }),
  find: ({ key }) => Effect.map(ask(baseUrl, "GET", `/jobs?key=${encodeURIComponent(key)}`), (answer) => {
    const [job] = (answer as { readonly jobs: ReadonlyArray<Job> }).jobs
    return job === undefined ? undefined : { meta: { id: job.id }, resource: job }
  }),
  get: ({ meta }) => Effect.map(ask(baseUrl, "GET", `/jobs/${meta.id}`), (answer) => answer as Job),
  delete: ({ meta }) => Effect.asVoid(ask(baseUrl, "DELETE", `/jobs/${meta.id}`)),
  isTerminal: ({ state }) => state === "done" || state === "failed" || state === "deleted",
  status: ({ resource: { message, result, state } }) => {
    switch (state) {
      case "queued": return Effect.succeed({ phase: Phase.queued(0, message) })
      case "rendering": return Effect.succeed({ phase: Phase.running(0, message) })
      case "done": return Effect.succeed({ phase: Phase.success(), outputs: Literals.literalMap({ pixels: Literals.integer(result?.pixels ?? 0) }) })
      case "failed": return Effect.succeed({ phase: Phase.retryableFailure({ code: "RenderFailed", message, kind: "USER" }) })
      case "deleted": return Effect.succeed({ phase: Phase.aborted(0, message) })
    }
  }
})

/** Ready to be registered. */
export const renderEntry = (baseUrl: string): PluginEntry => ({
  id: "render",
  supportedTaskTypes: ["render"],
  load: () => Effect.succeed(asyncPlugin(renderPlugin(baseUrl)))
})
