/** What plugins are told before work on a share of the actions begins: the launches that were under way when whoever had it stopped. */
import type { Informer, ReconcileRequest } from "@fairlead/controller"
import { type Plugin, type PluginState, TaskTemplates } from "@fairlead/core"
import { Effect, Result } from "effect"
import type { PluginRegistry } from "../PluginRegistry.ts"
import type { CachedAction } from "../TaskActionReconciler.ts"
import { terminalCondition } from "./conditions.ts"
import { fromStatus } from "./pluginState.ts"

/** Hands every plugin that wants to know them the stored states of its unfinished launches. Costs nothing when no plugin does. */
export const recoverPlugins = Effect.fnUntraced(function*(registry: PluginRegistry["Service"], actions: Informer<CachedAction>, isOurs: (request: ReconcileRequest) => boolean) {
  const curious = registry.plugins.filter((plugin) => plugin.recover !== undefined)
  if (curious.length === 0) return
  yield* actions.synced
  const states = new Map<Plugin, Array<PluginState>>(curious.map((plugin) => [plugin, []]))
  for (const action of actions.store.list()) {
    const { name = "", namespace } = action.metadata
    if (!isOurs({ namespace, name })) continue
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
