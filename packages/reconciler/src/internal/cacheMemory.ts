/** What the engine remembers about an action and the cache; all of it can be found out again. */
import type { CatalogKey, Lease } from "@fairlead/catalog"
import { Semaphore } from "effect"

/** The memory of one action. Mutable: only one round works on an action at a time, and beside it only what renews the reservation. */
export interface CacheMemory {
  /** What the result is found by; made when it is first needed, for inputs have to be read. */
  key: CatalogKey | undefined
  /** The reservation that the action holds. */
  lease: Lease | undefined
  /** It is asked for again after so many milliseconds, and may be somebody else's from `expiresAt` on. */
  heartbeat: number
  expiresAt: number
  /** Somebody looks after its renewal. */
  isRenewed: boolean
  /** Held by whoever asks for the reservation or ends it, so that none is taken that was just given back. */
  readonly exclusive: Semaphore.Semaphore
  /** A result was looked for since the reservation is held, so that nobody else can have stored one. */
  isLookedUp: boolean
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
  heartbeat: 0,
  expiresAt: 0,
  isRenewed: false,
  exclusive: Semaphore.makeUnsafe(1),
  isLookedUp: false,
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
export const nextCacheRound = (memory: CacheMemory | undefined): number => memory?.lookAgainAt ?? Infinity

/** A reservation that nobody will work under any more is left to expire. */
export const dropLease = (memory: CacheMemory | undefined): void => {
  if (memory !== undefined) memory.lease = undefined
}
