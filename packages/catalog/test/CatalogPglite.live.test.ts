import type { PGlite } from "@electric-sql/pglite"
import { Effect, Layer, Queue, Stream } from "effect"
import { describe } from "vitest"
import { CatalogPostgres } from "../src/index.ts"
import { CatalogSuite, postgresPrograms } from "../src/testing/index.ts"

/** PostgreSQL in this process, for machines that have none: one connection, so that it shows the statements right, not the concurrency. */
const open = Effect.gen(function*() {
  const { PGlite } = yield* Effect.promise(() => import("@electric-sql/pglite"))
  const database = yield* Effect.acquireRelease(Effect.promise(() => PGlite.create()), (it) => Effect.promise(() => it.close()))
  const query: CatalogPostgres.PostgresQuery = (text, parameters) => Effect.tryPromise({
    try: async () => (await database.query<object>(text, [...parameters])).rows,
    catch: (error): CatalogPostgres.PostgresFailure => ({ _tag: "Refused", description: String(error) })
  })
  return {
    query,
    transaction: (use) => use(query),
    listen: (channel) => Stream.callback<string>((queue) => Effect.promise(() => listen(database, channel, (payload) => Queue.offerUnsafe(queue, payload))))
  } satisfies CatalogPostgres.PostgresClient
})

const listen = (database: PGlite, channel: string, tell: (payload: string) => void) => database.listen(channel, tell)

/** Continuous integration shows at least once that machines without a server are served. */
const isNeeded = postgresPrograms === undefined || process.env["CI"] !== undefined

describe.skipIf(!isNeeded)(isNeeded ? "PGlite" : "PGlite (skipped: a real server of this machine is tested instead)", () => {
  CatalogSuite.suite("PGlite", Layer.unwrap(Effect.sync(() => CatalogPostgres.layer({ open }))), { hasClock: true, pass: (millis) => Effect.sleep(millis) })
})
