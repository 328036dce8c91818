/** Ten thousand small objects and one of a gigabyte, on disk and in S3 where there is a server for it; memory above what the program takes anyway. */
import { Effect, Redacted, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DatastoreService } from "../src/Datastore.ts"
import * as DatastoreMemory from "../src/DatastoreMemory.ts"
import * as DatastoreS3 from "../src/DatastoreS3.ts"
import { DatastoreFile } from "../src/node.ts"
import * as S3Credentials from "../src/S3Credentials.ts"
import { keys, missing, startServer } from "../test/s3Server.ts"

const gigabyte = 1_000_000_000
const piece = new Uint8Array(1_000_000).fill(7)

const print = (name: string, value: number, unit: string, bar: object): void => console.log(JSON.stringify({ name, value: Math.round(value), unit, ...bar }))

const collect = (): void => (globalThis as { gc?: () => void }).gc?.()

const small = Effect.fnUntraced(function*(name: string, store: DatastoreService, base: string, count: number, atLeast: number) {
  const bytes = new Uint8Array(1000).fill(1)
  const uris = Array.from({ length: count }, (_, index) => `${base}/small/${index % 100}/${index}`)
  const rate = Effect.fnUntraced(function*(call: (uri: string) => Effect.Effect<unknown, unknown>) {
    const start = performance.now()
    yield* Effect.forEach(uris, call, { concurrency: 32, discard: true })
    return (1000 * count) / (performance.now() - start)
  })
  print(`write of 1 kB, ${count} objects, ${name}`, yield* rate((uri) => store.write(uri, bytes)), "objects/s", { atLeast })
  print(`read of 1 kB, ${count} objects, ${name}`, yield* rate((uri) => store.read(uri)), "objects/s", { atLeast })
})

const large = Effect.fnUntraced(function*(name: string, store: DatastoreService, base: string, size: number) {
  const label = `${size / 1e9} GB, ${name}`
  // What the runtime loads for the first request is not the stream's.
  yield* store.writeStream(`${base}/warm`, Stream.fromIterable(Array.from({ length: 12 }, () => piece)))
  yield* Stream.runDrain(store.readStream(`${base}/warm`))
  collect()
  const before = process.memoryUsage().rss
  let peak = before
  const watch = Effect.sync(() => void (peak = Math.max(peak, process.memoryUsage().rss)))
  const measure = Effect.fnUntraced(function*(what: string, run: Effect.Effect<void, unknown>) {
    const start = performance.now()
    yield* run
    print(`${what} of ${label}`, size / 1000 / (performance.now() - start), "MB/s", { atLeast: 20 })
  })
  yield* measure("stream in", store.writeStream(`${base}/large`, Stream.fromIterable({ *[Symbol.iterator]() {
    for (let sent = 0; sent < size; sent += piece.length) yield piece
  } }).pipe(Stream.tap(() => watch))))
  yield* measure("stream out", Stream.runForEach(store.readStream(`${base}/large`), () => watch))
  print(`memory above the base for ${label}`, (peak - before) / 1e6, "MB", { atMost: 100 })
})

const folder = mkdtempSync(join(tmpdir(), "fairlead-bench-"))
const disk = DatastoreFile.make({ root: folder })
await Effect.runPromise(Effect.gen(function*() {
  yield* large("disk", disk, `file://${folder}`, gigabyte)
  yield* small("memory", DatastoreMemory.make(), "mem://bench", 10_000, 50_000)
  yield* small("disk", disk, `file://${folder}`, 10_000, 500)
}))
rmSync(folder, { recursive: true, force: true })
if (missing === undefined) {
  const server = await startServer(["bench"])
  const credentials = S3Credentials.chain([S3Credentials.fixed(keys.id, Redacted.make(keys.secret))], "")
  const store = DatastoreS3.make({ endpoint: server.endpoint, credentials, fetch })
  await Effect.runPromise(Effect.gen(function*() {
    yield* large("S3", store, "s3://bench", gigabyte)
    yield* small("S3", store, "s3://bench", 10_000, 100)
  }))
  await server.close()
}
