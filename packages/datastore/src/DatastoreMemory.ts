/** A store in memory, for tests and simulations. */
import { Effect, Layer, Option, Result, Stream } from "effect"
import { Datastore, DatastoreError, type DatastoreReason, type DatastoreService, signedUrlUnsupported } from "./Datastore.ts"
import { concat } from "./internal/bytes.ts"
import * as Reference from "./Reference.ts"

/** Settings of a store in memory. */
export interface DatastoreMemoryOptions {
  /** Where the objects are, by URI in the spelling of `Reference.format`; give one to look into the store or to fill it. */
  readonly objects?: Map<string, Uint8Array> | undefined
}

/** Makes a store that takes URIs of every scheme. */
export const make = (options: DatastoreMemoryOptions = {}): DatastoreService => {
  const objects = options.objects ?? new Map<string, Uint8Array>()

  const keyOf = (method: string, uri: string): Effect.Effect<string, DatastoreError> => {
    const parsed = Reference.parse(uri)
    return Result.isSuccess(parsed)
      ? Effect.succeed(Reference.format(parsed.success))
      : fail(method, uri, { _tag: "InvalidUri", description: parsed.failure })
  }

  const find: DatastoreService["find"] = (uri, { maxBytes = 0 } = {}) => Effect.suspend(() => Effect.flatMapEager(keyOf("read", uri), (key) => {
    const bytes = objects.get(key)
    if (bytes === undefined) return Effect.undefined
    return maxBytes > 0 && bytes.length > maxBytes
      ? fail("read", uri, { _tag: "LimitExceeded", size: bytes.length, limit: maxBytes })
      : Effect.succeed(bytes)
  }))

  const read: DatastoreService["read"] = (uri, options) =>
    Effect.filterOrElse(find(uri, options), (bytes) => bytes !== undefined, () => fail("read", uri, { _tag: "NotFound" }))

  const write: DatastoreService["write"] = (uri, bytes) => Effect.map(keyOf("write", uri), (key) => void objects.set(key, bytes))

  return {
    read,
    find,
    write,
    head: (uri) =>
      Effect.map(keyOf("head", uri), (key) =>
        Option.map(Option.fromNullishOr(objects.get(key)), (bytes) => ({ uri: key, size: bytes.length }))),
    readStream: (uri) => Stream.fromEffect(read(uri)),
    writeStream: (uri, stream) => Effect.flatMap(Stream.runCollect(stream), (chunks) => write(uri, concat(chunks))),
    list: (folder) =>
      Effect.map(keyOf("list", folder), (key) =>
        [...objects]
          .filter(([uri]) => uri.startsWith(`${key}/`))
          .map(([uri, bytes]) => ({ uri, size: bytes.length }))
          .sort((left, right) => (left.uri < right.uri ? -1 : 1))),
    copy: (from, to) =>
      Effect.flatMap(read(from), (bytes) => write(to, bytes)).pipe(
        Effect.mapError((error) => new DatastoreError({ method: "copy", uri: error.uri, reason: error.reason }))
      ),
    delete: (uri) => Effect.map(keyOf("delete", uri), (key) => void objects.delete(key)),
    signedUrl: signedUrlUnsupported
  }
}

const fail = (method: string, uri: string, reason: DatastoreReason): Effect.Effect<never, DatastoreError> =>
  Effect.fail(new DatastoreError({ method, uri, reason }))

/** A store in memory of its own for every scope. */
export const layer: Layer.Layer<Datastore> = Layer.sync(Datastore, () => make())

/** A store in memory over objects that the caller can see. */
export const layerOf = (options: DatastoreMemoryOptions): Layer.Layer<Datastore> => Layer.sync(Datastore, () => make(options))
