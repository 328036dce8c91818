/**
 * One timer for everything that a component waits for. `controller` and `webapi-runtime` have a copy each, word by word, which a test compares: no arrow leads
 * from one to the other, nothing that both may import is about time, and this is little for a package of its own.
 */
import { type Clock, Duration, Effect, type Fiber } from "effect"

/**
 * Least wait for a time that is not reached, in milliseconds. The clock counts whole nanoseconds, sums of its readings have more digits
 * than that: a shorter wait may be one in which no time passes, and whoever hears the alarm asks for the same again, for ever.
 */
const waitMin = 0.001

/** Rings once at the earliest time that was asked for; whoever hears it asks again. */
export class Alarm {
  readonly #clock: Clock.Clock
  readonly #run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly #ring: (now: number) => void
  #fiber: Fiber.Fiber<void> | undefined
  #at = Number.POSITIVE_INFINITY

  constructor(clock: Clock.Clock, run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>, ring: (now: number) => void) {
    this.#clock = clock
    this.#run = run
    this.#ring = ring
  }

  /** Rings at `at`, in the milliseconds that `now` is in, or earlier if that was asked for before. */
  set(at: number, now: number): void {
    if (at >= this.#at) return
    this.stop()
    this.#at = at
    const ring = Effect.sync(() => {
      this.#fiber = undefined
      this.#at = Number.POSITIVE_INFINITY
      this.#ring(at)
    })
    this.#fiber = this.#run(Effect.flatMap(this.#clock.sleep(Duration.millis(at > now ? Math.max(waitMin, at - now) : 0)), () => ring))
  }

  stop(): void {
    this.#at = Number.POSITIVE_INFINITY
    const fiber = this.#fiber
    this.#fiber = undefined
    fiber?.interruptUnsafe()
  }
}
