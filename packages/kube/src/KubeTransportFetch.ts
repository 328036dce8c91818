/** Speaks the Kubernetes API in bytes, over any function from a `Request` to a `Response`. */
import { type Duration, Effect, Exit, Layer, Result } from "effect"
import { type HttpAnswer, readAnswer, readFailure } from "./internal/httpAnswer.ts"
import { WatchLines } from "./internal/watchLines.ts"
import { isReason, KubeError } from "./KubeError.ts"
import { pathOf } from "./KubeResource.ts"
import { type KubeAnswer, type KubeQuery, type KubeRequest, KubeTransport, type KubeWatchRequest, patchMediaTypes, type WatchEvent } from "./KubeTransport.ts"

/** Where the API server is and how to reach it. */
export interface KubeTransportFetchOptions {
  /** Address of the server, with a path if it is served below one. Holds no credentials. */
  readonly baseUrl: string
  /** Carries a request out: `globalThis.fetch`, one that knows the cluster's CA, or a server in the same process. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Sent with every request, for example `Impersonate-User`. */
  readonly headers?: { readonly [name: string]: string } | undefined
  /**
   * Bearer token. An effect is run again when its token is older than `tokenAgeMax` or was refused, so that tokens may
   * rotate under a running program.
   */
  readonly token?: string | Effect.Effect<string, KubeError> | undefined
  /** One minute if not given. */
  readonly tokenAgeMax?: Duration.Input | undefined
  /** Its first word names the writer of changes that carry no `fieldManager`; `fairlead` if not given. */
  readonly userAgent?: string | undefined
}

/**
 * Builds the transport. `baseUrl` is checked here: a wrong one is a defect, since no call could ever succeed.
 *
 * Interrupting a call aborts its request. A server that ends a watch in the middle of an event fails it with
 * `TransportFailed`; a line that is no event fails it with `DecodeFailed`, after the events before it were handed on.
 */
export const make = (options: KubeTransportFetchOptions): Effect.Effect<KubeTransport["Service"]> =>
  Effect.gen(function*() {
    const connection = connect(options)
    const [token, forgetToken] = yield* makeToken(options)
    /** A token that was refused is read anew by the next call. */
    const forgetRefused = (error: KubeError): Effect.Effect<void> => (isReason(error, "Unauthorized") ? forgetToken : Effect.void)
    const withToken = <A>(exchange: (token: string | undefined, signal: AbortSignal) => Promise<Outcome<A>>): Effect.Effect<A, KubeError> =>
      token.pipe(
        Effect.flatMap((current) => Effect.promise((signal) => exchange(current, signal))),
        Effect.flatMap(Effect.fromResult),
        Effect.tapError(forgetRefused)
      )
    return {
      request: (request) => withToken((current, signal) => connection.answer(callOf(request), current, signal)),
      watch: (request, onEvents) => withToken((current, signal) => connection.follow(watchCallOf(request), current, signal, onEvents))
    }
  })

/** Provides the transport. */
export const layer = (options: KubeTransportFetchOptions): Layer.Layer<KubeTransport> => Layer.effect(KubeTransport, make(options))

const makeToken = (
  { token, tokenAgeMax }: KubeTransportFetchOptions
): Effect.Effect<readonly [Effect.Effect<string | undefined, KubeError>, Effect.Effect<void>]> =>
  Effect.isEffect(token)
    ? Effect.cachedInvalidateWithTTL(token, (exit: Exit.Exit<string, KubeError>) => (Exit.isSuccess(exit) ? tokenAgeMax ?? "1 minute" : 0))
    : Effect.succeed([Effect.succeed(token), Effect.void] as const)

/** One HTTP request, before it is one. */
interface Call {
  /** `<verb> <path>`, for messages. */
  readonly method: string
  readonly verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly path: string
  readonly query: KubeQuery
  readonly contentType?: string
  readonly body?: unknown
}

const httpVerbs = {
  get: "GET", list: "GET", create: "POST", update: "PUT", patch: "PATCH", delete: "DELETE", deletecollection: "DELETE"
} as const

const callOf = (request: KubeRequest): Call => {
  const path = pathOf(request.resource, request)
  return {
    method: `${request.verb} ${path}`,
    verb: httpVerbs[request.verb],
    path,
    query: request.query ?? {},
    ...(request.body === undefined ? {} : {
      body: request.body,
      contentType: request.patchType === undefined ? "application/json" : patchMediaTypes[request.patchType]
    })
  }
}

const watchCallOf = ({ resource, namespace, query }: KubeWatchRequest): Call => {
  const path = pathOf(resource, { namespace })
  return { method: `watch ${path}`, verb: "GET", path, query: { ...query, watch: "true" } }
}

type Outcome<A> = Result.Result<A, KubeError>

/** Sends calls to one server. Nothing here rejects, except for a listener that throws. */
interface Connection {
  readonly answer: (call: Call, token: string | undefined, signal: AbortSignal) => Promise<Outcome<KubeAnswer>>
  readonly follow: (
    call: Call,
    token: string | undefined,
    signal: AbortSignal,
    onEvents: (events: ReadonlyArray<WatchEvent>) => void
  ) => Promise<Outcome<void>>
}

const connect = ({ baseUrl, fetch: carryOut, headers, userAgent }: KubeTransportFetchOptions): Connection => {
  const base = checkBaseUrl(baseUrl)
  const address = base.origin + base.pathname.replace(/\/+$/, "")
  const fixed = { accept: "application/json", "user-agent": userAgent ?? "fairlead", ...headers }

  const send = async (call: Call, token: string | undefined, signal: AbortSignal): Promise<Response> => {
    const query = new URLSearchParams(Object.entries(call.query).filter((entry): entry is [string, string] => entry[1] !== undefined))
    return await carryOut(
      new Request(`${address}${call.path}${query.size === 0 ? "" : `?${query}`}`, {
        method: call.verb,
        headers: {
          ...fixed,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(call.contentType === undefined ? {} : { "content-type": call.contentType })
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        signal
      })
    )
  }
  const broken = (call: Call, token: string | undefined, problem: string): Outcome<never> => {
    const description = `${address}: ${redact(problem, [token ?? "", ...Object.values(headers ?? {}).filter(isLikelySecret)])}`
    return Result.fail(new KubeError({ method: call.method, reason: { _tag: "TransportFailed", description } }))
  }

  return {
    answer: async (call, token, signal) => {
      try {
        const response = await send(call, token, signal)
        return readAnswer(call.method, await toAnswer(response))
      } catch (error) {
        return broken(call, token, describeError(error))
      }
    },
    follow: async (call, token, signal, onEvents) => {
      const opened = await open(() => send(call, token, signal), call.method)
      if (typeof opened === "string") return broken(call, token, opened)
      if (Result.isFailure(opened)) return Result.fail(opened.failure)
      const problem = opened.success === null ? undefined : await pump(opened.success, signal, onEvents)
      if (problem === undefined) return Result.void
      if (problem._tag === "TransportFailed") return broken(call, token, problem.description)
      return Result.fail(new KubeError({ method: call.method, reason: problem }))
    }
  }
}

/** The body of a watch that was accepted, the error that was answered instead, or what broke. */
const open = async (send: () => Promise<Response>, method: string): Promise<Outcome<ReadableStream<Uint8Array> | null> | string> => {
  try {
    const response = await send()
    return response.status < 300 ? Result.succeed(response.body) : Result.fail(readFailure(method, await toAnswer(response)))
  } catch (error) {
    return describeError(error)
  }
}

interface WatchProblem {
  readonly _tag: "DecodeFailed" | "TransportFailed"
  readonly description: string
}

/** Hands events on as they come, one call for each piece of the body, until the end, an error or the abort. */
const pump = async (
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onEvents: (events: ReadonlyArray<WatchEvent>) => void
): Promise<WatchProblem | undefined> => {
  const reader = body.getReader()
  // A body that comes from this process knows nothing of the signal, so it is cancelled by hand.
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  signal.addEventListener("abort", cancel)
  const decoder = new TextDecoder()
  const lines = new WatchLines()
  try {
    for (;;) {
      const piece = await read(reader)
      if (signal.aborted) return undefined
      if (typeof piece === "string") return { _tag: "TransportFailed", description: `the watch broke: ${piece}` }
      const batch = piece === undefined ? lines.end() : lines.push(decoder.decode(piece, { stream: true }))
      if (batch.events.length > 0) onEvents(batch.events)
      if (batch.over === true) return undefined
      if (batch.problem !== undefined) return badLine(batch.problem, piece === undefined)
      if (piece === undefined) return undefined
    }
  } finally {
    signal.removeEventListener("abort", cancel)
    cancel()
  }
}

/** A last line that is no event was most likely cut off with the connection. */
const badLine = (problem: string, atEnd: boolean): WatchProblem =>
  atEnd ? { _tag: "TransportFailed", description: `the watch ended inside an event: ${problem}` } : { _tag: "DecodeFailed", description: problem }

/** The next piece, `undefined` at the end, or what broke. */
const read = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | string | undefined> => {
  try {
    return (await reader.read()).value
  } catch (error) {
    return describeError(error)
  }
}

const toAnswer = async (response: Response): Promise<HttpAnswer> => ({
  code: response.status,
  contentType: response.headers.get("content-type"),
  retryAfter: response.headers.get("retry-after"),
  text: await response.text()
})

const checkBaseUrl = (baseUrl: string): URL => {
  const url = URL.parse(baseUrl)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError(`baseUrl must be an http or https address, but is ${JSON.stringify(baseUrl)}`)
  }
  if (url.username !== "" || url.password !== "") throw new TypeError(`baseUrl of ${url.host} holds credentials; pass them as token or headers`)
  return url
}

/** The message of an error and of what caused it: `fetch failed` alone helps nobody. */
const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = "code" in error && typeof error.code === "string" ? error.code : ""
  const own = error.message === "" ? code || error.name : error.message
  return error.cause === undefined ? own : `${own}: ${describeError(error.cause)}`
}

/** Some errors quote the header that they refuse. */
const redact = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets.reduce((rest, secret) => (secret === "" ? rest : rest.replaceAll(secret, "<redacted>")), text)

const isLikelySecret = (headerValue: string): boolean => headerValue.length >= 8
