/** What all steps of an object runner share: the services, and where objects are looked up. */
import type { PluginError } from "@fairlead/core"
import { type KubeClient, KubeError, type KubeObject, type ObjectKey } from "@fairlead/kube"
import { Effect } from "effect"
import { kubeFailure } from "../CreateOutcome.ts"
import type { KubeObjectPlugin } from "../KubeObjectPlugin.ts"
import type { ObjectEvents } from "../ObjectEvents.ts"
import type { ObjectReader } from "../ObjectReader.ts"
import type { ObjectRunnerConfig } from "../ObjectRunnerConfig.ts"
import type * as ObjectState from "../ObjectState.ts"
import type { RecentLaunches } from "./recentLaunches.ts"

/** Everything that the steps share. */
export interface Parts<A extends KubeObject> {
  readonly plugin: KubeObjectPlugin<A>
  readonly client: KubeClient["Service"]
  readonly reader: ObjectReader["Service"]
  readonly recent: RecentLaunches<A>
  readonly config: ObjectRunnerConfig
  readonly events: ObjectEvents | undefined
}

/** State of a launch that has its object. */
export type LaunchedState = ObjectState.ObjectState & { readonly uid: string }

export const hasObject = (state: ObjectState.ObjectState): state is LaunchedState => state.uid !== undefined

/** The object as the cache shows it, or as it was created a moment ago. */
export const lookUp = <A extends KubeObject>(parts: Parts<A>, namespace: string, name: string, now: number): A | undefined => {
  const cached = parts.reader.get(parts.plugin.resource, namespace, name) as A | undefined
  if (cached === undefined) {
    return parts.reader.covers(parts.plugin.resource) ? parts.recent.find(namespace, name, now) : undefined
  }
  parts.recent.seen(cached)
  return cached
}

/** The object as the API server has it; `undefined` when there is none. */
export const readLive = <A extends KubeObject>(parts: Parts<A>, key: ObjectKey): Effect.Effect<A | undefined, PluginError> =>
  Effect.catch(parts.client.get<A>(parts.plugin.resource, key), (error) =>
    KubeError.isReason(error, "NotFound", "Gone", "Expired") ? Effect.undefined : Effect.fail(kubeFailure(parts.plugin.id, error)))
