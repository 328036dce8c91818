/** What the engine remembers about an action and the cache; all of it can be found out again. */
import type { CatalogKey, Lease } from "@fairlead/catalog"

/** The memory of one action. Mutable: only one round works on an action at a time. */
export interface CacheMemory {
  /** What the result is found by; made when it is first needed, for inputs have to be read. */
  key: CatalogKey | undefined
  /** The reservation that the action holds. */
  lease: Lease | undefined
  /** When it was asked for last, and how long until it must be asked for again. */
  askedAt: number
  heartbeat: number
  /** Somebody else has the reservation while our launch goes on: what comes of it is not kept. */
  isLeaseLost: boolean
  /** There is an entry that is of no use: a new result takes its place. */
  isStale: boolean
  /** The cache could not be asked, so the task works without. */
  isLookupFailed: boolean
  isEvicted: boolean
  isReleased: boolean
  /** Since when the catalog does not answer. */
  downSince: number | undefined
  /** When an action that waits looks again by itself. */
  lookAgainAt: number | undefined
  /** People were told what is wrong with the cache. */
  isTold: boolean
}

/** Nothing is known. */
export const freshCacheMemory = (): CacheMemory => ({
  key: undefined,
  lease: undefined,
  askedAt: 0,
  heartbeat: 0,
  isLeaseLost: false,
  isStale: false,
  isLookupFailed: false,
  isEvicted: false,
  isReleased: false,
  downSince: undefined,
  lookAgainAt: undefined,
  isTold: false
})

/** When the next round has to be because of the cache; infinity if the cache asks for none. */
export const nextCacheRound = (memory: CacheMemory | undefined): number => {
  if (memory === undefined) return Infinity
  const renewal = memory.lease === undefined ? Infinity : memory.askedAt + memory.heartbeat
  return Math.min(renewal, memory.lookAgainAt ?? Infinity)
}
