import { KubeClient, KubeResource } from "@fairlead/kube"
import { Effect, Fiber, Metric } from "effect"
import { describe, expect, it } from "vitest"
import { GarbageCollector } from "../src/index.ts"
import { makeScriptedPlugin, quick } from "./scriptedPlugin.ts"
import { create, exists, inWorld, meddle, refusal, taskAction, untilConcluded, withEngine } from "./world.ts"

const plugins = [makeScriptedPlugin(() => quick).plugin]
const ended = (time: string) => ({ "flyte.org/termination-status": "terminated", "flyte.org/completed-time": time })
const succeeded = { status: { conditions: [{ type: "Succeeded", status: "True", reason: "Completed", message: "", lastTransitionTime: "2025-12-31T10:00:00Z" }] } }
/** Actions that ended, as far as their status and their label say. */
const createEnded = (time: string, ...names: ReadonlyArray<string>) =>
  Effect.forEach(names, (name) => Effect.andThen(create(taskAction(name, {}, ended(time))), meddle(name, "status", succeeded)), { discard: true })
const now = Date.parse("2026-01-01T12:00:30Z")

describe("isExpired", () => {
  it.each([
    ["old", "2026-01-01.10-59", 3_600_000, true],
    ["just as old as may be", "2026-01-01.11-00", 3_600_000, false],
    ["recent", "2026-01-01.11-30", 3_600_000, false],
    ["recent, with no time to live", "2026-01-01.12-00", 0, true],
    ["recent, with a negative time to live", "2026-01-01.12-00", -1, true],
    ["without a time", undefined, 0, false],
    ["with an empty time", "", 0, false]
  ] as const)("%s", (_, label, ttl, expected) => expect(GarbageCollector.isExpired(label, ttl, now)).toBe(expected))
})

describe("sweep", () => {
  it("deletes what ended long ago and nothing else", () => {
    inWorld({ plugins }, (_, config) => Effect.gen(function*() {
      yield* createEnded("2025-12-31.10-00", "old")
      yield* createEnded("2026-01-01.00-00", "new")
      yield* create(taskAction("live"), taskAction("heir", {}, ended("2025-12-31.10-00")))
      expect(yield* GarbageCollector.sweep(config)).toEqual({ deleted: 1, alreadyGone: 0, failed: 0 })
      expect([yield* exists("old"), yield* exists("new"), yield* exists("live"), yield* exists("heir")]).toEqual([false, true, true, true])
    }))
  })

  it("follows the pages of the list", () => {
    inWorld({ plugins }, (_, config) => Effect.gen(function*() {
      yield* createEnded("2025-12-31.10-00", ...Array.from({ length: 1201 }, (_, index) => `n${index}`))
      expect(yield* GarbageCollector.sweep(config)).toEqual({ deleted: 1201, alreadyGone: 0, failed: 0 })
      expect((yield* (yield* KubeClient).list(KubeResource.taskActions, "default")).items).toEqual([])
    }))
  })

  it("goes on after a deletion that fails", () => {
    inWorld({ plugins }, (world, config) => Effect.gen(function*() {
      yield* createEnded("2025-12-31.10-00", "a", "b", "c")
      world.fault = ({ verb, name }) => verb !== "delete" || name === "run-c" ? undefined : { error: name === "run-a" ? refusal("InternalError", 500) : refusal("NotFound", 404), afterwards: false }
      expect(yield* GarbageCollector.sweep(config)).toEqual({ deleted: 1, alreadyGone: 1, failed: 1 })
    }))
  })

  it("of an empty cluster does nothing", () => {
    inWorld({ plugins }, (_, config) => Effect.gen(function*() {
      expect(yield* GarbageCollector.sweep(config)).toEqual({ deleted: 0, alreadyGone: 0, failed: 0 })
    }))
  })
})

describe("run", () => {
  it("sweeps when the engine starts and then at every interval", () => {
    inWorld({ plugins, config: { gcInterval: "10 minutes", gcTtl: "1 hour" } }, (_, config) => Effect.gen(function*() {
      yield* createEnded("2025-12-31.10-00", "old")
      yield* withEngine(config, Effect.gen(function*() {
        yield* Effect.sleep("1 second")
        expect(yield* exists("old")).toBe(false)
        yield* create(taskAction("a0"))
        yield* untilConcluded("a0")
        yield* Effect.sleep("59 minutes")
        expect(yield* exists("a0")).toBe(true)
        yield* Effect.sleep("12 minutes")
        expect(yield* exists("a0")).toBe(false)
      }))
    }))
  })

  it("measures sweeps by how they ended", () => {
    const count = (error: string) => Effect.map(Metric.value(Metric.withAttributes(GarbageCollector.sweeps, { error })), (it) => it.count)
    inWorld({ plugins, config: { gcInterval: "1 minute" } }, (world, config) => Effect.gen(function*() {
      let lists = 0
      world.fault = ({ verb, query }) => verb === "list" && query?.["labelSelector"]?.includes("terminated") && ++lists === 1 ? { error: refusal("InternalError", 500), afterwards: false } : undefined
      const fiber = yield* Effect.forkChild(GarbageCollector.run(config))
      yield* Effect.sleep("150 seconds")
      yield* Fiber.interrupt(fiber)
      expect([yield* count("false"), yield* count("true")]).toEqual([2, 1])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
  })

  it("is switched off by an interval of zero, and survives a list that fails", () => {
    inWorld({ plugins, config: { gcInterval: "0 seconds" } }, (_, config) => GarbageCollector.run(config))
    inWorld({ plugins, config: { gcInterval: "1 minute", gcTtl: "0 seconds" } }, (world, config) => Effect.gen(function*() {
      yield* createEnded("2025-12-31.10-00", "old")
      let lists = 0
      world.fault = ({ verb, query }) => verb === "list" && query?.["limit"] === "500" && query["labelSelector"]?.includes("terminated") && ++lists === 1 ? { error: refusal("InternalError", 500), afterwards: false } : undefined
      yield* withEngine(config, Effect.andThen(Effect.sleep("90 seconds"), exists("old"))).pipe(Effect.map((is) => expect(is).toBe(false)))
    }))
  })
})
