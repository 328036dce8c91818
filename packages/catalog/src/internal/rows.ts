/** Rows of the tables that catalogs in databases keep. */
import * as CacheKey from "../CacheKey.ts"
import type { EntrySource, ListedEntry, ListOptions } from "../Catalog.ts"

/** A row of `entries`. Databases that write large numbers as text give text. */
export interface EntryRow {
  readonly project: string
  readonly domain: string
  readonly cache_key: string
  readonly output_uri: string
  readonly source: string | EntrySource
  readonly size: number | string
  readonly created_at: number | string
  readonly updated_at: number | string
}

/** A row of `reservations`, with the time of the entry under the same key. */
export interface ReservationRow {
  readonly owner: string
  readonly fence: number
  readonly heartbeat: number
  readonly expires_at: number
  readonly updated_at: number | null
}

/** The entry of a row. */
export const listedOf = (row: EntryRow, now: number): ListedEntry => ({
  key: { project: row.project, domain: row.domain, key: row.cache_key },
  entry: {
    outputUri: row.output_uri,
    source: typeof row.source === "string" ? (JSON.parse(row.source) as EntrySource) : row.source,
    size: Number(row.size),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    age: now - Number(row.updated_at)
  }
})

/** What the texts of the keys of a list begin with. */
export const prefixOf = ({ project }: ListOptions): string => (project === undefined ? "" : CacheKey.text({ project, domain: "", key: "" }).slice(0, -1))

/** Makes `%`, `_` and the escape itself stand for themselves in a pattern of `LIKE`. */
export const escapeLike = (text: string): string => text.replace(/[\\%_]/g, "\\$&")
