import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Result, type Scope } from "effect"
import { describe, expect, test } from "vitest"
import { type AsyncPlugin, type JobCache, makeJobCache, parsePluginConfig, type PluginConfigInput, WebApiError } from "../src/index.ts"

type Meta = { readonly id: string }
type Resource = { readonly state: string }
type Plugin = Pick<AsyncPlugin<Meta, Resource>, "get" | "getMany" | "isTerminal">

const run = <A>(effect: Effect.Effect<A, unknown, Scope.Scope>, virtualTimeMax = "12 hours" as const): A => {
  const exit = Simulation.make({ seed: 1, virtualTimeMax }).run(Effect.scoped(effect) as Effect.Effect<A>)
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return exit.value
}

const make = (plugin: Plugin, config: PluginConfigInput = {}, observe?: (millis: number) => void) =>
  makeJobCache<Meta, Resource>({ plugin, config: Result.getOrThrow(parsePluginConfig(config)), observe })

const secrets = { get: () => Effect.die("none") }
const add = (cache: JobCache<Meta, Resource>, id: string, more: { readonly endpoint?: string; readonly tenant?: string; readonly wake?: () => void } = {}): boolean =>
  cache.add({ key: id, meta: { id }, secrets, endpoint: "", tenant: "t", wake: () => undefined, ...more })
const ids = (count: number, prefix = "j"): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

describe("The cache of live jobs", () => {
  test("cannot be made for no jobs, and refuses what is more than allowed without dropping any (A9)", () => {
    expect(Result.isFailure(parsePluginConfig({ caching: { size: 0 } }))).toBe(true)
    run(Effect.gen(function*() {
      const cache = yield* make({ get: () => Effect.succeed({ state: "r" }) }, { caching: { size: 10 } })
      expect(ids(12).map((id) => add(cache, id))).toEqual([...Array.from({ length: 10 }, () => true), false, false])
      yield* Effect.sleep("10 minutes")
      expect(ids(10).every((id) => cache.look(id)?.resource !== undefined)).toBe(true)
      expect(cache.look("j11")).toBeUndefined()
      cache.remove("j3")
      expect(add(cache, "j11")).toBe(true)
    }))
  })

  test("looks at ten jobs until they end, and never again at one that has", () => {
    const looks = new Map<string, number>()
    run(Effect.gen(function*() {
      const cache = yield* make({
        get: ({ meta }) => Effect.sync(() => {
          const count = (looks.get(meta.id) ?? 0) + 1
          looks.set(meta.id, count)
          return { state: count === 10 ? "done" : `step ${count}` }
        }),
        isTerminal: ({ state }) => state === "done"
      })
      for (const id of ids(10)) add(cache, id)
      yield* Effect.sleep("30 minutes")
      expect([...looks.values()]).toEqual(Array.from({ length: 10 }, () => 10))
      expect(ids(10).map((id) => cache.look(id)?.fate)).toEqual(Array.from({ length: 10 }, () => "Ended"))
    }))
  })

  test("asks for no job twice at once, however slow the service is, and takes no answer for one that was removed meanwhile (A8, A12)", () => {
    let running = 0
    let most = 0
    run(Effect.gen(function*() {
      const cache = yield* make({
        get: ({ meta }) => Effect.gen(function*() {
          most = Math.max(most, ++running)
          yield* Effect.sleep("25 seconds")
          running--
          return { state: meta.id }
        })
      }, { caching: { resyncInterval: "5 seconds" } })
      add(cache, "a")
      yield* Effect.sleep("10 seconds")
      cache.remove("a")
      cache.add({ key: "a", meta: { id: "second" }, secrets, endpoint: "", tenant: "t", wake: () => undefined })
      yield* Effect.sleep("10 minutes")
      expect(cache.look("a")?.resource).toEqual({ state: "second" })
      expect(most).toBeLessThanOrEqual(2)
    }))
  })

  test("wakes a task when there is news, and only then", () => {
    const woken: Array<number> = []
    run(Effect.gen(function*() {
      let state = "one"
      const cache = yield* make({ get: () => Effect.sync(() => ({ state })) })
      add(cache, "a", { wake: () => woken.push(woken.length) })
      yield* Effect.sleep("5 minutes")
      expect(woken).toHaveLength(1)
      state = "two"
      yield* Effect.sleep("5 minutes")
      expect(woken).toHaveLength(2)
    }))
  })

  test("looks often at young jobs and those that have just changed, and at old ones at the configured pace", () => {
    const at: Array<number> = []
    run(Effect.gen(function*() {
      let now = 0
      const cache = yield* make({ get: () => Effect.sync(() => (at.push(now), { state: now === 1200 ? "changed" : "r" })) })
      add(cache, "a")
      for (; now < 1500; now++) yield* Effect.sleep("1 second")
      const gaps = at.map((time, index) => time - (at[index - 1] ?? 0))
      expect(Math.max(...gaps.slice(0, 3))).toBeLessThanOrEqual(5)
      const old = gaps.filter((_, index) => at[index]! > 300 && at[index]! < 1200)
      expect(Math.min(...old)).toBeGreaterThanOrEqual(26)
      expect(Math.max(...old)).toBeLessThanOrEqual(34)
      expect(new Set(old).size).toBeGreaterThan(1)
      cache.remove("a")
    }))
  })

  test("keeps the limit on calls, gives every job its turn, and its delay does not grow with time (A8)", () => {
    const lateness: Array<number> = []
    const looks = new Map<string, number>()
    let calls = 0
    run(Effect.gen(function*() {
      const cache = yield* make({ get: ({ meta }) => Effect.sync(() => (calls++, looks.set(meta.id, (looks.get(meta.id) ?? 0) + 1), { state: "r" })) }, { readRateLimiter: { qps: 10, burst: 100 } }, (millis) => void lateness.push(millis))
      for (const id of ids(5000)) add(cache, id, { wake: () => void cache.look(id) })
      yield* Effect.sleep("50 minutes")
      expect(calls).toBeLessThanOrEqual(3000 * 10 + 100)
      expect(calls).toBeGreaterThan(3000 * 9)
      expect(Math.min(...looks.values())).toBeGreaterThanOrEqual(5)
      expect(lateness.slice(-1000).sort((a, b) => a - b)[990]).toBeLessThan(30_000)
      expect(cache.stats().stalest).toBeLessThan(700_000)
    }))
  })

  test("shares a scarce limit among tenants: a small one is not kept waiting by a large one, and weights count (A7)", () => {
    const looks = new Map<string, number>()
    run(Effect.gen(function*() {
      const cache = yield* make(
        { get: ({ meta }) => Effect.sync(() => (looks.set(meta.id[0]!, (looks.get(meta.id[0]!) ?? 0) + 1), { state: "r" })) },
        { readRateLimiter: { qps: 10, burst: 5 }, shares: { heavy: 3 } }
      )
      for (const id of ids(3000, "a")) add(cache, id, { tenant: "large" })
      for (const id of ids(3000, "h")) add(cache, id, { tenant: "heavy" })
      for (const id of ids(10, "s")) add(cache, id, { tenant: "small" })
      yield* Effect.sleep("10 minutes")
      const before = new Map(looks)
      yield* Effect.sleep("10 minutes")
      const rate = (tenant: string): number => (looks.get(tenant)! - before.get(tenant)!) / 600
      expect(rate("s")).toBeGreaterThan(0.28)
      expect(rate("h") / rate("a")).toBeGreaterThan(2.4)
      expect(rate("h") / rate("a")).toBeLessThan(3.6)
    }))
  })

  test("leaves a service alone that asks for it, and goes on with the others (A7)", () => {
    const at: Array<number> = []
    let other = 0
    run(Effect.gen(function*() {
      let now = 0
      const cache = yield* make({
        get: ({ meta }) => Effect.suspend(() => {
          if (meta.id === "other") return Effect.sync(() => (other++, { state: "r" }))
          at.push(now)
          return Effect.fail(new WebApiError({ fault: "Throttled", description: "slow down", retryAfter: 120_000 }))
        })
      }, { failureBudget: "0 seconds" })
      for (const id of ids(50)) add(cache, id, { endpoint: "busy" })
      add(cache, "other", { endpoint: "idle" })
      for (; now < 1000; now++) yield* Effect.sleep("1 second")
      const first = new Set(at.slice(0, 3))
      expect(first.size).toBeLessThanOrEqual(3)
      expect(at.filter((time) => time > 20 && time < 115)).toEqual([])
      expect(other).toBeGreaterThan(30)
      // To be asked for patience is no failure of a job.
      expect(ids(50).every((id) => cache.look(id)?.fate === "Live")).toBe(true)
    }))
  })

  test("does not let one server that hangs take all workers", () => {
    let good = 0
    run(Effect.gen(function*() {
      const cache = yield* make({ get: ({ meta }) => meta.id.startsWith("bad") ? Effect.never : Effect.sync(() => (good++, { state: "r" })) }, { caching: { workers: 4 } })
      for (const id of ids(100, "bad")) add(cache, id, { endpoint: "bad" })
      for (const id of ids(10, "good")) add(cache, id, { endpoint: "good" })
      yield* Effect.sleep("10 minutes")
      expect(good).toBeGreaterThan(150)
      expect(cache.stats().inFlight).toBeLessThanOrEqual(2)
    }))
  })

  test("asks about many jobs by one call where the plugin can, and one bad answer harms no other", () => {
    const sizes: Array<number> = []
    run(Effect.gen(function*() {
      const cache = yield* make({
        get: () => Effect.die("it was asked one by one"),
        getMany: {
          most: 20,
          get: (contexts) => Effect.sync(() => {
            sizes.push(contexts.length)
            return contexts.map(({ meta }) => meta.id === "j7" ? new WebApiError({ fault: "NotFound", description: "gone" }) : { state: meta.id })
          })
        }
      }, { readRateLimiter: { qps: 1, burst: 5 } })
      for (const id of ids(100)) add(cache, id)
      yield* Effect.sleep("15 minutes")
      expect(Math.max(...sizes)).toBeGreaterThan(5)
      expect(Math.max(...sizes)).toBeLessThanOrEqual(20)
      expect(cache.look("j8")?.resource).toEqual({ state: "j8" })
      expect(cache.look("j7")?.fate).toBe("Gone")
    }))
    run(Effect.gen(function*() {
      const cache = yield* make({ get: () => Effect.die("no"), getMany: { most: 5, get: () => Effect.succeed([]) } })
      add(cache, "a")
      yield* Effect.sleep("1 minute")
      expect(cache.look("a")?.error?.description).toContain("did not answer for each")
    }))
  })

  test("comes nearer to every job again when most others are gone", () => {
    const at: Array<number> = []
    run(Effect.gen(function*() {
      let now = 0
      const cache = yield* make({ get: ({ meta }) => Effect.sync(() => (meta.id === "j0" && at.push(now), { state: "r" })) }, { readRateLimiter: { qps: 1, burst: 5 } })
      for (const id of ids(2000)) add(cache, id)
      for (; now < 100; now++) yield* Effect.sleep("1 second")
      for (const id of ids(2000).slice(5)) cache.remove(id)
      const before = at.length
      for (; now < 400; now++) yield* Effect.sleep("1 second")
      expect(at.length - before).toBeGreaterThan(6)
    }))
  })

  test("begins nothing after its end, and interrupts what does not end by itself (A10)", () => {
    let calls = 0
    let interrupted = 0
    run(Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const cache = yield* make({ get: () => Effect.onInterrupt(Effect.andThen(Effect.sync(() => calls++), Effect.never), () => Effect.sync(() => interrupted++)) })
        for (const id of ids(3)) add(cache, id)
        yield* Effect.sleep("10 seconds")
      }))
      const before = calls
      expect(interrupted).toBe(3)
      yield* Effect.sleep("10 minutes")
      expect(calls).toBe(before)
    }))
  })

  test("lets go of a job that nobody asks about any more, after its task was asked once", () => {
    let woken = 0
    run(Effect.gen(function*() {
      const cache = yield* make({ get: () => Effect.succeed({ state: "r" }) })
      add(cache, "a", { wake: () => woken++ })
      yield* Effect.sleep("35 minutes")
      expect([woken, cache.stats().jobs]).toEqual([2, 0])
    }))
  })
})
