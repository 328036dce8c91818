import { expect, it } from "@effect/vitest"
import { Literals } from "@fairlead/core"
import { Datastore, DatastoreError, DatastoreMemory, TaskFiles } from "@fairlead/datastore"
import { Effect, Layer } from "effect"
import { describe } from "vitest"
import { Catalog, type CatalogKey } from "../src/Catalog.ts"
import * as CatalogMemory from "../src/CatalogMemory.ts"
import { TaskCache, type TaskCacheOptions } from "../src/TaskCache.ts"

const key: CatalogKey = { project: "p", domain: "d", key: "k" }
const source = { project: "p", domain: "d", name: "t", version: "", org: "", labels: {} }
const outputUri = "mem://run/a0/1/outputs.pb"

const inWorld = <A, E>(use: (objects: Map<string, Uint8Array>) => Effect.Effect<A, E, TaskCache | Catalog | Datastore>, options?: TaskCacheOptions) => {
  const objects = new Map<string, Uint8Array>()
  const stores = Layer.merge(CatalogMemory.layer(), DatastoreMemory.layerOf({ objects }))
  return Effect.provide(use(objects), TaskCache.layer(options).pipe(Layer.provideMerge(stores)), { local: true })
}

const write = TaskFiles.writeOutputs("mem://run/a0/1", Literals.literalMap({ x: Literals.integer(1) }))

describe("TaskCache", () => {
  it.effect("finds the outputs that were kept", () => inWorld(() => Effect.gen(function*() {
    const cache = yield* TaskCache
    expect(yield* cache.find(key)).toEqual({ _tag: "Miss" })
    expect(yield* cache.keep(key, { outputUri, source })).toBe("NoOutputs")
    yield* write
    expect(yield* cache.keep(key, { outputUri, source })).toBe("Stored")
    expect(yield* cache.keep(key, { outputUri, source })).toBe("Kept")
    expect(yield* cache.find(key)).toMatchObject({ _tag: "Hit", outputs: { literals: { x: {} } }, entry: { outputUri, size: expect.any(Number) as number } })
  })))

  it.effect("says that an entry is stale when its outputs are gone, corrupt or too large", () => inWorld((objects) => Effect.gen(function*() {
    const cache = yield* TaskCache
    yield* write
    yield* cache.keep(key, { outputUri, source })
    const whole = objects.get(outputUri)!
    objects.set(outputUri, whole.slice(0, whole.length - 1))
    expect(yield* cache.find(key)).toMatchObject({ _tag: "Stale", problem: expect.stringContaining("are no core.LiteralMap") as string })
    objects.set(outputUri, new Uint8Array(3 * 1024 * 1024))
    expect(yield* cache.find(key)).toMatchObject({ _tag: "Stale", problem: expect.stringContaining("3145728 bytes are stored, at most 2097152 are read") as string })
    objects.delete(outputUri)
    expect(yield* cache.find(key)).toMatchObject({ _tag: "Stale", problem: expect.stringContaining("NotFound") as string })
    yield* write
    expect(yield* cache.keep(key, { outputUri, source }, { replace: true })).toBe("Stored")
    expect((yield* cache.find(key))._tag).toBe("Hit")
  })))

  it.effect("fails when the datastore does, for it cannot know then", () => {
    const broken = { ...DatastoreMemory.make(), read: (uri: string) => Effect.fail(new DatastoreError({ method: "read", uri, reason: { _tag: "Unavailable" as const, description: "down" } })) }
    const stores = Layer.merge(CatalogMemory.layer(), Layer.succeed(Datastore, broken))
    return Effect.provide(Effect.gen(function*() {
      const cache = yield* TaskCache
      yield* write
      yield* cache.keep(key, { outputUri, source })
      const error = yield* Effect.flip(cache.find(key))
      expect(error).toMatchObject({ method: "find", retryable: true, reason: { _tag: "Unavailable" } })
      expect(error.message).toContain("down")
    }), TaskCache.layer().pipe(Layer.provideMerge(stores)), { local: true })
  })

  const copies = { from: "mem://run", folder: "mem://cache/outputs" }

  it.effect("copies outputs and their files from a folder that will go", () => inWorld((objects) => Effect.gen(function*() {
    const cache = yield* TaskCache
    const store = yield* Datastore
    yield* store.write("mem://run/raw/file.txt", new TextEncoder().encode("hello"))
    yield* store.write("mem://run/raw/dir/deep/x", new TextEncoder().encode("deep"))
    yield* TaskFiles.writeOutputs("mem://run/a0/1", Literals.literalMap({
      file: Literals.blob("mem://run/raw/file.txt"),
      list: Literals.collection([Literals.blob("mem://run/raw/file.txt"), Literals.blob("s3://elsewhere/x"), Literals.integer(1)]),
      dir: Literals.map({ in: Literals.blob("mem://run/raw/dir/", { multipart: true }) })
    }))
    expect(yield* cache.keep(key, { outputUri, source })).toBe("Stored")
    for (const uri of [...objects.keys()]) if (uri.startsWith("mem://run/")) objects.delete(uri)
    const found = yield* cache.find(key)
    if (found._tag !== "Hit") throw new Error(found._tag)
    const uris = [...JSON.stringify(found.outputs, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)).matchAll(/"uri":"([^"]+)"/g)].map((it) => it[1]!)
    const [dir, file, again, elsewhere] = [uris.find((it) => it.endsWith("/dir"))!, ...uris.filter((it) => it.endsWith("file.txt")), uris.find((it) => it.startsWith("s3:"))]
    expect(again).toBe(file)
    expect(elsewhere).toBe("s3://elsewhere/x")
    expect(new TextDecoder().decode(yield* store.read(file!))).toBe("hello")
    expect(new TextDecoder().decode(yield* store.read(`${dir}/deep/x`))).toBe("deep")
    expect(found.entry.size).toBe(9 + objects.get(found.entry.outputUri)!.length)
    expect(yield* cache.evict(key)).toBe(true)
    expect([...objects.keys()]).toEqual([])
    expect(yield* cache.evict(key)).toBe(false)
  }), { copies }))

  it.effect("copies nothing that it would not keep, and nothing from elsewhere", () => inWorld((objects) => Effect.gen(function*() {
    const cache = yield* TaskCache
    yield* write
    yield* cache.keep(key, { outputUri, source })
    const files = objects.size
    expect(yield* cache.keep(key, { outputUri, source })).toBe("Kept")
    expect(objects.size).toBe(files)
    yield* TaskFiles.writeOutputs("s3://kept/a1", Literals.literalMap({}))
    yield* cache.keep({ ...key, key: "other" }, { outputUri: "s3://kept/a1/outputs.pb", source })
    expect(yield* cache.find({ ...key, key: "other" })).toMatchObject({ entry: { outputUri: "s3://kept/a1/outputs.pb" } })
    expect((yield* cache.purge({ bytesMost: 0 })).length).toBe(2)
    expect([...objects.keys()].filter((it) => it.startsWith(copies.folder))).toEqual([])
  }), { copies }))

  it.effect("a copy that is made in the same moment as an earlier one of the key does not write into that", () => inWorld(() => Effect.gen(function*() {
    const cache = yield* TaskCache
    const store = yield* Datastore
    const bytes = (text: string) => new TextEncoder().encode(text)
    const keep = Effect.fnUntraced(function*(attempt: string) {
      yield* store.write(`mem://run/${attempt}/raw/one`, bytes(`one of ${attempt}`))
      yield* store.write(`mem://run/${attempt}/raw/two`, bytes(`two of ${attempt}`))
      yield* TaskFiles.writeOutputs(`mem://run/${attempt}`, Literals.literalMap({ one: Literals.blob(`mem://run/${attempt}/raw/one`), two: Literals.blob(`mem://run/${attempt}/raw/two`) }))
      return yield* cache.keep(key, { outputUri: `mem://run/${attempt}/outputs.pb`, source }, { replace: true })
    })
    yield* keep("a")
    const found = yield* cache.find(key)
    yield* keep("b")
    if (found._tag !== "Hit") throw new Error(found._tag)
    const texts = yield* Effect.forEach(["one", "two"], (name) => Effect.map(store.read(Literals.blobOf(found.outputs.literals[name]!)!.uri), (it) => new TextDecoder().decode(it)))
    expect(texts).toEqual(["one of a", "two of a"])
  }), { copies }))
})
