import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll } from "vitest"
import * as CacheKey from "../src/CacheKey.ts"
import { Catalog } from "../src/Catalog.ts"
import { newsAfter } from "../src/node/SqliteNews.ts"
import { CatalogSqlite } from "../src/node.ts"
import { suite } from "../src/testing/CatalogSuite.ts"

const folder = mkdtempSync(join(tmpdir(), "fairlead-catalog-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

suite("SQLite", CatalogSqlite.layer({ path: join(folder, "suite/deep/catalog.db") }), { pass: TestClock.adjust })
suite("SQLite in memory", CatalogSqlite.layer({ path: ":memory:" }), { pass: TestClock.adjust })

const key = { project: "p", domain: "d", key: "k" }
const entry = { outputUri: "s3://b/outputs.pb", source: { project: "p", domain: "d", name: "t", version: "", org: "", labels: {} }, size: 1 }
const within = <A, E>(path: string, use: Effect.Effect<A, E, Catalog>) => Effect.provide(use, CatalogSqlite.layer({ path: join(folder, path), busyTimeout: 10 }), { local: true })

it.effect("nothing is opened before the first call", () =>
  Effect.gen(function*() {
    yield* within("lazy.db", Effect.flatMap(Catalog, () => Effect.void))
    expect(existsSync(join(folder, "lazy.db"))).toBe(false)
  }))

it.effect("entries and reservations outlive the program", () =>
  Effect.gen(function*() {
    const lease = yield* within("kept.db", Effect.gen(function*() {
      const catalog = yield* Catalog
      yield* catalog.put(key, entry)
      return yield* catalog.reserve(key, { owner: "a", heartbeat: 10_000 })
    }))
    yield* within("kept.db", Effect.gen(function*() {
      const catalog = yield* Catalog
      expect(Option.isSome(yield* catalog.get(key))).toBe(true)
      expect(yield* catalog.reserve(key, { owner: "b", heartbeat: 1 })).toMatchObject({ owner: "a", isMine: false })
      expect(yield* catalog.reserve(key, { owner: "a", heartbeat: 1 })).toMatchObject({ isMine: true, fence: lease.fence })
    }))
  }))

it.effect("several programs that start at the same time make the tables once and agree on one holder", () =>
  Effect.gen(function*() {
    const layers = Array.from({ length: 5 }, () => CatalogSqlite.layer({ path: join(folder, "shared.db") }))
    const answers = yield* Effect.forEach(layers, (it, index) =>
      Effect.provide(Effect.flatMap(Catalog, (catalog) => catalog.reserve(key, { owner: `program-${index}`, heartbeat: 10_000 })), Layer.fresh(it), { local: true }), { concurrency: "unbounded" })
    expect(answers.filter((it) => it.isMine)).toHaveLength(1)
  }))

it.effect("a file that is no database is said to be corrupt, a folder that cannot be written to is not", () =>
  Effect.gen(function*() {
    writeFileSync(join(folder, "text.db"), "this is no database, it only has the name of one. ".repeat(100))
    const error = yield* Effect.flip(within("text.db", Effect.flatMap(Catalog, (catalog) => catalog.get(key))))
    expect(error).toMatchObject({ method: "get", reason: { _tag: "Corrupt" }, retryable: false })
    expect(error.message).toContain("1/p/d/k")
    const below = yield* Effect.flip(within("text.db/below.db", Effect.flatMap(Catalog, (catalog) => catalog.get(key))))
    expect(below.reason._tag).toBe("Refused")
  }))

it.effect("tables of a newer program are left alone", () =>
  Effect.gen(function*() {
    const database = new DatabaseSync(join(folder, "newer.db"))
    database.exec("PRAGMA user_version = 99")
    database.close()
    const error = yield* Effect.flip(within("newer.db", Effect.flatMap(Catalog, (catalog) => catalog.get(key))))
    expect(error.reason).toMatchObject({ _tag: "Refused", description: expect.stringContaining("made by a newer one") as string })
  }))

it.effect("a file that another program writes to for long may be tried again, and then works", () =>
  within("busy.db", Effect.gen(function*() {
    const catalog = yield* Catalog
    yield* catalog.put(key, entry)
    const other = new DatabaseSync(join(folder, "busy.db"))
    other.exec("BEGIN IMMEDIATE")
    const error = yield* Effect.flip(catalog.update(key, entry))
    expect(error).toMatchObject({ reason: { _tag: "Unavailable" }, retryable: true })
    expect(Option.isSome(yield* catalog.get(key))).toBe(true)
    other.exec("COMMIT")
    other.close()
    yield* catalog.update(key, entry)
  })))

it.effect("those who wait for another program hear within a moment that it stored or gave back, and not before", () =>
  Effect.gen(function*() {
    const layer = CatalogSqlite.layer({ path: join(folder, "heard.db") })
    const [ours, theirs] = yield* Effect.all([Layer.build(Layer.fresh(layer)), Layer.build(Layer.fresh(layer))])
    const [our, their] = [Context.get(ours, Catalog), Context.get(theirs, Catalog)]
    const heard: Array<string> = []
    yield* our.follow((it) => heard.push(it))
    const lease = yield* their.reserve(key, { owner: "them", heartbeat: 10_000 })
    expect(yield* our.reserve(key, { owner: "us", heartbeat: 10_000 })).toMatchObject({ isMine: false })
    yield* TestClock.adjust(5000)
    yield* their.reserve(key, { owner: "them", heartbeat: 10_000 })
    yield* their.put({ ...key, key: "else" }, entry)
    yield* TestClock.adjust(5000)
    expect(heard).toEqual([])
    yield* their.put(key, entry, { lease })
    yield* TestClock.adjust(newsAfter)
    expect(heard).toEqual([CacheKey.text(key)])
    yield* our.reserve(key, { owner: "us", heartbeat: 10_000 })
    yield* their.release(key, lease)
    yield* TestClock.adjust(newsAfter)
    expect(heard).toEqual([CacheKey.text(key), CacheKey.text(key)])
    // Nobody waits any more.
    yield* their.update(key, entry)
    yield* TestClock.adjust(5000)
    expect(heard).toHaveLength(2)
  }))

it.effect("what another program does between a refusal and the first look is heard as well", () =>
  Effect.gen(function*() {
    const layer = CatalogSqlite.layer({ path: join(folder, "between.db") })
    const [ours, theirs] = yield* Effect.all([Layer.build(Layer.fresh(layer)), Layer.build(Layer.fresh(layer))])
    const [our, their] = [Context.get(ours, Catalog), Context.get(theirs, Catalog)]
    const heard: Array<string> = []
    yield* our.follow((it) => heard.push(it))
    const lease = yield* their.reserve(key, { owner: "them", heartbeat: 10_000 })
    yield* our.reserve(key, { owner: "us", heartbeat: 10_000 })
    yield* their.release(key, lease)
    yield* their.reserve(key, { owner: "a third", heartbeat: 10_000 })
    yield* TestClock.adjust(newsAfter)
    expect(heard).toEqual([CacheKey.text(key)])
  }))

it.effect("a file that cannot be opened at the moment is waited for, not given up", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(within(".", Effect.flatMap(Catalog, (catalog) => catalog.get(key))))
    expect(error).toMatchObject({ retryable: true, reason: { _tag: "Unavailable" } })
  }))
