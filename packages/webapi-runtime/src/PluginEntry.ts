/** How plugins for web APIs are registered: Flyte's `webapi.PluginEntry`, with its defaults honoured. */
import type { Plugin } from "@fairlead/core"
import { Data, Effect, type Scope } from "effect"
import type { AsyncPlugin } from "./AsyncPlugin.ts"
import type { PluginConfigInvalid } from "./PluginConfig.ts"
import type { SyncPlugin } from "./SyncPlugin.ts"
import * as WebApiPlugin from "./WebApiPlugin.ts"

/** A plugin as its author made it. */
export type LoadedPlugin =
  | { readonly _tag: "Async"; readonly plugin: AsyncPlugin<never, never> }
  | { readonly _tag: "Sync"; readonly plugin: SyncPlugin }

/** Says that a plugin is an async one, of whatever types. */
export const asyncPlugin = <Meta extends Parameters<AsyncPlugin["get"]>[0]["meta"], Resource>(plugin: AsyncPlugin<Meta, Resource>): LoadedPlugin =>
  ({ _tag: "Async", plugin: plugin as unknown as AsyncPlugin<never, never> })

/** Says that a plugin is a sync one. */
export const syncPlugin = (plugin: SyncPlugin): LoadedPlugin => ({ _tag: "Sync", plugin })

/** What a loader gets. */
export interface PluginSetup {
  /** Labels for the plugin's own metrics, so that two plugins never share one series. */
  readonly metricLabels: { readonly plugin: string }
}

/** A plugin to register. */
export interface PluginEntry {
  /** Unique in the whole engine. */
  readonly id: string
  readonly supportedTaskTypes: ReadonlyArray<string>
  /** Called once, before anything else. What it acquires lives as long as the engine. */
  readonly load: (setup: PluginSetup) => Effect.Effect<LoadedPlugin, PluginEntryInvalid, Scope.Scope>
  /** Takes the tasks of types that nobody supports. One plugin at most. */
  readonly isDefault?: boolean | undefined
  /** Types that it takes when others support them too: some of `supportedTaskTypes`. One plugin at most for each. */
  readonly defaultForTaskTypes?: ReadonlyArray<string> | undefined
}

/** Entries that cannot be registered, with everything that is wrong with them. */
export class PluginEntryInvalid extends Data.TaggedError("PluginEntryInvalid")<{ readonly problems: ReadonlyArray<string> }> {
  override get message(): string {
    return this.problems.join("; ")
  }
}

/** What the engine's registry takes. */
export interface LoadedPlugins {
  readonly plugins: ReadonlyArray<Plugin>
  readonly default?: string
  readonly forTaskTypes: { readonly [taskType: string]: string }
}

/** Checks entries as a whole, then loads them one after the other. */
export const loadEntries = (entries: ReadonlyArray<PluginEntry>): Effect.Effect<LoadedPlugins, PluginEntryInvalid | PluginConfigInvalid, Scope.Scope> =>
  Effect.gen(function*() {
    const problems = problemsOf(entries)
    if (problems.length > 0) return yield* new PluginEntryInvalid({ problems })
    const plugins = yield* Effect.forEach(entries, (entry) => load(entry))
    const byDefault = entries.find((it) => it.isDefault === true)
    const forTaskTypes = Object.fromEntries(entries.flatMap(({ defaultForTaskTypes = [], id }) => defaultForTaskTypes.map((type) => [type, id] as const)))
    return { plugins, forTaskTypes, ...(byDefault === undefined ? {} : { default: byDefault.id }) }
  })

const load = Effect.fnUntraced(function*({ id, load: loader, supportedTaskTypes }: PluginEntry) {
  const who = { id, taskTypes: supportedTaskTypes }
  const loaded = yield* loader({ metricLabels: { plugin: id } })
  return loaded._tag === "Async" ? yield* WebApiPlugin.makeAsync(who, loaded.plugin) : yield* WebApiPlugin.makeSync(who, loaded.plugin)
})

const problemsOf = (entries: ReadonlyArray<PluginEntry>): ReadonlyArray<string> => {
  const problems = entries.flatMap(({ defaultForTaskTypes = [], id, supportedTaskTypes }) => [
    ...(id === "" ? [`a plugin for ${supportedTaskTypes.join(", ") || "nothing"} has no id`] : []),
    ...(supportedTaskTypes.length === 0 ? [`plugin ${id} supports no task type`] : []),
    ...defaultForTaskTypes.filter((type) => !supportedTaskTypes.includes(type)).map((type) => `plugin ${id} is to be the default for "${type}", which it does not support`)
  ])
  const defaults = entries.filter((it) => it.isDefault === true)
  if (defaults.length > 1) problems.push(`only one plugin can be the default, these want to: ${defaults.map((it) => it.id).join(", ")}`)
  const ids = entries.map((it) => it.id)
  problems.push(...ids.filter((id, index) => ids.indexOf(id) < index).map((id) => `two plugins have the id ${id}`))
  const claims = entries.flatMap(({ defaultForTaskTypes = [], id }) => defaultForTaskTypes.map((type) => ({ type, id })))
  for (const [index, { id, type }] of claims.entries()) {
    const other = claims.slice(0, index).find((it) => it.type === type)
    if (other !== undefined) problems.push(`only one plugin can be the default for "${type}", these want to: ${other.id}, ${id}`)
  }
  return problems
}
