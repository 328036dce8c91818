import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { KubeRequest } from "@fairlead/kube"
import { EventSinkMemory } from "../src/index.ts"
import { fail, forever, lose, makeScriptedPlugin, quick, type Script, succeed } from "./scriptedPlugin.ts"
import { abort, conditionOf, create, exists, inWorld, meddle, phases, read, refusal, taskAction, untilConcluded, withEngine, type World, writesOf } from "./world.ts"

const journal = EventSinkMemory.EventJournal
const onceThen = (first: ReturnType<Script>, later: ReturnType<Script>): Script => (_, before) => (before === 0 ? first : later)
const isStatusWrite = (request: KubeRequest): boolean => request.subresource === "status"
const isMetadataPatch = (request: KubeRequest): boolean => request.verb === "patch" && request.subresource === undefined

/** Fails the nth request (from 1) that `which` picks. */
const failOnce = (world: World, which: (request: KubeRequest) => boolean, nth: number, reason: string, code: number, afterwards = false): void => {
  let seen = 0
  world.fault = (request) => which(request) && ++seen === nth ? { error: refusal(reason, code), afterwards } : undefined
}

const identities = (events: ReadonlyArray<{ readonly attempt: number; readonly phase: string; readonly version: number }>) =>
  events.map((it) => `${it.attempt}/${it.phase}/${it.version}`)

describe("writes that go wrong", () => {
  it.each([
    ["refused", "InternalError", 500, false],
    ["overtaken", "Conflict", 409, false],
    ["throttled", "TooManyRequests", 429, false],
    ["carried out without an answer", "Timeout", 504, true]
  ] as const)("the first status write is %s: nothing is lost and nothing told twice", (_, reason, code, afterwards) => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      failOnce(world, isStatusWrite, 1, reason, code, afterwards)
      yield* create(taskAction("a0"))
      expect(phases(yield* untilConcluded("a0"))).toEqual(["Queued", "Executing", "Completed"])
      expect(identities((yield* journal).events)).toEqual(["1/QUEUED/1", "1/RUNNING/2", "1/SUCCEEDED/3"])
      expect(workloads).toHaveLength(1)
    })))
  })

  it.each([false, true])("the last status write goes wrong (carried out: %s)", (afterwards) => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      failOnce(world, isStatusWrite, 2, "ServiceUnavailable", 503, afterwards)
      yield* create(taskAction("a0"))
      yield* untilConcluded("a0")
      expect(identities((yield* journal).events)).toEqual(["1/QUEUED/1", "1/RUNNING/2", "1/SUCCEEDED/3"])
      expect(workloads[0]?.freed).toBe(1)
    })))
  })

  it("a launch whose report could not be stored is not repeated, even when it cannot be found again", () => {
    const { plugin } = makeScriptedPlugin(() => succeed, { deferrable: false })
    let launches = 0
    const counting = { ...plugin, handle: (context: Parameters<typeof plugin.handle>[0]) => Effect.suspend(() => {
      if (context.state === undefined) launches++
      return plugin.handle(context)
    }) }
    inWorld({ plugins: [counting] }, (world, config) => withEngine(config, Effect.gen(function*() {
      failOnce(world, isStatusWrite, 1, "InternalError", 500)
      yield* create(taskAction("a0"))
      yield* untilConcluded("a0")
      expect(launches).toBe(1)
    })))
  })

  it("what somebody else writes meanwhile is kept", () => {
    const { plugin } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("1200 millis")
      yield* meddle("a0", undefined, { metadata: { labels: { mine: "yes" } } })
      yield* meddle("a0", "status", { status: { signalledBy: "somebody" } })
      const action = yield* untilConcluded("a0")
      expect(action.metadata.labels?.["mine"]).toBe("yes")
      expect(action.status?.signalledBy).toBe("somebody")
      expect(writesOf(world).filter((it) => it === "patch taskactions/status")).toHaveLength(3)
    })))
  })

  it("a status that the server will not take ends the action with one that it takes", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      failOnce(world, isStatusWrite, 1, "Invalid", 422)
      yield* create(taskAction("a0"))
      const action = yield* untilConcluded("a0")
      expect(conditionOf(action, "Failed")).toMatchObject({ status: "True" })
      expect(action.status?.errorState).toMatchObject({ code: "StatusRefused", kind: "SYSTEM" })
      expect(workloads[0]?.stopped).toBeDefined()
    })))
  })

  it("an action of which no status can be written is parked and harms nobody", () => {
    const { plugin } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      world.fault = (request) => request.name === "run-a0" && isStatusWrite(request) ? { error: refusal("Invalid", 422), afterwards: false } : undefined
      yield* create(taskAction("a0"), taskAction("a1"))
      expect(phases(yield* untilConcluded("a1"))).toHaveLength(3)
      yield* Effect.sleep("10 minutes")
      expect(world.calls.filter((it) => it.name === "run-a0" && it.line === "patch taskactions/status").length).toBeLessThan(6)
    })))
  })
})

describe("an engine that stops and starts again", () => {
  it("finds what it launched before it had stored anything", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.andThen(create(taskAction("a0")), Effect.sleep(500)))
      expect((yield* read("a0")).status).toBeUndefined()
      expect(workloads).toHaveLength(1)
      const action = yield* withEngine(config, untilConcluded("a0"))
      expect(conditionOf(action, "Succeeded")).toBeDefined()
      expect(workloads).toHaveLength(1)
    }))
  })

  it.each([
    ["before the status of running", isStatusWrite, 1],
    ["before the status of the end", isStatusWrite, 2],
    ["before the finalizer is off", isMetadataPatch, 2]
  ] as const)("goes on where it was cut off %s", (_, which, nth) => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (world, config) => Effect.gen(function*() {
      let cut = false
      let seen = 0
      world.fault = (request) => {
        cut ||= which(request) && ++seen === nth
        return cut && request.verb === "patch" ? { error: refusal("ServiceUnavailable", 503), afterwards: false } : undefined
      }
      yield* withEngine(config, Effect.andThen(create(taskAction("a0")), Effect.sleep("3 seconds")))
      world.fault = () => undefined
      const action = yield* withEngine(config, untilConcluded("a0"))
      expect(phases(action).at(-1)).toBe("Completed")
      expect(action.metadata.finalizers ?? []).toEqual([])
      expect(workloads).toMatchObject([{ stopped: undefined }])
      const told = identities((yield* journal).events)
      expect(told.at(-1)).toMatch(/^1\/SUCCEEDED/)
      expect([...new Set(told)].filter((it) => it.includes("SUCCEEDED"))).toHaveLength(1)
    }))
  })

  it("tells again what it may not have told, under the same identity", () => {
    const { plugin } = makeScriptedPlugin(() => forever)
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.andThen(create(taskAction("a0")), Effect.sleep("5 seconds")))
      yield* withEngine(config, Effect.sleep("5 seconds"))
      const told = identities((yield* journal).events)
      expect(new Set(told)).toEqual(new Set(["1/QUEUED/1", "1/RUNNING/2"]))
      expect(told.length).toBeGreaterThan(2)
      expect(new Set((yield* journal).events.map((it) => it.outputs?.outputUri)).size).toBe(1)
    }))
  })

  it("cleans up a failed launch that the engine before it only wrote down", () => {
    const { plugin, workloads, faults } = makeScriptedPlugin(onceThen(lose, succeed))
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      faults.abort = Infinity
      yield* withEngine(config, Effect.andThen(create(taskAction("a0")), Effect.sleep("3 seconds")))
      expect(workloads).toMatchObject([{ stopped: undefined }])
      expect(phases(yield* read("a0"))).toEqual(["Queued", "RetryableFailure"])
      faults.abort = 0
      const action = yield* withEngine(config, untilConcluded("a0"))
      expect(workloads).toMatchObject([{ launch: 0, stopped: "the launch failed: Preempted" }, { launch: 1 }])
      expect(action.status).toMatchObject({ attempts: 1, launches: 1 })
    }))
  })

  it("leaves actions alone that were let go before", () => {
    const { plugin } = makeScriptedPlugin(() => quick)
    inWorld({ plugins: [plugin] }, (world, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.andThen(create(taskAction("a0")), untilConcluded("a0")))
      world.calls.length = 0
      yield* withEngine(config, Effect.sleep("5 minutes"))
      expect(writesOf(world)).toEqual([])
      expect(identities((yield* journal).events)).toEqual(["1/QUEUED/1", "1/SUCCEEDED/2"])
    }))
  })
})

describe("events that nobody takes", () => {
  it("wait without holding up the work, and arrive in order", () => {
    const { plugin } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      const sink = yield* journal
      sink.refuse(3)
      yield* create(taskAction("a0"))
      yield* Effect.sleep("4 seconds")
      const action = yield* read("a0")
      expect(conditionOf(action, "Succeeded")).toBeDefined()
      yield* untilConcluded("a0")
      expect(identities(sink.events)).toEqual(["1/QUEUED/1", "1/RUNNING/2", "1/SUCCEEDED/3"])
    })))
  })

  it("do not keep an ended or deleted action for ever", () => {
    const { plugin } = makeScriptedPlugin((action) => (action === "run-a0" ? quick : forever))
    inWorld({ plugins: [plugin], config: { concludeTimeout: "1 minute" } }, (_, config) => withEngine(config, Effect.gen(function*() {
      (yield* journal).refuse(Infinity)
      yield* create(taskAction("a0"), taskAction("a1"))
      yield* Effect.sleep("5 seconds")
      yield* abort("a1")
      yield* Effect.sleep("30 seconds")
      expect((yield* read("a0")).metadata.finalizers).toHaveLength(1)
      expect(yield* exists("a1")).toBe(true)
      yield* Effect.sleep("45 seconds")
      expect((yield* read("a0")).metadata.finalizers ?? []).toEqual([])
      expect(yield* exists("a1")).toBe(false)
    })))
  })

  it("that no one will ever take are dropped, and those after them are not", () => {
    const { plugin } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      const sink = yield* journal
      sink.refuse(1, { retryable: false })
      yield* create(taskAction("a0"))
      yield* untilConcluded("a0")
      expect(identities(sink.events)).toEqual(["1/SUCCEEDED/3"])
    })))
  })

  it("tell of an abort although the engine stops between the abort and the end of the object", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => forever)
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      const sink = yield* journal
      yield* withEngine(config, Effect.gen(function*() {
        yield* create(taskAction("a0"))
        yield* Effect.sleep("5 seconds")
        sink.refuse(Infinity)
        yield* abort("a0")
        yield* Effect.sleep("2 seconds")
        expect(yield* exists("a0")).toBe(true)
      }))
      sink.refuse(0)
      yield* withEngine(config, Effect.sleep("2 seconds"))
      expect(yield* exists("a0")).toBe(false)
      expect(identities(sink.events).filter((it) => it.includes("ABORTED"))).toEqual(["1/ABORTED/3"])
      expect(workloads).toHaveLength(1)
    }))
  })
})

describe("a retry that the engine does not see through", () => {
  it("keeps the attempt's number over a restart", () => {
    const { plugin, workloads } = makeScriptedPlugin(onceThen(fail(), forever))
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.andThen(create(taskAction("a0", { task: { container: { image: "img" }, retries: 3 } })), Effect.sleep("1800 millis")))
      yield* withEngine(config, Effect.sleep("10 seconds"))
      expect((yield* read("a0")).status).toMatchObject({ attempts: 2, pluginPhase: "PhaseRunning" })
      expect(workloads.map((it) => it.attempt)).toEqual([1, 2])
    }))
  })
})
