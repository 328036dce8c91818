import type { Plugin } from "@fairlead/core"
import { Effect, Exit, Logger } from "effect"
import { describe, expect, it } from "vitest"
import { PluginRegistry, type PluginRegistryOptions } from "../src/index.ts"

const plugin = (id: string, taskTypes: ReadonlyArray<string>, more: Partial<Plugin> = {}): Plugin => ({
  id,
  taskTypes,
  handle: () => Effect.die("not used"),
  abort: () => Effect.void,
  finalize: () => Effect.void,
  ...more
})
const pods = plugin("pod", ["container", "sidecar"])
const ray = plugin("ray", ["ray"])
const make = (options: PluginRegistryOptions) => Effect.runSync(Effect.provide(PluginRegistry.make(options), Logger.layer([])))
const problem = (options: PluginRegistryOptions): string => {
  const exit = Effect.runSyncExit(PluginRegistry.make(options))
  return Exit.isFailure(exit) ? String(exit.cause) : "none"
}

describe("PluginRegistry", () => {
  it("resolve finds the plugin that registered for the type", () => {
    const registry = make({ plugins: [pods, ray] })
    expect([registry.resolve("container")?.id, registry.resolve("ray")?.id, registry.resolve("spark")]).toEqual(["pod", "ray", undefined])
    expect(registry.taskTypes).toEqual(["container", "sidecar", "ray"])
  })
  it("resolve falls back to the default", () => {
    expect(make({ plugins: [pods, ray], default: "pod" }).resolve("anything")?.id).toBe("pod")
  })
  it("resolve prefers the plugin that came later", () => {
    expect(make({ plugins: [pods, plugin("other", ["container"])] }).resolve("container")?.id).toBe("other")
  })
  it("an override reroutes its type alone, even to a plugin that lost all its types", () => {
    const registry = make({ plugins: [plugin("old", ["container"]), pods], forTaskTypes: { container: "old" } })
    expect([registry.resolve("container")?.id, registry.resolve("sidecar")?.id]).toEqual(["old", "pod"])
  })
  it("an override with an unknown plugin is ignored", () => {
    expect(make({ plugins: [pods], forTaskTypes: { container: "nothing" } }).resolve("container")?.id).toBe("pod")
  })
  it.each([
    [[plugin("", ["x"])], "has no id"],
    [[plugin("p", [])], "registers for no task type"],
    [[plugin("p", ["x"], { generatedNameMaxLength: 7 })], "at least 8 are needed"],
    [[pods, pods], "same id"]
  ])("make refuses plugins that cannot work (%#)", (plugins, text) => {
    expect(problem({ plugins })).toContain(text)
  })
  it.each([[5, false], [7, false], [8, true], [10, true]])("names of %i characters at most are enough: %s", (generatedNameMaxLength, enough) => {
    expect(problem({ plugins: [plugin("p", ["x"], { generatedNameMaxLength })] }) === "none").toBe(enough)
  })
  it("make refuses a default that does not exist, and says which plugins do", () => {
    expect(problem({ plugins: [pods, ray], default: "x" })).toContain('"x" does not exist; there are: pod, ray')
  })
})

describe("a plugin that learns of task types", () => {
  it("gets them as soon as it claims them, before the default, and never those of others", () => {
    const claimed = new Set<string>()
    const connector = plugin("connector", [], { claims: (type) => claimed.has(type) })
    const registry = Effect.runSync(PluginRegistry.make({ plugins: [plugin("pod", ["container"]), connector], default: "pod" }))
    expect(registry.resolve("query")?.id).toBe("pod")
    claimed.add("query").add("container")
    expect(registry.resolve("query")?.id).toBe("connector")
    expect(registry.resolve("container")?.id).toBe("pod")
  })
})
