/** A token bucket as plain arithmetic: how long until the next call may be made. */

/** Allows `qps` calls in a second on average and `burst` at once. Times are milliseconds of one clock. Mutable; not for several threads. */
export class TokenBucket {
  #qps: number
  #burst: number
  #tokens: number
  #at: number
  #pausedUntil = 0

  constructor(limits: { readonly qps: number; readonly burst: number }, now: number) {
    this.#qps = limits.qps
    this.#burst = limits.burst
    this.#tokens = limits.burst
    this.#at = now
  }

  /** Calls in a second, on average. */
  get qps(): number {
    return this.#qps
  }

  /** Changes the limits; what is left in the bucket stays, up to the new size. */
  configure(limits: { readonly qps: number; readonly burst: number }, now: number): void {
    this.#fill(now)
    this.#qps = limits.qps
    this.#burst = limits.burst
    this.#tokens = Math.min(this.#tokens, limits.burst)
  }

  /** Takes a token and answers 0, or takes none and answers the milliseconds until there is one. */
  take(now: number): number {
    const wait = this.waitFor(now)
    if (wait === 0) this.#tokens -= 1
    return wait
  }

  /** Milliseconds until there is a token; 0 when there is one. */
  waitFor(now: number): number {
    if (now < this.#pausedUntil) return this.#pausedUntil - now
    this.#fill(now)
    return this.#tokens >= 1 - 1e-9 ? 0 : Math.ceil((1 - this.#tokens) * 1000 / this.#qps)
  }

  /** Takes a token even if there is none yet, and answers the milliseconds to wait before its use. */
  reserve(now: number): number {
    const wait = this.waitFor(now)
    this.#tokens -= 1
    return wait
  }

  /** Allows nothing before `until`; after that calls begin at the usual pace, not with a burst. */
  pause(until: number): void {
    if (until <= this.#pausedUntil) return
    this.#pausedUntil = until
    this.#tokens = Math.min(this.#tokens, 0)
    this.#at = until
  }

  #fill(now: number): void {
    if (now <= this.#at) return
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#qps / 1000)
    this.#at = now
  }
}
