/** Works on the keys of a queue, some at once, each by one fiber at a time. */
import { monotonicMillis, WorkQueue, type WorkQueueOptions } from "@fairlead/controller"
import { type Clock, Effect, Fiber, Latch, Option } from "effect"

export interface WorkPoolOptions {
  readonly clock: Clock.Clock
  readonly queue?: WorkQueueOptions
  /** Most keys at once, asked before each. */
  readonly limit: () => number
  /** Milliseconds until keys may be taken; 0 for now, `undefined` until `wake`. */
  readonly opensIn?: () => number | undefined
  /** Told of each key that is taken. */
  readonly onTake?: () => void
  readonly work: (key: string) => Effect.Effect<void>
}

export class WorkPool {
  readonly #options: WorkPoolOptions
  readonly #queue: WorkQueue
  readonly #latch = Latch.makeUnsafe(false)
  readonly #fibers = new Set<Fiber.Fiber<void>>()
  #isClosed = false

  constructor(options: WorkPoolOptions) {
    this.#options = options
    this.#queue = new WorkQueue(options.queue)
  }

  /** Keys that wait, now or for their time, and those in work. */
  get size(): number {
    const { delayed, depth } = this.#queue.stats()
    return depth + delayed + this.#fibers.size
  }

  get inFlight(): number {
    return this.#fibers.size
  }

  get isFull(): boolean {
    return this.#fibers.size >= this.#options.limit()
  }

  add(key: string, priority = 0): void {
    this.#queue.add(key, this.#now(), priority)
    this.wake()
  }

  addAfter(key: string, delay: number, priority = 0): void {
    this.#queue.addAfter(key, delay, this.#now(), priority)
    this.wake()
  }

  /** Looks at the limits again. */
  wake(): void {
    this.#latch.openUnsafe()
  }

  /** Takes no more keys. */
  close(): void {
    this.#isClosed = true
  }

  /** Works until interrupted. */
  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function*() {
    for (;;) {
      this.#latch.closeUnsafe()
      yield* this.#takeAll()
      const wait = this.#waitMillis()
      if (wait === undefined) yield* this.#latch.await
      else yield* Effect.timeoutOption(this.#latch.await, Math.max(1, Math.ceil(wait)))
    }
  })

  /** Waits for the work that is under way, `millis` at most; interrupts what is left then. Answers how much that was. */
  drain(millis: number): Effect.Effect<number> {
    return Effect.suspend(() => {
      this.close()
      const fibers = Array.from(this.#fibers)
      return Effect.flatMap(
        Effect.timeoutOption(Effect.forEach(fibers, Fiber.await, { concurrency: "unbounded", discard: true }), millis),
        (done) => {
          const left = Array.from(this.#fibers)
          return Option.isSome(done) ? Effect.succeed(0) : Effect.as(Effect.sync(() => left.forEach((it) => it.interruptUnsafe())), left.length)
        }
      )
    })
  }

  #takeAll(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      while (!this.#isClosed && !this.isFull && this.#opensIn() === 0) {
        const item = this.#queue.take(this.#now())
        if (item === undefined) return
        this.#options.onTake?.()
        yield* this.#start(item.key)
      }
    })
  }

  #start(key: string): Effect.Effect<void> {
    const done = Effect.sync(() => this.#queue.done(key, this.#now()))
    return Effect.map(Effect.forkDetach(Effect.ensuring(this.#options.work(key), done)), (fiber) => {
      this.#fibers.add(fiber)
      fiber.addObserver(() => {
        this.#fibers.delete(fiber)
        this.wake()
      })
    })
  }

  /** Until something may be taken; `undefined` when only `wake` can tell. */
  #waitMillis(): number | undefined {
    const opensIn = this.#opensIn()
    if (this.#isClosed || this.isFull || opensIn === undefined) return undefined
    if (opensIn > 0) return opensIn
    const due = this.#queue.nextDueAt
    return due === undefined ? undefined : due - this.#now()
  }

  #opensIn(): number | undefined {
    return this.#options.opensIn === undefined ? 0 : this.#options.opensIn()
  }

  #now(): number {
    return monotonicMillis(this.#options.clock)
  }
}
