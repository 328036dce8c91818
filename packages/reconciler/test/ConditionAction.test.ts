import { BinaryWriter } from "@bufbuild/protobuf/wire"
import { Effect } from "effect"
import { Base64 } from "effect/encoding"
import { describe, expect, it } from "vitest"
import { EventSinkMemory } from "../src/index.ts"
import { timeoutOf } from "../src/internal/conditionSpec.ts"
import { makeScriptedPlugin, quick } from "./scriptedPlugin.ts"
import { abort, conditionOf, create, exists, inWorld, meddle, phases, read, taskAction, untilConcluded, withEngine, writesOf } from "./world.ts"

/** A serialized `workflow.ConditionAction` with a name and a timeout. */
const conditionSpec = (timeoutSeconds?: number): string => {
  const writer = new BinaryWriter().tag(1, 2).string("approve").tag(7, 2).string("May we?")
  if (timeoutSeconds !== undefined) writer.tag(10, 2).bytes(new BinaryWriter().tag(1, 0).int64(timeoutSeconds).finish())
  return Base64.encode(writer.finish())
}
const condition = (name: string, spec: string | undefined) => {
  const { task: _, ...rest } = taskAction(name).spec
  return { ...taskAction(name), spec: { ...rest, actionType: "condition" as const, ...(spec === undefined ? {} : { conditionSpec: spec }) } }
}
const plugins = [makeScriptedPlugin(() => quick).plugin]
const signal = { status: { signalValue: "CgA=", signalledBy: "ann", signalledAt: "2026-01-01T00:00:01Z" } }

describe("a condition action", () => {
  it("pauses when it appears, and succeeds when it is signalled", () => {
    inWorld({ plugins }, (world, config) => withEngine(config, Effect.gen(function*() {
      yield* create(condition("c0", conditionSpec()))
      yield* Effect.sleep("1 hour")
      const paused = yield* read("c0")
      expect(conditionOf(paused, "Progressing")).toMatchObject({ status: "True", reason: "Paused" })
      expect(paused.metadata.finalizers).toBeUndefined()
      expect(writesOf(world)).toEqual(["create taskactions", "patch taskactions/status"])
      yield* meddle("c0", "status", signal)
      const ended = yield* untilConcluded("c0")
      expect(conditionOf(ended, "Succeeded")).toMatchObject({ status: "True", reason: "Signaled" })
      expect(phases(ended)).toEqual(["Paused", "Signaled"])
      expect(ended.status).toMatchObject(signal.status)
      expect((yield* EventSinkMemory.EventJournal).events).toEqual([])
    })))
  })

  it("times out, and a signal that comes later changes nothing", () => {
    inWorld({ plugins }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(condition("c0", conditionSpec(60)))
      yield* Effect.sleep("59 seconds")
      expect(phases(yield* read("c0"))).toEqual(["Paused"])
      const ended = yield* untilConcluded("c0")
      expect(conditionOf(ended, "Failed")).toMatchObject({ status: "True", reason: "TimedOut" })
      expect(ended.status?.errorState).toMatchObject({ code: "ConditionTimedOut", kind: "USER" })
      yield* meddle("c0", "status", signal)
      yield* Effect.sleep("1 minute")
      expect(conditionOf(yield* read("c0"), "Succeeded")).toBeUndefined()
    })))
  })

  it("takes a signal that came in time although it is seen late", () => {
    inWorld({ plugins }, (_, config) => Effect.gen(function*() {
      yield* create(condition("c0", conditionSpec(60)))
      yield* meddle("c0", "status", signal)
      yield* Effect.sleep("2 minutes")
      expect(conditionOf(yield* withEngine(config, untilConcluded("c0")), "Succeeded")).toMatchObject({ reason: "Signaled" })
    }))
  })

  it("goes at once when it is deleted", () => {
    inWorld({ plugins }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(condition("c0", conditionSpec()))
      yield* Effect.sleep("1 second")
      yield* abort("c0")
      expect(yield* exists("c0")).toBe(false)
    })))
  })

  it.each([[undefined, "is empty"], ["////", "no workflow.ConditionAction"]])("with the spec %s fails and says why", (spec, why) => {
    inWorld({ plugins }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(condition("c0", spec))
      const ended = yield* untilConcluded("c0")
      expect(conditionOf(ended, "Failed")).toMatchObject({ reason: "InvalidSpec" })
      expect(ended.status?.errorState).toMatchObject({ code: "InvalidSpec", kind: "USER" })
      expect(ended.status?.errorState?.message).toContain(why)
      expect(ended.metadata.labels).toMatchObject({ "flyte.org/termination-status": "terminated", "flyte.org/completed-time": "2026-01-01.00-00" })
    })))
  })

  it("with a spec that is not base64, which an API server would not have let in, says so", () => {
    expect(timeoutOf("###")).toMatchObject({ failure: "is not base64" })
  })

  it("without a timeout, or with one of zero, waits for ever", () => {
    expect(timeoutOf(conditionSpec())).toMatchObject({ success: 0 })
    expect(timeoutOf(conditionSpec(0))).toMatchObject({ success: 0 })
  })
})
