import { Phase } from "@fairlead/core"
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import { type SyncPlugin, WebApiError, WebApiPlugin } from "../src/index.ts"
import { makeService, type ServiceOptions } from "./support/service.ts"
import { abort, action, create, inWorld, list, phases, reasonOf, secretPrefix, stateOf, until, untilConcluded, untilGone, withEngine } from "./support/world.ts"

const who = { id: "remote", taskTypes: ["remote"] }
const serve = (options: ServiceOptions = {}) => {
  const service = makeService(options)
  return { ...service, plugins: Effect.map(WebApiPlugin.makeAsync(who, service.plugin), (plugin) => [plugin]) }
}
const names = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `t${index}`)
const secret = "s3cret-token-of-the-warehouse"

describe("Places in a quota (A4)", () => {
  const live = (service: ReturnType<typeof serve>, now: number): number => service.jobs.filter((it) => it.deletedAt === undefined && now - it.createdAt < it.work).length

  test("are never more than the quota, through retries, aborts and restarts, and none is lost", () => {
    const service = serve({ work: 60_000, config: { resourceQuotas: { default: 3 } }, state: (_, age) => ({ state: age < 60_000 ? "running" : "done" }) })
    let most = 0
    inWorld({}, Effect.gen(function*() {
      const watch = Effect.gen(function*() {
        for (let i = 0; i < 200; i++) {
          const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          most = Math.max(most, live(service, now))
          yield* Effect.sleep("1 second")
        }
      })
      yield* withEngine(service.plugins, Effect.gen(function*() {
        yield* create(...names(12).map((it) => action(it, { retries: 1 })))
        yield* Effect.sleep("20 seconds")
        expect((yield* list).filter((it) => it.status?.pluginPhase === "PhaseWaitingForResources")).toHaveLength(9)
        yield* abort("t0")
        yield* untilGone("t0")
      }))
      yield* withEngine(service.plugins, watch)
      yield* withEngine(service.plugins, Effect.forEach(names(12).slice(1), untilConcluded))
      expect(most).toBe(3)
      expect(service.jobs).toHaveLength(12)
    }))
  })

  test("go to tasks in the order in which they asked, and are free as soon as the job has ended on the service", () => {
    const service = serve({ work: 30_000, config: { resourceQuotas: { default: 1 } } })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      for (const name of names(4)) {
        yield* create(action(name))
        yield* Effect.sleep("1 second")
      }
      yield* until("t3", (it) => reasonOf(it).includes("the quota of 1 jobs of \"default\" is used up; others were there before"))
      yield* Effect.forEach(names(4), untilConcluded)
      expect(service.jobs.map((it) => it.name)).toEqual(["run-t0-0", "run-t1-0", "run-t2-0", "run-t3-0"])
    })))
  })

  test("of one tenant end at its bound", () => {
    const service = serve({ work: 600_000, config: { resourceQuotas: { default: 10 } }, plugin: { resourceRequirements: () => Effect.succeed({ namespace: "default", projectMax: 2 }) } })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(...names(4).map((it) => action(it)), action("other", {}, { project: "another" }))
      yield* Effect.sleep("20 seconds")
      expect(service.jobs).toHaveLength(3)
      expect(service.jobs.map((it) => it.name)).toContain("run-other-0")
    })))
  })
})

test("Calls that create are held to their limit, at the call itself (A7)", () => {
  const service = serve({ work: 600_000, config: { writeRateLimiter: { qps: 0.5, burst: 5 } } })
  inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
    yield* create(...names(20).map((it) => action(it)))
    yield* Effect.sleep("20 seconds")
    expect(service.jobs.length).toBeGreaterThanOrEqual(12)
    expect(service.jobs.length).toBeLessThanOrEqual(16)
    yield* until("t19", () => service.jobs.length === 20)
    const times = service.jobs.map((it) => it.createdAt).sort((a, b) => a - b)
    expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(29_000)
  })))
})

describe("Secrets (A1)", () => {
  const reference = { group: "warehouse", key: "token" }

  test("reach creations and looks, and nothing that is stored or logged", () => {
    const log: Array<string> = []
    let denied = 0
    const service = serve({ secret: reference, fault: (operation) => operation === "get" && denied++ < 3 ? new WebApiError({ fault: "Unauthorized", description: `the token ${secret} was refused` }) : undefined })
    inWorld({ secrets: { [`${secretPrefix}WAREHOUSE_TOKEN`]: secret }, log }, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const troubled = yield* until("a", (it) => reasonOf(it).includes("was refused"))
      expect(reasonOf(troubled)).toContain("the token <redacted> was refused")
      const done = yield* untilConcluded("a")
      expect(JSON.stringify([done, stateOf(done), log])).not.toContain(secret)
    })))
  })

  test("that a plugin puts into its meta are found: the job is deleted, the task told why", () => {
    const service = serve({ secret: reference, plugin: {} })
    const leaking = { ...service.plugin, create: (task: Parameters<typeof service.plugin.create>[0]) => Effect.map(service.plugin.create(task), ({ meta }) => ({ meta: { ...meta, token: secret } })) }
    inWorld({ secrets: { [`${secretPrefix}WAREHOUSE_TOKEN`]: secret } }, withEngine(Effect.map(WebApiPlugin.makeAsync(who, leaking), (plugin) => [plugin]), Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(done.status?.errorState).toMatchObject({ code: "MetadataRefused" })
      expect(service.jobs.map((it) => it.deletions)).toEqual([1])
      expect(JSON.stringify(done)).not.toContain(secret)
    })))
  })

  test("that are not there are waited for, with their name in the reason", () => {
    const secrets: Record<string, string> = {}
    const service = serve({ secret: reference })
    inWorld({ secrets }, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => reasonOf(it).includes("there is no secret \"warehouse/token\""))
      secrets[`${secretPrefix}WAREHOUSE_TOKEN`] = secret
      expect(phases(yield* untilConcluded("a")).at(-1)).toBe("Completed")
    })))
  })
})

describe("A state that cannot be read (A13)", () => {
  test("ends the task in words, and its job is found by its key and deleted", () => {
    const service = serve({ work: 3_600_000, plugin: { decodeMeta: () => {
      throw new Error("an old form")
    } } })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(done.status?.errorState).toMatchObject({ code: "CorruptedPluginState" })
      expect(service.jobs.map((it) => it.deletions)).toEqual([1])
    })))
  })
})

describe("Outputs (A18)", () => {
  test("that are declared and not there make no success", () => {
    const service = serve()
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a", { interface: { outputs: { x: { type: "integer" } } } }))
      const done = yield* untilConcluded("a")
      expect(done.status?.errorState).toMatchObject({ code: "OutputsNotFound", message: "the job ended well, but the service answered no x" })
    })))
  })
})

describe("A sync plugin (A19)", () => {
  const sync = (plugin: Partial<SyncPlugin>) => {
    const calls: Array<string> = []
    const made: SyncPlugin = { config: () => ({ timeouts: { do: "1 minute" } }), do: () => Effect.succeed({ phase: Phase.success() }), ...plugin }
    const counted: SyncPlugin = { ...made, do: (task) => Effect.suspend(() => (calls.push(task.key), made.do(task))) }
    return { calls, plugins: Effect.map(WebApiPlugin.makeSync(who, counted), (it) => [it]) }
  }

  test("does a task by one call, however long it takes, and holds nobody up", () => {
    const { calls, plugins } = sync({ do: () => Effect.delay(Effect.succeed({ phase: Phase.success() }), "30 seconds") })
    inWorld({}, withEngine(plugins, Effect.gen(function*() {
      yield* create(...names(20).map((it) => action(it)))
      yield* Effect.forEach(names(20), untilConcluded)
      expect(new Set(calls).size).toBe(20)
      expect(calls).toHaveLength(20)
      expect((yield* list).every((it) => it.status?.attempts === 1)).toBe(true)
    }), { workers: 2 }))
  })

  test("is asked once although the write of its result is refused, and again with the same key after a restart", () => {
    let refusals = 0
    const { calls, plugins } = sync({ do: () => Effect.delay(Effect.succeed({ phase: Phase.success() }), "5 seconds") })
    const fault = (line: string) => line === "patch taskactions/status" && refusals++ > 0 && refusals < 5 ? "refused" as const : undefined
    inWorld({ fault }, withEngine(plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* untilConcluded("a")
      expect(calls).toHaveLength(1)
    })))
    const second = sync({ do: () => Effect.delay(Effect.succeed({ phase: Phase.success() }), "40 seconds") })
    inWorld({}, Effect.gen(function*() {
      yield* withEngine(second.plugins, Effect.andThen(create(action("a")), Effect.sleep("10 seconds")))
      yield* withEngine(second.plugins, untilConcluded("a"))
      expect(second.calls).toHaveLength(2)
      expect(new Set(second.calls).size).toBe(1)
    }))
  })

  test.each([
    ["hangs", () => Effect.never, "no answer within 1m"],
    ["throws", () => Effect.die(new Error("it broke")), "the plugin threw: it broke"]
  ] as const)("that %s is asked again, and people see why", (_, broken, reason) => {
    let calls = 0
    const { plugins } = sync({ do: () => calls++ < 3 ? broken() : Effect.succeed({ phase: Phase.success() }) })
    inWorld({}, withEngine(plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => reasonOf(it).includes(reason))
      expect(phases(yield* untilConcluded("a")).at(-1)).toBe("Completed")
    })))
  })

  test("that fails ends the attempt, and one that answers no end is a failure of the system", () => {
    const failing = sync({ do: () => Effect.fail(new WebApiError({ fault: "Rejected", description: "no such model" })) })
    inWorld({}, withEngine(failing.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      expect((yield* untilConcluded("a")).status?.errorState).toMatchObject({ code: "BadTaskSpecification", message: "no such model" })
    })))
    const endless = sync({ do: () => Effect.succeed({ phase: Phase.running(0, "?") }) })
    inWorld({}, withEngine(endless.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => reasonOf(it).includes("although its call has ended"))
    })))
  })
})
