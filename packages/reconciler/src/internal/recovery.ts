/** What plugins are told before an engine begins: the launches that were under way when the last one stopped. */
import type { Informer } from "@fairlead/controller"
import { type Plugin, type PluginState, TaskTemplates } from "@fairlead/core"
import { Effect, Result } from "effect"
import type { PluginRegistry } from "../PluginRegistry.ts"
import type { CachedAction } from "../TaskActionReconciler.ts"
import { terminalCondition } from "./conditions.ts"
import { fromStatus } from "./pluginState.ts"

/** Hands every plugin that wants to know them the stored states of its unfinished launches. Costs nothing when no plugin does. */
export const recoverPlugins = Effect.fnUntraced(function*(registry: PluginRegistry["Service"], actions: Informer<CachedAction>) {
  const curious = registry.plugins.filter((plugin) => plugin.recover !== undefined)
  if (curious.length === 0) return
  yield* actions.synced
  const states = new Map<Plugin, Array<PluginState>>(curious.map((plugin) => [plugin, []]))
  for (const action of actions.store.list()) {
    const state = terminalCondition(action.status) === undefined ? fromStatus(action.status) : undefined
    if (state === undefined) continue
    const plugin = registry.resolve(taskTypeOf(action))
    if (plugin !== undefined) states.get(plugin)?.push(state)
  }
  for (const [plugin, kept] of states) yield* plugin.recover!(kept)
})

/** A spec that cannot be read any more gets its refusal in its round, not here. */
const taskTypeOf = ({ spec }: CachedAction): string => {
  const type = Result.try(() => Result.map(TaskTemplates.fromSpec(spec), (template) => TaskTemplates.taskType(spec, template)))
  return Result.isSuccess(type) && Result.isSuccess(type.success) ? type.success.success : ""
}
