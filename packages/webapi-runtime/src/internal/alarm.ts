/** One timer for everything that a cache waits for. */
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
  readonly #ring: () => void
  #fiber: Fiber.Fiber<void> | undefined
  #at = Number.POSITIVE_INFINITY

  constructor(clock: Clock.Clock, run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>, ring: () => void) {
    this.#clock = clock
    this.#run = run
    this.#ring = ring
  }

  /** Rings at `at`, or earlier if that was asked for before. */
  set(at: number, now: number): void {
    if (at >= this.#at) return
    this.stop()
    this.#at = at
    const ring = Effect.sync(() => {
      this.#fiber = undefined
      this.#at = Number.POSITIVE_INFINITY
      this.#ring()
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
