import { CacheKey, CatalogMemory, type CatalogService, type ListedEntry } from "@fairlead/catalog"
import { Idl, Literals, type TaskAction, TaskTemplates } from "@fairlead/core"
import { KubeClient, KubeResource } from "@fairlead/kube"
import { Clock, Effect, Result } from "effect"
import { describe, expect, it } from "vitest"
import { EventSinkMemory } from "../src/index.ts"
import { cacheable, equal, totalOf, unavailable, withCache, withOutputs } from "./cachingWorld.ts"
import { fail, forever, makeScriptedPlugin, quick, succeed } from "./scriptedPlugin.ts"
import { abort, conditionOf, create, inWorld, phases, read, taskAction, untilConcluded, withEngine, writesOf } from "./world.ts"

const { CACHE_EVICTED, CACHE_HIT, CACHE_MISS, CACHE_POPULATED, CACHE_PUT_FAILURE } = Idl.CatalogCacheStatus
const journal = EventSinkMemory.EventJournal

describe("a discoverable task", () => {
  it("keeps its result, and an equal one takes it without being launched", () => withCache(() => quick, ({ catalog, workloads, world }) => Effect.gen(function*() {
    yield* create(cacheable("a0"))
    const first = yield* untilConcluded("a0")
    expect(first.status).toMatchObject({ cacheStatus: CACHE_POPULATED })
    const [{ entry, key }] = (yield* catalog.list()) as unknown as [ListedEntry]
    expect(key).toMatchObject({ project: "proj", domain: "dev" })
    expect(entry).toMatchObject({ source: { name: "work", labels: { "execution-name": "run", "exec-node": "a0", "exec-attempt": "0" } } })
    world.calls.length = 0
    yield* Effect.sleep("90 seconds")
    yield* create(cacheable("a1"))
    const second = yield* untilConcluded("a1")
    expect(workloads).toHaveLength(1)
    expect(second.status).toMatchObject({ cacheStatus: CACHE_HIT, pluginPhase: "PhaseSuccess" })
    expect(phases(second)).toEqual(["Completed"])
    expect(conditionOf(second, "Succeeded")?.message).toMatch(/^the task completed successfully: found in the cache, 9\d s old, made by run run, under 1\/proj\/dev\/\S+-v1$/)
    expect(totalOf(world, "a1")).toBe(1n)
    expect(writesOf(world)).toEqual(["create taskactions", "patch taskactions/status", "patch taskactions"])
    const events = (yield* journal).events.filter((it) => it.id.action === "a1")
    expect(events.map((it) => [it.phase, it.cacheStatus])).toEqual([["SUCCEEDED", CACHE_HIT]])
    expect(events[0]?.clusterEvents[0]?.message).toContain("found in the cache, ")
    expect((yield* journal).events.findLast((it) => it.id.action === "a0")).toMatchObject({ phase: "SUCCEEDED", cacheStatus: CACHE_POPULATED })
  })))

  it("does its own work for other inputs, versions and interfaces, but not for inputs that are ignored", () => withCache(() => quick, ({ workloads }) => Effect.gen(function*() {
    const ignoring = { ignoredInputs: ["y"] }
    const cases = [cacheable("a0"), cacheable("a1", { x: 1, y: 3 }), cacheable("a2", undefined, { version: "v2" }), cacheable("a3", undefined, ignoring), cacheable("a4", { x: 1, y: 9 }, ignoring)]
    for (const action of cases) {
      yield* create(action)
      yield* untilConcluded(action.spec.actionName)
    }
    expect(workloads.map((it) => it.action)).toEqual(["run-a0", "run-a1", "run-a2", "run-a3"])
    expect((yield* read("a4")).status?.cacheStatus).toBe(CACHE_HIT)
  })))

  it("has a version even if nobody gave its action a key, and the key counts when there is one", () => withCache(() => quick, ({ catalog, workloads }) => Effect.gen(function*() {
    const keyed = { ...cacheable("a1"), spec: { ...cacheable("a1").spec, cacheKey: "given" } }
    for (const action of [cacheable("a0"), keyed]) {
      yield* create(action)
      yield* untilConcluded(action.spec.actionName)
    }
    expect(workloads).toHaveLength(2)
    expect((yield* catalog.list()).map((it) => it.key.key.split("-").at(-1)).sort()).toEqual(["given", "v1"])
  })))

  it("finds results no older than allowed", () => withCache(() => quick, ({ workloads }) => Effect.gen(function*() {
    for (const [name, pause] of [["a0", 0], ["a1", 3], ["a2", 30], ["a3", 0]] as const) {
      yield* Effect.sleep(`${pause} seconds`)
      yield* create(cacheable(name))
      yield* untilConcluded(name)
    }
    expect(workloads.map((it) => it.action)).toEqual(["run-a0", "run-a2"])
    expect((yield* read("a2")).status?.cacheStatus).toBe(CACHE_POPULATED)
    expect((yield* read("a3")).status?.cacheStatus).toBe(CACHE_HIT)
  }), { config: { cacheMaxAge: "20 seconds" } }))

  it("can be told to overwrite, to skip and to evict what is there", () => withCache(() => quick, ({ catalog, workloads, world }) => Effect.gen(function*() {
    const told = (name: string, word: string) => cacheable(name, undefined, {}, { "fairlead.dev/cache": word })
    const run = Effect.fnUntraced(function*(action: ReturnType<typeof cacheable>) {
      yield* create(action)
      return (yield* untilConcluded(action.spec.actionName)).status?.cacheStatus
    })
    expect(yield* run(told("a0", "use"))).toBe(CACHE_POPULATED)
    expect(yield* run(told("a1", "overwrite"))).toBe(CACHE_POPULATED)
    expect(yield* run(told("a2", "skip"))).toBe(Idl.CatalogCacheStatus.CACHE_SKIPPED)
    expect(yield* run(told("a3", "use"))).toBe(CACHE_HIT)
    expect(totalOf(world, "a3")).toBe(2n)
    expect(yield* run(told("a4", "evict"))).toBe(CACHE_EVICTED)
    expect(yield* catalog.usage).toMatchObject({ entries: 0 })
    expect(yield* run(told("a5", "use"))).toBe(CACHE_POPULATED)
    expect(workloads.map((it) => it.action)).toEqual(["run-a0", "run-a1", "run-a2", "run-a4", "run-a5"])
  })))

  it("that has begun is stopped when its result turns up", () => withCache(() => [{ at: 0, report: forever[0]!.report }], ({ catalog, workloads, world }) => Effect.gen(function*() {
    yield* create(cacheable("a0"))
    yield* Effect.sleep("3 seconds")
    expect(workloads).toMatchObject([{ stopped: undefined }])
    world.files.set("mem://else/outputs.pb", Literals.encodeMap(Literals.literalMap({ total: Literals.integer(42) })))
    const inputs = Literals.literalMap({ x: Literals.integer(1), y: Literals.integer(2) })
    const template = Result.getOrThrow(TaskTemplates.fromSpec(cacheable("a0").spec))
    const key = CacheKey.compose({ id: template.id!, interface: template.interface, inputs, ignoredInputs: [], version: "v1" })
    yield* catalog.put({ project: "proj", domain: "dev", key }, { outputUri: "mem://else/outputs.pb", size: 1, source: { project: "", domain: "", name: "", version: "", org: "", labels: {} } })
    const ended = yield* untilConcluded("a0")
    expect(ended.status).toMatchObject({ cacheStatus: CACHE_HIT })
    expect(conditionOf(ended, "Succeeded")).toMatchObject({ status: "True" })
    expect(workloads).toMatchObject([{ stopped: "the result was found in the cache", freed: 1 }])
    expect(totalOf(world, "a0")).toBe(42n)
  })))

  it("replaces a result whose files are gone or corrupt", () => withCache(() => quick, ({ workloads, world }) => Effect.gen(function*() {
    yield* create(cacheable("a0"))
    yield* untilConcluded("a0")
    const uri = [...world.files.keys()].find((it) => it.endsWith("/a0/1/outputs.pb"))!
    world.files.set(uri, Uint8Array.of(255))
    yield* create(cacheable("a1"))
    expect((yield* untilConcluded("a1")).status?.cacheStatus).toBe(CACHE_POPULATED)
    world.files.delete(uri)
    yield* create(cacheable("a2"))
    expect((yield* untilConcluded("a2")).status?.cacheStatus).toBe(CACHE_HIT)
    expect(workloads).toHaveLength(2)
    expect(totalOf(world, "a2")).toBe(2n)
  })))

  it("that gives nothing need not be done again either", () => withCache(() => quick, ({ workloads }) => Effect.gen(function*() {
    for (const name of ["a0", "a1"]) {
      yield* create(taskAction(name, { task: { name: "void", container: { image: "img" }, cache: { version: "1" } } }))
      yield* untilConcluded(name)
    }
    expect(workloads).toHaveLength(1)
  })))

  it("asks nothing of the cache when it is not discoverable", () => {
    const catalog = CatalogMemory.make()
    const untouched: CatalogService = { ...catalog, get: () => Effect.die("asked"), put: () => Effect.die("asked"), reserve: () => Effect.die("asked"), release: () => Effect.die("asked") }
    withCache(() => quick, () => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      expect((yield* untilConcluded("a0")).status).not.toHaveProperty("cacheStatus")
    }), { catalog: untouched })
  })
})

describe("of equal serializable tasks", () => {
  it("one works, the others wait and take its result the moment that it is there", () => withCache(() => succeed, ({ workloads, world }) => Effect.gen(function*() {
    yield* create(equal("a0"), equal("a1"), equal("a2"))
    yield* Effect.sleep("1500 millis")
    expect(workloads).toHaveLength(1)
    const names = ["a0", "a1", "a2"]
    const ended = yield* Effect.forEach(names, untilConcluded)
    expect(workloads).toHaveLength(1)
    expect(ended.map((it) => it.status?.cacheStatus).sort()).toEqual([CACHE_HIT, CACHE_HIT, CACHE_POPULATED])
    expect(names.map((name) => totalOf(world, name))).toEqual([1n, 1n, 1n])
    const at = ended.map((it) => Date.parse(it.status!.phaseHistory!.at(-1)!.occurredAt))
    expect(Math.max(...at) - Math.min(...at)).toBeLessThan(100)
  })))

  it("those that wait say so, with the name of the one that works", () => withCache(() => forever, () => Effect.gen(function*() {
    yield* create(equal("a0"))
    yield* Effect.sleep("500 millis")
    yield* create(equal("a1"))
    yield* Effect.sleep("5 seconds")
    const waiting = yield* read("a1")
    expect(waiting.status).toMatchObject({ pluginPhase: "PhaseWaitingForCache", cacheStatus: CACHE_MISS })
    expect(conditionOf(waiting, "Progressing")).toMatchObject({ status: "True", reason: "Queued", message: "default/run-a0 is at work on the same result" })
    expect((yield* journal).events.find((it) => it.id.action === "a1")).toMatchObject({ phase: "WAITING_FOR_RESOURCES", cacheStatus: CACHE_MISS })
  })))

  it("another one takes over when the one that works fails, and keeps its turn over its own attempts", () => withCache((_, before) => (before === 0 ? fail() : quick), ({ workloads }) => Effect.gen(function*() {
    yield* create(equal("a0"))
    yield* Effect.sleep("500 millis")
    yield* create(equal("a1"))
    expect(conditionOf(yield* untilConcluded("a0"), "Failed")).toMatchObject({ status: "True" })
    yield* untilConcluded("a1")
    expect(workloads.map((it) => it.action)).toEqual(["run-a0", "run-a1"])
    const retried = { ...equal("a2"), spec: { ...equal("a2").spec, task: { ...equal("a2").spec.task!, retries: 1, cache: { version: "v2", serializable: true } } } }
    yield* create(retried as ReturnType<typeof equal>)
    yield* Effect.sleep("500 millis")
    yield* create({ ...retried, metadata: { ...retried.metadata, name: "run-a3" }, spec: { ...retried.spec, actionName: "a3" } } as ReturnType<typeof equal>)
    yield* Effect.forEach(["a2", "a3"], untilConcluded)
    expect(workloads.map((it) => [it.action, it.attempt]).slice(2)).toEqual([["run-a2", 1], ["run-a2", 2]])
  })))

  it("another one takes over when the one that works is deleted", () => withCache(() => forever, ({ workloads }) => Effect.gen(function*() {
    yield* create(equal("a0"))
    yield* Effect.sleep("500 millis")
    yield* create(equal("a1"))
    yield* Effect.sleep("3 seconds")
    yield* abort("a0")
    yield* Effect.sleep("500 millis")
    expect(workloads.map((it) => [it.action, it.stopped])).toEqual([["run-a0", "the action was deleted"], ["run-a1", undefined]])
  })))

  it("one that works renews its reservation for as long as it takes", () => withCache(() => [...forever, { at: 120_000, report: quick[1]!.report }], ({ workloads }) => Effect.gen(function*() {
    yield* create(equal("a0"))
    yield* Effect.sleep("500 millis")
    yield* create(equal("a1"))
    expect((yield* untilConcluded("a1")).status?.cacheStatus).toBe(CACHE_HIT)
    expect(workloads).toHaveLength(1)
  }), { config: { requeueDuration: "5 minutes", progressDelay: "1 second" } }))

  it("a launch goes on when its reservation was lost, but keeps no result", () => {
    const catalog = CatalogMemory.make()
    let isStolen = false
    const stealing: CatalogService = { ...catalog, reserve: (key, request) => isStolen ? Effect.succeed({ owner: "thief/x", fence: 9, isMine: false, heartbeat: 1000, expiresIn: 3000 }) : catalog.reserve(key, request) }
    withCache(() => [...forever, { at: 5000, report: quick[1]!.report }], ({ workloads }) => Effect.gen(function*() {
      yield* create(equal("a0"))
      yield* Effect.sleep("2 seconds")
      isStolen = true
      const ended = yield* untilConcluded("a0")
      expect(phases(ended)).toEqual(["Queued", "Executing", "Completed"])
      expect(ended.status?.cacheStatus).toBe(CACHE_PUT_FAILURE)
      expect(workloads).toMatchObject([{ stopped: undefined }])
      expect(yield* catalog.usage).toMatchObject({ entries: 0 })
    }), { catalog: stealing, config: { cacheHeartbeat: "1 second" } })
  })

  it("an engine that starts again takes up its reservations and keeps the result", () => {
    const scripted = makeScriptedPlugin(() => [...forever, { at: 60_000, report: quick[1]!.report }])
    inWorld({ plugins: [withOutputs(scripted)], catalog: CatalogMemory.make() }, (_, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.andThen(create(equal("a0")), Effect.sleep("5 seconds")))
      yield* withEngine(config, Effect.gen(function*() {
        yield* create(equal("a1"))
        const [first, second] = yield* Effect.forEach(["a0", "a1"], untilConcluded)
        expect([first?.status?.cacheStatus, second?.status?.cacheStatus]).toEqual([CACHE_POPULATED, CACHE_HIT])
        expect(scripted.workloads).toHaveLength(1)
      }))
    }))
  })

  const storm = 200
  it(`one of ${storm} works, and the others have its result within a second of it`, () => withCache(() => succeed, ({ workloads }) => Effect.gen(function*() {
    const names = Array.from({ length: storm }, (_, index) => `n${index}`)
    yield* create(...names.map(equal))
    yield* Effect.forEach(names, untilConcluded)
    expect(workloads).toHaveLength(1)
    const actions = (yield* (yield* KubeClient).list(KubeResource.taskActions, "default")).items as ReadonlyArray<TaskAction.TaskAction>
    const ends = actions.map((it) => Date.parse(it.status!.conditions!.find((condition) => condition.type === "Succeeded")!.lastTransitionTime))
    expect(Math.max(...ends) - Math.min(...ends)).toBeLessThanOrEqual(1000)
    expect(actions.filter((it) => it.status?.cacheStatus === CACHE_HIT)).toHaveLength(storm - 1)
  })), 60_000)
})

describe("a catalog that fails", () => {
  const failing = (methods: ReadonlyArray<keyof CatalogService>, until: () => boolean = () => false): CatalogService => {
    const catalog = CatalogMemory.make()
    const broken = Object.fromEntries(methods.map((method) => [method, (...given: ReadonlyArray<never>) =>
      Effect.suspend(() => until() ? (catalog[method] as unknown as (...args: ReadonlyArray<never>) => Effect.Effect<never>)(...given) : unavailable(method))]))
    return { ...catalog, ...broken }
  }

  it("lets tasks work without", () => withCache(() => quick, ({ workloads, world }) => Effect.gen(function*() {
    yield* create(cacheable("a0"))
    const ended = yield* untilConcluded("a0")
    expect(ended.status?.cacheStatus).toBe(CACHE_PUT_FAILURE)
    expect(workloads).toHaveLength(1)
    expect(totalOf(world, "a0")).toBe(1n)
  }), { catalog: failing(["get", "put", "update", "reserve", "release"]) }))

  it("is waited for by those that must not be done twice at a time, for a while", () => withCache(() => quick, ({ workloads }) => Effect.gen(function*() {
    yield* create(equal("a0"))
    yield* Effect.sleep("20 seconds")
    expect(workloads).toHaveLength(0)
    expect(conditionOf(yield* read("a0"), "Progressing")?.message).toContain("the catalog does not answer")
    yield* Effect.sleep("15 seconds")
    expect(workloads).toHaveLength(1)
    expect((yield* untilConcluded("a0")).status?.cacheStatus).toBe(CACHE_PUT_FAILURE)
  }), { catalog: failing(["get", "put", "update", "reserve", "release"]) }))

  it("and comes back in time does no harm", () => {
    const scripted = makeScriptedPlugin(() => quick)
    let since = Infinity
    let now = 0
    inWorld({ plugins: [withOutputs(scripted)], catalog: failing(["get", "put", "reserve", "release"], () => now > since) }, (_, config) => withEngine(config, Effect.gen(function*() {
      const clock = yield* Clock.Clock
      since = clock.currentTimeMillisUnsafe() + 10_000
      yield* Effect.forkChild(Effect.forever(Effect.andThen(Effect.sleep(100), Effect.sync(() => void (now = clock.currentTimeMillisUnsafe())))))
      yield* create(equal("a0"), equal("a1"))
      const ended = yield* Effect.forEach(["a0", "a1"], untilConcluded)
      expect(scripted.workloads).toHaveLength(1)
      expect(ended.map((it) => it.status?.cacheStatus).sort()).toEqual([CACHE_HIT, CACHE_POPULATED])
    })))
  })

  it("during the put is asked again before the result is given up", () => {
    const catalog = CatalogMemory.make()
    let refusals = 3
    const flaky: CatalogService = { ...catalog, put: (...given) => Effect.suspend(() => refusals-- > 0 ? unavailable("put") : catalog.put(...given)) }
    withCache(() => quick, () => Effect.gen(function*() {
      yield* create(cacheable("a0"))
      expect((yield* untilConcluded("a0")).status?.cacheStatus).toBe(CACHE_POPULATED)
      expect(refusals).toBe(-1)
    }), { catalog: flaky })
  })

  it("between put and release costs those that wait no more than the heartbeat", () => withCache(() => succeed, ({ workloads }) => Effect.gen(function*() {
    yield* create(equal("a0"), equal("a1"))
    const ended = yield* Effect.forEach(["a0", "a1"], untilConcluded)
    expect(workloads).toHaveLength(1)
    expect(ended.map((it) => it.status?.cacheStatus).sort()).toEqual([CACHE_HIT, CACHE_POPULATED])
  }), { catalog: { ...failing(["release"]), follow: () => Effect.void } }))
})
