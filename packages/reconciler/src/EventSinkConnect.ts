/** Events for Flyte's events service, by the Connect protocol over any fetch. */
import { Clock, Duration, Effect, Layer, Schema } from "effect"
import type { ActionEvent } from "./ActionEvent.ts"
import { EventSink, EventSinkError } from "./EventSink.ts"
import { encodeRequest } from "./internal/eventEncoding.ts"

/** Where the service is, and how it is reached. */
export interface EventSinkConnectOptions {
  /** `http://localhost:8090`, without a slash at the end. */
  readonly baseUrl: string
  readonly fetch: (request: Request) => Promise<Response>
  /** Sent with every call, for instance to authenticate. */
  readonly headers?: { readonly [name: string]: string } | undefined
  /** The call is given up after this time; 15 seconds if left out. */
  readonly timeout?: Duration.Input | undefined
}

const path = "/flyteidl2.workflow.EventsProxyService/Record"

/** Codes of Connect by which the service refuses these events for good; any other may pass. */
const final: ReadonlySet<string> = new Set(["invalid_argument", "already_exists", "failed_precondition", "out_of_range", "data_loss"])

/** The same for HTTP codes, from proxies in between that know nothing of Connect. */
const finalStatus: ReadonlySet<number> = new Set([400, 413, 422])

const decodeError = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ code: Schema.String, message: Schema.optionalKey(Schema.String) })))

/** Sends events to the service; put an `EventBatcher` before it. */
export const layer = (options: EventSinkConnectOptions): Layer.Layer<EventSink> => Layer.succeed(EventSink, { record: (events) => record(options, events) })

const record = Effect.fnUntraced(function*(options: EventSinkConnectOptions, events: ReadonlyArray<ActionEvent>) {
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "15 seconds")
  const body = encodeRequest(events, yield* Clock.currentTimeMillis)
  const { status, text } = yield* Effect.tryPromise({
    try: (signal) => exchange(options.fetch, requestOf(options, body, timeout, signal)),
    catch: (error) => new EventSinkError({ description: `${path} got no answer: ${String(error)}`, retryable: true })
  }).pipe(Effect.timeoutOrElse({
    duration: timeout,
    orElse: () => Effect.fail(new EventSinkError({ description: `${path} got no answer within ${Duration.format(timeout)}`, retryable: true }))
  }))
  if (status !== 200) return yield* refusalOf(status, text)
})

const exchange = async (send: EventSinkConnectOptions["fetch"], request: Request): Promise<{ readonly status: number; readonly text: string }> => {
  const response = await send(request)
  return { status: response.status, text: await response.text() }
}

const requestOf = (options: EventSinkConnectOptions, body: Uint8Array<ArrayBuffer>, timeout: Duration.Duration, signal: AbortSignal): Request =>
  new Request(`${options.baseUrl}${path}`, {
    method: "POST",
    body,
    signal,
    headers: {
      ...options.headers,
      "content-type": "application/proto",
      "connect-protocol-version": "1",
      "connect-timeout-ms": String(Duration.toMillis(timeout))
    }
  })

const refusalOf = (status: number, text: string): EventSinkError => {
  const error = decodeError(text)
  const isFinal = error._tag === "Some" ? final.has(error.value.code) : finalStatus.has(status)
  const what = error._tag === "Some" ? `${error.value.code}: ${error.value.message ?? "no reason given"}` : `HTTP ${status}: ${text.slice(0, 200)}`
  return new EventSinkError({ description: `${path} was answered with ${what}`, retryable: !isFinal, isAnswer: true })
}
