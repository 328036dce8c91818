import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Datastore, DatastoreError } from "../src/Datastore.ts"
import * as DatastoreMemory from "../src/DatastoreMemory.ts"
import * as DatastoreRouter from "../src/DatastoreRouter.ts"
import { suite } from "../src/testing/DatastoreSuite.ts"

suite("router over memory", DatastoreRouter.layer({ s3: DatastoreMemory.layer, mem: DatastoreMemory.layer }), { base: "s3://bucket/tests" })

const bytes = Uint8Array.of(1, 2, 3)

describe("DatastoreRouter", () => {
  it.effect("sends every URI to the store of its scheme, and copies from one to the other", () => {
    const [s3, mem] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()]
    return Effect.gen(function*() {
      const store = yield* Datastore
      yield* store.write("s3://b/x", bytes)
      yield* store.copy("S3://b/x", "mem://b/y")
      expect([[...s3.keys()], [...mem.keys()]]).toEqual([["s3://b/x"], ["mem://b/y"]])
      expect(mem.get("mem://b/y")).toEqual(bytes)
    }).pipe(Effect.provide(DatastoreRouter.layer({ s3: DatastoreMemory.layerOf({ objects: s3 }), mem: DatastoreMemory.layerOf({ objects: mem }) })))
  })

  it.effect("names the schemes that it has when it has not the one asked for", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* Datastore).read("gs://b/x"))
      expect(error.message).toBe('Datastore.read failed: InvalidUri: there is no store for the scheme "gs"; there are stores for s3, mem: gs://b/x')
    }).pipe(Effect.provide(DatastoreRouter.layer({ s3: DatastoreMemory.layer, mem: DatastoreMemory.layer }))))

  it.effect("opens a store with its first URI, once for all callers, and closes it at the end", () => {
    const events: Array<string> = []
    const backend = Layer.effect(
      Datastore,
      Effect.acquireRelease(
        Effect.yieldNow.pipe(Effect.map(() => {
          events.push("open")
          return DatastoreMemory.make()
        })),
        () => Effect.sync(() => events.push("close"))
      )
    )
    return Effect.gen(function*() {
      yield* Effect.gen(function*() {
        const store = yield* Datastore
        yield* store.write("mem://b/x", bytes)
        expect(events).toEqual([])
        yield* Effect.forEach(Array.from({ length: 50 }), () => store.write("s3://b/x", bytes), { concurrency: "unbounded" })
        expect(events).toEqual(["open"])
      }).pipe(Effect.provide(DatastoreRouter.layer({ s3: backend, mem: DatastoreMemory.layer })))
      expect(events).toEqual(["open", "close"])
    })
  })

  it.effect("tries again to open a store that could not be opened", () => {
    let attempts = 0
    const backend = Layer.effect(
      Datastore,
      Effect.suspend(() =>
        ++attempts === 1
          ? Effect.fail(new DatastoreError({ method: "open", uri: "s3://", reason: { _tag: "Unavailable", description: "not yet" } }))
          : Effect.succeed(DatastoreMemory.make())
      )
    )
    return Effect.gen(function*() {
      const store = yield* Datastore
      const error = yield* Effect.flip(store.write("s3://b/x", bytes))
      expect([error.retryable, error.message]).toEqual([true, "Datastore.open failed: Unavailable: not yet: s3://"])
      yield* store.write("s3://b/x", bytes)
      expect(yield* store.read("s3://b/x")).toEqual(bytes)
      expect(attempts).toBe(2)
    }).pipe(Effect.provide(DatastoreRouter.layer({ s3: backend })))
  })
})
