/** Copies of outputs, for entries that outlive the folder of their task. */
import { create } from "@bufbuild/protobuf"
import { Idl, Literals } from "@fairlead/core"
import { DatastoreError, type DatastoreService } from "@fairlead/datastore"
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import { Clock, Effect, Option, Random, Result } from "effect"
import * as CacheKey from "../CacheKey.ts"
import type { CatalogKey } from "../Catalog.ts"

/** Folder of the copies of a key. */
export const folderOf = (folder: string, key: CatalogKey): string => `${folder}/${bytesToHex(sha256(utf8ToBytes(CacheKey.text(key)))).slice(0, 40)}`

/** Removes everything below a folder. */
export const removeFolder = (store: DatastoreService, folder: string): Effect.Effect<void, DatastoreError> =>
  Effect.flatMap(store.list(folder), (objects) => Effect.forEach(objects, ({ uri }) => store.delete(uri), { discard: true }))

/** Copies outputs and the files below `from` that they point to into a fresh folder, so that readers of an earlier copy are not disturbed. */
export const copyOutputs = Effect.fnUntraced(function*(
  store: DatastoreService,
  outputUri: string,
  { folder, from }: { readonly from: string; readonly folder: string },
  key: CatalogKey
) {
  // Two who keep a result of the same key in the same moment must not write into one folder.
  const draw = Math.abs(yield* Random.nextInt).toString(36)
  const target = `${folderOf(folder, key)}/${(yield* Clock.currentTimeMillis).toString(36)}-${draw}`
  const decoded = Literals.decodeMap(yield* store.read(outputUri))
  if (Result.isFailure(decoded)) {
    return yield* new DatastoreError({ method: "copy", uri: outputUri, reason: { _tag: "InvalidUri", description: decoded.failure.message } })
  }
  const moved = new Map<string, string>()
  const literals = moveBlobs(decoded.success, from, (uri) => {
    const known = moved.get(uri) ?? `${target}/files/${moved.size}/${uri.slice(uri.lastIndexOf("/") + 1)}`
    moved.set(uri, known)
    return known
  })
  let size = 0
  for (const [source, copy] of moved) size += yield* copyTree(store, source, copy)
  const bytes = Literals.encodeMap(literals)
  yield* store.write(`${target}/outputs.pb`, bytes)
  return { outputUri: `${target}/outputs.pb`, size: size + bytes.length }
})

/** Copies a file, or a folder with all that is in it; answers the number of bytes. */
const copyTree = Effect.fnUntraced(function*(store: DatastoreService, source: string, target: string) {
  const file = yield* store.head(source)
  if (Option.isSome(file)) {
    yield* store.copy(source, target)
    return file.value.size
  }
  const objects = yield* store.list(source)
  for (const { uri } of objects) yield* store.copy(uri, `${target}${uri.slice(source.length)}`)
  return objects.reduce((sum, it) => sum + it.size, 0)
})

const moveBlobs = (map: Idl.LiteralMap, from: string, move: (uri: string) => string): Idl.LiteralMap =>
  create(Idl.LiteralMapSchema, { literals: Object.fromEntries(Object.entries(map.literals).map(([name, literal]) => [name, moveBlob(literal, from, move)])) })

const moveBlob = (literal: Idl.Literal, from: string, move: (uri: string) => string): Idl.Literal => {
  const { value } = literal
  if (value.case === "collection") {
    const literals = value.value.literals.map((it) => moveBlob(it, from, move))
    return { ...literal, value: { case: "collection", value: { ...value.value, literals } } }
  }
  if (value.case === "map") return { ...literal, value: { case: "map", value: moveBlobs(value.value, from, move) } }
  if (value.case !== "scalar") return literal
  const scalar = value.value.value
  if (scalar.case !== "blob" && scalar.case !== "structuredDataset" && scalar.case !== "schema") return literal
  const { uri } = scalar.value
  const trimmed = uri.replace(/\/+$/, "")
  if (!trimmed.startsWith(`${from}/`)) return literal
  const held = { case: scalar.case, value: { ...scalar.value, uri: move(trimmed) } } as Idl.Scalar["value"]
  return { ...literal, value: { case: "scalar", value: { ...value.value, value: held } } }
}
