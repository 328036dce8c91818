/** A world whose engine has a catalog, and tasks that use it. */
import { CatalogError, CatalogMemory, type CatalogService } from "@fairlead/catalog"
import { Literals, type Plugin, type TaskAction } from "@fairlead/core"
import { Effect } from "effect"
import type { EventSinkMemory } from "../src/index.ts"
import { makeScriptedPlugin, type Script } from "./scriptedPlugin.ts"
import { inWorld, taskAction, type untilConcluded, withEngine, type World, type WorldOptions } from "./world.ts"

interface CacheSettings {
  readonly version?: string
  readonly serializable?: boolean
  readonly ignoredInputs?: ReadonlyArray<string>
}

/** A task `work` that takes `x` and `y` and gives `total`. */
export const cacheable = (name: string, inputs: { readonly x: number; readonly y: number } = { x: 1, y: 2 }, cache: CacheSettings = {}, annotations?: Record<string, string>) => {
  const integer = { type: "integer" as const }
  const action = taskAction(name, {
    task: {
      name: "work",
      container: { image: "img" },
      interface: { inputs: { x: integer, y: integer }, outputs: { total: integer } },
      inputs,
      cache: { version: "v1", ...cache }
    }
  } as Partial<TaskAction.TaskActionSpec>)
  return annotations === undefined ? action : { ...action, metadata: { ...action.metadata, annotations } }
}

/** One of several tasks that must not be done twice at a time. */
export const equal = (name: string) => cacheable(name, undefined, { serializable: true })

/** The plugin, with outputs: the number of the workload that made them. */
export const withOutputs = (scripted: ReturnType<typeof makeScriptedPlugin>): Plugin => ({
  ...scripted.plugin,
  handle: (context) => Effect.tap(scripted.plugin.handle(context), ({ phase }) =>
    phase.phase === "Success" ? context.putOutputs(Literals.literalMap({ total: Literals.integer(scripted.workloads.length) })) : Effect.void)
})

interface Cached {
  readonly world: World
  readonly catalog: CatalogService
  readonly workloads: ReturnType<typeof makeScriptedPlugin>["workloads"]
}

/** Runs a test with an engine that has a catalog. */
export const withCache = <A, E>(script: Script, test: (it: Cached) => Effect.Effect<A, E, Effect.Services<ReturnType<typeof untilConcluded>> | EventSinkMemory.EventJournal>, options: Partial<WorldOptions> = {}): A => {
  const scripted = makeScriptedPlugin(script)
  const catalog = options.catalog ?? CatalogMemory.make()
  return inWorld({ plugins: [withOutputs(scripted)], ...options, catalog }, (world, config) =>
    withEngine(config, test({ world, catalog, workloads: scripted.workloads })))
}

/** The output of an action. */
export const totalOf = (world: World, name: string): bigint | undefined => {
  const [, bytes] = [...world.files].find(([uri]) => uri.includes(`/${name}/`) && uri.endsWith("outputs.pb")) ?? []
  if (bytes === undefined) return undefined
  const decoded = Literals.decodeMap(bytes as Uint8Array)
  const value = decoded._tag === "Success" ? decoded.success.literals["total"]?.value : undefined
  const held = value?.case === "scalar" ? value.value.value : undefined
  return held?.case === "primitive" ? (held.value.value.value as bigint) : undefined
}

/** What a catalog answers that is down. */
export const unavailable = (method: string) => Effect.fail(new CatalogError({ method, reason: { _tag: "Unavailable", description: "connection refused" } }))
