/** Tells people what happens to an object, as `kubectl describe` shows it. */
import { Clock, Context, Duration, Effect, Latch, Layer } from "effect"
import { type Event, KubeClient, type KubeError, KubeResource, KubeTime } from "@fairlead/kube"
import { type EventInput, EventLog, type EventRecord } from "./internal/eventLog.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { Series } from "./internal/series.ts"

export type { EventInput } from "./internal/eventLog.ts"

/** Who reports, and how much at most. */
export interface EventRecorderOptions {
  /** Name of the controller with its domain: `fairlead.dev/engine`. */
  readonly reportingController: string
  /** Name of this process: its pod. */
  readonly reportingInstance: string
  /** Events that wait to be written at most; more are dropped and counted. 1000 when left out. */
  readonly queueMax?: number | undefined
  /** Time between two writes of the same series, and of quiet after which it ends; 6 minutes when left out. */
  readonly seriesInterval?: Duration.Input | undefined
  /** Different events of one object: 25 at once, then one for each 5 minutes, when left out. */
  readonly objectBurst?: number | undefined
  readonly objectInterval?: Duration.Input | undefined
}

/**
 * Records events of the kind `events.k8s.io/v1`.
 *
 * Guarantees: `record` never waits and never fails; a writer of its own does the rest. The same event again counts up
 * the series of the first: one write for the first, one for the second, then one for each `seriesInterval`. Memory and
 * writes are bounded: what is too much is dropped and counted. At the end of the layer's scope what waits is written,
 * for 5 s at most.
 */
export class EventRecorder extends Context.Service<EventRecorder, {
  readonly record: (event: EventInput) => Effect.Effect<void>
  /** Writes all that waits, counts of series included. */
  readonly flush: Effect.Effect<void>
}>()("@fairlead/controller/EventRecorder") {
  /** Writes through the client of the context. */
  static readonly layer = (options: EventRecorderOptions): Layer.Layer<EventRecorder, never, KubeClient> => Layer.effect(EventRecorder, make(options))
}

/** Attempts at one write before it is given up. */
const attemptsMax = 12
const sweepMillis = 30_000
const flushMillis = 5000

const make = Effect.fnUntraced(function*(options: EventRecorderOptions) {
  const client = yield* KubeClient
  const clock = yield* Clock.Clock
  const services = yield* Effect.context<never>()
  const log = new EventLog({
    reportingController: options.reportingController,
    reportingInstance: options.reportingInstance,
    queueMax: options.queueMax ?? 1000,
    recordsMax: 4096,
    seriesMillis: Duration.toMillis(options.seriesInterval ?? "6 minutes"),
    objectBurst: options.objectBurst ?? 25,
    objectMillis: Duration.toMillis(options.objectInterval ?? "5 minutes")
  })
  const work = Latch.makeUnsafe(false)
  const idle = Latch.makeUnsafe(true)
  let written = 0
  let failed = 0

  const writeAll = Effect.gen(function*() {
    for (let record = log.next(); record !== undefined; record = log.next()) {
      if (yield* write(client, log, record, () => monotonicMillis(clock))) written++
      else failed++
    }
  })
  const loop = Effect.gen(function*() {
    for (;;) {
      yield* writeAll
      if (log.queued > 0) continue
      work.closeUnsafe()
      idle.openUnsafe()
      // Nothing to remember, nothing to wake up for.
      yield* log.size === 0 ? work.await : Effect.timeoutOption(work.await, sweepMillis)
      idle.closeUnsafe()
      log.sweep(monotonicMillis(clock), false)
    }
  })
  const wake = Effect.suspend(() => {
    if (log.queued === 0) return Effect.void
    idle.closeUnsafe()
    return Effect.asVoid(work.open)
  })
  const flush = Effect.flatMap(Effect.sync(() => log.sweep(monotonicMillis(clock), true)), () => Effect.flatMap(wake, () => idle.await))
  const series = new Series(services, { controller: options.reportingController })
    .counter("event_recorder_recorded_total", "Events that were asked for", () => log.recorded)
    .counter("event_recorder_dropped_total", "Events that were too many", () => log.dropped)
    .counter("event_recorder_writes_total", "Writes that went well", () => written, { result: "success" })
    .counter("event_recorder_writes_total", "Writes that were given up", () => failed, { result: "error" })
    .gauge("event_recorder_queue_depth", "Events that wait to be written", () => log.queued)
  yield* Effect.addFinalizer(() => Effect.sync(() => series.remove()))
  yield* Effect.forkScoped(loop)
  yield* Effect.addFinalizer(() => Effect.timeoutOption(flush, flushMillis))
  return EventRecorder.of({
    record: (event) => Effect.suspend(() => {
      log.record(event, monotonicMillis(clock), clock.currentTimeNanosUnsafe())
      return wake
    }),
    flush
  })
})

/** Creates the event, or brings its series up to date. Answers whether that went well. */
const write = Effect.fnUntraced(function*(client: KubeClient["Service"], log: EventLog, record: EventRecord, now: () => number) {
  for (let attempt = 1; ; attempt++) {
    const { count } = record
    const error = yield* Effect.match(writeOnce(client, record), { onSuccess: () => undefined, onFailure: (it) => it })
    if (error === undefined || error.reason._tag === "AlreadyExists") {
      record.writtenCount = count
      record.writtenAt = now()
      return true
    }
    // Servers forget events after an hour; a series that goes on begins anew.
    if (error.reason._tag === "NotFound" && record.writtenCount > 0) record.writtenCount = 0
    else if (!error.retryable || attempt === attemptsMax) {
      log.forget(record)
      const { regarding } = record.event
      yield* Effect.logDebug(`event ${record.event.reason} of ${regarding?.kind} ${regarding?.name} is given up: ${error.message}`)
      return false
    } else yield* Effect.sleep(Math.max((error.retryAfterSeconds ?? 0) * 1000, Math.min(10_000, 100 * 2 ** attempt)))
  }
})

const writeOnce = (client: KubeClient["Service"], record: EventRecord): Effect.Effect<unknown, KubeError.KubeError> => {
  const { count, event, lastSeenWall, writtenCount } = record
  const series = { count, lastObservedTime: KubeTime.formatMicro(lastSeenWall) }
  const { name, namespace } = event.metadata
  return writtenCount === 0
    ? client.create<Event>(KubeResource.events, count === 1 ? event : { ...event, series })
    : client.patch<Event>(KubeResource.events, { namespace, name: name! }, "merge", { series })
}
