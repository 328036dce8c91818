/** Pages of entries, and which of them are too old or too many: for stores that hold them all at hand. */
import * as CacheKey from "../CacheKey.ts"
import type { ListedEntry, ListOptions, PurgeOptions } from "../Catalog.ts"

/** How long a reservation that ended is kept, for its fence: 10 minutes. Later nobody can hold an earlier grant of it in good faith. */
export const reservationKept = 600_000

/** Entries on a page unless told otherwise. */
export const pageSize = 100

/** One page of entries, sorted by the text of their keys. */
export const pageOf = (entries: ReadonlyArray<ListedEntry>, { after, domain, limit = pageSize, project }: ListOptions): ReadonlyArray<ListedEntry> => {
  const behind = after === undefined ? undefined : CacheKey.text(after)
  return entries
    .map((listed) => ({ listed, text: CacheKey.text(listed.key) }))
    .filter(({ listed: { key }, text }) =>
      (project === undefined || key.project === project) && (domain === undefined || key.domain === domain) && (behind === undefined || text > behind))
    .sort((left, right) => (left.text < right.text ? -1 : 1))
    .slice(0, limit)
    .map(({ listed }) => listed)
}

/** The entries that have to go: the old ones, then the oldest of those that are too many. */
export const overBudget = (entries: ReadonlyArray<ListedEntry>, { bytesMost, olderThan = 0 }: PurgeOptions): ReadonlyArray<ListedEntry> => {
  const newestFirst = [...entries].sort((left, right) => left.entry.age - right.entry.age || (CacheKey.text(left.key) < CacheKey.text(right.key) ? -1 : 1))
  let bytes = 0
  return newestFirst.filter(({ entry: { age, size } }) => {
    if (olderThan > 0 && age > olderThan) return true
    bytes += size
    return bytesMost !== undefined && bytes > bytesMost
  })
}
