import { create as create_ } from "@bufbuild/protobuf"
import { Idl, Phase, type Plugin, TaskTemplates } from "@fairlead/core"
import { EventRecorder } from "@fairlead/controller"
import { type Event, KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { EventSinkMemory } from "../src/index.ts"
import { fail, forever, lose, makeScriptedPlugin, outage, quick, running, type Script, succeed } from "./scriptedPlugin.ts"
import { abort, conditionOf, create, exists, inWorld, meddle, phases, read, taskAction, untilConcluded, withEngine, type WorldOptions, writesOf } from "./world.ts"

const journal = EventSinkMemory.EventJournal
const onceThen = (first: ReturnType<Script>, later: ReturnType<Script>): Script => (_, before) => (before === 0 ? first : later)

/** Runs one action `a0` to its end under a script. */
const runOne = (script: Script, options: Partial<WorldOptions> = {}, spec: Parameters<typeof taskAction>[1] = {}) => {
  const scripted = makeScriptedPlugin(script)
  return inWorld({ plugins: [scripted.plugin], ...options }, (world, config) => withEngine(config, Effect.gen(function*() {
    yield* create(taskAction("a0", spec))
    const action = yield* untilConcluded("a0")
    return { action, world, events: (yield* journal).events, ...scripted }
  })))
}

/** The wire form of a task that pauses between its attempts. */
const pausing = (seconds: number) => {
  const template = create_(Idl.TaskTemplateSchema, {
    type: "container",
    target: { case: "container", value: { image: "img" } },
    metadata: { retries: { retries: 5, backoff: { base: { seconds: BigInt(seconds) } } } }
  })
  return { taskType: "container", taskTemplate: TaskTemplates.encodeBase64(template), inputUri: "mem://data/in", runOutputBase: "mem://data/out" }
}

const withRetries = (retries: number) => ({ task: { container: { image: "img" }, retries } })

describe("an action that succeeds", () => {
  it("is written to for its finalizer, when it runs, when it has ended and when it is let go", () => {
    const { action, events, world, workloads } = runOne(() => succeed)
    expect(phases(action)).toEqual(["Queued", "Executing", "Completed"])
    expect(events.map((it) => [it.phase, it.attempt, it.version])).toEqual([["QUEUED", 1, 1], ["RUNNING", 1, 2], ["SUCCEEDED", 1, 3]])
    expect(writesOf(world)).toEqual(["create taskactions", "patch taskactions", "patch taskactions/status", "patch taskactions/status", "patch taskactions"])
    expect(workloads).toMatchObject([{ attempt: 1, launch: 0, freed: 1, stopped: undefined }])
    expect(action.metadata.finalizers ?? []).toEqual([])
    expect(action.metadata.labels).toMatchObject({ "flyte.org/termination-status": "terminated", "flyte.org/completed-time": "2026-01-01.00-00" })
    expect(world.calls.filter((it) => it.line.startsWith("get") && it.name !== "run-a0")).toEqual([])
  })

  it("needs one write less when it ended before it was seen running", () => {
    const { action, events, world } = runOne(() => quick)
    expect(phases(action)).toEqual(["Queued", "Completed"])
    expect(events.map((it) => it.phase)).toEqual(["QUEUED", "SUCCEEDED"])
    expect(writesOf(world)).toEqual(["create taskactions", "patch taskactions", "patch taskactions/status", "patch taskactions"])
  })

  it.each([
    ["named nowhere, it is a container", {}, "container"],
    ["named in the task", { task: { type: "special", container: { image: "img" } } }, "special"],
    ["named in the spec", { taskType: "special" }, "special"],
    ["of a plugin that is not there", { taskType: "other" }, "other"]
  ])("shows its type: %s", (_, spec, type) => {
    const { plugin } = makeScriptedPlugin(() => quick, { taskTypes: ["container", "special"] })
    inWorld({ plugins: [plugin] }, (_world, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0", spec))
      expect((yield* untilConcluded("a0")).status?.taskType).toBe(type)
    })))
  })

  it("shows that it is queued when that takes long", () => {
    const { plugin } = makeScriptedPlugin(() => [{ at: 0, report: Phase.queued(0, "submitted") }])
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("1 second")
      expect((yield* read("a0")).status).toBeUndefined()
      yield* Effect.sleep("1500 millis")
      expect(conditionOf(yield* read("a0"), "Progressing")).toMatchObject({ status: "True", reason: "Queued" })
      yield* Effect.sleep("5 minutes")
      expect(writesOf(world)).toEqual(["create taskactions", "patch taskactions", "patch taskactions/status"])
    })))
  })

  it("gets its inputs written where it is told that they are", () => {
    const { action, world, workloads } = runOne(() => quick, {}, {
      task: { container: { image: "img" }, interface: { inputs: { x: { type: "integer" } } }, inputs: { x: 3 } }
    })
    expect(conditionOf(action, "Succeeded")).toMatchObject({ status: "True" })
    const [path] = [...world.files.keys()]
    expect(path).toMatch(/^mem:\/\/data\/\w\w\/default\/proj\/dev\/run\/\w{8}\/a0\/inputs\/inputs\.pb$/)
    expect(workloads[0]?.outputPrefix).toBe(path?.replace("inputs/inputs.pb", "1"))
  })

  it("keeps to that when three hundred come at once", () => {
    const { plugin } = makeScriptedPlugin(() => succeed)
    const names = Array.from({ length: 300 }, (_, index) => `n${index}`)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      yield* create(...names.map((name) => taskAction(name)))
      for (const name of names) expect(phases(yield* untilConcluded(name))).toHaveLength(3)
      expect(writesOf(world).length).toBe(5 * names.length)
      expect((yield* journal).events).toHaveLength(3 * names.length)
    })))
  })
})

describe("an action whose task fails", () => {
  it("is tried again, with the failed attempt told, kept and cleaned up", () => {
    const { action, events, workloads } = runOne(onceThen(fail(), succeed), {}, withRetries(2))
    expect(phases(action)).toEqual(["Queued", "RetryableFailure", "Queued", "Executing", "Completed"])
    expect(action.status?.phaseHistory?.map((it) => it.attempt)).toEqual([1, 1, 2, 2, 2])
    expect(action.status).toMatchObject({ attempts: 2, launches: 0 })
    expect(action.status?.errorState).toBeUndefined()
    expect(events.map((it) => [it.phase, it.attempt])).toEqual([["QUEUED", 1], ["FAILED", 1], ["QUEUED", 2], ["RUNNING", 2], ["SUCCEEDED", 2]])
    expect(events[1]?.error).toMatchObject({ code: "ExitCode", kind: "USER" })
    expect(workloads).toMatchObject([{ attempt: 1, stopped: "the launch failed: ExitCode", freed: 1 }, { attempt: 2, stopped: undefined, freed: 1 }])
    expect(new Set(workloads.map((it) => it.outputPrefix)).size).toBe(2)
  })

  it("fails for good when its attempts are used up, and its workload is stopped", () => {
    const { action, events, workloads } = runOne(() => fail(), {}, withRetries(2))
    expect(conditionOf(action, "Failed")).toMatchObject({ status: "True", reason: "PermanentFailure", message: "exit code 3 (attempt 3 of 3)" })
    expect(action.status).toMatchObject({ attempts: 3, errorState: { code: "ExitCode", kind: "USER" } })
    expect(events.filter((it) => it.phase === "FAILED").map((it) => it.attempt)).toEqual([1, 2, 3])
    expect(workloads.map((it) => [it.stopped !== undefined, it.freed])).toEqual([[true, 1], [true, 1], [true, 1]])
  })

  it("fails at once when no retry can help", () => {
    const bad = Phase.permanentFailure({ code: "InvalidImageName", message: "no such image", kind: "USER" })
    const { action, workloads } = runOne(() => [{ at: 0, report: bad }], {}, withRetries(5))
    expect(action.status).toMatchObject({ attempts: 1, errorState: { code: "InvalidImageName" } })
    expect(workloads).toHaveLength(1)
  })

  it("does not start another attempt after its deadline", () => {
    const { action, workloads } = runOne(() => fail(), { config: { deadline: "10 seconds" } }, {
      task: { container: { image: "img" }, retries: 5 },
      ...pausing(60)
    })
    expect(action.status?.errorState).toMatchObject({ code: "DeadlineExceeded" })
    expect(conditionOf(action, "Failed")).toMatchObject({ reason: "TimedOut" })
    expect(action.status?.phaseHistory?.at(-1)?.occurredAt).toBe("2026-01-01T00:00:10.000Z")
    expect(workloads).toHaveLength(1)
  })

  it("fails for good when it runs longer than it may", () => {
    const { action, events } = runOne(() => forever, {}, { task: { container: { image: "img" }, timeout: "30s" } })
    expect(conditionOf(action, "Failed")).toMatchObject({ reason: "TimedOut" })
    expect(action.status?.errorState).toMatchObject({ code: "TimeoutExpired" })
    expect(events.at(-1)?.phase).toBe("TIMED_OUT")
  })
})

describe("an action that the system fails", () => {
  it("is launched again, under its own name and folder, without using up an attempt", () => {
    const { action, events, workloads } = runOne(onceThen(lose, succeed))
    expect(phases(action)).toEqual(["Queued", "RetryableFailure", "Queued", "Executing", "Completed"])
    expect(action.status).toMatchObject({ attempts: 1, launches: 1, systemFailures: 1 })
    expect(workloads).toMatchObject([{ attempt: 1, launch: 0, stopped: "the launch failed: Preempted" }, { attempt: 1, launch: 1, stopped: undefined }])
    expect(workloads[1]?.outputPrefix).toBe(`${workloads[0]?.outputPrefix}r1`)
    expect(new Set(events.map((it) => it.version)).size).toBe(events.length)
  })

  it("has the lost launch stopped and freed once, and the next one begins without its state", () => {
    const { plugin } = makeScriptedPlugin(onceThen(lose, succeed))
    const calls: Array<string> = []
    const told: Plugin = {
      ...plugin,
      handle: (context) => Effect.tap(plugin.handle(context), () => Effect.sync(() => void calls.push(`handle ${context.launch} ${context.state === undefined ? "without" : "with"} state`))),
      abort: (context, reason) => Effect.andThen(Effect.sync(() => void calls.push(`abort ${context.launch}`)), plugin.abort(context, reason)),
      finalize: (context) => Effect.andThen(Effect.sync(() => void calls.push(`finalize ${context.launch}`)), plugin.finalize(context))
    }
    inWorld({ plugins: [told] }, (_, config) => withEngine(config, Effect.andThen(create(taskAction("a0")), untilConcluded("a0"))))
    const changes = calls.filter((it, index) => it !== calls[index - 1])
    expect(changes).toEqual(["handle 0 without state", "handle 0 with state", "abort 0", "finalize 0", "handle 1 without state", "handle 1 with state", "finalize 1"])
    expect(calls.filter((it) => !it.startsWith("handle"))).toEqual(["abort 0", "finalize 0", "finalize 1"])
  })

  it("fails for good when that goes on for too long", () => {
    const { action, workloads } = runOne(() => lose, { config: { maxSystemFailures: 2, systemFailureWindow: "10 seconds" } })
    expect(action.status?.errorState).toMatchObject({ code: "MaxSystemFailuresExceeded", kind: "SYSTEM" })
    expect(workloads.length).toBeGreaterThan(3)
    expect(workloads.every((it) => it.stopped !== undefined)).toBe(true)
  })

  it("survives a long outage of the plugin's backend while it runs", () => {
    const { action, workloads } = runOne(() => [
      { at: 0, report: running },
      { at: 2000, report: outage("no answer") },
      { at: 100_000, report: Phase.success() }
    ])
    expect(conditionOf(action, "Succeeded")).toMatchObject({ status: "True" })
    expect(action.status?.systemFailures).toBeGreaterThan(5)
    expect(workloads).toHaveLength(1)
  })

  it("keeps its launch when somebody else sets the number of its attempt", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => [{ at: 0, report: running }, { at: 10_000, report: Phase.success() }])
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("3 seconds")
      yield* meddle("a0", "status", { status: { attempts: 4 } })
      const action = yield* untilConcluded("a0")
      expect(workloads).toHaveLength(1)
      expect(action.status?.attempts).toBe(1)
    })))
  })

  it("fails in the end when its plugin never answers", () => {
    const { plugin } = makeScriptedPlugin(() => succeed)
    const hanging = { ...plugin, handle: () => Effect.never }
    inWorld({ plugins: [hanging], config: { reconcileTimeout: "5 seconds", systemFailureWindow: "20 seconds" } }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      expect((yield* untilConcluded("a0")).status?.errorState).toMatchObject({ code: "MaxSystemFailuresExceeded", message: expect.stringContaining("[PluginTimeout] no answer within 5s") })
    })))
  })

  it("is not disturbed by another whose plugin throws", () => {
    const { plugin } = makeScriptedPlugin(() => succeed)
    const broken = { ...plugin, id: "broken", taskTypes: ["broken"], handle: () => Effect.die(new Error("a bug")) }
    inWorld({ plugins: [plugin, broken], config: { systemFailureWindow: "5 seconds" } }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("b0", { task: { type: "broken" } }), taskAction("a0"))
      expect(conditionOf(yield* untilConcluded("a0"), "Succeeded")).toBeDefined()
      expect((yield* untilConcluded("b0")).status?.errorState?.message).toContain("[PluginDefect] a bug")
    })))
  })
})

describe("projects that share an engine", () => {
  const crowd = Array.from({ length: 30 }, (_, index) => taskAction(`big${index}`, { project: "big" }))
  const few = [0, 1].map((index) => taskAction(`small${index}`, { project: "small" }))

  it.each([true, false])("have turns, however many actions one of them has (there before the engine: %s)", (isBefore) => {
    const { plugin, workloads } = makeScriptedPlugin(() => quick)
    inWorld({ plugins: [plugin], config: { workers: 1 } }, (_, config) => Effect.gen(function*() {
      const all = create(...crowd, ...few)
      if (isBefore) yield* all
      yield* withEngine(config, Effect.andThen(isBefore ? Effect.void : all, Effect.sleep("1 minute")))
      const starts = workloads.map((it) => it.action)
      expect(starts).toHaveLength(32)
      expect(starts.indexOf("run-small0")).toBeLessThan(4)
      expect(starts.indexOf("run-small1")).toBeLessThan(6)
    }))
  })

  it("have no more workers each than configured, so that one whose work hangs leaves some to the others", () => {
    const { plugin } = makeScriptedPlugin(() => quick)
    const hangs: Plugin = { ...plugin, handle: (context) => (context.metadata.ownerId.name.startsWith("run-big") ? Effect.never : plugin.handle(context)) }
    inWorld({ plugins: [hangs], config: { workers: 4, workersPerTenant: 2, reconcileTimeout: "1 hour" } }, (_, config) => Effect.gen(function*() {
      yield* create(...crowd)
      yield* withEngine(config, Effect.gen(function*() {
        yield* Effect.sleep("1 second")
        yield* create(...few)
        for (const { spec } of few) expect(conditionOf(yield* untilConcluded(spec.actionName), "Succeeded")).toMatchObject({ status: "True" })
      }))
    }))
  })
})

describe("an action that is deleted", () => {
  it("is aborted: its workload is stopped, the abort is told once, the object goes", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => forever)
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("5 seconds")
      yield* abort("a0")
      yield* Effect.sleep("1 second")
      expect(yield* exists("a0")).toBe(false)
      expect((yield* journal).events.map((it) => [it.phase, it.version])).toEqual([["QUEUED", 1], ["RUNNING", 2], ["ABORTED", 3]])
      expect(workloads).toMatchObject([{ stopped: "the action was deleted", freed: 1 }])
    })))
  })

  it("keeps its finalizer until the abort is told, so that nobody misses it", () => {
    const { plugin } = makeScriptedPlugin(() => forever)
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      const events = yield* journal
      yield* create(taskAction("a0"))
      yield* Effect.sleep("5 seconds")
      events.refuse(2)
      yield* abort("a0")
      yield* Effect.sleep("4 seconds")
      expect((yield* read("a0")).metadata.finalizers).toEqual(["flyte.org/plugin-finalizer"])
      yield* Effect.sleep("10 seconds")
      expect(events.events.at(-1)?.phase).toBe("ABORTED")
      expect(yield* exists("a0")).toBe(false)
    })))
  })

  it("is aborted before anything was stored: what there was to tell is stored and told first", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => forever)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep(500)
      yield* abort("a0")
      yield* Effect.sleep(500)
      expect(yield* exists("a0")).toBe(false)
      expect((yield* journal).events.map((it) => [it.phase, it.version])).toEqual([["QUEUED", 1], ["ABORTED", 2]])
      expect(writesOf(world)).toEqual(["create taskactions", "patch taskactions", "delete taskactions", "patch taskactions/status", "patch taskactions"])
      expect(workloads).toMatchObject([{ stopped: "the action was deleted" }])
    })))
  })

  it("is let go although its plugin throws when it is to stop the workload", () => {
    const { plugin } = makeScriptedPlugin(() => forever)
    inWorld({ plugins: [{ ...plugin, abort: () => Effect.die("a bug") }], config: { concludeTimeout: "1 minute" } }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("5 seconds")
      yield* abort("a0")
      yield* Effect.sleep("70 seconds")
      expect(yield* exists("a0")).toBe(false)
    })))
  })

  it("is let go although its plugin hangs when it is to stop the workload", () => {
    const { plugin } = makeScriptedPlugin(() => forever)
    const config = { concludeTimeout: "1 minute", reconcileTimeout: "20 seconds" }
    inWorld({ plugins: [{ ...plugin, abort: () => Effect.never }], config }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("5 seconds")
      yield* abort("a0")
      yield* Effect.sleep("2 minutes")
      expect(yield* exists("a0")).toBe(false)
    })))
  })

  it("is let go although its workload cannot be stopped, but not before the time for that has passed", () => {
    const { plugin, faults } = makeScriptedPlugin(() => forever)
    faults.abort = Infinity
    inWorld({ plugins: [plugin], config: { concludeTimeout: "1 minute" } }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("5 seconds")
      yield* abort("a0")
      yield* Effect.sleep("50 seconds")
      expect(yield* exists("a0")).toBe(true)
      yield* Effect.sleep("20 seconds")
      expect(yield* exists("a0")).toBe(false)
    })))
  })

  it("stays succeeded when it had ended before", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* untilConcluded("a0")
      yield* abort("a0")
      yield* Effect.sleep("1 second")
      expect(yield* exists("a0")).toBe(false)
      expect((yield* journal).events.map((it) => it.phase)).toEqual(["QUEUED", "RUNNING", "SUCCEEDED"])
      expect(workloads).toMatchObject([{ stopped: undefined, freed: 1 }])
    })))
  })

  it("makes way for another of the same name", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      const first = yield* untilConcluded("a0")
      yield* abort("a0")
      yield* create(taskAction("a0"))
      const second = yield* untilConcluded("a0")
      expect(second.metadata.uid).not.toBe(first.metadata.uid)
      expect(workloads).toHaveLength(2)
      expect(workloads[0]?.outputPrefix).not.toBe(workloads[1]?.outputPrefix)
    })))
  })
})

describe("an action that nobody can carry out", () => {
  it("fails with everything that is wrong in one message, without a finalizer", () => {
    const { action, events, world } = runOne(() => succeed, {}, { task: { container: { image: "img", args: ["{{.inputs.y}}"] }, interface: { inputs: { x: { type: "integer" } } }, inputs: { x: "three" } } })
    const failed = conditionOf(action, "Failed")
    expect(failed).toMatchObject({ status: "True", reason: "InvalidSpec" })
    expect(failed?.message).toContain("three")
    expect(action.status?.errorState).toMatchObject({ code: "InvalidSpec", kind: "USER" })
    expect(events.map((it) => it.phase)).toEqual(["FAILED"])
    expect(writesOf(world)).toEqual(["create taskactions", "patch taskactions/status", "patch taskactions"])
  })

  it("has a Kubernetes event that says so, where events are recorded", () => {
    inWorld({ plugins: [makeScriptedPlugin(() => succeed).plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0", { task: {} }))
      yield* untilConcluded("a0")
      yield* (yield* EventRecorder).flush
      const { items } = yield* (yield* KubeClient).list<Event>(KubeResource.events, "default")
      expect(items).toMatchObject([{ type: "Warning", reason: "FailedValidation", regarding: { kind: "TaskAction", name: "run-a0" } }])
    })).pipe(Effect.provide(EventRecorder.layer({ reportingController: "fairlead.dev/engine", reportingInstance: "test" }))))
  })

  it("fails when there is no plugin for its type, and says which there are", () => {
    const { action } = runOne(() => succeed, {}, { task: { type: "spark" } })
    expect(conditionOf(action, "Failed")).toMatchObject({ reason: "PluginNotFound", message: 'no plugin carries out task type "spark"; there are plugins for: container' })
  })
})
