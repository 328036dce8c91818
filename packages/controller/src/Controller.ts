/** Runs a reconcile function for every key that its sources yield. */
import { Clock, Duration, Effect, Random, Scheduler } from "effect"
import { ControllerCore } from "./internal/controllerCore.ts"
import { controllerHealth, registerController } from "./internal/controllerMetrics.ts"
import { RequestMap } from "./NameMap.ts"
import { CurrentHealth } from "./Health.ts"
import type { Informer } from "./Informer.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { Leadership } from "./Leadership.ts"
import type { ReconcileRequest } from "./ReconcileRequest.ts"
import type { Result } from "./Result.ts"
import type { Source } from "./Source.ts"
import { WorkQueue, type WorkQueueOptions } from "./WorkQueue.ts"

/** What a controller reconciles, and how. */
export interface ControllerOptions<E, R> {
  /** Names the controller in logs and metrics. */
  readonly name: string
  /** Brings the world one step nearer to what the object asks. Must be repeatable; reads the object itself, from the store. */
  readonly reconcile: (request: ReconcileRequest) => Effect.Effect<Result, E, R>
  readonly sources: ReadonlyArray<Source>
  /** Most reconciles at once; 16 when left out. */
  readonly workers?: number | undefined
  /** Longest run of one reconcile, after which it is interrupted; 5 minutes when left out, `Duration.infinity` for none. */
  readonly timeout?: Duration.Input | undefined
  readonly queue?: WorkQueueOptions<ReconcileRequest> | undefined
  /** Waits this long after a change before the key is ready, so that a burst is one reconcile; 0 when left out. */
  readonly debounce?: Duration.Input | undefined
  /** Stretches every `requeueAfter` by a random part of it, up to this; 0.1 makes 60 s to 66 s of 60 s. 0 when left out. */
  readonly requeueJitter?: number | undefined
  /** Only these keys are this controller's: a shard, for instance. */
  readonly accepts?: ((request: ReconcileRequest) => boolean) | undefined
  /** Informers that the reconcile reads beyond those of the sources: its writes to their kinds are waited for too. */
  readonly caches?: ReadonlyArray<Informer> | undefined
  /** Longest wait of a key for its own writes to show, before they are read from the server; 10 s when left out. */
  readonly ownWritesTimeout?: Duration.Input | undefined
  /** Wraps each reconcile in a span with its key; costs about 2 µs. False when left out. */
  readonly spans?: boolean | undefined
  /** Time that running reconciles have to finish when the controller is interrupted; 30 s when left out, none after a lost lease. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/** Runs controllers. */
export const Controller = {
  /**
   * Runs until interrupted.
   *
   * Flow: subscribe to the sources, wait until their informers are synced, then take keys from the queue and run
   * `reconcile` for each as a fiber of its own. Done or requeue after: failures are forgotten. `TerminalError`: not
   * tried again until the object changes. Any other failure, a defect, a timeout: tried again after the key's backoff.
   *
   * Guarantees:
   * - one key is never reconciled twice at once, and a change during its run makes it run again;
   * - a reconcile that fails, throws, hangs or is interrupted harms only its own key; the key is always given back. One
   *   that does not even react to its interruption keeps its key locked, and another fiber takes its worker's place;
   * - a key runs only when the informers show all that its last run wrote (see `OwnWrites`);
   * - when interrupted, the controller takes no more keys and lets running reconciles finish for `shutdownTimeout`.
   */
  run: <E, R>(options: ControllerOptions<E, R>): Effect.Effect<never, never, R> => run(options)
}

/** Time that reconciles have to react to the interruption at the end of a shutdown. */
const interruptMillis = 5000
const graceStepMillis = 500

const run = <E, R>(options: ControllerOptions<E, R>): Effect.Effect<never, never, R> =>
  Effect.acquireUseRelease(
    start(options),
    ({ core, informers }) => Effect.gen(function*() {
      for (const informer of informers) yield* informer.synced
      yield* Effect.logDebug(`controller ${options.name}: ${core.queue.depth} keys are waiting, starting`)
      core.open()
      const resyncs = options.sources.filter((it) => it.everyMillis !== undefined)
      yield* Effect.forEach(resyncs, (source) => resync(source, core), { concurrency: "unbounded", discard: true })
      return yield* Effect.never
    }),
    ({ core, stop }) => shutDown(options, core, stop)
  )

const resync = (source: Source, core: ControllerCore): Effect.Effect<never> =>
  Effect.forever(Effect.flatMap(Effect.sleep(source.everyMillis!), () => Effect.sync(() => source.start(core.enqueue))))

const traced = <E, R>({ name, reconcile, spans }: ControllerOptions<E, R>): ((request: ReconcileRequest) => Effect.Effect<Result, E, R>) =>
  spans === true
    ? (request) => Effect.withSpan(reconcile(request), "Controller.reconcile", {
      attributes: { controller: name, "k8s.namespace.name": request.namespace ?? "", "k8s.object.name": request.name }
    })
    : reconcile

const start = Effect.fnUntraced(function*<E, R>(options: ControllerOptions<E, R>) {
  const context = yield* Effect.context<R>()
  const clock = yield* Clock.Clock
  const informers = Array.from(new Set([...options.sources.flatMap((it) => it.informers), ...(options.caches ?? [])]))
  const workers = options.workers ?? 16
  const timeoutMillis = Duration.toMillis(options.timeout ?? "5 minutes")
  const core = new ControllerCore({
    name: options.name,
    reconcile: traced(options) as (request: ReconcileRequest) => Effect.Effect<Result, unknown>,
    workers,
    timeoutMillis,
    requeueJitter: options.requeueJitter ?? 0,
    debounceMillis: Duration.toMillis(options.debounce ?? 0),
    accepts: options.accepts,
    queue: new WorkQueue(options.queue, new RequestMap()),
    informers,
    ownWritesMillis: Duration.toMillis(options.ownWritesTimeout ?? "10 seconds"),
    clock,
    random: yield* Random.Random,
    scheduler: yield* Scheduler.Scheduler,
    context
  })
  const health = yield* CurrentHealth
  const stops = [
    ...options.sources.filter((it) => it.everyMillis === undefined).map((it) => it.start(core.enqueue)),
    registerController(options.name, workers, core, clock, context),
    health.register(controllerHealth(options.name, core, informers, { workers, timeoutMillis }, () => monotonicMillis(clock)))
  ]
  return { core, informers, stop: () => stops.forEach((it) => it()) }
})

const shutDown = Effect.fnUntraced(function*<E, R>(options: ControllerOptions<E, R>, core: ControllerCore, stop: () => void) {
  const leadership = yield* Leadership
  core.close()
  let isIdle = yield* within(core.idle, 0)
  // In small steps, because the lease may be lost meanwhile, and then somebody else may begin soon.
  for (let left = Duration.toMillis(options.shutdownTimeout ?? "30 seconds"); !isIdle && left > 0 && !leadership.isLost(); left -= graceStepMillis) {
    isIdle = yield* within(core.idle, Math.min(left, graceStepMillis))
  }
  if (!isIdle) {
    yield* Effect.logWarning(`controller ${options.name}: interrupting ${core.runningKeys().join(", ")}, which still run`)
    core.interruptAll()
    if (!(yield* within(core.idle, interruptMillis))) {
      yield* Effect.logError(`controller ${options.name}: leaving ${core.runningKeys().join(", ")} behind, which do not react to their interruption`)
    }
  }
  stop()
  core.dispose()
})

const within = (effect: Effect.Effect<void>, time: number): Effect.Effect<boolean> =>
  Effect.timeoutOrElse(Effect.as(effect, true), { duration: time, orElse: () => Effect.succeed(false) })
