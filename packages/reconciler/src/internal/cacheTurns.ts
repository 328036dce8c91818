/** What the cache says before the plugin is asked: there is a result, somebody is at work on it, or go on. Nothing in here fails a task. */
import { CacheKey, type CatalogError, type CatalogKey, type Reservation, type TaskCache } from "@fairlead/catalog"
import { Idl, Literals, Phase, type TaskAction } from "@fairlead/core"
import { Duration, Effect, Result } from "effect"
import * as CacheHit from "../CacheHit.ts"
import type { Assignment } from "../Preparation.ts"
import type { ActionMemory } from "./actionMemory.ts"
import { type CacheMemory, freshCacheMemory } from "./cacheMemory.ts"
import type { CachePlan } from "./cachePlan.ts"
import { contextOf } from "./launches.ts"
import type { Surroundings } from "./surroundings.ts"

/** One action, its cache and its place in the world, handed from function to function. */
export interface Turn {
  readonly around: Surroundings
  readonly action: TaskAction.TaskAction
  readonly memory: ActionMemory
  readonly assignment: Assignment
  readonly status: TaskAction.TaskActionStatus
  readonly now: number
  readonly cache: TaskCache["Service"]
  readonly plan: CachePlan
  readonly own: CacheMemory
}

/** The turn of an action that uses the cache; undefined for all others. */
export const turnOf = (
  around: Surroundings,
  action: TaskAction.TaskAction,
  memory: ActionMemory,
  assignment: Assignment,
  status: TaskAction.TaskActionStatus,
  now: number
): Turn | undefined => {
  const { cache } = around
  const plan = assignment.cache
  if (cache === undefined || plan === undefined) return undefined
  const own = (memory.cache ??= freshCacheMemory())
  return { around, action, memory, assignment, status, now, cache, plan, own }
}

const statuses = Idl.CatalogCacheStatus

/** Facts about the cache, in the form in which Flyte's plugins report them. */
export const cacheFacts = (cacheStatus: number, phase: Phase.Phase): Phase.ExternalResource =>
  ({ externalId: "cache", cacheStatus, index: 0, retryAttempt: 0, phase, logs: [] })

/** Asks the cache before the plugin is asked. Answers the phase that follows from it, or nothing when the plugin is to go on. */
export const consult = Effect.fnUntraced(function*(turn: Turn) {
  const { own, plan, status } = turn
  own.lookAgainAt = undefined
  if (plan.mode === "skip") return undefined
  const key = yield* keyOf(turn)
  if (key === undefined) return undefined
  if (plan.mode === "evict") return yield* evictOnce(turn, key)
  if (status.pluginPhase === Phase.toWire("Running")) return plan.isSerializable ? yield* reclaim(turn, key) : undefined
  // Whoever holds the reservation and has looked knows that nobody else can have stored a result.
  if (own.lease !== undefined) return undefined
  const found = yield* lookUp(turn, key)
  if (found !== undefined || !plan.isSerializable) return found
  return hasLaunched(status) ? yield* reclaim(turn, key) : yield* queueFor(turn, key)
})

/** True when the plugin was asked to start this launch. */
const hasLaunched = ({ pluginPhase }: TaskAction.TaskActionStatus): boolean =>
  pluginPhase !== undefined && pluginPhase !== Phase.toWire("WaitingForCache") && pluginPhase !== Phase.toWire("Undefined")

/** The key of the result; undefined when the inputs cannot be read, which the task itself will find out as well. */
export const keyOf = Effect.fnUntraced(function*(turn: Turn): Effect.fn.Return<CatalogKey | undefined> {
  const { own, plan } = turn
  if (own.key !== undefined) return own.key
  const inputs = yield* Effect.result(inputsOf(turn))
  if (Result.isFailure(inputs)) {
    yield* complain(turn, `the inputs cannot be read: ${inputs.failure.message}`)
    return undefined
  }
  const { domain, project } = plan.id
  own.key = { project, domain, key: CacheKey.compose({ ...plan, inputs: inputs.success }) }
  return own.key
})

const inputsOf = ({ action, around, assignment, memory, now, plan, status }: Turn) => {
  if (assignment.inputs !== undefined) return Effect.succeed(assignment.inputs)
  return CacheKey.hasInputs(plan.interface) ? contextOf(around, action, memory, assignment, status, now).inputs : Effect.succeed(Literals.literalMap({}))
}

/** Looks for a result, and puts it into the folder of this attempt. */
const lookUp = Effect.fnUntraced(function*(turn: Turn, key: CatalogKey) {
  const { action, around, assignment, cache, memory, now, own, plan, status } = turn
  if (plan.mode === "overwrite") return undefined
  const found = yield* Effect.result(cache.find(key, { maxAge: Duration.toMillis(around.config.cacheMaxAge) }))
  if (Result.isFailure(found)) {
    own.isLookupFailed = true
    yield* complain(turn, found.failure.message)
    return undefined
  }
  own.isLookupFailed = false
  if (found.success._tag === "Stale") {
    own.isStale = true
    yield* complain(turn, `the result under ${CacheKey.text(key)} is of no use any more, and will be replaced: ${found.success.problem}`)
  }
  if (found.success._tag !== "Hit") return undefined
  const { entry, outputs } = found.success
  const written = yield* Effect.result(contextOf(around, action, memory, assignment, status, now).putOutputs(outputs))
  if (Result.isFailure(written)) {
    own.isLookupFailed = true
    yield* complain(turn, written.failure.message)
    return undefined
  }
  const reason = CacheHit.toText({ key: CacheKey.text(key), age: CacheHit.ageText(entry.age), madeBy: entry.source.labels["execution-name"] })
  return { ...Phase.success({ externalResources: [cacheFacts(statuses.CACHE_HIT, "Success")] }), reason }
})

const remember = (own: CacheMemory, reservation: Reservation, now: number): void => {
  own.lease = { owner: reservation.owner, fence: reservation.fence }
  own.askedAt = now
  own.heartbeat = reservation.heartbeat
}

const ask = ({ around, cache, plan }: Turn, key: CatalogKey): Effect.Effect<Result.Result<Reservation, CatalogError>> =>
  Effect.result(cache.reserve(key, { owner: plan.owner, heartbeat: around.limits.requeueAfter }))

/** Asks to be the one that works; waits when somebody else is. */
const queueFor = Effect.fnUntraced(function*(turn: Turn, key: CatalogKey) {
  const { action, around, now, own } = turn
  const request = { namespace: action.metadata.namespace, name: action.metadata.name ?? "" }
  // Before asking: a reservation may end between the answer and the moment in which it is heard.
  around.cacheWaits.add(CacheKey.text(key), request)
  const asked = yield* ask(turn, key)
  if (Result.isSuccess(asked) && !asked.success.isMine) {
    const { expiresIn, owner } = asked.success
    own.downSince = undefined
    own.lookAgainAt = now + Math.min(expiresIn + 50, around.limits.requeueAfter)
    return waiting(turn, `${ownerText(owner)} is at work on the same result`)
  }
  around.cacheWaits.remove(request)
  if (Result.isFailure(asked)) return yield* bear(turn, asked.failure)
  own.downSince = undefined
  // It may have been stored between the look and the grant.
  const found = yield* lookUp(turn, key)
  if (found === undefined) {
    remember(own, asked.success, now)
    return undefined
  }
  yield* Effect.ignore(turn.cache.release(key, asked.success))
  return found
})

const waiting = ({ status }: Turn, reason: string): Phase.PhaseInfo =>
  Phase.waitingForCache(status.pluginPhaseVersion ?? 0, reason, { externalResources: [cacheFacts(statuses.CACHE_MISS, "WaitingForCache")] })

const ownerText = (owner: string): string => owner.split("/").slice(0, 2).join("/")

/** A catalog that does not answer is waited for a while: work that is not to be done twice should not be because of a restart. */
const bear = Effect.fnUntraced(function*(turn: Turn, error: CatalogError) {
  const { around, now, own } = turn
  yield* complain(turn, error.message)
  own.downSince ??= now
  const patience = error.retryable ? Duration.toMillis(around.config.cachePatience) : 0
  if (now - own.downSince < patience) {
    own.lookAgainAt = Math.min(now + 2000, own.downSince + patience)
    return waiting(turn, `the catalog does not answer: ${error.message}`)
  }
  own.isLookupFailed = true
  return undefined
})

/** A launch that goes on takes its reservation up again, after a restart for instance. If it is somebody else's by now, the launch goes on all the same. */
const reclaim = Effect.fnUntraced(function*(turn: Turn, key: CatalogKey) {
  const { now, own } = turn
  if (own.lease !== undefined || own.isLeaseLost) return undefined
  const asked = yield* ask(turn, key)
  if (Result.isFailure(asked)) yield* complain(turn, asked.failure.message)
  else if (asked.success.isMine) remember(own, asked.success, now)
  else own.isLeaseLost = true
  return undefined
})

/** Asks again for a reservation that is held, when that is due. A catalog that does not answer is asked in the next round. */
export const renew = Effect.fnUntraced(function*(turn: Turn) {
  const { now, own } = turn
  if (own.lease === undefined || own.key === undefined || now < own.askedAt + own.heartbeat) return
  const asked = yield* ask(turn, own.key)
  // Once more before it expires.
  own.askedAt = now
  if (Result.isFailure(asked)) return yield* complain(turn, asked.failure.message)
  if (asked.success.isMine) return remember(own, asked.success, now)
  own.lease = undefined
  own.isLeaseLost = true
  yield* complain(turn, `the reservation was lost to ${ownerText(asked.success.owner)}; the work goes on, but its result is not kept`)
})

const evictOnce = Effect.fnUntraced(function*(turn: Turn, key: CatalogKey) {
  const { cache, own } = turn
  if (own.isEvicted) return undefined
  const evicted = yield* Effect.result(cache.evict(key))
  own.isEvicted = Result.isSuccess(evicted)
  if (Result.isFailure(evicted)) yield* complain(turn, evicted.failure.message)
  return undefined
})

/** Tells people, once for each action, that something is wrong with the cache. */
export const complain = ({ action, around, own }: Turn, problem: string): Effect.Effect<void> => {
  if (own.isTold) return Effect.void
  own.isTold = true
  return around.warn(action, "CacheFailed", problem)
}
