/** A catalog in a PostgreSQL database, for any number of engines. */
import { Duration, Effect, Exit, Layer, Option, Schedule, Scope, Stream } from "effect"
import * as CacheKey from "./CacheKey.ts"
import { Catalog, CatalogError, type CatalogKey, type CatalogReason, type CatalogService, type NewEntry, type PutOptions, type Reservation } from "./Catalog.ts"
import { checked } from "./internal/checks.ts"
import { Listeners } from "./internal/listeners.ts"
import { pageSize, reservationKept } from "./internal/listing.ts"
import * as sql from "./internal/postgresSchema.ts"
import { type EntryRow, listedOf } from "./internal/rows.ts"
import { granted, type ReservationTimes } from "./ReservationTimes.ts"

/** Why a database did not do something. */
export type PostgresFailure = Extract<CatalogReason, { readonly _tag: "Unavailable" | "Refused" }>

/** Runs one statement; a row is an object by the names of its columns. */
export type PostgresQuery = (text: string, parameters: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<object>, PostgresFailure>

/** What the catalog needs of a client of PostgreSQL. */
export interface PostgresClient {
  readonly query: PostgresQuery
  /** Runs statements as one transaction, on one connection. */
  readonly transaction: <A, E>(use: (query: PostgresQuery) => Effect.Effect<A, E>) => Effect.Effect<A, E | PostgresFailure>
  /** Payloads of notifications on a channel; fails when the connection is lost. */
  readonly listen: (channel: string) => Stream.Stream<string, PostgresFailure>
}

/** Settings of a catalog in PostgreSQL. */
export interface CatalogPostgresOptions extends ReservationTimes {
  /** Opens the client, for as long as the scope. Called by the first call, and again by the next one if that failed. */
  readonly open: Effect.Effect<PostgresClient, PostgresFailure, Scope.Scope>
}

/** How long a lost connection for notifications is left alone. */
const listenAgain = Schedule.spaced(Duration.seconds(2))

/** How long an outcome is remembered: success for good, while after a failure the next caller tries again. */
const unlessFailed = (exit: Exit.Exit<unknown, unknown>): Duration.Duration => (Exit.isSuccess(exit) ? Duration.infinity : Duration.zero)

/** Makes a catalog; its tables are brought up to date when it is first used. */
export const make = Effect.fnUntraced(function*(options: CatalogPostgresOptions) {
  const scope = yield* Effect.scope
  // Closed after everything that is forked below, for a pool waits for its connections.
  const clientScope = yield* Scope.fork(scope)
  const opened = yield* Effect.cachedWithTTL(Effect.tap(Scope.provide(options.open, clientScope), migrate), unlessFailed)
  const listeners = new Listeners()
  // The first who follows opens the connection for notifications.
  const follow = yield* Effect.cached(Effect.forkIn(listen(opened, listeners), scope))
  return { ...serve(opened, options), follow: (listener) => Effect.andThen(listeners.follow(listener), Effect.asVoid(follow)) } satisfies CatalogService
})

/**
 * Brings the tables up to date. Whoever finds them so takes no lock: a process that was frozen while it holds one would keep all others from beginning,
 * also those that are to take over from it.
 */
const migrate = (client: PostgresClient): Effect.Effect<void, PostgresFailure> =>
  Effect.flatMap(versionOf(client.query), (version) => version === sql.steps.length ? Effect.void : client.transaction(upgrade))

/** How many steps the tables have behind them; 0 where there are none. */
const versionOf = (query: PostgresClient["query"]): Effect.Effect<number, PostgresFailure> =>
  Effect.flatMap(query(sql.hasVersions, []), ([row]) =>
    (row as { readonly known: boolean }).known ? Effect.map(query(sql.version, []), ([found]) => (found as { readonly version: number }).version) : Effect.succeed(0))

const upgrade = Effect.fnUntraced(function*(query: PostgresClient["query"]) {
  // Only the first to begin come here: should one of them freeze, the server takes the lock back from it.
  yield* query(sql.idleMost, [])
  yield* query(sql.migrationLock, [])
  yield* query(sql.versions, [])
  const version = yield* versionOf(query)
  if (version > sql.steps.length) {
    const description = `its tables have version ${version}, and this program knows ${sql.steps.length}: they were made by a newer one`
    return yield* Effect.fail<PostgresFailure>({ _tag: "Refused", description })
  }
  for (const [index, step] of sql.steps.entries()) {
    if (index < version) continue
    for (const statement of step) yield* query(statement, [])
    yield* query("INSERT INTO fairlead_catalog_versions (version) VALUES ($1)", [index + 1])
  }
})

type EntryNow = EntryRow & { readonly now: number }

const serve = (opened: Effect.Effect<PostgresClient, PostgresFailure>, times: ReservationTimes): Omit<CatalogService, "follow"> => {
  const run = <Row>(method: string, key: string | undefined, text: string, parameters: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<Row>, CatalogError> =>
    Effect.flatMap(opened, ({ query }) => query(text, parameters)).pipe(
      Effect.mapError((reason) => new CatalogError({ method, key, reason }))
    ) as Effect.Effect<ReadonlyArray<Row>, CatalogError>

  const store = Effect.fnUntraced(function*(method: string, key: CatalogKey, entry: NewEntry, replace: boolean, { lease, maxAge = 0 }: PutOptions) {
    const text = yield* checked(method, key, entry)
    const { outputUri, size, source } = entry
    const values = [text, key.project, key.domain, key.key, outputUri, JSON.stringify(source), size, lease?.owner ?? null, lease?.fence ?? null, replace, Math.ceil(maxAge)]
    const [row] = yield* run<{ stored: number; held: number; owner: string | null }>(method, text, sql.put, values)
    if (row!.stored > 0) return "Stored" as const
    if (lease === undefined || row!.held > 0) return "Kept" as const
    return yield* new CatalogError({ method, key: text, reason: { _tag: "ReservationLost", owner: row!.owner ?? "" } })
  })

  const reserve: CatalogService["reserve"] = Effect.fnUntraced(function*(key, { heartbeat: wished, owner }): Effect.fn.Return<Reservation, CatalogError> {
    const text = yield* checked("reserve", key)
    const { expiresIn, heartbeat } = granted(wished, times)
    const [row] = yield* run<{ owner: string; fence: number; heartbeat: number; expires_in: number }>("reserve", text, sql.reserve, [text, owner, heartbeat, expiresIn])
    if (row === undefined) return yield* reserve(key, { heartbeat: wished, owner })
    return { owner: row.owner, fence: row.fence, isMine: row.owner === owner, heartbeat: row.heartbeat, expiresIn: row.expires_in }
  })

  return {
    reserve,
    get: Effect.fnUntraced(function*(key, { maxAge = 0 } = {}) {
      const text = yield* checked("get", key)
      const [row] = yield* run<EntryNow>("get", text, sql.get, [text])
      if (row === undefined) return Option.none()
      const { entry } = yield* read("get", row)
      return maxAge > 0 && entry.age > maxAge ? Option.none() : Option.some(entry)
    }),
    put: (key, entry, options = {}) => store("put", key, entry, false, options),
    update: (key, entry, options = {}) => Effect.asVoid(store("update", key, entry, true, options)),
    delete: (key) => Effect.flatMap(checked("delete", key), (text) => Effect.map(run("delete", text, sql.remove, [text]), (rows) => rows.length > 0)),
    release: (key, { fence, owner }) => Effect.flatMap(checked("release", key), (text) =>
      Effect.map(run<{ released: number }>("release", text, sql.release, [text, owner, fence ?? null]), ([row]) => row!.released > 0)),
    list: ({ after, domain, limit = pageSize, project } = {}) =>
      run<EntryNow>("list", undefined, sql.list, [project ?? null, domain ?? null, after === undefined ? "" : CacheKey.text(after), limit]).pipe(
        Effect.flatMap((rows) => Effect.forEach(rows, (row) => read("list", row)))
      ),
    purge: ({ bytesMost, olderThan = 0 }) =>
      Effect.andThen(run("purge", undefined, sql.forget, [reservationKept]), run<EntryNow>("purge", undefined, sql.purge, [Math.ceil(olderThan), bytesMost ?? null])).pipe(
        Effect.flatMap((rows) => Effect.forEach(rows, (row) => read("purge", row)))
      ),
    usage: Effect.map(run<{ entries: number; bytes: number }>("usage", undefined, sql.usage, []), ([row]) => ({ entries: row!.entries, bytes: row!.bytes }))
  }
}

const read = (method: string, row: EntryNow) =>
  Effect.try({
    try: () => listedOf(row, row.now),
    catch: (error) => new CatalogError({ method, key: row.cache_key, reason: { _tag: "Corrupt", description: String(error) } })
  })

/** Tells what the database tells. What is told while the connection is down is lost; whoever waits looks again by itself. */
const listen = (opened: Effect.Effect<PostgresClient, PostgresFailure>, listeners: Listeners): Effect.Effect<void> =>
  Effect.flatMap(opened, (client) => Stream.runForEach(client.listen(sql.channel), (key) => Effect.sync(() => listeners.tell(key)))).pipe(
    Effect.catch((error) => Effect.logDebug(`notifications of the catalog stopped: ${error.description}`)),
    Effect.repeat(listenAgain),
    Effect.asVoid
  )

/** A catalog in a database. */
export const layer = (options: CatalogPostgresOptions): Layer.Layer<Catalog> => Layer.effect(Catalog, make(options))
