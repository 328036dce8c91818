/** Reservations of actions: asked for and given back by rounds, renewed beside them. */
import type { CatalogError, CatalogKey, Lease, Reservation } from "@fairlead/catalog"
import { Clock, Duration, Effect, Queue, Result } from "effect"
import { complain, type Turn } from "./cacheTurns.ts"

/** For people: an owner without its uid. */
export const ownerText = (owner: string): string => owner.split("/").slice(0, 2).join("/")

const request = ({ around, cache, plan }: Turn, key: CatalogKey): Effect.Effect<Result.Result<Reservation, CatalogError>> =>
  Effect.result(cache.reserve(key, { owner: plan.owner, heartbeat: Duration.toMillis(around.config.cacheHeartbeat) }))

/** Asks for the reservation of a key, or extends it. */
export const ask = (turn: Turn, key: CatalogKey): Effect.Effect<Result.Result<Reservation, CatalogError>> => turn.own.exclusive.withPermit(request(turn, key))

/** Notes a grant that was asked for at `now`, and has it renewed for as long as it is held. */
export const remember = (turn: Turn, { expiresIn, fence, heartbeat, owner }: Reservation, now: number): void => {
  const { around, own } = turn
  own.lease = { owner, fence }
  own.isLeaseLost = false
  own.heartbeat = heartbeat
  own.expiresAt = now + expiresIn
  if (own.isRenewed) return
  own.isRenewed = true
  Queue.offerUnsafe(around.leases, turn)
}

/** Gives back the reservation that is held, or whichever the action was granted in an earlier life. */
export const giveBack = (turn: Turn, key: CatalogKey): Effect.Effect<Result.Result<boolean, CatalogError>> =>
  turn.own.exclusive.withPermit(Effect.suspend(() => {
    const lease: Partial<Lease> & Pick<Lease, "owner"> = turn.own.lease ?? { owner: turn.plan.owner }
    turn.own.lease = undefined
    return Effect.result(turn.cache.release(key, lease))
  }))

/** A launch that goes on takes its reservation up again, after a restart for instance. If it is somebody else's by now, the launch goes on all the same. */
export const reclaim = Effect.fnUntraced(function*(turn: Turn, key: CatalogKey) {
  const { now, own } = turn
  if (own.lease !== undefined || own.isLeaseLost) return undefined
  const asked = yield* ask(turn, key)
  if (Result.isFailure(asked)) {
    own.lookAgainAt = now + renewAgainAfter
    yield* complain(turn, asked.failure.message)
  } else if (asked.success.isMine) {
    own.isLookedUp = true
    remember(turn, asked.success, now)
  } else own.isLeaseLost = true
  return undefined
})

/** Whether the reservation that was held when a round began still is. A process may have slept since then. */
export const isStillHeld = ({ own }: Turn, lease: Lease): Effect.Effect<boolean> =>
  Effect.map(Clock.currentTimeMillis, (now) => own.lease?.fence === lease.fence && now < own.expiresAt)

/**
 * Renews the reservations that are held, until interrupted.
 *
 * Rounds do not: one may wait for its turn among thousands, for a server that does not answer or for a plugin that hangs
 * longer than a reservation lasts, and then the work would be done a second time although somebody is at it.
 */
export const renewLeases = (leases: Queue.Queue<Turn>): Effect.Effect<never> =>
  Effect.forever(Effect.flatMap(Queue.take(leases), (turn) => Effect.forkChild(renew(turn))))

/** A catalog that does not answer is asked again so soon that a reservation survives its restart. */
const renewAgainAfter = 1000

const renew = Effect.fnUntraced(function*(turn: Turn) {
  const { own } = turn
  let isAnswered = true
  while (own.lease !== undefined) {
    yield* Effect.sleep(isAnswered ? own.heartbeat : Math.min(renewAgainAfter, own.heartbeat))
    isAnswered = yield* own.exclusive.withPermit(extend(turn))
  }
  own.isRenewed = false
})

/** Extends a reservation that is held; false when the catalog did not answer. */
const extend = Effect.fnUntraced(function*(turn: Turn) {
  const { own } = turn
  if (own.lease === undefined || own.key === undefined) return true
  const now = yield* Clock.currentTimeMillis
  const asked = yield* request(turn, own.key)
  if (Result.isFailure(asked)) {
    yield* complain(turn, asked.failure.message)
    return false
  }
  if (asked.success.isMine) remember(turn, asked.success, now)
  else {
    own.lease = undefined
    own.isLeaseLost = true
    yield* complain(turn, `the reservation was lost to ${ownerText(asked.success.owner)}; the work goes on, but its result is not kept`)
  }
  return true
})
