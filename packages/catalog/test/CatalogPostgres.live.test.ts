import { expect, it } from "@effect/vitest"
import { Clock, Effect, Layer, Option, Redacted } from "effect"
import { afterAll, beforeAll, describe } from "vitest"
import * as CacheKey from "../src/CacheKey.ts"
import { Catalog, type CatalogKey, type NewEntry } from "../src/Catalog.ts"
import { migrationLock } from "../src/internal/postgresSchema.ts"
import { PostgresClientNode } from "../src/node.ts"
import { suite } from "../src/testing/CatalogSuite.ts"
import { PostgresServer, postgresPrograms } from "../src/testing/PostgresServerNode.ts"

const server = postgresPrograms === undefined ? undefined : await PostgresServer.make(postgresPrograms)
beforeAll(() => server?.start())
afterAll(() => server?.close())

const layer = (url = server!.url) => PostgresClientNode.layer({ url: Redacted.make(url), connectTimeout: "2 seconds" })
const engine = <A, E>(use: (catalog: Catalog["Service"]) => Effect.Effect<A, E>, url?: string) =>
  Effect.provide(Effect.flatMap(Catalog, use), Layer.fresh(layer(url)), { local: true })

const key: CatalogKey = { project: "p", domain: "d", key: "k" }
const entry: NewEntry = { outputUri: "s3://b/outputs.pb", source: { project: "p", domain: "d", name: "t", version: "", org: "", labels: {} }, size: 1 }

const real = Clock.Clock.defaultValue()
const late: Clock.Clock = Object.assign(Object.create(real) as Clock.Clock, { currentTimeMillisUnsafe: () => 1000, currentTimeMillis: Effect.succeed(1000) })

describe.skipIf(server === undefined)(server === undefined ? "PostgreSQL (skipped: there is no initdb on this machine)" : "PostgreSQL", () => {
  if (server === undefined) return
  suite("PostgreSQL", layer(), { hasClock: true, pass: (millis) => Effect.sleep(millis) })

  it.live("several engines that start at the same time make the tables once and agree on one holder", () =>
    Effect.gen(function*() {
      const at = { ...key, key: "together" }
      const answers = yield* Effect.forEach(Array.from({ length: 6 }, (_, index) => `engine-${index}`), (owner) =>
        engine((catalog) => catalog.reserve(at, { owner, heartbeat: 10_000 })), { concurrency: "unbounded" })
      expect(answers.filter((it) => it.isMine)).toHaveLength(1)
    }))

  it.live("regression: a process that is frozen while it makes the tables keeps nobody from using those that are there", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* engine((catalog) => catalog.get(key))
      const frozen = yield* PostgresClientNode.open({ url: Redacted.make(server.url) })
      yield* frozen.transaction((query) =>
        Effect.andThen(query(migrationLock, []), Effect.timeout(engine((catalog) => catalog.get(key)), "5 seconds")))
    })))

  it.live("an engine hears what another one stored and gave back", () =>
    Effect.scoped(Effect.gen(function*() {
      const heard: Array<string> = []
      const at = { ...key, key: "heard" }
      const other = yield* Layer.build(Layer.fresh(layer()))
      yield* Effect.flatMap(Catalog, (catalog) => catalog.follow((it) => heard.push(it))).pipe(Effect.provideContext(other))
      yield* Effect.sleep(300)
      yield* engine((catalog) => Effect.gen(function*() {
        const lease = yield* catalog.reserve(at, { owner: "a", heartbeat: 10_000 })
        yield* catalog.put(at, entry, { lease })
        yield* catalog.release(at, lease)
      }))
      yield* Effect.sleep(300)
      expect(heard).toEqual([CacheKey.text(at), CacheKey.text(at)])
    })))

  it.live("the clocks of engines do not matter", () =>
    Effect.gen(function*() {
      const catalog = yield* Catalog
      // The clock of this engine is half a century late: times come from the server.
      const at = { ...key, key: "skew" }
      yield* catalog.put(at, entry)
      const found = Option.getOrThrow(yield* catalog.get(at, { maxAge: 60_000 }))
      expect(found.age).toBeLessThan(10_000)
      expect(found.updatedAt).toBeGreaterThan(Date.parse("2020-01-01"))
      expect((yield* catalog.reserve(at, { owner: "a", heartbeat: 10_000 })).expiresIn).toBe(30_000)
    }).pipe(Effect.provideService(Clock.Clock, late), Effect.provide(Layer.fresh(layer()), { local: true })))

  it.live("a database that is down is worth a retry, and the same catalog works when it is up again", () =>
    Effect.gen(function*() {
      yield* Effect.promise(() => server.stop())
      yield* engine((catalog) => Effect.gen(function*() {
        const down = yield* Effect.flip(catalog.get(key))
        expect(down).toMatchObject({ method: "get", retryable: true, reason: { _tag: "Unavailable" } })
        expect(down.message).toContain("1/p/d/k")
        yield* Effect.promise(() => server.start())
        yield* catalog.update(key, entry)
        // Connections that broke while nobody used them.
        yield* Effect.promise(() => server.stop())
        yield* Effect.promise(() => server.start())
        const found = yield* Effect.retry(catalog.get(key), { times: 3, while: (error) => error.retryable })
        expect(Option.isSome(found)).toBe(true)
      }))
    }))

  it.live("a put that is cut off by the end of the server is told as one that may be repeated", () =>
    engine((catalog) => Effect.gen(function*() {
      const at = { ...key, key: "cut" }
      yield* catalog.get(at)
      const puts = Effect.forEach(Array.from({ length: 200 }), () => Effect.result(catalog.put(at, entry)), { concurrency: 20 })
      const [results] = yield* Effect.all([puts, Effect.promise(() => server.stop())], { concurrency: "unbounded" })
      for (const result of results) if (result._tag === "Failure") expect(result.failure).toMatchObject({ retryable: true })
      yield* Effect.promise(() => server.start())
      const again = yield* Effect.retry(catalog.put(at, entry), { times: 20, while: (error) => error.retryable })
      expect(["Stored", "Kept"]).toContain(again)
      expect(Option.isSome(yield* catalog.get(at))).toBe(true)
    })))

  it.live("a reservation that expired while the database was down is its holder's until the holder had time to ask again", () =>
    engine((catalog) => Effect.scoped(Effect.gen(function*() {
      const at = { ...key, key: "outage" }
      const lease = yield* catalog.reserve(at, { owner: "a", heartbeat: 10_000 })
      yield* Effect.promise(() => server.stop())
      yield* Effect.promise(() => server.start())
      const { query } = yield* PostgresClientNode.open({ url: Redacted.make(server.url) })
      yield* query("UPDATE fairlead_catalog_reservations SET expires_at = 0 WHERE key = $1", [CacheKey.text(at)])
      const ask = (owner: string) => Effect.retry(catalog.reserve(at, { owner, heartbeat: 10_000 }), { times: 5, while: (error) => error.retryable })
      const refused = yield* ask("b")
      expect(refused).toMatchObject({ isMine: false, owner: "a" })
      expect(refused.expiresIn).toBeGreaterThan(0)
      expect(yield* ask("a")).toMatchObject({ isMine: true, fence: lease.fence })
      yield* catalog.release(at, lease)
      expect(yield* ask("b")).toMatchObject({ isMine: true })
    }))))

  it.live("what will never work is said once, clearly", () =>
    Effect.gen(function*() {
      const wrongDatabase = yield* Effect.flip(engine((catalog) => catalog.get(key), server.url.replace(/postgres$/, "nothing")))
      expect(wrongDatabase).toMatchObject({ retryable: false, reason: { _tag: "Refused" } })
      expect(wrongDatabase.message).toContain('database "nothing" does not exist')
      const wrongUser = yield* Effect.flip(engine((catalog) => catalog.get(key), server.url.replace("fairlead@", "nobody:secret@")))
      expect(wrongUser.reason._tag).toBe("Refused")
      expect(wrongUser.message).not.toContain("secret")
      const nobodyThere = yield* Effect.flip(engine((catalog) => catalog.get(key), "postgres://fairlead@127.0.0.1:1/postgres"))
      expect(nobodyThere).toMatchObject({ retryable: true })
    }))
})
