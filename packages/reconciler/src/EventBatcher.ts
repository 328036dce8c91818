/** Puts events of many actions into few calls of a sink. */
import { type Duration, Effect, Fiber, Layer, Metric, Option, type Scope, Tracer } from "effect"
import type { ActionEvent } from "./ActionEvent.ts"
import { EventSink, EventSinkError } from "./EventSink.ts"

/** How much goes into a call. */
export interface EventBatcherOptions {
  /** Most events in one call; 400 if left out, as in Flyte. */
  readonly batchMax?: number | undefined
  /** Calls that may be under way at once; 4 if left out. */
  readonly flushesMax?: number | undefined
  /** A call that takes longer has failed; 30 seconds if left out. */
  readonly flushTimeout?: Duration.Input | undefined
}

/** Callers whose events wait for a call to return. */
export const eventsWaiting: Metric.Gauge<number> = Metric.gauge("action_events_waiting", { description: "callers whose events wait to be sent" })

/** The events of one caller, and how to wake it. */
interface Entry {
  readonly events: ReadonlyArray<ActionEvent>
  readonly resume: (outcome: Effect.Effect<void, EventSinkError>) => void
  /** The span in which the events were handed over. */
  readonly span: Tracer.AnySpan | undefined
}

/**
 * A sink that sends what has gathered while its calls were under way.
 *
 * Flow: a lone event goes out at once; those that come meanwhile go out together when a call returns. Callers wait for
 * their own events, which is all the back pressure that is needed, and keeps the events of an action in order.
 *
 * Guarantees: when the receiver refuses a batch for good, the batch is cut in halves until only the refused events are left,
 * and only their caller fails. When it refuses for now, the batch is cut once, so that a bad event does not hold up
 * everybody who happens to come with it. A call without an answer fails all its callers. Events that were handed over are sent
 * even if their caller has gone, also while the scope closes.
 */
export const make = Effect.fnUntraced(function*(sink: EventSink["Service"], options: EventBatcherOptions = {}): Effect.fn.Return<EventSink["Service"], never, Scope.Scope> {
  const batchMax = options.batchMax ?? 400
  const flushesMax = options.flushesMax ?? 4
  const flushTimeout = options.flushTimeout ?? "30 seconds"
  const context = yield* Effect.context<never>()
  const run = Effect.runForkWith(context)
  const waiting: Array<Entry> = []
  const flushes = new Set<Fiber.Fiber<void>>()

  const send = (entries: ReadonlyArray<Entry>, isHalf = false): Effect.Effect<void> => {
    const events = entries.flatMap((it) => it.events)
    return sink.record(events).pipe(
      Effect.timeoutOrElse({ duration: flushTimeout, orElse: () => Effect.fail(new EventSinkError({ description: "no answer in time", retryable: true })) }),
      Effect.catchDefect((defect) => Effect.fail(new EventSinkError({ description: String(defect), retryable: true }))),
      Effect.withSpan("EventBatcher.flush", { root: true, links: linksTo(entries), attributes: { "events.batch_size": events.length } }),
      Effect.matchEffect({
        onSuccess: () => Effect.sync(() => entries.forEach((it) => it.resume(Effect.void))),
        onFailure: (error) => {
          const mayCut = error.retryable ? error.isAnswer === true && !isHalf : true
          if (entries.length === 1 || !mayCut) return Effect.sync(() => entries.forEach((it) => it.resume(Effect.fail(error))))
          const half = Math.ceil(entries.length / 2)
          return Effect.andThen(Effect.suspend(() => send(entries.slice(0, half), true)), Effect.suspend(() => send(entries.slice(half), true)))
        }
      })
    )
  }

  const pump = (): void => {
    while (waiting.length > 0 && flushes.size < flushesMax) {
      const fiber = run(send(takeBatch(waiting, batchMax)))
      flushes.add(fiber)
      eventsWaiting.updateUnsafe(waiting.length, context)
      fiber.addObserver(() => {
        flushes.delete(fiber)
        pump()
      })
    }
  }

  yield* Effect.addFinalizer(() => Effect.suspend(function drain(): Effect.Effect<void> {
    return flushes.size === 0 ? Effect.void : Effect.andThen(Fiber.awaitAll(flushes), Effect.suspend(drain))
  }))
  return {
    record: (events) =>
      Effect.flatMap(Effect.serviceOption(Tracer.ParentSpan), (span) =>
        Effect.callback<void, EventSinkError>((resume) => {
          waiting.push({ events, resume, span: Option.getOrUndefined(span) })
          eventsWaiting.updateUnsafe(waiting.length, context)
          pump()
        }))
  }
})

/** A call belongs to no single caller: it has a trace of its own, with a link to each. */
const linksTo = (entries: ReadonlyArray<Entry>): ReadonlyArray<Tracer.SpanLink> =>
  entries.flatMap(({ span }) => (span === undefined ? [] : [{ span, attributes: {} }]))

/** Whole entries from the front, at least one, with no more than `max` events where that can be. */
const takeBatch = (waiting: Array<Entry>, max: number): ReadonlyArray<Entry> => {
  let count = 0
  let size = 0
  while (count < waiting.length && (count === 0 || size + waiting[count]!.events.length <= max)) size += waiting[count++]!.events.length
  return waiting.splice(0, count)
}

/** The same sink, batched. */
export const layer = <E, R>(inner: Layer.Layer<EventSink, E, R>, options: EventBatcherOptions = {}): Layer.Layer<EventSink, E, R> =>
  Layer.provide(Layer.effect(EventSink, Effect.flatMap(EventSink, (sink) => make(sink, options))), inner)

