/** Weaknesses that engines of this kind are known for, where no other test happens to hold ours to the better behaviour. */
import { create as createMessage } from "@bufbuild/protobuf"
import { Idl, type Plugin, type TaskPaths, TaskTemplates } from "@fairlead/core"
import { KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { EventSinkMemory } from "../src/index.ts"
import { fail, forever, lose, makeScriptedPlugin, outage, quick, succeed } from "./scriptedPlugin.ts"
import { abort, conditionOf, create, exists, inWorld, meddle, phases, read, taskAction, untilConcluded, withEngine, writesOf } from "./world.ts"

const journal = EventSinkMemory.EventJournal
const terminalLabels = { "flyte.org/termination-status": "terminated", "flyte.org/completed-time": "2025-12-31.10-00" }

/** The plugin, and how often it was asked about each action. */
const counted = (plugin: Plugin) => {
  const rounds: Array<string> = []
  const handle: Plugin["handle"] = (context) => Effect.suspend(() => {
    rounds.push(context.metadata.ownerId.name)
    return plugin.handle(context)
  })
  return { plugin: { ...plugin, handle }, rounds }
}

describe("identity", () => {
  it("no two events of an action are taken for one, over launches, attempts and restarts", () => {
    const { plugin } = makeScriptedPlugin((_, before) => [lose, fail(), lose, succeed][before] ?? succeed)
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.andThen(create(taskAction("a0", { task: { container: { image: "img" }, retries: 3 } })), Effect.sleep("4 seconds")))
      yield* withEngine(config, untilConcluded("a0"))
      const { events } = yield* journal
      const told = new Map(events.map((it) => [`${it.attempt}/${it.phase}/${it.version}`, it]))
      expect(new Set([...told.values()].map((it) => it.version)).size).toBe(told.size)
      const steps = [...told.values()].map((it) => it.phase).filter((it) => it !== "QUEUED")
      expect(steps).toEqual(["FAILED", "FAILED", "FAILED", "RUNNING", "SUCCEEDED"])
    }))
  })

  it("actions of two namespaces or projects that have one name share no folder", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => quick)
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      const kube = yield* KubeClient
      yield* kube.create(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } })
      const place = { runOutputBase: "mem://data/out" }
      const action = taskAction("a0", place)
      yield* create(action, { ...action, metadata: { ...action.metadata, namespace: "other" } })
      yield* untilConcluded("a0")
      yield* Effect.sleep("5 seconds")
      expect(new Set(workloads.map((it) => it.outputPrefix)).size).toBe(2)
    })))
  })
})

describe("size", () => {
  it("a message of any length is stored, cut, and the action ends", () => {
    const { plugin } = makeScriptedPlugin(() => fail({ message: "x".repeat(200_000) }))
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      const action = yield* untilConcluded("a0")
      expect(conditionOf(action, "Failed")?.message).toMatch(/^x{8000}.*200000 characters in all\)$/)
      expect(writesOf(world).filter((it) => it === "patch taskactions/status")).toHaveLength(1)
    })))
  })
})

describe("determinism", () => {
  it("a template that nobody can read fails at once, and is not tried again", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      const { task: _, ...place } = taskAction("a0").spec
      const wire = { taskType: "container", inputUri: "mem://in", runOutputBase: "mem://out", taskTemplate: "////" }
      yield* create({ ...taskAction("a0"), spec: { ...place, ...wire } })
      expect(conditionOf(yield* untilConcluded("a0"), "Failed")).toMatchObject({ reason: "InvalidSpec", message: expect.stringContaining("spec.taskTemplate") as string })
      yield* Effect.sleep("10 minutes")
      expect(writesOf(world)).toHaveLength(3)
      expect(workloads).toEqual([])
    })))
  })

  it("a discoverable task without an id is carried out like any other", () => {
    const template = createMessage(Idl.TaskTemplateSchema, { type: "container", metadata: { discoverable: true, cacheSerializable: true }, target: { case: "container", value: { image: "img" } } })
    const { plugin } = makeScriptedPlugin(() => quick)
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      const { task: _task, ...place } = taskAction("a0").spec
      yield* create({ ...taskAction("a0"), spec: { ...place, taskType: "container", inputUri: "mem://in", runOutputBase: "mem://out", taskTemplate: TaskTemplates.encodeBase64(template), cacheKey: "k" } })
      expect(conditionOf(yield* untilConcluded("a0"), "Succeeded")).toBeDefined()
    })))
  })
})

describe("self-made work", () => {
  it("neither a write of the engine's own nor a label of somebody else's calls for another round", () => {
    const { plugin, rounds } = counted(makeScriptedPlugin(() => forever).plugin)
    inWorld({ plugins: [plugin], config: { requeueDuration: "5 minutes" } }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("4 minutes")
      const before = rounds.length
      expect(before).toBeLessThanOrEqual(3)
      for (let nth = 0; nth < 10; nth++) yield* meddle("a0", undefined, { metadata: { labels: { nth: String(nth) } } })
      yield* Effect.sleep("30 seconds")
      expect(rounds.length).toBe(before)
    })))
  })

  it("tolerated errors are as far apart as they should be, although each is written down", () => {
    const { plugin, rounds } = counted(makeScriptedPlugin(() => [{ at: 0, report: outage("down") }]).plugin)
    inWorld({ plugins: [plugin], config: { systemFailureWindow: "1 hour" } }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("10 minutes")
      // 1, 2, 4, 8, 16, then every 30 seconds.
      expect(rounds.length).toBeGreaterThan(20)
      expect(rounds.length).toBeLessThan(30)
      expect((yield* read("a0")).status?.systemFailures).toBeGreaterThan(15)
      expect(conditionOf(yield* read("a0"), "Failed")).toBeUndefined()
    })))
  })
})

describe("ends", () => {
  it("an action whose plugin is gone is let go with an event when it is deleted", () => {
    const { plugin } = makeScriptedPlugin(() => forever)
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.andThen(create(taskAction("a0")), Effect.sleep("5 seconds")))
      const spec = { task: { type: "nobody", container: { image: "img" } } }
      yield* abort("a0")
      yield* meddle("a0", undefined, { spec })
      yield* withEngine(config, Effect.sleep("2 seconds"))
      expect(yield* exists("a0")).toBe(false)
      expect((yield* journal).events.map((it) => it.phase).filter((it) => it === "ABORTED")).toEqual(["ABORTED"])
    }))
  })

  it("a child that inherited the terminal labels of its parent still runs to an end of its own", () => {
    const { plugin } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin], config: { gcInterval: "1 second", gcTtl: "1 minute" } }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0", {}, terminalLabels))
      yield* Effect.sleep("20 seconds")
      const action = yield* read("a0")
      expect(phases(action)).toEqual(["Queued", "Executing", "Completed"])
      expect(action.metadata.labels?.["flyte.org/completed-time"]).toBe("2026-01-01.00-00")
    })))
  })

  it("an ended action that lacks one of its labels gets it from its condition, once", () => {
    inWorld({ plugins: [makeScriptedPlugin(() => succeed).plugin] }, (world, config) => Effect.gen(function*() {
      yield* create(taskAction("a0", {}, { "flyte.org/termination-status": "terminated" }))
      yield* meddle("a0", "status", { status: { conditions: [{ type: "Succeeded", status: "True", reason: "Completed", message: "", lastTransitionTime: "2025-12-30T08:15:00Z" }] } })
      world.calls.length = 0
      yield* withEngine(config, Effect.sleep("1 minute"))
      expect((yield* read("a0")).metadata.labels?.["flyte.org/completed-time"]).toBe("2025-12-30.08-15")
      expect(writesOf(world)).toEqual(["patch taskactions"])
    }))
  })

  it("finalizers of others stay, and the engine is done with the object", () => {
    const { plugin } = makeScriptedPlugin(() => forever)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      const action = taskAction("a0")
      yield* create({ ...action, metadata: { ...action.metadata, finalizers: ["example.com/theirs"] } })
      yield* Effect.sleep("5 seconds")
      yield* abort("a0")
      yield* Effect.sleep("1 second")
      expect((yield* read("a0")).metadata.finalizers).toEqual(["example.com/theirs"])
      world.calls.length = 0
      yield* Effect.sleep("10 minutes")
      expect(writesOf(world)).toEqual([])
      expect((yield* journal).events.filter((it) => it.phase === "ABORTED")).toHaveLength(1)
    })))
  })
})

describe("folders of launches", () => {
  it("checkpoints are those of the attempt before, none for the first, and never the current ones", () => {
    const seen = new Map<string, TaskPaths>()
    const { plugin } = makeScriptedPlugin((_, before) => [fail(), lose, succeed][before] ?? succeed)
    const handle: Plugin["handle"] = (context) => Effect.suspend(() => {
      seen.set(`${context.metadata.labels["attempt"]}/${context.launch}`, context.paths)
      return plugin.handle(context)
    })
    inWorld({ plugins: [{ ...plugin, handle }] }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a0", { runOutputBase: "mem://data/out", task: { container: { image: "img" }, retries: 1 } }))
      yield* untilConcluded("a0")
      const [first, second, again] = [seen.get("1/0")!, seen.get("2/0")!, seen.get("2/1")!]
      expect(first.previousCheckpointPrefix).toBeUndefined()
      expect(first.checkpointPrefix).toBe(`${first.outputPrefix}/_flytecheckpoints`)
      expect(second.previousCheckpointPrefix).toBe(first.checkpointPrefix)
      expect(second.checkpointPrefix).not.toBe(first.checkpointPrefix)
      expect(again).toMatchObject({ checkpointPrefix: second.checkpointPrefix, previousCheckpointPrefix: second.checkpointPrefix })
      expect(again.outputPrefix).not.toBe(second.outputPrefix)
    })))
  })
})
