/** One request and its answer, with every failure sorted. */
import { Clock, Effect } from "effect"
import type { Json } from "../AsyncPlugin.ts"
import type { HttpJsonConfig } from "../HttpJsonConfig.ts"
import { faultOfStatus, retryAfterMillis, WebApiError } from "../WebApiError.ts"
import { fillJson, fillText, type TemplateValues } from "./requestTemplate.ts"

/** Carries a request. Any `fetch` will do. */
export type HttpJsonFetch = (request: Request) => Promise<Response>

type RequestTemplate = HttpJsonConfig["get"]

/** Longer answers are refused: one of them must not take the memory of the engine. */
const answerLengthMax = 4 * 1024 * 1024
const quoteMax = 300

/** Makes the function that fills in, sends and reads. A key is sent as `Idempotency-Key` unless the description sends it itself. */
export const exchange = (config: Pick<HttpJsonConfig, "baseUrl" | "headers">, send: HttpJsonFetch) =>
  Effect.fnUntraced(function*(template: RequestTemplate, methodDefault: string, from: TemplateValues, key?: string): Effect.fn.Return<{ readonly json: Json }, WebApiError> {
    const method = template.method ?? methodDefault
    const headers = new Headers()
    if (key !== undefined) headers.set("idempotency-key", key)
    for (const [name, value] of Object.entries({ ...config.headers, ...template.headers })) headers.set(name, yield* fillText(value, from))
    const path = yield* fillText(template.path, from, encodeURIComponent)
    let body: string | undefined
    if (template.body !== undefined && method !== "GET") {
      body = JSON.stringify(yield* fillJson(template.body as Json, from))
      if (!headers.has("content-type")) headers.set("content-type", "application/json")
    }
    headers.set("accept", "application/json")
    const url = `${config.baseUrl.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`
    const { response, text } = yield* Effect.tryPromise({
      try: async (signal) => {
        const response = await send(new Request(url, { method, headers, signal, ...(body === undefined ? {} : { body }) }))
        return { response, text: await response.text() }
      },
      catch: (error) => new WebApiError({ fault: isRefusal(error) ? "Unavailable" : "Unknown", description: `${method} ${path} got no answer: ${problemOf(error)}` })
    })
    if (!response.ok) return yield* errorOf(`${method} ${path}`, response, text, yield* Clock.currentTimeMillis)
    if (text.length > answerLengthMax) return yield* new WebApiError({ fault: "Unavailable", description: `${method} ${path} was answered with ${text.length} characters, at most ${answerLengthMax} are read` })
    if (text.trim() === "") return { json: null }
    return yield* Effect.try({
      try: () => ({ json: JSON.parse(text) as Json }),
      catch: () => new WebApiError({ fault: "Unavailable", description: `${method} ${path} was answered with something that is no JSON: ${text.slice(0, quoteMax)}` })
    })
  })

/** The connection was never there, so the service has not seen the request. */
const isRefusal = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN"
}

const codeOf = (error: unknown): unknown => {
  const { cause, code } = error as { readonly cause?: unknown; readonly code?: unknown }
  return code ?? (typeof cause === "object" && cause !== null ? codeOf(cause) : undefined)
}

const problemOf = (error: unknown): string => {
  const code = codeOf(error)
  return typeof code === "string" ? code : error instanceof Error ? error.message : String(error)
}

const errorOf = (what: string, response: Response, text: string, now: number): WebApiError => {
  const fault = faultOfStatus(response.status)
  const retryAfter = retryAfterMillis(response.headers.get("retry-after"), now)
  return new WebApiError({ fault, description: `${what} was answered with ${response.status}: ${text.slice(0, quoteMax)}`, retryAfter })
}
