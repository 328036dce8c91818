/** How many calls may be under way at once: one more for each that goes well, half as many after a sign of overload. */

export interface AdaptiveLimitOptions {
  readonly start: number
  readonly min: number
  readonly max: number
  /** Milliseconds after a cut during which further signs of overload cut no more: they are about the same moment. */
  readonly holdMillis: number
}

export class AdaptiveLimit {
  readonly #options: AdaptiveLimitOptions
  #limit: number
  #isStarting = true
  #heldUntil = Number.NEGATIVE_INFINITY

  constructor(options: AdaptiveLimitOptions) {
    this.#options = options
    this.#limit = Math.min(options.max, Math.max(options.min, options.start))
  }

  get current(): number {
    return Math.floor(this.#limit)
  }

  /** A call went well while as many as allowed were under way. Doubles with each round until the first cut, then grows by one in a round. */
  succeeded(wasFull: boolean): void {
    if (!wasFull) return
    this.#limit = Math.min(this.#options.max, this.#limit + (this.#isStarting ? 1 : 1 / this.#limit))
  }

  overloaded(now: number): void {
    if (now < this.#heldUntil) return
    this.#isStarting = false
    this.#limit = Math.max(this.#options.min, this.#limit / 2)
    this.#heldUntil = now + this.#options.holdMillis
  }
}
