/** A catalog in memory, for tests, simulations and engines that need none beyond their own life. */
import { Clock, Effect, Layer, Option } from "effect"
import * as CacheKey from "./CacheKey.ts"
import { Catalog, CatalogError, type CatalogKey, type CatalogService, type Lease, type ListedEntry, type NewEntry } from "./Catalog.ts"
import { checked } from "./internal/checks.ts"
import { Listeners } from "./internal/listeners.ts"
import { overBudget, pageOf, reservationKept } from "./internal/listing.ts"
import { granted, type ReservationTimes } from "./ReservationTimes.ts"

interface StoredEntry extends NewEntry {
  readonly key: CatalogKey
  readonly createdAt: number
  readonly updatedAt: number
}

interface Held extends Lease {
  readonly heartbeat: number
  readonly expiresAt: number
}

/** Makes an empty catalog. Every call happens at once, whole. */
export const make = (times: ReservationTimes = {}): CatalogService => {
  const entries = new Map<string, StoredEntry>()
  const reservations = new Map<string, Held>()
  const listeners = new Listeners()
  const listed = ({ key, ...entry }: StoredEntry, now: number): ListedEntry => ({ key, entry: { ...entry, age: now - entry.updatedAt } })
  const all = (now: number): ReadonlyArray<ListedEntry> => [...entries.values()].map((it) => listed(it, now))

  const store = Effect.fnUntraced(function*(method: string, key: CatalogKey, entry: NewEntry, keeps: (age: number) => boolean, lease: Lease | undefined) {
    const text = yield* checked(method, key, entry)
    const now = yield* Clock.currentTimeMillis
    const holder = reservations.get(text)
    if (lease !== undefined && (holder?.owner !== lease.owner || holder.fence !== lease.fence)) {
      return yield* new CatalogError({ method, key: text, reason: { _tag: "ReservationLost", owner: holder?.owner ?? "" } })
    }
    const known = entries.get(text)
    if (known !== undefined && keeps(now - known.updatedAt)) return "Kept" as const
    entries.set(text, { ...entry, key, createdAt: known?.createdAt ?? now, updatedAt: now })
    listeners.tell(text)
    return "Stored" as const
  })

  return {
    get: Effect.fnUntraced(function*(key, { maxAge = 0 } = {}) {
      const known = entries.get(yield* checked("get", key))
      if (known === undefined) return Option.none()
      const { entry } = listed(known, yield* Clock.currentTimeMillis)
      return maxAge > 0 && entry.age > maxAge ? Option.none() : Option.some(entry)
    }),
    put: (key, entry, { lease, maxAge = 0 } = {}) => store("put", key, entry, (age) => maxAge === 0 || age <= maxAge, lease),
    update: (key, entry, { lease } = {}) => Effect.asVoid(store("update", key, entry, () => false, lease)),
    delete: (key) => Effect.map(checked("delete", key), (text) => entries.delete(text)),
    reserve: Effect.fnUntraced(function*(key, { heartbeat: wished, owner }) {
      const text = yield* checked("reserve", key)
      const now = yield* Clock.currentTimeMillis
      const known = reservations.get(text)
      if (known !== undefined && known.owner !== "" && known.owner !== owner && known.expiresAt > now) {
        return { owner: known.owner, fence: known.fence, isMine: false, heartbeat: known.heartbeat, expiresIn: known.expiresAt - now }
      }
      const { expiresIn, heartbeat } = granted(wished, times)
      const fence = known?.owner === owner ? known.fence : Math.max(now, (known?.fence ?? 0) + 1)
      reservations.set(text, { owner, fence, heartbeat, expiresAt: now + expiresIn })
      return { owner, fence, isMine: true, heartbeat, expiresIn }
    }),
    release: (key, { fence, owner }) => Effect.map(checked("release", key), (text) => {
      const known = reservations.get(text)
      if (known === undefined || known.owner !== owner || (fence !== undefined && known.fence !== fence)) return false
      reservations.set(text, { owner: "", fence: known.fence, heartbeat: 0, expiresAt: 0 })
      listeners.tell(text)
      return true
    }),
    list: (options = {}) => Effect.map(Clock.currentTimeMillis, (now) => pageOf(all(now), options)),
    purge: (options) => Effect.map(Clock.currentTimeMillis, (now) => {
      const gone = overBudget(all(now), options)
      for (const { key } of gone) entries.delete(CacheKey.text(key))
      for (const [text, { expiresAt }] of reservations) if (expiresAt + reservationKept <= now) reservations.delete(text)
      return gone
    }),
    usage: Effect.sync(() => ({ entries: entries.size, bytes: [...entries.values()].reduce((sum, it) => sum + it.size, 0) })),
    follow: listeners.follow
  }
}

/** A catalog in memory that lives as long as the layer. */
export const layer = (times: ReservationTimes = {}): Layer.Layer<Catalog> => Layer.sync(Catalog, () => make(times))
