/** Knows which plugin carries out which task type. */
import type { Plugin } from "@fairlead/core"
import { Context, Data, Effect, Layer, type Scope } from "effect"

/** Plugins that cannot work together as they were given. */
export class PluginRegistryError extends Data.TaggedError("PluginRegistryError")<{ readonly problems: ReadonlyArray<string> }> {
  override get message(): string {
    return `PluginRegistry.make failed: ${this.problems.join("; ")}`
  }
}

/** How task types find their plugins. */
export interface PluginRegistryOptions {
  /** In order: of two plugins that register for one task type the later one gets it. */
  readonly plugins: ReadonlyArray<Plugin>
  /** Id of the plugin for task types that nobody registered for; without it they are `PluginNotFound`. */
  readonly default?: string | undefined
  /** Task type → id of the plugin that carries it out instead. Any plugin can be named, even one that lost its types. */
  readonly forTaskTypes?: { readonly [taskType: string]: string } | undefined
}

/** Finds the plugin for a task type: the override, else the one that registered, else one that claims it now, else the default. */
export class PluginRegistry extends Context.Service<PluginRegistry, {
  readonly plugins: ReadonlyArray<Plugin>
  /** Task types that have a plugin of their own, in the order of registration. */
  readonly taskTypes: ReadonlyArray<string>
  readonly resolve: (taskType: string) => Plugin | undefined
}>()("@fairlead/reconciler/PluginRegistry") {
  /** Builds a registry; an override that names an unknown plugin is ignored with a warning. */
  static readonly make = (options: PluginRegistryOptions): Effect.Effect<PluginRegistry["Service"], PluginRegistryError> => make(options)

  /** Provides a registry of plugins that are built by an effect; what they acquire is released with the layer. */
  static readonly layer = <E, R>(options: Effect.Effect<PluginRegistryOptions, E, R>): Layer.Layer<PluginRegistry, E | PluginRegistryError, Exclude<R, Scope.Scope>> =>
    Layer.effect(PluginRegistry, Effect.flatMap(options, make))
}

const generatedNameLengthMin = 8

const make = Effect.fnUntraced(function*(options: PluginRegistryOptions) {
  const problems = options.plugins.flatMap(problemsOf)
  const byId = new Map(options.plugins.map((plugin) => [plugin.id, plugin]))
  if (byId.size < options.plugins.length) problems.push("two plugins have the same id")
  const fallback = options.default === undefined ? undefined : byId.get(options.default)
  if (options.default !== undefined && fallback === undefined) {
    problems.push(`the default plugin "${options.default}" does not exist; there are: ${[...byId.keys()].join(", ")}`)
  }
  if (problems.length > 0) return yield* new PluginRegistryError({ problems })
  const byTaskType = new Map(options.plugins.flatMap((plugin) => plugin.taskTypes.map((type) => [type, plugin] as const)))
  for (const [taskType, id] of Object.entries(options.forTaskTypes ?? {})) {
    const plugin = byId.get(id)
    if (plugin !== undefined) byTaskType.set(taskType, plugin)
    else yield* Effect.logWarning(`task type ${taskType}: there is no plugin "${id}", so the setting is ignored; there are: ${[...byId.keys()].join(", ")}`)
  }
  const curious = options.plugins.filter((plugin) => plugin.claims !== undefined)
  return PluginRegistry.of({
    plugins: options.plugins,
    taskTypes: [...byTaskType.keys()],
    resolve: (taskType) => byTaskType.get(taskType) ?? curious.find((plugin) => plugin.claims!(taskType)) ?? fallback
  })
})

const problemsOf = (plugin: Plugin): Array<string> => {
  const found: Array<string> = []
  if (plugin.id === "") found.push(`a plugin for ${plugin.taskTypes.join(", ") || "nothing"} has no id`)
  if (plugin.taskTypes.length === 0 && plugin.claims === undefined) found.push(`plugin ${plugin.id} registers for no task type`)
  const longest = plugin.generatedNameMaxLength
  if (longest !== undefined && longest < generatedNameLengthMin) {
    found.push(`plugin ${plugin.id} allows names of ${longest} characters, at least ${generatedNameLengthMin} are needed`)
  }
  return found
}
