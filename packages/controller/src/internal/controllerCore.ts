/** The heart of a controller: takes keys from the queue, runs them as fibers, and puts them back. */
import { Cause, type Clock, Context, Effect, Exit, Latch, type Scheduler } from "effect"
import { CurrentWrites } from "../OwnWrites.ts"
import { keyOf, type ReconcileRequest } from "../ReconcileRequest.ts"
import type { Informer } from "../Informer.ts"
import type { Result } from "../Result.ts"
import type { QueueItem, WorkQueue } from "../WorkQueue.ts"
import { Alarm } from "./alarm.ts"
import { Chain } from "./chain.ts"
import { Run } from "./controllerRun.ts"
import { Expectations } from "./expectations.ts"
import { Histogram, queueBuckets, reconcileBuckets } from "./histogram.ts"
import { monotonicReader } from "../MonotonicTime.ts"
import { RequestMap } from "../NameMap.ts"
import { describe, type Outcome, outcomeOf } from "./outcome.ts"

export interface CoreOptions {
  readonly name: string
  readonly reconcile: (request: ReconcileRequest) => Effect.Effect<Result, unknown>
  readonly workers: number
  readonly timeoutMillis: number
  readonly requeueJitter: number
  readonly debounceMillis: number
  readonly accepts: ((request: ReconcileRequest) => boolean) | undefined
  readonly queue: WorkQueue<ReconcileRequest>
  readonly clock: Clock.Clock
  readonly random: { nextDoubleUnsafe(): number }
  readonly scheduler: Scheduler.Scheduler
  readonly context: Context.Context<never>
  /** Those whose objects the reconciles write; how long their own writes are waited for. */
  readonly informers: ReadonlyArray<Informer>
  readonly ownWritesMillis: number
}

/** Time that a reconcile has to react to its interruption before another key gets its place. */
const abandonMillis = 5000
/** Reconciles started in one go before other fibers have their turn. */
const startsMax = 32

export class ControllerCore {
  readonly queue: WorkQueue<ReconcileRequest>
  readonly queueSeconds = new Histogram(queueBuckets)
  readonly workSeconds = new Histogram(queueBuckets)
  readonly reconcileSeconds = new Histogram(reconcileBuckets)
  readonly outcomes: Record<Outcome["_tag"], number> = { Done: 0, RequeueAfter: 0, Failed: 0, Terminal: 0, Defect: 0, TimedOut: 0, Interrupted: 0 }
  /** Times that a key waited to see its own writes, and times that it had to read them. */
  waits = 0
  catchUps = 0
  abandoned = 0
  active = 0
  /** When a run last began or ended. */
  progressedAt = 0
  readonly expectations: Expectations
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly #options: CoreOptions
  readonly #alarm: Alarm
  readonly #dispatcher: Scheduler.SchedulerDispatcher
  /** In the order of their start, and so of their deadlines. */
  readonly #running = new Chain<Run>()
  /** Keys that wait for their own writes, with their priority. */
  readonly #held = new RequestMap<number>()
  readonly #idle = Latch.makeUnsafe(false)
  #isOpen = false
  #isClosed = false
  #isPumpScheduled = false

  constructor(options: CoreOptions) {
    this.#options = options
    this.now = monotonicReader(options.clock)
    this.queue = options.queue
    this.expectations = new Expectations(options.informers, options.ownWritesMillis, (request) => this.#release(request))
    this.#alarm = new Alarm(options.clock, Effect.runForkWith(options.context), (at) => this.#onAlarm(at))
    this.#dispatcher = options.scheduler.makeDispatcher()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Asks for a key; what comes before `open` waits in the queue. */
  readonly enqueue = (namespace: string | undefined, name: string, priority: number): void => {
    const request: ReconcileRequest = { namespace, name }
    if (this.#isClosed || (this.#options.accepts !== undefined && !this.#options.accepts(request))) return
    if (this.#options.debounceMillis > 0) this.queue.addAfter(request, this.#options.debounceMillis, this.now(), priority)
    else this.queue.add(request, this.now(), priority)
    this.#schedulePump()
  }

  /** Starts to work. */
  open(): void {
    this.#isOpen = true
    this.progressedAt = this.now()
    this.#schedulePump()
  }

  /** Takes no more keys. */
  close(): void {
    this.#isClosed = true
    if (this.#running.size === 0) this.#idle.openUnsafe()
  }

  /** After `close`: waits until nothing runs. */
  get idle(): Effect.Effect<void> {
    return this.#idle.await
  }

  /** Keys that are being reconciled now. */
  runningKeys(): ReadonlyArray<string> {
    return this.#running.toArray().map(({ request }) => keyOf(request.namespace, request.name))
  }

  interruptAll(): void {
    for (const run of this.#running.toArray()) run.fiber?.interruptUnsafe()
  }

  dispose(): void {
    this.expectations.stop()
    this.#alarm.stop()
  }

  /** The request has seen all its own writes. */
  #release(request: ReconcileRequest): void {
    const priority = this.#held.get(request)
    if (priority === undefined || this.#isClosed) return
    this.queue.add(request, this.now(), priority)
    this.#schedulePump()
  }

  #schedulePump(): void {
    if (this.#isPumpScheduled || !this.#isOpen || this.#isClosed) return
    this.#isPumpScheduled = true
    this.#dispatcher.scheduleTask(this.#pump, 0)
  }

  readonly #pump = (): void => {
    this.#isPumpScheduled = false
    if (this.#isClosed) return
    const now = this.now()
    for (let starts = 0; this.active < this.#options.workers; starts++) {
      if (starts === startsMax) {
        this.#schedulePump()
        break
      }
      const item = this.queue.take(now)
      if (item === undefined) break
      this.#start(item, now)
    }
    this.#setAlarm(now)
  }

  #start(item: QueueItem<ReconcileRequest>, now: number): void {
    const { key, priority } = item
    const waitsUntil = this.expectations.waitsUntil(key)
    if (waitsUntil !== undefined && waitsUntil > now) {
      this.waits++
      this.#held.set(key, priority)
      this.queue.addAfter(key, waitsUntil - now, now, priority)
      this.queue.done(key, now)
      return
    }
    if (this.#held.size > 0) this.#held.delete(key)
    this.queueSeconds.observe((now - item.readySince) / 1000)
    const run = new Run(this, item, now)
    this.active++
    this.progressedAt = now
    this.#running.push(run)
    const reconcile = this.#effectOf(key, waitsUntil !== undefined)
    // What is decided already needs no fiber.
    if (Exit.isExit(reconcile)) return this.#finish(run, reconcile as Exit.Exit<Result, unknown>)
    const fiber = Effect.runForkWith(Context.add(this.#options.context, CurrentWrites, run))(reconcile)
    run.fiber = fiber
    fiber.addObserver((exit) => this.#finish(run, exit))
  }

  #effectOf(request: ReconcileRequest, isBehind: boolean): Effect.Effect<Result, unknown> {
    if (isBehind) {
      this.catchUps++
      return Effect.flatMap(this.expectations.catchUp(request), () => this.#options.reconcile(request))
    }
    try {
      return this.#options.reconcile(request)
    } catch (defect) {
      return Effect.die(defect)
    }
  }

  #finish(run: Run, exit: Exit.Exit<Result, unknown>): void {
    const now = this.now()
    this.#running.remove(run)
    if (run.isAbandoned) this.abandoned--
    else this.active--
    this.progressedAt = now
    const seconds = (now - run.startedAt) / 1000
    this.workSeconds.observe(seconds)
    this.reconcileSeconds.observe(seconds)
    const outcome = outcomeOf(exit, run.isTimedOut)
    this.outcomes[outcome._tag]++
    this.#requeue(run, outcome, exit, now)
    this.queue.done(run.request, now)
    if (this.#isClosed) {
      if (this.#running.size === 0) this.#idle.openUnsafe()
    } else if (this.queue.depth > 0) this.#schedulePump()
    else this.#setAlarm(now)
  }

  #requeue({ priority, request }: Run, outcome: Outcome, exit: Exit.Exit<Result, unknown>, now: number): void {
    if (outcome._tag === "Done" || outcome._tag === "RequeueAfter" || outcome._tag === "Terminal") this.queue.forget(request)
    if (outcome._tag === "RequeueAfter") {
      const stretch = 1 + (this.#options.requeueJitter === 0 ? 0 : this.#options.requeueJitter * this.#options.random.nextDoubleUnsafe())
      this.queue.addAfter(request, outcome.delayMillis * stretch, now, priority)
    }
    if (outcome._tag === "Done" || outcome._tag === "RequeueAfter" || (this.#isClosed && outcome._tag === "Interrupted")) return
    const delay = outcome._tag === "Terminal" ? undefined : this.queue.retry(request, now, priority, outcome._tag === "Failed" ? outcome.delayMin : 0)
    this.#report(request, outcome, exit, delay)
  }

  #report({ name, namespace }: ReconcileRequest, outcome: Outcome, exit: Exit.Exit<Result, unknown>, delay: number | undefined): void {
    const again = delay === undefined ? "not tried again until it changes" : `again in ${Math.round(delay)} ms`
    const line = `controller ${this.#options.name}: reconcile of ${keyOf(namespace, name)} ${said(outcome, this.#options.timeoutMillis)}; ${again}`
    // A conflict is the usual way to learn that somebody else was faster.
    const isConflict = outcome._tag === "Failed" && (outcome.error as { reason?: { _tag?: unknown } } | null)?.reason?._tag === "Conflict"
    const log = outcome._tag === "Defect" && exit._tag === "Failure"
      ? Effect.logError(line, Cause.pretty(exit.cause))
      : isConflict ? Effect.logDebug(line) : Effect.logWarning(line)
    Effect.runForkWith(this.#options.context)(log)
  }

  #onAlarm(at: number): void {
    const now = Math.max(at, this.now())
    const { timeoutMillis } = this.#options
    for (const run of this.#running.toArray()) {
      if (run.startedAt + timeoutMillis > now) break
      if (!run.isTimedOut) {
        run.isTimedOut = true
        run.fiber?.interruptUnsafe()
      } else if (!run.isAbandoned && run.startedAt + timeoutMillis + abandonMillis <= now) this.#abandon(run)
    }
    if (this.queue.advance(now) > 0) this.#schedulePump()
    this.#setAlarm(now)
  }

  #abandon(run: Run): void {
    run.isAbandoned = true
    this.active--
    this.abandoned++
    this.#schedulePump()
    const line = `controller ${this.#options.name}: reconcile of ${keyOf(run.request.namespace, run.request.name)} does not react to its interruption; the key stays locked, its worker goes on with others`
    Effect.runForkWith(this.#options.context)(Effect.logError(line))
  }

  #setAlarm(now: number): void {
    const { timeoutMillis } = this.#options
    let at = this.#isClosed ? Number.POSITIVE_INFINITY : (this.queue.nextDueAt ?? Number.POSITIVE_INFINITY)
    for (let run = this.#running.first; run !== undefined; run = run.next) {
      if (run.isAbandoned) continue
      at = Math.min(at, run.startedAt + timeoutMillis + (run.isTimedOut ? abandonMillis : 0))
      if (!run.isTimedOut) break
    }
    if (at !== Number.POSITIVE_INFINITY) this.#alarm.set(at, now)
  }
}

const said = (outcome: Outcome, timeoutMillis: number): string => {
  switch (outcome._tag) {
    case "Failed": return `failed: ${describe(outcome.error)}`
    case "Terminal": return `failed for good: ${describe(outcome.error)}`
    case "Defect": return `died: ${describe(outcome.defect)}`
    case "TimedOut": return `was interrupted after ${timeoutMillis} ms`
    case "Interrupted": return "was interrupted"
    default: return "is done"
  }
}
