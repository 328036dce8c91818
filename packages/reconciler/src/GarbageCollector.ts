/** Deletes actions that ended long ago. */
import { TaskAction } from "@fairlead/core"
import { KubeClient, type KubeError, type KubeObject, KubeResource } from "@fairlead/kube"
import { Clock, Duration, Effect, Exit, Metric, Result } from "effect"
import type { EngineConfig } from "./EngineConfig.ts"
import { terminalCondition } from "./internal/conditions.ts"
import { toMinuteLabel } from "./internal/times.ts"

/** What became of the actions that a sweep wanted to delete. */
export interface Sweep {
  readonly deleted: number
  readonly alreadyGone: number
  readonly failed: number
}

/** Deletions by outcome: `deleted`, `already_gone`, `failed`. */
export const deletions: Metric.Counter<number> = Metric.counter("taskaction_gc_deletions_total", { description: "actions that the garbage collector deleted", incremental: true })

/** Milliseconds that sweeps took, by `error`: `true` or `false`. Name and buckets are Flyte's. */
export const sweeps: Metric.Histogram<number> = Metric.histogram("taskaction_gc_sweep_duration_milliseconds", {
  description: "time that a sweep for ended actions took",
  boundaries: [100, 500, 1000, 5000, 10_000, 30_000, 60_000, 300_000]
})

const pageSize = 500
const { terminationStatus, completedTime } = TaskAction.labels

/** True for an action whose label says that it ended before `now - ttl`. Without a readable time it is kept; a TTL of zero keeps nothing else. */
export const isExpired = (completed: string | undefined, ttlMillis: number, now: number): boolean => {
  if (completed === undefined || completed === "") return false
  return ttlMillis <= 0 || completed < toMinuteLabel(now - ttlMillis)
}

/** Looks at all ended actions once, page by page, and deletes the expired ones. A deletion that fails does not stop the sweep. */
export const sweep: (config: EngineConfig) => Effect.Effect<Sweep, KubeError.KubeError, KubeClient> = Effect.fnUntraced(function*(config: EngineConfig) {
  const kube = yield* KubeClient
  const now = yield* Clock.currentTimeMillis
  const ttl = Duration.toMillis(config.gcTtl)
  const counts = { deleted: 0, already_gone: 0, failed: 0 }
  let next: string | undefined
  do {
    const query = { labelSelector: `${terminationStatus}=terminated,${completedTime}`, limit: String(pageSize), continue: next }
    const page = yield* kube.list<TaskAction.TaskAction & KubeObject>(KubeResource.taskActions, config.namespace, { query })
    for (const action of page.items) {
      // The labels alone prove nothing: an action may have inherited them from its parent.
      if (terminalCondition(action.status) === undefined || !isExpired(action.metadata.labels?.[completedTime], ttl, now)) continue
      const outcome = yield* remove(kube, action)
      counts[outcome]++
      yield* Metric.update(Metric.withAttributes(deletions, { outcome }), 1)
    }
    next = page.metadata.continue
  } while (next !== undefined && next !== "")
  return { deleted: counts.deleted, alreadyGone: counts.already_gone, failed: counts.failed }
})

/** Deletes this very object: one of the same name that came later is not meant. */
const remove = Effect.fnUntraced(function*(kube: KubeClient["Service"], action: KubeObject) {
  const { namespace, name = "", uid } = action.metadata
  const result = yield* Effect.result(kube.delete(KubeResource.taskActions, { namespace, name }, uid === undefined ? {} : { preconditions: { uid } }))
  if (Result.isSuccess(result)) return "deleted"
  const { failure } = result
  if (failure.reason._tag === "NotFound" || failure.reason._tag === "Conflict") return "already_gone"
  yield* Effect.logWarning(`garbage collector: ${failure.message}`)
  return "failed"
})

/** Sweeps now and then at the configured interval, for ever; a sweep that fails is logged. An interval of zero sweeps never. */
export const run = (config: EngineConfig): Effect.Effect<void, never, KubeClient> => {
  if (Duration.toMillis(config.gcInterval) <= 0) return Effect.void
  const once = Effect.matchEffect(timed(sweep(config)), {
    onFailure: (error) => Effect.logWarning(`garbage collector: the sweep ended early: ${error.message}`),
    onSuccess: ({ deleted, failed }) => Effect.logDebug(`garbage collector: ${deleted} actions deleted, ${failed} could not be`)
  })
  return Effect.forever(Effect.andThen(once, Effect.sleep(config.gcInterval)))
}

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Clock.currentTimeMillis, (start) =>
    Effect.onExit(effect, (exit) =>
      Effect.flatMap(Clock.currentTimeMillis, (end) =>
        Metric.update(Metric.withAttributes(sweeps, { error: String(Exit.isFailure(exit)) }), end - start))))
