/** A token bucket that books ahead: plain arithmetic, no timer. */
export class TokenBucket {
  readonly #intervalMillis: number
  readonly #burst: number
  /** When the next token is there. */
  #nextAt = Number.NEGATIVE_INFINITY

  constructor(perSecond: number, burst: number) {
    this.#intervalMillis = 1000 / perSecond
    this.#burst = burst
  }

  /** Books a token; answers the milliseconds until it is there. */
  reserve(now: number): number {
    const at = Math.max(this.#nextAt, now - this.#intervalMillis * (this.#burst - 1))
    this.#nextAt = at + this.#intervalMillis
    return Math.max(0, at - now)
  }

  /** Gives a token back that was booked but is not needed. */
  giveBack(): void {
    this.#nextAt -= this.#intervalMillis
  }
}
