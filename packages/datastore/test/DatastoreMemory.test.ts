import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Datastore } from "../src/Datastore.ts"
import * as DatastoreMemory from "../src/DatastoreMemory.ts"
import { suite } from "../src/testing/DatastoreSuite.ts"

suite("memory", DatastoreMemory.layer, { base: "mem://bucket/tests" })

it.effect("layerOf shows what is stored under one spelling of each URI", () => {
  const objects = new Map<string, Uint8Array>()
  return Effect.gen(function*() {
    const store = yield* Datastore
    yield* store.write("S3://user@bucket//a/", Uint8Array.of(1))
    expect([...objects]).toEqual([["s3://bucket/a", Uint8Array.of(1)]])
    expect(yield* store.read("s3://bucket/a")).toEqual(Uint8Array.of(1))
  }).pipe(Effect.provide(DatastoreMemory.layerOf({ objects })))
})
