/** Stops a job for sure: waits for a call that may still create it, finds it by its key, deletes it. */
import { type PluginError, type TaskExecutionContext } from "@fairlead/core"
import { Deferred, Effect, Exit, Result } from "effect"
import type { Json } from "../AsyncPlugin.ts"
import { isTerminalJob, type JobState, type JobStateCorrupt } from "../JobState.ts"
import { WebApiError } from "../WebApiError.ts"
import type { AsyncParts } from "./asyncRounds.ts"
import { pluginErrorOf } from "./roundErrors.ts"
import { bounded } from "./webApiCalls.ts"
import { taskOf } from "./webApiTask.ts"

/**
 * Deletes the job of a launch.
 *
 * `isUntouched`: this engine knows that the job was never asked for. A state that cannot be read does not keep the job alive: the
 * key does not depend on it.
 */
export const stopJob = Effect.fnUntraced(function*<Meta extends Json, Resource>(
  parts: AsyncParts<Meta, Resource>,
  context: TaskExecutionContext,
  reason: string,
  stored: Result.Result<JobState, JobStateCorrupt>,
  isUntouched: boolean
): Effect.fn.Return<void, PluginError> {
  const state = Result.isSuccess(stored) ? stored.success : undefined
  const key = state?.key ?? context.idempotencyKey
  const endpoint = state?.endpoint ?? ""
  if (state !== undefined && isTerminalJob(state.phase) && state.isAbandoned !== true) return
  if (state?.phase === "NotStarted") return
  const meta = metaOf(parts, state)
  if (meta !== undefined) return yield* remove(parts, context, key, endpoint, meta, reason)
  const call = parts.calls.get(key)
  if (call !== undefined) {
    yield* Deferred.await(call.done)
    if (call.exit !== undefined && Exit.isSuccess(call.exit)) return yield* remove(parts, context, key, endpoint, call.exit.value.meta, reason)
    parts.calls.drop(key)
  } else if (isUntouched) return
  const found = yield* Effect.mapError(search(parts, context, key), (error) => pluginErrorOf(parts, "DeleteFailed", error))
  if (found !== undefined) yield* remove(parts, context, key, endpoint, found, reason)
})

const metaOf = <Meta extends Json, Resource>({ plugin }: AsyncParts<Meta, Resource>, state: JobState | undefined): Meta | undefined => {
  if (state?.meta === undefined) return undefined
  const meta = Result.try(() => plugin.decodeMeta === undefined ? state.meta as Meta : plugin.decodeMeta(state.meta as Json))
  return Result.isSuccess(meta) ? meta.success : undefined
}

/** Looks for a job of which only the key is known; `undefined` when there is none, or when there is no way to find it. */
const search = Effect.fnUntraced(function*<Meta extends Json, Resource>(
  parts: AsyncParts<Meta, Resource>,
  context: TaskExecutionContext,
  key: string
): Effect.fn.Return<Meta | undefined, WebApiError> {
  const { find, isCreateIdempotent } = parts.plugin
  const { timeouts } = parts.settings.read().config
  const task = taskOf(parts, context, key)
  if (find !== undefined) return (yield* bounded(() => find(task), timeouts.create))?.meta
  if (isCreateIdempotent === true) {
    const created = yield* Effect.result(bounded(() => parts.plugin.create(task), timeouts.create))
    if (Result.isSuccess(created)) return created.success.meta
    if (created.failure.fault === "Rejected" || created.failure.fault === "Failed") return undefined
    return yield* created.failure
  }
  yield* Effect.logWarning(`plugin ${parts.id}: nobody knows whether the job with the key ${key} was created, and the plugin cannot find it; if it was, it is still there`)
  return undefined
})

const remove = Effect.fnUntraced(function*<Meta extends Json, Resource>(
  parts: AsyncParts<Meta, Resource>,
  context: TaskExecutionContext,
  key: string,
  endpoint: string,
  meta: Meta,
  reason: string
): Effect.fn.Return<void, PluginError> {
  const { gate, guard, metrics, plugin, settings } = parts
  const wait = gate.reserve(endpoint)
  if (wait > 0) yield* Effect.sleep(wait)
  const secrets = guard.watch(context.secrets)
  const exit = yield* Effect.result(bounded(() => plugin.delete({ key, meta, secrets, reason }), settings.read().config.timeouts.delete))
  if (Result.isSuccess(exit) || exit.failure.fault === "NotFound") {
    metrics.deleted("deleted")
    return
  }
  const error = exit.failure
  metrics.deleted(error.fault)
  if (error.fault === "Throttled") gate.pause(endpoint, error.retryAfter ?? 1000)
  // Even a refusal is tried again: to leave a job running is worse than to ask once more.
  return yield* pluginErrorOf(parts, "DeleteFailed", new WebApiError({ fault: error.fault === "Rejected" ? "Unavailable" : error.fault, description: error.description, code: error.code }))
})
