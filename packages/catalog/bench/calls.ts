/** Gets and puts in a second, for catalogs in memory, in a file and in PostgreSQL. */
import { Effect, Layer, Redacted } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Catalog, type CatalogKey, type NewEntry } from "../src/Catalog.ts"
import * as CatalogMemory from "../src/CatalogMemory.ts"
import { CatalogSqlite, PostgresClientNode } from "../src/node.ts"
import { PostgresServer, postgresPrograms } from "../src/testing/PostgresServerNode.ts"

const entry: NewEntry = {
  outputUri: "s3://bucket/01/project/development/run/a0/1/outputs.pb",
  source: { project: "project", domain: "development", name: "task", version: "v1", org: "", labels: { "execution-name": "run", "exec-node": "a0", "exec-attempt": "0" } },
  size: 1000
}
const keyOf = (index: number): CatalogKey => ({ project: "project", domain: "development", key: `6B7qEd/rdPJnfog3ozU21QQpJES02W7+ZCyp+vl3JO4=-RB1gYp71-WUmbumcj-${index}-1` })

/** Several callers at a time, as an engine has. */
const concurrency = 32

const print = (name: string, value: number, atLeast: number): void => console.log(JSON.stringify({ name, value: Math.round(value), unit: "calls/s", atLeast }))

const measure = (name: string, layer: Layer.Layer<Catalog>, count: number, atLeast: { readonly put: number; readonly get: number; readonly reserve: number }): Promise<void> =>
  Effect.runPromise(Effect.provide(Effect.gen(function*() {
    const catalog = yield* Catalog
    yield* catalog.get(keyOf(-1))
    const rate = Effect.fnUntraced(function*(call: (index: number) => Effect.Effect<unknown, unknown>) {
      const start = performance.now()
      yield* Effect.forEach(Array.from({ length: count }, (_, index) => index), call, { concurrency, discard: true })
      return (1000 * count) / (performance.now() - start)
    })
    print(`put, ${name}`, yield* rate((index) => catalog.put(keyOf(index), entry)), atLeast.put)
    print(`get, ${name}`, yield* rate((index) => catalog.get(keyOf(index))), atLeast.get)
    print(`reserve and release, ${name}`, yield* rate((index) => Effect.flatMap(catalog.reserve(keyOf(index), { owner: "a", heartbeat: 10_000 }), (lease) => catalog.release(keyOf(index), lease))), atLeast.reserve)
  }), layer))

const folder = mkdtempSync(join(tmpdir(), "fairlead-bench-"))
await measure("memory", CatalogMemory.layer(), 50_000, { put: 20_000, get: 40_000, reserve: 20_000 })
await measure("SQLite", CatalogSqlite.layer({ path: join(folder, "catalog.db") }), 20_000, { put: 2000, get: 8000, reserve: 1500 })
rmSync(folder, { recursive: true, force: true })
if (postgresPrograms !== undefined) {
  const server = await PostgresServer.make(postgresPrograms)
  await server.start()
  await measure("PostgreSQL", PostgresClientNode.layer({ url: Redacted.make(server.url) }), 4000, { put: 400, get: 1000, reserve: 300 })
  await server.close()
}
