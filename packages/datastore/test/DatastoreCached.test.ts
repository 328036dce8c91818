import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import * as DatastoreCached from "../src/DatastoreCached.ts"
import * as DatastoreMemory from "../src/DatastoreMemory.ts"
import { suite } from "../src/testing/DatastoreSuite.ts"

suite("memory behind a read cache", DatastoreCached.layer({ bytesMost: 1000 }).pipe(Layer.provide(DatastoreMemory.layer)), { base: "mem://bucket/tests" })

describe("DatastoreCached", () => {
  const setUp = (options: Partial<DatastoreCached.DatastoreCachedOptions> = {}) => {
    const objects = new Map<string, Uint8Array>()
    const inner = DatastoreMemory.make({ objects })
    const reads: Array<string> = []
    const counted = { ...inner, read: (uri: string, given?: object) => Effect.suspend(() => {
      reads.push(uri)
      return inner.read(uri, given)
    }) }
    return { objects, reads, store: DatastoreCached.make(counted, { bytesMost: 100, objectBytesMost: 50, ...options }) }
  }
  const of = (length: number) => new Uint8Array(length)

  it.effect("reads an object once, under every spelling of its URI, until its time is over", () => Effect.gen(function*() {
    const { reads, store } = setUp()
    yield* store.write("mem://b/x", of(10))
    for (const uri of ["mem://b/x", "MEM://b//x", "mem://b/x/"]) yield* store.read(uri)
    expect(reads).toHaveLength(1)
    expect((yield* Effect.flip(store.read("mem://b/x", { maxBytes: 5 }))).reason).toEqual({ _tag: "LimitExceeded", size: 10, limit: 5 })
    yield* TestClock.adjust("61 seconds")
    yield* store.read("mem://b/x")
    expect(reads).toHaveLength(2)
  }))

  it.effect("forgets what is written, copied over or deleted, and never remembers that something is missing", () => Effect.gen(function*() {
    const { store } = setUp()
    expect((yield* Effect.flip(store.read("mem://b/x"))).reason._tag).toBe("NotFound")
    yield* store.write("mem://b/x", of(1))
    expect((yield* store.read("mem://b/x")).length).toBe(1)
    yield* store.write("mem://b/x", of(2))
    expect((yield* store.read("mem://b/x")).length).toBe(2)
    yield* store.write("mem://b/y", of(3))
    yield* store.copy("mem://b/y", "mem://b/x")
    expect((yield* store.read("mem://b/x")).length).toBe(3)
    yield* store.delete("mem://b/x")
    expect((yield* Effect.flip(store.read("mem://b/x"))).reason._tag).toBe("NotFound")
  }))

  it.effect("stays within its bound: what was used least lately goes first, and what is large is not remembered", () => Effect.gen(function*() {
    const { reads, store } = setUp()
    for (const name of ["a", "b", "c"]) yield* store.write(`mem://b/${name}`, of(40))
    yield* store.write("mem://b/large", of(60))
    for (const name of ["a", "b", "a", "c", "a", "b", "large", "large"]) yield* store.read(`mem://b/${name}`)
    expect(reads.map((it) => it.slice(8))).toEqual(["a", "b", "c", "b", "large", "large"])
  }))
})
