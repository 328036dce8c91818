import { Phase } from "@fairlead/core"
import { TaskFiles } from "@fairlead/datastore"
import { Clock, Effect } from "effect"
import { describe, expect, test } from "vitest"
import { type PluginConfigInput, WebApiError, WebApiPlugin } from "../src/index.ts"
import { makeService, type ServiceOptions } from "./support/service.ts"
import { abort, action, create, inWorld, list, phases, read, reasonOf, stateOf, until, untilConcluded, untilGone, withEngine } from "./support/world.ts"

const who = { id: "remote", taskTypes: ["remote"] }
const serve = (options: ServiceOptions = {}) => {
  const service = makeService(options)
  return { ...service, plugins: Effect.map(WebApiPlugin.makeAsync(who, service.plugin), (plugin) => [plugin]) }
}
const names = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `t${index}`)
const count = (calls: ReadonlyArray<string>, operation: string): number => calls.filter((it) => it.startsWith(operation)).length
const errorOf = (it: { readonly status?: { readonly errorState?: unknown } }) => it.status?.errorState

describe("A task on a remote service", () => {
  test("is created once, watched, and ends with its outputs", () => {
    const service = serve({ state: (_, age) => ({ state: age < 2000 ? "queued" : age < 40_000 ? "running" : "done", outputs: { x: 7 } }) })
    inWorld({}, Effect.gen(function*() {
      const done = yield* withEngine(service.plugins, Effect.gen(function*() {
        yield* create(action("a", { interface: { outputs: { x: { type: "integer" } } } }))
        yield* until("a", (it) => it.status?.pluginPhase === "PhaseRunning")
        return yield* untilConcluded("a")
      }))
      expect(phases(done)).toEqual(["Queued", "Executing", "Completed"])
      expect(service.jobs).toHaveLength(1)
      expect(service.jobs[0]!.deletions).toBe(0)
      expect(count(service.calls, "create")).toBe(1)
      expect(count(service.calls, "find")).toBe(0)
      const prefix = done.status!.stateJson === undefined ? "" : service.prefixes[0]!
      const outcome = yield* TaskFiles.readOutcome(prefix)
      expect(outcome._tag).toBe("Outputs")
    }))
  })

  test("whose creation tells that it is done already is looked at without another call, after its meta is stored (A2, A3)", () => {
    const service = serve({ plugin: { create: () => Effect.succeed({ meta: { id: "at-once" }, resource: { state: "done" } }) } })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(phases(done)).toEqual(["Queued", "Completed"])
      expect(stateOf(done)).toMatchObject({ phase: "Succeeded", meta: { id: "at-once" } })
      expect(count(service.calls, "get")).toBe(0)
    })))
  })

  test("is tried again under another key when its job failed, and the failed job is not deleted", () => {
    let attempts = 0
    const service = serve({ state: (job, age) => age < 5000 ? { state: "running" } : { state: (job.key === firstKey() && (attempts = 1)) ? "failed" : "done" } })
    const firstKey = (): string => service.jobs[0]!.key
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a", { retries: 1 }))
      const done = yield* untilConcluded("a")
      expect(phases(done)).toContain("RetryableFailure")
      expect(done.status!.conditions!.find((it) => it.type === "Succeeded")?.status).toBe("True")
      expect(service.jobs).toHaveLength(2)
      expect(service.jobs.map((it) => it.deletions)).toEqual([0, 0])
      expect(attempts).toBe(1)
    })))
  })

  test("is deleted on the service when it is aborted: while it runs, while its creation is under way, and after a creation whose answer was lost", () => {
    for (const [fault, wait] of [[undefined, 30_000], ["slow", 3000], ["lose", 3000]] as const) {
      const service = serve({ work: 3_600_000, ...(fault === "slow" ? { latency: 5000 } : {}), fault: (operation) => operation === "create" && fault === "lose" ? "lose" : undefined })
      inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
        yield* create(action("a"))
        yield* Effect.sleep(wait)
        yield* abort("a")
        yield* untilGone("a")
        expect(service.jobs.length).toBeGreaterThan(0)
        expect(service.jobs.every((it) => it.deletedAt !== undefined)).toBe(true)
      })))
    }
  })

  test("whose deletion fails stays until the service has carried it out", () => {
    let refusals = 3
    const service = serve({ work: 3_600_000, fault: (operation) => operation === "delete" && refusals-- > 0 ? "Unavailable" : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => it.status?.pluginPhase === "PhaseRunning")
      yield* abort("a")
      yield* untilGone("a")
      expect(count(service.calls, "delete")).toBe(4)
      expect(service.jobs[0]!.deletions).toBe(1)
    })))
  })
})

describe("Exactly one job (A2)", () => {
  test("comes of a task although every creation loses its answer: it is found by its key", () => {
    const service = serve({ fault: (operation) => operation === "create" ? "lose" : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(...names(20).map((it) => action(it)))
      for (const name of names(20)) yield* untilConcluded(name)
      expect(service.jobs).toHaveLength(20)
    })))
  })

  test("comes of a task although the engine is stopped again and again, at any moment", () => {
    const service = serve({ latency: 700, work: 30_000 })
    inWorld({ seed: 3 }, Effect.gen(function*() {
      yield* withEngine(service.plugins, create(...names(10).map((it) => action(it))))
      for (let restart = 0; restart < 25; restart++) yield* withEngine(service.plugins, Effect.sleep(300 + restart * 170))
      yield* withEngine(service.plugins, Effect.forEach(names(10), untilConcluded))
      expect(service.jobs).toHaveLength(10)
      expect(new Set(service.jobs.map((it) => it.key)).size).toBe(10)
    }))
  })

  test("comes of a task although writes of its status are lost or refused", () => {
    let writes = 0
    const service = serve({ latency: 300, work: 30_000 })
    const fault = (line: string) => line.startsWith("patch taskactions/status") ? ([undefined, "lost", "refused"] as const)[writes++ % 3] : undefined
    inWorld({ fault }, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(...names(10).map((it) => action(it)))
      yield* Effect.forEach(names(10), untilConcluded)
      expect(service.jobs).toHaveLength(10)
    })))
  })

  test("is intended in the stored state before the service is asked", () => {
    const seen: Array<unknown> = []
    const service = serve({ latency: 20_000 })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* Effect.sleep(2000)
      seen.push(stateOf(yield* read("a")))
      expect(service.calls).toEqual([expect.stringContaining("create")])
      expect(service.jobs).toHaveLength(0)
    })))
    expect(seen).toMatchObject([{ phase: "AllocationTokenAcquired", key: service.keys[0] }])
  })

  test("without a way to find it is asked for again under the same key only", () => {
    let lost = 2
    const service = serve({ noFind: true, fault: (operation) => operation === "create" && lost-- > 0 ? "Unknown" : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* untilConcluded("a")
      expect(service.creations.size).toBe(1)
      expect([...service.creations.values()]).toEqual([3])
    })))
  })
})

describe("Failures of creation are told apart (A14)", () => {
  test.each([
    ["Rejected", "PermanentFailure", { code: "BadTaskSpecification", kind: "USER" }],
    ["Failed", "PermanentFailure", { code: "TaskFailedWithError", kind: "USER" }]
  ] as const)("%s ends the attempt by the task's fault", (fault, _phase, error) => {
    const service = serve({ fault: (operation) => operation === "create" ? fault : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(errorOf(done)).toMatchObject(error)
      expect(count(service.calls, "create")).toBe(1)
    })))
  })

  test.each(["Throttled", "Unavailable", "Unknown", "Unauthorized", "throw", "hang"] as const)("%s costs no attempt: it is tried again, and people see why", (fault) => {
    let failures = 2
    const service = serve({ fault: (operation) => operation === "create" && failures-- > 0 ? fault : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => reasonOf(it).includes("does not take the job yet"))
      const done = yield* untilConcluded("a")
      expect(done.status?.attempts).toBe(1)
      expect(service.jobs).toHaveLength(1)
    })))
  })

  test("an outage that lasts longer than the budget ends the launch as a failure of the system, and what may be there is deleted", () => {
    const service = serve({ noFind: true, config: { failureBudget: "2 minutes" }, fault: (operation) => operation === "create" ? "Unavailable" : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const failed = yield* until("a", (it) => it.status?.errorState !== undefined)
      expect(failed.status?.errorState).toMatchObject({ kind: "SYSTEM", code: "CreateUnavailable" })
    })))
  })

  test("a service that says when to come again is left alone until then", () => {
    const at: Array<number> = []
    let failures = 1
    const service = serve({
      plugin: {
        create: () => Effect.gen(function*() {
          at.push(yield* Clock.currentTimeMillis)
          if (failures-- > 0) return yield* new WebApiError({ fault: "Throttled", description: "slow down", retryAfter: 90_000 })
          return { meta: { id: "x" }, resource: { state: "done" } }
        })
      }
    })
    inWorld({}, withEngine(service.plugins, Effect.andThen(create(action("a")), untilConcluded("a"))))
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(90_000)
    expect(at[1]! - at[0]!).toBeLessThan(95_000)
  })
})

describe("Failures of looking", () => {
  test("in a row end the launch only after the budget of time, as a failure of the system, and the job is deleted (A5, A6)", () => {
    const service = serve({ work: 86_400_000, config: { failureBudget: "10 minutes" }, fault: (operation, { looks }) => operation === "get" && looks > 2 ? "Unavailable" : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => reasonOf(it).includes("no answer from the service since"))
      const before = yield* Clock.currentTimeMillis
      const failed = yield* until("a", (it) => it.status?.errorState !== undefined)
      expect((yield* Clock.currentTimeMillis) - before).toBeGreaterThan(9 * 60_000)
      expect(failed.status?.errorState).toMatchObject({ kind: "SYSTEM", code: "AutoRefreshCacheFailed" })
      yield* until("a", () => service.jobs.length === 2)
      expect(service.jobs[0]!.deletedAt).toBeDefined()
    })))
  })

  test("that are not in a row never end it, however many they are", () => {
    const service = serve({ work: 3_600_000, fault: (operation, { looks }) => operation === "get" && looks % 3 !== 2 ? "Unavailable" : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(done.status?.attempts).toBe(1)
      expect(service.jobs).toHaveLength(1)
    })))
  })

  test("are forgotten by a restart: the count is not stored", () => {
    const service = serve({ work: 3_600_000, config: { failureBudget: "10 minutes" }, fault: (operation) => operation === "get" ? "Unavailable" : undefined })
    inWorld({}, Effect.gen(function*() {
      yield* withEngine(service.plugins, Effect.andThen(create(action("a")), Effect.sleep("8 minutes")))
      yield* withEngine(service.plugins, Effect.sleep("8 minutes"))
      expect((yield* read("a")).status?.errorState).toBeUndefined()
    }))
  })

  test("that throw, hang or answer nonsense harm only their own job (A10)", () => {
    const faults = { t0: "throw", t1: "hang", t2: "nonsense" } as Record<string, string>
    const service = serve({
      work: 600_000,
      config: { caching: { workers: 2 }, timeouts: { get: "5 seconds" } },
      fault: (operation, { looks, name }) => {
        const fault = operation === "get" && looks < 20 ? faults[name.replace(/^run-/, "").replace(/-\d+$/, "")] : undefined
        return fault === "nonsense" ? undefined : fault as "throw" | "hang" | undefined
      },
      state: (job, age) => job.name.includes("t2") && job.looks < 20 ? undefined : { state: age < 600_000 ? "running" : "done" }
    })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(...names(6).map((it) => action(it)))
      for (const name of ["t3", "t4", "t5"]) {
        const done = yield* untilConcluded(name)
        expect(done.status?.attempts).toBe(1)
      }
      yield* Effect.forEach(["t0", "t1", "t2"], untilConcluded)
    }), { workers: 4 }))
  })

  test("by which a service forgets its job end the launch after a while, and another job is created", () => {
    let forgotten = false
    const service = serve({ work: 600_000, fault: (operation, { name }) => operation === "get" && forgotten && name === service.jobs[0]?.name && service.jobs.length === 1 ? "NotFound" : undefined })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => it.status?.pluginPhase === "PhaseRunning")
      forgotten = true
      const failed = yield* until("a", (it) => it.status?.errorState !== undefined)
      expect(failed.status?.errorState).toMatchObject({ kind: "SYSTEM", code: "ResourceNotFound" })
      yield* untilConcluded("a")
      expect(service.jobs).toHaveLength(2)
    })))
  })

  test("of a status that is no phase of a job, or throws, are failures of the system", () => {
    for (const phase of [Phase.waitingForCache(0, "?"), { phase: "Nonsense" } as never, undefined as never]) {
      const service = serve({ status: () => Effect.succeed({ phase }) })
      inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
        yield* create(action("a"))
        const failed = yield* until("a", (it) => (it.status?.systemFailures ?? 0) > 0)
        expect(reasonOf(failed)).toContain("which a job cannot be in")
        expect(service.jobs).toHaveLength(1)
      })))
    }
  })

  test("of a phase that falls back to the beginning never make a second job", () => {
    let looks = 0
    const service = serve({
      work: 600_000,
      status: ({ resource }) => Effect.succeed({ phase: resource.state === "done" ? Phase.success() : [Phase.running(0, "r"), Phase.notReady(0, "?"), Phase.undefinedPhase(), Phase.queued(0, "again")][looks++ % 4]! })
    })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* untilConcluded("a")
      expect(service.jobs).toHaveLength(1)
    })))
  })
})

describe("News", () => {
  test("reaches the task at once, and no news costs the engine nothing (A11)", () => {
    const service = serve({ state: (_, age) => ({ state: age < 60_000 ? "queued" : age < 1_200_000 ? "running" : "done" }) })
    let rounds = 0
    const counted = Effect.map(WebApiPlugin.makeAsync(who, service.plugin), (plugin) => [{ ...plugin, handle: (context: Parameters<typeof plugin.handle>[0]) => (rounds++, plugin.handle(context)) }])
    inWorld({}, withEngine(counted, Effect.gen(function*() {
      yield* create(action("a"))
      yield* untilConcluded("a")
      const now = yield* Clock.currentTimeMillis
      expect(now - service.jobs[0]!.createdAt - 1_200_000).toBeLessThan(35_000)
    })))
    expect(rounds).toBeLessThan(12)
  })

  test("within a phase raises its version, and nothing lowers it (A17)", () => {
    let custom = 0
    const versions: Array<number> = []
    const service = serve({
      work: 400_000,
      state: (_, age) => age < 400_000 ? { state: "running", outputs: { at: Math.floor(age / 100_000) } } : { state: "done" },
      status: ({ resource }) => Effect.succeed({
        phase: resource.state === "done" ? Phase.success() : Phase.running(0, "at work", { customInfo: { step: resource.outputs?.["at"] ?? custom++ } })
      })
    })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      for (;;) {
        const { status } = yield* read("a")
        if (status?.pluginPhase === "PhaseRunning") versions.push(status.pluginPhaseVersion ?? 0)
        if (status?.pluginPhase === "PhaseSuccess") break
        yield* Effect.sleep(5000)
      }
    })))
    expect(Math.max(...versions)).toBeGreaterThanOrEqual(3)
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
  })

  test("is not lost by a restart, and the phase does not fall back (A9)", () => {
    const service = serve({ work: 600_000 })
    inWorld({}, Effect.gen(function*() {
      yield* withEngine(service.plugins, Effect.andThen(create(action("a")), until("a", (it) => it.status?.pluginPhase === "PhaseRunning")))
      const done = yield* withEngine(service.plugins, untilConcluded("a"))
      expect(phases(done)).toEqual(["Queued", "Executing", "Completed"])
      expect(service.jobs).toHaveLength(1)
    }))
  })
})

describe("Settings", () => {
  test("that cannot be used keep a plugin from being made, and all that is wrong is told", () => {
    const service = serve({ config: { caching: { size: 1, resyncInterval: "1 second" }, readRateLimiter: { qps: 0 } } })
    const error = inWorld({}, Effect.flip(Effect.scoped(service.plugins)))
    expect(error.message.split("\n")).toHaveLength(4)
  })

  test("that change are in force at once, and wrong ones leave the last good ones", () => {
    const log: Array<string> = []
    let config: PluginConfigInput = { caching: { size: 10 } }
    const service = serve({ work: 3_600_000, config: () => config })
    inWorld({ log }, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(...names(12).map((it) => action(it)))
      yield* Effect.sleep("2 minutes")
      expect(service.jobs).toHaveLength(10)
      const waiting = (yield* list).filter((it) => it.status?.pluginPhase === "PhaseWaitingForResources")
      expect(waiting).toHaveLength(2)
      expect(reasonOf(waiting[0]!)).toContain("looks after as many jobs as it may, 10")
      config = { caching: { size: 0 } }
      yield* Effect.sleep("2 minutes")
      expect(service.jobs).toHaveLength(10)
      config = { caching: { size: 20 } }
      yield* Effect.sleep("2 minutes")
      expect(service.jobs).toHaveLength(12)
    })))
    expect(log.filter((it) => it.includes("keeps its settings"))).toHaveLength(1)
  })
})
