/** What the cache is told after the plugin: a result to keep, a reservation to end. Nothing in here fails a task. */
import type { KeptResult } from "@fairlead/catalog"
import { Idl, Literals, Phase, type TaskAction } from "@fairlead/core"
import { Duration, Effect, Result, Schedule } from "effect"
import { attemptOf } from "../Decision.ts"
import { giveBack } from "./cacheLeases.ts"
import { complain, cacheFacts, isPatient, keyOf, type Turn } from "./cacheTurns.ts"
import { contextOf, outputPrefixOf } from "./launches.ts"

const statuses = Idl.CatalogCacheStatus

/** A store that does not answer is asked a few more times: the work is done, and its result is worth a moment. */
const again = Schedule.max([Schedule.exponential("100 millis"), Schedule.recurs(4)])

/**
 * Keeps the result of a task that succeeded, and gives the turn to those who wait. Answers the phase with what became of it;
 * nothing when the others would do the work again and the catalog may answer soon: then the round has to be repeated.
 */
export const keepResult = Effect.fnUntraced(function*(turn: Turn, phase: Phase.PhaseInfo) {
  const cacheStatus = yield* keep(turn)
  if (cacheStatus === undefined) return undefined
  yield* endReservation(turn)
  const externalResources = [...phase.info.externalResources, cacheFacts(cacheStatus, "Success")]
  return { ...phase, info: { ...phase.info, externalResources } }
})

const keep = Effect.fnUntraced(function*(turn: Turn) {
  const { around, cache, own, plan } = turn
  if (plan.mode === "skip") return statuses.CACHE_SKIPPED
  if (plan.mode === "evict") return own.isEvicted ? statuses.CACHE_EVICTED : statuses.CACHE_LOOKUP_FAILURE
  const key = yield* keyOf(turn)
  if (key === undefined) return statuses.CACHE_LOOKUP_FAILURE
  if (own.isLeaseLost) return statuses.CACHE_PUT_FAILURE
  const options = {
    lease: own.lease,
    replace: plan.mode === "overwrite" || own.isStale,
    maxAge: Duration.toMillis(around.config.cacheMaxAge)
  }
  const offer = Effect.suspend(() => cache.keep(key, resultOf(turn), options))
  const kept = yield* Effect.result(Effect.retry(offer, { schedule: again, while: (error) => error.retryable }))
  if (Result.isFailure(kept)) {
    yield* complain(turn, kept.failure.message)
    return plan.isSerializable && isPatient(turn, kept.failure) ? undefined : statuses.CACHE_PUT_FAILURE
  }
  if (kept.success !== "NoOutputs") return statuses.CACHE_POPULATED
  return (yield* keepNothing(turn, offer)) ? statuses.CACHE_POPULATED : statuses.CACHE_PUT_FAILURE
})

/** A task that gives nothing has a result all the same: that it need not be done again. */
const keepNothing = Effect.fnUntraced(function*(turn: Turn, offer: Effect.Effect<string, unknown>) {
  const { action, around, assignment, memory, now, plan, status } = turn
  if (Object.keys(plan.interface?.outputs?.variables ?? []).length > 0) {
    yield* complain(turn, "the task wrote no outputs, so there is nothing to keep")
    return false
  }
  const context = contextOf(around, action, memory, assignment, status, now)
  const kept = yield* Effect.result(Effect.andThen(context.putOutputs(Literals.literalMap({})), offer))
  return Result.isSuccess(kept) && kept.success !== "NoOutputs"
})

/** Labels are those that Flyte's client sends along. */
const resultOf = ({ action, assignment, plan, status }: Turn): KeptResult => {
  const { actionName, domain, project, runName } = action.spec
  const attempt = attemptOf(status)
  const { id } = plan
  return {
    outputUri: `${outputPrefixOf(action, assignment, attempt, status.launches ?? 0)}/outputs.pb`,
    source: {
      project: id.project,
      domain: id.domain,
      name: id.name,
      version: id.version,
      org: id.org,
      labels: {
        "task-version": id.version,
        "execution-name": runName,
        "exec-domain": domain,
        "exec-project": project,
        "exec-node": actionName,
        "exec-attempt": String(attempt - 1),
        "exec-org": id.org
      }
    }
  }
}

/** Gives the reservation of an action back, if it may hold one. One that cannot be given back expires. */
export const endReservation = Effect.fnUntraced(function*(turn: Turn) {
  const { action, around, own, plan } = turn
  around.cacheWaits.remove({ namespace: action.metadata.namespace, name: action.metadata.name ?? "" })
  if (!plan.isSerializable || plan.mode === "skip" || own.isReleased || own.isLeaseLost) return
  const key = yield* keyOf(turn)
  if (key === undefined) return
  const released = yield* giveBack(turn, key)
  if (Result.isFailure(released)) yield* complain(turn, released.failure.message)
  own.isReleased = true
})

/** True when an action ended with a result of the cache, whatever it had begun itself. */
export const wasFound = (status: TaskAction.TaskActionStatus | undefined): boolean => status?.cacheStatus === statuses.CACHE_HIT
