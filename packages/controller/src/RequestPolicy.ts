/** Keeps calls within limits, tries those again that can safely be, and counts them all. */
import { Clock, Duration, Effect, Exit, Layer, Metric, Random } from "effect"
import { type KubeAnswer, type KubeError, type KubeRequest, KubeTransport } from "@fairlead/kube"
import { monotonicMillis } from "./MonotonicTime.ts"
import { TokenBucket } from "./internal/tokenBucket.ts"

/** How many calls, and how persistent. */
export interface RequestPolicyOptions {
  /** Calls in a second, on average; without limit when left out. Leases and watches are not counted: they must not queue behind work. */
  readonly perSecond?: number | undefined
  /** Calls at once after a quiet time; twice `perSecond` when left out. */
  readonly burst?: number | undefined
  /** Attempts at one call, the first one included; 4 when left out. */
  readonly attemptsMax?: number | undefined
  /** Longest `Retry-After` that is waited for here; longer ones are the caller's business. 10 s when left out. */
  readonly retryAfterMax?: Duration.Input | undefined
}

/** Wraps transports. */
export const RequestPolicy = {
  /**
   * The transport of the context, limited, persistent and counted.
   *
   * Flow: a call waits for its token; an answer `429` was not carried out and is tried again after its `Retry-After`,
   * whatever the verb; reads are tried again after failures of the server and of the connection. Other failures
   * go to the caller, who alone knows whether a write may be repeated. Watches pass as they are: informers care for them.
   */
  layer: (options: RequestPolicyOptions = {}): Layer.Layer<KubeTransport, never, KubeTransport> => Layer.effect(KubeTransport, make(options))
}

const backoffMin = 100
const backoffMax = 5000
const seconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]

const make = Effect.fnUntraced(function*(options: RequestPolicyOptions) {
  const transport = yield* KubeTransport
  const clock = yield* Clock.Clock
  const random = yield* Random.Random
  const services = yield* Effect.context<never>()
  const now = (): number => monotonicMillis(clock)
  const bucket = options.perSecond === undefined ? undefined : new TokenBucket(options.perSecond, options.burst ?? 2 * options.perSecond)
  const attemptsMax = options.attemptsMax ?? 4
  const retryAfterMax = Duration.toMillis(options.retryAfterMax ?? "10 seconds")
  const counted = makeCounters()

  const limited = (request: KubeRequest): Effect.Effect<void> => {
    if (bucket === undefined || request.resource.plural === "leases") return Effect.void
    const delay = bucket.reserve(now())
    if (delay === 0) return Effect.void
    counted.limiterSeconds.updateUnsafe(delay / 1000, services)
    return Effect.onInterrupt(Effect.sleep(delay), () => Effect.sync(() => bucket.giveBack()))
  }

  const request = (call: KubeRequest): Effect.Effect<KubeAnswer, KubeError.KubeError> =>
    Effect.gen(function*() {
      for (let attempt = 1; ; attempt++) {
        yield* limited(call)
        const startedAt = now()
        const exit = yield* Effect.exit(transport.request(call))
        const error = failureOf(exit)
        counted.answer(call, error, (now() - startedAt) / 1000, services)
        const delay = error === undefined ? undefined : retryDelay(call, error, attempt, random.nextDoubleUnsafe())
        if (delay === undefined || delay > retryAfterMax || attempt >= attemptsMax) return yield* exit
        counted.retries.updateUnsafe(1, services)
        yield* Effect.sleep(delay)
      }
    })
  return KubeTransport.of({ ...transport, request })
})

const failureOf = (exit: Exit.Exit<unknown, KubeError.KubeError>): KubeError.KubeError | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const [reason] = exit.cause.reasons
  return exit.cause.reasons.length === 1 && reason?._tag === "Fail" ? reason.error : undefined
}

/** Milliseconds until the call may be made again; `undefined` when it may not. */
const retryDelay = ({ verb }: KubeRequest, error: KubeError.KubeError, attempt: number, random: number): number | undefined => {
  const isRead = verb === "get" || verb === "list"
  const isRefused = error.code === 429
  const isBroken = error.reason._tag === "TransportFailed" || error.code >= 500
  if (!isRefused && !(isRead && isBroken)) return undefined
  const backoff = Math.min(backoffMax, backoffMin * 2 ** (attempt - 1)) * (0.5 + random / 2)
  return Math.max(backoff, (error.retryAfterSeconds ?? 0) * 1000)
}

/** Series by verb and code, each made once. */
const makeCounters = () => {
  const requests = new Map<string, Metric.Counter<number>>()
  const latencies = new Map<string, Metric.Histogram<number>>()
  const histogram = (name: string, description: string, attributes: { readonly [name: string]: string }): Metric.Histogram<number> =>
    Metric.withAttributes(Metric.histogram(name, { description, boundaries: seconds }), attributes) as Metric.Histogram<number>
  return {
    retries: Metric.counter("rest_client_request_retries_total", { description: "Calls made again after a failure", incremental: true }),
    limiterSeconds: histogram("rest_client_rate_limiter_duration_seconds", "Time that calls waited for the limiter", {}),
    answer: (call: KubeRequest, error: KubeError.KubeError | undefined, duration: number, services: Parameters<Metric.Counter<number>["updateUnsafe"]>[1]): void => {
      const code = error === undefined ? "2xx" : error.code === 0 ? "<error>" : String(error.code)
      const key = `${call.verb} ${code}`
      let counter = requests.get(key)
      if (counter === undefined) {
        counter = Metric.counter("rest_client_requests_total", { description: "Calls by verb and code of the answer", incremental: true, attributes: { verb: call.verb, code } })
        requests.set(key, counter)
      }
      counter.updateUnsafe(1, services)
      let latency = latencies.get(call.verb)
      if (latency === undefined) latencies.set(call.verb, (latency = histogram("rest_client_request_duration_seconds", "Time from a call to its answer", { verb: call.verb })))
      latency.updateUnsafe(duration, services)
    }
  }
}
