/** Lets calls that change something through at the rate that an endpoint allows, the tenants in turn. */
import { Clock, Effect, type Scope } from "effect"
import type { PluginConfig } from "../PluginConfig.ts"
import { TokenBucket } from "../TokenBucket.ts"
import { Alarm } from "./alarm.ts"
import { Fifo } from "./fifo.ts"
import { steadyTime } from "./steadyTime.ts"

interface Waiter {
  readonly key: string
  readonly wake: () => void
  isGone: boolean
}

interface Lane {
  readonly bucket: TokenBucket
  readonly tenants: Map<string, Fifo<Waiter>>
  /** Tenants that wait, in the order of their turns. */
  readonly turns: Fifo<string>
}

/** A turn that was given and not taken is lost after this time. */
const turnPatience = 60_000

/** One for each plugin. */
export class WriteGate {
  readonly #lanes = new Map<string, Lane>()
  readonly #waiters = new Map<string, Waiter>()
  /** Key → when its turn was given. */
  readonly #turns = new Map<string, number>()
  readonly #alarm: Alarm
  readonly #now: () => number
  #limits: PluginConfig["writeRateLimiter"]

  private constructor(limits: PluginConfig["writeRateLimiter"], clock: Clock.Clock, alarm: (ring: () => void) => Alarm) {
    this.#limits = limits
    this.#now = steadyTime(clock)
    this.#alarm = alarm(() => this.#serve())
  }

  static make(limits: PluginConfig["writeRateLimiter"]): Effect.Effect<WriteGate, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.gen(function*() {
        const clock = yield* Clock.Clock
        const run = Effect.runForkWith(yield* Effect.context<never>())
        return new WriteGate(limits, clock, (ring) => new Alarm(clock, run, ring))
      }),
      (gate) => Effect.sync(() => gate.#alarm.stop())
    )
  }

  configure(limits: PluginConfig["writeRateLimiter"]): void {
    if (limits === this.#limits) return
    this.#limits = limits
    for (const { bucket } of this.#lanes.values()) bucket.configure(limits, this.#now())
    this.#serve()
  }

  /** True when the call may be made now. Otherwise `wake` is called when it may, and then it has to be asked for again. */
  ask(key: string, endpoint: string, tenant: string, wake: () => void): boolean {
    if (this.#turns.delete(key)) return true
    if (this.#waiters.has(key)) return false
    const lane = this.#laneOf(endpoint)
    if (lane.turns.length === 0 && lane.bucket.take(this.#now()) === 0) return true
    const waiter: Waiter = { key, wake, isGone: false }
    this.#waiters.set(key, waiter)
    const waiting = lane.tenants.get(tenant)
    if (waiting === undefined) {
      const fresh = new Fifo<Waiter>()
      fresh.push(waiter)
      lane.tenants.set(tenant, fresh)
      lane.turns.push(tenant)
    } else waiting.push(waiter)
    this.#serve()
    return false
  }

  /** Takes a question back. */
  forget(key: string): void {
    this.#turns.delete(key)
    const waiter = this.#waiters.get(key)
    if (waiter === undefined) return
    waiter.isGone = true
    this.#waiters.delete(key)
  }

  /** Makes room for a call that must not wait for its turn, before all others; answers the milliseconds to wait. */
  reserve(endpoint: string): number {
    return this.#laneOf(endpoint).bucket.reserve(this.#now())
  }

  /** The endpoint asked to be left alone. */
  pause(endpoint: string, millis: number): void {
    this.#laneOf(endpoint).bucket.pause(this.#now() + millis)
  }

  /** Questions that wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  #laneOf(endpoint: string): Lane {
    let lane = this.#lanes.get(endpoint)
    if (lane === undefined) {
      lane = { bucket: new TokenBucket(this.#limits, this.#now()), tenants: new Map(), turns: new Fifo() }
      this.#lanes.set(endpoint, lane)
    }
    return lane
  }

  #serve(): void {
    const now = this.#now()
    for (const [key, since] of this.#turns) if (now - since > turnPatience) this.#turns.delete(key)
    let next = Number.POSITIVE_INFINITY
    for (const lane of this.#lanes.values()) next = Math.min(next, this.#serveLane(lane, now))
    if (next !== Number.POSITIVE_INFINITY) this.#alarm.set(now + next, now)
  }

  /** Gives turns while there are tokens; answers the milliseconds until the next one. */
  #serveLane(lane: Lane, now: number): number {
    while (lane.turns.length > 0) {
      const wait = lane.bucket.waitFor(now)
      if (wait > 0) return wait
      const tenant = lane.turns.shift()!
      const waiting = lane.tenants.get(tenant)!
      let waiter = waiting.shift()
      while (waiter?.isGone === true) waiter = waiting.shift()
      if (waiting.length > 0) lane.turns.push(tenant)
      else lane.tenants.delete(tenant)
      if (waiter === undefined) continue
      lane.bucket.take(now)
      this.#waiters.delete(waiter.key)
      this.#turns.set(waiter.key, now)
      waiter.wake()
    }
    return Number.POSITIVE_INFINITY
  }
}
