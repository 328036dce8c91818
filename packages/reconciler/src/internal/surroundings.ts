/** Everything around a round, handed from function to function. */
import type { TaskAction } from "@fairlead/core"
import type { TaskCache } from "@fairlead/catalog"
import { Result } from "@fairlead/controller"
import { type KubeClient, type KubeError, type KubeObject, KubeResource } from "@fairlead/kube"
import { type Clock, Effect, Exit, type Queue } from "effect"
import type { EngineConfig, Limits } from "../EngineConfig.ts"
import type { EngineMetrics } from "../EngineMetrics.ts"
import type { EventSink } from "../EventSink.ts"
import type { PluginRegistry } from "../PluginRegistry.ts"
import type { LaunchFiles } from "../LaunchFiles.ts"
import type { LaunchSecrets } from "../LaunchSecrets.ts"
import type { WakeUps } from "../WakeUps.ts"
import type { Turn } from "./cacheTurns.ts"
import type { CacheWaits } from "./cacheWaits.ts"
import type { Memories } from "./actionMemory.ts"

/** What a round works with. */
export interface Surroundings {
  readonly config: EngineConfig
  readonly limits: Limits
  readonly kube: KubeClient["Service"]
  readonly registry: PluginRegistry["Service"]
  readonly sink: EventSink["Service"]
  readonly files: LaunchFiles["Service"]
  readonly secrets: LaunchSecrets["Service"]
  readonly wakeUps: WakeUps["Service"]
  /** Nothing is looked up or kept without it. */
  readonly cache: TaskCache["Service"] | undefined
  readonly cacheWaits: CacheWaits
  /** Actions with a reservation that somebody has to renew from now on. */
  readonly leases: Queue.Queue<Turn>
  readonly memories: Memories
  readonly metrics: EngineMetrics
  /** Tells a round its time when it begins, by which it decides, and measures writes. */
  readonly clock: Clock.Clock
  /** What was launched for an action and is still there, as the caches show it. */
  readonly launchedFor: (action: TaskAction.TaskAction) => ReadonlyArray<KubeObject>
  /** The parent of an action, if it has failed for good. */
  readonly failedParent: (action: TaskAction.TaskAction) => TaskAction.TaskAction | undefined
  /** Tells people about an action that something went wrong, as a Kubernetes event. */
  readonly warn: (action: TaskAction.TaskAction, reason: string, message: string) => Effect.Effect<void>
}

/** Asks for the next round at `time`; at infinity only a change can bring news. */
export const lookAt = (time: number, now: number): Result =>
  Number.isFinite(time) ? { requeueAfter: Math.max(0, time - now) } : Result.done

type Action = TaskAction.TaskAction & KubeObject

/** Patches metadata or status of an action, on the condition that it is still the version that was decided upon. To be run at once. */
export const patchAction = (
  around: Surroundings,
  action: TaskAction.TaskAction,
  subresource: "status" | undefined,
  patch: { readonly metadata?: { readonly [field: string]: unknown }; readonly status?: { readonly [field: string]: unknown } }
): Effect.Effect<TaskAction.TaskAction, KubeError.KubeError> => {
  const { namespace, name = "", resourceVersion } = action.metadata
  const body = { ...patch, metadata: { ...patch.metadata, resourceVersion } }
  const op = subresource === undefined ? "update" : "status_update"
  const start = around.clock.monotonicTimeNanosUnsafe()
  return Effect.onExitPrimitive(around.kube.patch<Action>(KubeResource.taskActions, { namespace, name, subresource }, "merge", body), (exit) => {
    around.metrics.wrote(op, Number(around.clock.monotonicTimeNanosUnsafe() - start) / 1e6, Exit.isFailure(exit))
    return undefined
  })
}
