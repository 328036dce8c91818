/** A catalog in one SQLite file, which several programs of one machine may use at the same time. */
import { Clock, Effect, Layer, Option, type Scope } from "effect"
import { makeFolder } from "@fairlead/datastore/node"
import { dirname } from "node:path"
import type { DatabaseSync, SQLInputValue } from "node:sqlite"
import * as CacheKey from "../CacheKey.ts"
import { Catalog, CatalogError, type CatalogKey, type CatalogService, type NewEntry, type PutOptions } from "../Catalog.ts"
import { checked } from "../internal/checks.ts"
import { Listeners } from "../internal/listeners.ts"
import { overBudget, pageSize, reservationKept } from "../internal/listing.ts"
import { type EntryRow, escapeLike, listedOf, prefixOf, type ReservationRow } from "../internal/rows.ts"
import { granted, type ReservationTimes } from "../ReservationTimes.ts"
import { SqliteNews } from "./SqliteNews.ts"
import { migrate, prepare, type Statements } from "./SqliteSchema.ts"

/** Settings of a catalog in a file. */
export interface CatalogSqliteOptions extends ReservationTimes {
  /** Path of the file, which is made when it is not there; `:memory:` for none. */
  readonly path: string
  /** How long a call waits for another program that writes, in milliseconds; 2000 if left out. The process waits with it. */
  readonly busyTimeout?: number | undefined
}

interface Open {
  readonly database: DatabaseSync
  readonly statements: Statements
}

const open = async ({ busyTimeout = 2000, path }: CatalogSqliteOptions): Promise<Open> => {
  if (path !== ":memory:") await makeFolder(dirname(path))
  const { DatabaseSync } = await import("node:sqlite")
  const database = new DatabaseSync(path, { timeout: busyTimeout })
  try {
    migrate(database)
    return { database, statements: prepare(database) }
  } catch (error) {
    database.close()
    throw error
  }
}

/** Makes a catalog. The file is opened by the first call, and again by the next one if that failed; it is closed with the scope. */
export const make = (options: CatalogSqliteOptions): Effect.Effect<CatalogService, never, Scope.Scope> =>
  Effect.gen(function*() {
    const database = yield* Effect.acquireRelease(
      Effect.sync(() => new Database(options)),
      (opened) => Effect.promise(() => opened.close())
    )
    return serve(database, options, yield* Effect.scope)
  })

class Database {
  #opened: Promise<Open> | undefined
  #ready: Open | undefined
  readonly #options: CatalogSqliteOptions

  constructor(options: CatalogSqliteOptions) {
    this.#options = options
  }

  readonly use = <A>(method: string, key: string | undefined, act: (open: Open) => A): Effect.Effect<A, CatalogError> =>
    Effect.suspend(() => {
      const ready = this.#ready
      const failed = (error: unknown): CatalogError => new CatalogError({ method, key, reason: reasonOf(error) })
      // Once open, nothing has to be waited for.
      if (ready !== undefined) return Effect.try({ try: () => act(ready), catch: failed })
      return Effect.tryPromise({ try: async () => act(await this.#open()), catch: failed })
    })

  async #open(): Promise<Open> {
    this.#opened ??= open(this.#options)
    try {
      return (this.#ready = await this.#opened)
    } catch (error) {
      this.#opened = undefined
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#opened?.then(({ database }) => database.close(), () => undefined)
  }
}

/** What those who wait for a key wait for: another owner, another grant, another entry. */
const stateOf = (row: ReservationRow | undefined): string => (row === undefined ? "" : `${row.fence} ${row.updated_at} ${row.owner}`)

const newsOf = (database: Database, listeners: Listeners, scope: Scope.Scope): SqliteNews =>
  new SqliteNews({
    version: database.use("follow", undefined, ({ statements }) => Number(statements.version.get()?.["data_version"])),
    states: (keys) => database.use("follow", undefined, ({ statements }) => keys.map((key) => stateOf(statements.reservation.get(key) as unknown as ReservationRow | undefined)))
  }, listeners, scope)

const reserveWith = (database: Database, times: ReservationTimes, news: SqliteNews): CatalogService["reserve"] =>
  Effect.fnUntraced(function*(key, { heartbeat: wished, owner }) {
    const text = yield* checked("reserve", key)
    const now = yield* Clock.currentTimeMillis
    const { expiresIn, heartbeat } = granted(wished, times)
    const row = yield* database.use("reserve", text, ({ statements }) => {
      statements.reserve.run(text, owner, now, heartbeat, now + expiresIn, now)
      return statements.reservation.get(text) as unknown as ReservationRow
    })
    const isMine = row.owner === owner
    if (!isMine) yield* news.await(text, stateOf(row), row.expires_at)
    return { owner: row.owner, fence: row.fence, isMine, heartbeat: row.heartbeat, expiresIn: Math.max(0, row.expires_at - now) }
  })

const serve = (database: Database, times: ReservationTimes, scope: Scope.Scope): CatalogService => {
  const listeners = new Listeners()
  const news = newsOf(database, listeners, scope)

  const store = Effect.fnUntraced(function*(method: string, key: CatalogKey, entry: NewEntry, keptSince: (now: number) => number | null, lease: PutOptions["lease"]) {
    const text = yield* checked(method, key, entry)
    const now = yield* Clock.currentTimeMillis
    const values: Array<SQLInputValue> = [text, key.project, key.domain, key.key, entry.outputUri, JSON.stringify(entry.source), entry.size, now, now]
    const result = yield* database.use(method, text, ({ statements }) => {
      const condition = [lease?.owner ?? null, text, lease?.owner ?? null, lease?.fence ?? null]
      if (statements.put.get(...values, ...condition, keptSince(now)) !== undefined) return "Stored" as const
      const holder = statements.reservation.get(text) as unknown as ReservationRow | undefined
      const isHeld = lease === undefined || (holder?.owner === lease.owner && holder.fence === lease.fence)
      return isHeld ? "Kept" as const : { lostTo: holder?.owner ?? "" }
    })
    if (typeof result === "object") return yield* new CatalogError({ method, key: text, reason: { _tag: "ReservationLost", owner: result.lostTo } })
    if (result === "Stored") listeners.tell(text)
    return result
  })

  const all = (now: number) => database.use("purge", undefined, ({ statements }) => (statements.all.all() as unknown as ReadonlyArray<EntryRow>).map((row) => listedOf(row, now)))

  return {
    get: Effect.fnUntraced(function*(key, { maxAge = 0 } = {}) {
      const text = yield* checked("get", key)
      const now = yield* Clock.currentTimeMillis
      return yield* database.use("get", text, ({ statements }) => {
        const row = statements.get.get(text) as unknown as EntryRow | undefined
        if (row === undefined) return Option.none()
        const { entry } = listedOf(row, now)
        return maxAge > 0 && entry.age > maxAge ? Option.none() : Option.some(entry)
      })
    }),
    // Everything that was stored since then is kept; a null replaces whatever there is.
    put: (key, entry, { lease, maxAge = 0 } = {}) => store("put", key, entry, (now) => (maxAge === 0 ? 0 : now - maxAge), lease),
    update: (key, entry, { lease } = {}) => Effect.asVoid(store("update", key, entry, () => null, lease)),
    delete: (key) => Effect.flatMap(checked("delete", key), (text) =>
      database.use("delete", text, ({ statements }) => Number(statements.delete.run(text).changes) > 0)),
    reserve: reserveWith(database, times, news),
    release: Effect.fnUntraced(function*(key, { fence, owner }) {
      const text = yield* checked("release", key)
      const isReleased = yield* database.use("release", text, ({ statements }) => Number(statements.release.run(text, owner, fence ?? null, fence ?? null).changes) > 0)
      if (isReleased) listeners.tell(text)
      return isReleased
    }),
    list: Effect.fnUntraced(function*(options = {}) {
      const now = yield* Clock.currentTimeMillis
      return yield* database.use("list", undefined, ({ statements }) => {
        const rows = statements.list.all(`${escapeLike(prefixOf(options))}%`, options.domain ?? null, options.domain ?? null, textOf(options.after), options.limit ?? pageSize)
        return (rows as unknown as ReadonlyArray<EntryRow>).map((row) => listedOf(row, now))
      })
    }),
    purge: Effect.fnUntraced(function*(options) {
      const now = yield* Clock.currentTimeMillis
      const gone = overBudget(yield* all(now), options)
      return yield* database.use("purge", undefined, ({ statements }) => {
        statements.forget.run(now - reservationKept)
        // One that was stored anew meanwhile stays.
        return gone.filter(({ entry, key }) => Number(statements.deleteOld.run(textOf(key), entry.updatedAt).changes) > 0)
      })
    }),
    usage: database.use("usage", undefined, ({ statements }) => statements.usage.get() as unknown as { entries: number; bytes: number }).pipe(
      Effect.map(({ bytes, entries }) => ({ entries, bytes }))
    ),
    follow: listeners.follow
  }
}

const textOf = (key: CatalogKey | undefined): string => (key === undefined ? "" : CacheKey.text(key))

/** What SQLite says with its numbers: busy, locked, full, I/O error and cannot open may pass; the others will not. */
const passing: ReadonlySet<number> = new Set([5, 6, 10, 13, 14])

const reasonOf = (error: unknown): CatalogError["reason"] => {
  const description = error instanceof Error ? error.message : String(error)
  const code = Number((error as { readonly errcode?: unknown }).errcode ?? 0) & 0xff
  if (passing.has(code)) return { _tag: "Unavailable", description }
  if (error instanceof SyntaxError || code === 11 || code === 26) return { _tag: "Corrupt", description }
  return { _tag: "Refused", description }
}

/** A catalog in a file. */
export const layer = (options: CatalogSqliteOptions): Layer.Layer<Catalog> => Layer.effect(Catalog, make(options))
