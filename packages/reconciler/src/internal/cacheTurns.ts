/** What the cache says before the plugin is asked: there is a result, somebody is at work on it, or go on. Nothing in here fails a task. */
import { CacheKey, type CatalogKey, type TaskCache } from "@fairlead/catalog"
import { Idl, Literals, Phase, type TaskAction } from "@fairlead/core"
import { Duration, Effect, Result } from "effect"
import * as CacheHit from "../CacheHit.ts"
import type { Assignment } from "../Preparation.ts"
import type { ActionMemory } from "./actionMemory.ts"
import { type CacheMemory, freshCacheMemory } from "./cacheMemory.ts"
import { ask, giveBack, ownerText, reclaim, remember } from "./cacheLeases.ts"
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
  if (own.lease === undefined) {
    const found = yield* lookUp(turn, key)
    if (!plan.isSerializable) return Result.getOrUndefined(found)
    if (Result.isSuccess(found) && found.success !== undefined) return found.success
  } else if (own.isLookedUp) return undefined
  return hasLaunched(status) ? yield* reclaim(turn, key) : yield* queueFor(turn, key)
})

/** True when the plugin was asked to start this launch. */
export const hasLaunched = ({ pluginPhase }: TaskAction.TaskActionStatus): boolean =>
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

/** What went wrong with a look-up, and whether it may pass. */
interface Trouble {
  readonly retryable: boolean
  readonly message: string
}

/** Looks for a result, and puts it into the folder of this attempt. */
const lookUp = Effect.fnUntraced(function*(turn: Turn, key: CatalogKey): Effect.fn.Return<Result.Result<Phase.PhaseInfo | undefined, Trouble>> {
  const { action, around, assignment, cache, memory, now, own, plan, status } = turn
  if (plan.mode === "overwrite") return Result.succeed(undefined)
  const found = yield* Effect.result(cache.find(key, { maxAge: Duration.toMillis(around.config.cacheMaxAge) }))
  if (Result.isFailure(found)) {
    own.isLookupFailed = true
    yield* complain(turn, found.failure.message)
    return Result.fail(found.failure)
  }
  own.isLookupFailed = false
  if (found.success._tag === "Stale") {
    own.isStale = true
    yield* complain(turn, `the result under ${CacheKey.text(key)} is of no use any more, and will be replaced: ${found.success.problem}`)
  }
  if (found.success._tag !== "Hit") return Result.succeed(undefined)
  const { entry, outputs } = found.success
  const written = yield* Effect.result(contextOf(around, action, memory, assignment, status, now).putOutputs(outputs))
  if (Result.isFailure(written)) {
    own.isLookupFailed = true
    yield* complain(turn, written.failure.message)
    return Result.fail(written.failure)
  }
  const reason = CacheHit.toText({ key: CacheKey.text(key), age: CacheHit.ageText(entry.age), madeBy: entry.source.labels["execution-name"] })
  return Result.succeed({ ...Phase.success({ externalResources: [cacheFacts(statuses.CACHE_HIT, "Success")] }), reason })
})

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
  remember(turn, asked.success, now)
  // It may have been stored between the look and the grant.
  const found = yield* lookUp(turn, key)
  own.isLookedUp = true
  if (Result.isFailure(found)) {
    const waits = yield* bear(turn, found.failure)
    own.isLookedUp = waits === undefined
    return waits
  }
  own.downSince = undefined
  if (found.success !== undefined) yield* giveBack(turn, key)
  return found.success
})

/** Whether trouble may still pass within `cachePatience`: then it is looked at again soon. */
export const isPatient = ({ around, now, own }: Turn, { retryable }: Trouble): boolean => {
  own.downSince ??= now
  const patience = retryable ? Duration.toMillis(around.config.cachePatience) : 0
  if (now - own.downSince >= patience) return false
  own.lookAgainAt = Math.min(now + 2000, own.downSince + patience)
  return true
}

const waiting = ({ status }: Turn, reason: string): Phase.PhaseInfo =>
  Phase.waitingForCache(status.pluginPhaseVersion ?? 0, reason, { externalResources: [cacheFacts(statuses.CACHE_MISS, "WaitingForCache")] })

/** A catalog that does not answer is waited for a while: work that is not to be done twice should not be because of a restart. */
const bear = Effect.fnUntraced(function*(turn: Turn, trouble: Trouble) {
  yield* complain(turn, trouble.message)
  if (isPatient(turn, trouble)) return waiting(turn, `the catalog does not answer: ${trouble.message}`)
  turn.own.isLookupFailed = true
  return undefined
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
