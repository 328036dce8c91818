import { CatalogMemory, type CatalogKey, type CatalogService } from "@fairlead/catalog"
import { Idl } from "@fairlead/core"
import { Clock, Effect } from "effect"
import { describe, expect, it } from "vitest"
import { equal, unavailable, withCache, withOutputs } from "./cachingWorld.ts"
import { fail, forever, makeScriptedPlugin, quick, type Script, succeed } from "./scriptedPlugin.ts"
import { create, inWorld, read, untilConcluded, withEngine } from "./world.ts"

const { CACHE_HIT, CACHE_POPULATED } = Idl.CatalogCacheStatus
const long: Script = () => [...forever, { at: 90_000, report: quick[1]!.report }]

/** A catalog that tells which key it was asked for, and whose reservation it is. */
const watched = (catalog: CatalogService = CatalogMemory.make()) => {
  const seen: { key?: CatalogKey } = {}
  const holder = Effect.suspend(() => Effect.map(catalog.reserve(seen.key!, { owner: "somebody/else/uid", heartbeat: 10_000 }), (it) => it.owner.split("/")[1]))
  const reserve: CatalogService["reserve"] = (key, request) => {
    seen.key = key
    return catalog.reserve(key, request)
  }
  return { holder, catalog: { ...catalog, reserve } }
}

describe("the reservation of a task that runs", () => {
  it("is renewed while its plugin hangs for longer than the reservation lasts", () => {
    const { catalog, holder } = watched()
    const scripted = makeScriptedPlugin(long)
    let isHanging = false
    const plugin = { ...scripted.plugin, handle: (context: Parameters<typeof scripted.plugin.handle>[0]) => isHanging ? Effect.never : scripted.plugin.handle(context) }
    inWorld({ plugins: [plugin], catalog }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(equal("a0"))
      yield* Effect.sleep("5 seconds")
      expect((yield* read("a0")).status?.pluginPhase).toBe("PhaseRunning")
      isHanging = true
      yield* Effect.sleep("100 seconds")
      expect(yield* holder).toBe("run-a0")
    })))
  })

  it("lasts until another engine has taken over, however often rounds are", () => {
    const { catalog, holder } = watched()
    const scripted = makeScriptedPlugin(long)
    inWorld({ plugins: [withOutputs(scripted)], catalog, config: { requeueDuration: "1 second" } }, (_, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.andThen(create(equal("a0"), equal("a1")), Effect.sleep("5 seconds")))
      yield* Effect.sleep("15 seconds")
      expect(yield* holder).toMatch(/^run-a[01]$/)
      yield* withEngine(config, Effect.gen(function*() {
        const ended = yield* Effect.forEach(["a0", "a1"], untilConcluded)
        expect(ended.map((it) => it.status?.cacheStatus).sort()).toEqual([CACHE_HIT, CACHE_POPULATED])
        expect(scripted.workloads).toHaveLength(1)
      }))
    }))
  })

  it("is not taken again in the moment in which it is given back", () => {
    const inner = CatalogMemory.make()
    // An answer to a renewal takes so long that the task ends meanwhile.
    let asked = 0
    const slow: CatalogService = { ...inner, reserve: (key, request) => asked++ === 0 ? inner.reserve(key, request) : Effect.andThen(Effect.sleep("3 seconds"), inner.reserve(key, request)) }
    const { catalog, holder } = watched(slow)
    withCache(() => [...forever, { at: 2500, report: quick[1]!.report }], () => Effect.gen(function*() {
      yield* create(equal("a0"))
      yield* untilConcluded("a0")
      yield* Effect.sleep("10 seconds")
      expect(asked).toBeGreaterThan(1)
      expect(yield* holder).toBe("else")
    }), { catalog, config: { cacheHeartbeat: "2 seconds" } })
  })
})

describe("a task that was granted its reservation", () => {
  it("does not begin when the grant was heard of so late that it has expired", () => {
    const inner = CatalogMemory.make()
    let isFirst = true
    const sleepy: CatalogService = { ...inner, reserve: (key, request) => {
      const answer = inner.reserve(key, request)
      if (!isFirst) return answer
      isFirst = false
      // The process sleeps, or the answer is a long time on its way.
      return Effect.tap(answer, () => Effect.sleep("40 seconds"))
    } }
    withCache(() => [...forever, { at: 60_000, report: quick[1]!.report }], ({ workloads }) => Effect.gen(function*() {
      yield* create(equal("a0"))
      yield* Effect.sleep("1 second")
      yield* create(equal("a1"))
      const ended = yield* Effect.forEach(["a0", "a1"], untilConcluded)
      expect(workloads.map((it) => it.action)).toEqual(["run-a1"])
      expect(ended.map((it) => it.status?.cacheStatus)).toEqual([CACHE_HIT, CACHE_POPULATED])
    }), { catalog: sleepy })
  })

  it("and lost it before it began waits like the others, and keeps its result when its turn has come", () => {
    const inner = CatalogMemory.make()
    let grants = 0
    const late: CatalogService = { ...inner, reserve: (key, request) => Effect.tap(inner.reserve(key, request), ({ isMine }) => isMine && grants++ === 0 ? Effect.sleep("40 seconds") : Effect.void) }
    withCache((action) => (action === "run-a1" ? [...forever, { at: 60_000, report: fail().at(-1)!.report }] : quick), ({ catalog, workloads }) => Effect.gen(function*() {
      yield* create(equal("a0"))
      yield* Effect.sleep("1 second")
      yield* create(equal("a1"))
      expect((yield* untilConcluded("a0")).status?.cacheStatus).toBe(CACHE_POPULATED)
      expect(workloads.map((it) => it.action)).toEqual(["run-a1", "run-a0"])
      const [{ key }] = (yield* catalog.list()) as unknown as [{ key: CatalogKey }]
      expect(yield* catalog.reserve(key, { owner: "next", heartbeat: 1 })).toMatchObject({ isMine: true })
    }), { catalog: late })
  })

  it("does not begin before it could look for a result", () => {
    const inner = CatalogMemory.make()
    let gets = 0
    // The look after the grant fails for a while: what the last one stored is there all the same.
    const blind: CatalogService = { ...inner, get: (...given) => Effect.suspend(() => (gets++ >= 2 && gets < 8 ? unavailable("get") : inner.get(...given)) as ReturnType<CatalogService["get"]>) }
    withCache(() => succeed, ({ workloads }) => Effect.gen(function*() {
      yield* create(equal("a0"))
      yield* untilConcluded("a0")
      yield* create(equal("a1"))
      expect((yield* untilConcluded("a1")).status?.cacheStatus).toBe(CACHE_HIT)
      expect(workloads).toHaveLength(1)
      expect(yield* inner.list()).toHaveLength(1)
    }), { catalog: blind })
  })
})

describe("a catalog that is down when a result is there", () => {
  const down = (method: "put" | "release", from: number, to: number) => {
    const inner = CatalogMemory.make()
    return { ...inner, [method]: (...given: ReadonlyArray<never>) => Effect.flatMap(Clock.currentTimeMillis, (now) =>
      now >= start + from && now < start + to ? unavailable(method) : (inner[method] as unknown as (...args: ReadonlyArray<never>) => Effect.Effect<never>)(...given)) } as CatalogService
  }
  let start = 0

  it("is waited for, so that the others need not do the work again", () => withCache(() => succeed, ({ workloads }) => Effect.gen(function*() {
    start = yield* Clock.currentTimeMillis
    yield* create(equal("a0"), equal("a1"))
    const ended = yield* Effect.forEach(["a0", "a1"], untilConcluded)
    expect(ended.map((it) => it.status?.cacheStatus).sort()).toEqual([CACHE_HIT, CACHE_POPULATED])
    expect(workloads).toHaveLength(1)
  }), { catalog: down("put", 0, 20_000) }))

  it("but not longer than its patience", () => withCache(() => succeed, () => Effect.gen(function*() {
    start = yield* Clock.currentTimeMillis
    yield* create(equal("a0"))
    expect((yield* untilConcluded("a0")).status?.cacheStatus).toBe(Idl.CatalogCacheStatus.CACHE_PUT_FAILURE)
    expect((yield* Clock.currentTimeMillis) - start).toBeLessThan(40_000)
  }), { catalog: down("put", 0, 600_000) }))
})
