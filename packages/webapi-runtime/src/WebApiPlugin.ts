/** Makes plugins of the engine from plugins for web APIs. */
import type { Plugin } from "@fairlead/core"
import { Effect, type Scope } from "effect"
import type { AsyncPlugin, Created, Json } from "./AsyncPlugin.ts"
import { AsyncRounds } from "./internal/asyncRounds.ts"
import { Calls } from "./internal/calls.ts"
import { LiveSettings } from "./internal/liveSettings.ts"
import { SecretGuard } from "./internal/secretGuard.ts"
import { SyncRounds } from "./internal/syncRounds.ts"
import { WriteGate } from "./internal/writeGate.ts"
import { type JobCacheStats, makeJobCache } from "./JobCache.ts"
import type { PluginConfigInvalid } from "./PluginConfig.ts"
import { Quotas } from "./Quotas.ts"
import type { SyncPlugin } from "./SyncPlugin.ts"
import type { WebApiError } from "./WebApiError.ts"
import * as WebApiMetrics from "./WebApiMetrics.ts"

/** Who a plugin is. */
export interface WebApiPluginId {
  readonly id: string
  readonly taskTypes: ReadonlyArray<string>
}

/** A plugin of the engine that one can look into. */
export interface WebApiPlugin extends Plugin {
  readonly stats: () => JobCacheStats & {
    /** Tasks that wait for a place in a quota. */
    readonly waitingForQuota: number
    /** Tasks that wait for their turn to be created. */
    readonly waitingForTurn: number
  }
}

/** Runs jobs on a service that works while one asks how it goes. What is under way when the scope ends gets a few seconds. */
export const makeAsync = <Meta extends Json, Resource>(
  who: WebApiPluginId,
  plugin: AsyncPlugin<Meta, Resource>
): Effect.Effect<WebApiPlugin, PluginConfigInvalid, Scope.Scope> =>
  Effect.gen(function*() {
    const settings = yield* Effect.fromResult(LiveSettings.make(plugin.config))
    const { config } = settings.read()
    const metrics = yield* WebApiMetrics.make(who.id)
    const guard = new SecretGuard()
    const cache = yield* makeJobCache<Meta, Resource>({ plugin, config, scrub: (text) => guard.scrub(text), observe: metrics.looked })
    const gate = yield* WriteGate.make(config.writeRateLimiter)
    const quotas = new Quotas()
    const calls = yield* Calls.make<Created<Meta, Resource>, WebApiError>()
    const rounds = new AsyncRounds<Meta, Resource>({ id: who.id, plugin, settings, cache, gate, quotas, calls, guard, metrics })
    return {
      ...who,
      handle: rounds.handle,
      abort: rounds.abort,
      finalize: rounds.finalize,
      recover: rounds.recover,
      stats: () => ({ ...cache.stats(), waitingForQuota: quotas.waiting, waitingForTurn: gate.waiting })
    }
  })

/** Does tasks by one call each, in the background. */
export const makeSync = (who: WebApiPluginId, plugin: SyncPlugin): Effect.Effect<Plugin, PluginConfigInvalid, Scope.Scope> =>
  Effect.gen(function*() {
    const settings = yield* Effect.fromResult(LiveSettings.make(plugin.config))
    const gate = yield* WriteGate.make(settings.read().config.writeRateLimiter)
    const calls = yield* SyncRounds.calls
    const rounds = new SyncRounds({ id: who.id, plugin, settings, gate, calls, guard: new SecretGuard() })
    return { ...who, handle: rounds.handle, abort: rounds.abort, finalize: rounds.finalize }
  })
