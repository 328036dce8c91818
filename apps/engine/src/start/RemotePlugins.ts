/** The plugins for remote services that the settings describe. */
import type { Plugin } from "@fairlead/core"
import { asyncPlugin, deploymentsOf, loadEntries, makeConnector, makeHttpJson, type PluginConfigInput, type PluginEntry, WebApiPlugin } from "@fairlead/webapi-runtime"
import { ConnectorClientGrpc } from "@fairlead/webapi-runtime/node"
import { Effect, type Scope } from "effect"
import type { Settings } from "./Settings.ts"

/** Id of the plugin for connectors, as in Flyte. */
const connectorPluginId = "connector-service"

/** Makes them. The settings were checked, so what fails here is a fault of ours. */
export const makeRemotePlugins = ({ connectors, webApis }: Pick<Settings, "webApis" | "connectors">): Effect.Effect<ReadonlyArray<Plugin>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const entries = Object.entries(webApis).map(([id, { service, settings, taskTypes }]): PluginEntry => ({
      id,
      supportedTaskTypes: taskTypes,
      load: () => Effect.succeed(asyncPlugin(makeHttpJson({ config: service, settings: () => (settings ?? {}) as PluginConfigInput, fetch: (request) => fetch(request) })))
    }))
    const { plugins } = yield* loadEntries(entries)
    if (deploymentsOf(connectors).size === 0) return plugins
    const connector = yield* makeConnector({ config: connectors, open: ConnectorClientGrpc.open })
    const taskTypes = [...new Set([...connectors.supportedTaskTypes, ...Object.keys(connectors.connectorForTaskTypes)])]
    const plugin = yield* WebApiPlugin.makeAsync({ id: connectorPluginId, taskTypes }, connector)
    // What connectors support is learnt while the engine runs.
    return [...plugins, { ...plugin, claims: (type) => connector.registry().taskTypes.includes(type) }]
  }).pipe(Effect.orDie)
