import { CatalogMemory, type CatalogService } from "@fairlead/catalog"
import type { TaskAction } from "@fairlead/core"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { forever, makeScriptedPlugin, succeed } from "./scriptedPlugin.ts"
import { create, inWorld, read, taskAction, untilConcluded, withEngine } from "./world.ts"

const cacheable = (name: string, serializable: boolean) =>
  taskAction(name, { task: { name: "work", container: { image: "img" }, cache: { version: "v1", serializable } } } as Partial<TaskAction.TaskActionSpec>)

/** A catalog that tells of its calls. */
const counting = () => {
  const calls: Array<string> = []
  const catalog = CatalogMemory.make()
  const counted: CatalogService = {
    ...catalog,
    get: (...args) => (calls.push("get"), catalog.get(...args)),
    put: (...args) => (calls.push("put"), catalog.put(...args)),
    reserve: (...args) => (calls.push("reserve"), catalog.reserve(...args)),
    release: (...args) => (calls.push("release"), catalog.release(...args))
  }
  return { calls, counted }
}

it("a miss of a task that need not be alone asks for no reservation, and gives none back", () => {
  const { calls, counted } = counting()
  inWorld({ plugins: [makeScriptedPlugin(() => succeed).plugin], catalog: counted }, (_, config) => withEngine(config, Effect.andThen(create(cacheable("a0", false)), untilConcluded("a0"))))
  expect(calls).toContain("get")
  expect(calls.at(-1)).toBe("put")
  expect(calls.filter((it) => it === "reserve" || it === "release")).toEqual([])
})

it.each([[false, []], [true, ["reserve"]]])("a task that runs is not looked up again (serializable: %s)", (serializable, meanwhile) => {
  const { calls, counted } = counting()
  inWorld({ plugins: [makeScriptedPlugin(() => forever).plugin], catalog: counted }, (_, config) => withEngine(config, Effect.gen(function*() {
    yield* create(cacheable("a0", serializable))
    yield* Effect.sleep("5 seconds")
    expect((yield* read("a0")).status?.pluginPhase).toBe("PhaseRunning")
    calls.length = 0
    yield* Effect.sleep("1 minute")
    expect([...new Set(calls)]).toEqual(meanwhile)
  })))
})
