/** One store out of several: every URI goes to the store of its scheme. */
import { Context, Duration, Effect, Exit, Layer, Result, type Scope, Stream } from "effect"
import { Datastore, DatastoreError, type DatastoreService } from "./Datastore.ts"
import * as Reference from "./Reference.ts"

/** Stores by scheme, in lower case: `{ file: DatastoreFile.layer({ root }), s3: … }`. */
export interface Backends<R> {
  readonly [scheme: string]: Layer.Layer<Datastore, DatastoreError, R>
}

/**
 * Routes by scheme. A store is opened when the first URI of its scheme comes, once, and closed with this layer; one that
 * could not be opened is tried again with the next call.
 */
export const layer = <R>(backends: Backends<R>): Layer.Layer<Datastore, never, R> =>
  Layer.effect(
    Datastore,
    Effect.gen(function*() {
      const context = yield* Effect.context<R>()
      const scope = yield* Effect.scope
      const slots = new Map<string, Effect.Effect<DatastoreService, DatastoreError>>()
      for (const [scheme, backend] of Object.entries(backends)) {
        slots.set(scheme, yield* Effect.cachedWithTTL(Effect.provide(open(backend, scope), context), unlessFailed))
      }
      return route(slots)
    })
  )

/** How long an outcome is remembered: success for good, while after a failure the next caller tries again. */
const unlessFailed = (exit: Exit.Exit<unknown, unknown>): Duration.Duration => (Exit.isSuccess(exit) ? Duration.infinity : Duration.zero)

const open = <R>(backend: Layer.Layer<Datastore, DatastoreError, R>, scope: Scope.Scope) =>
  Effect.map(Layer.buildWithScope(backend, scope), (built) => Context.get(built, Datastore))

const route = (slots: ReadonlyMap<string, Effect.Effect<DatastoreService, DatastoreError>>): DatastoreService => {
  const storeOf = (method: string, uri: string): Effect.Effect<DatastoreService, DatastoreError> => {
    const invalid = (description: string) => Effect.fail(new DatastoreError({ method, uri, reason: { _tag: "InvalidUri", description } }))
    const parsed = Reference.parse(uri)
    if (Result.isFailure(parsed)) return invalid(parsed.failure)
    return slots.get(parsed.success.scheme) ??
      invalid(`there is no store for the scheme "${parsed.success.scheme}"; there are stores for ${[...slots.keys()].join(", ") || "none"}`)
  }
  return {
    head: (uri) => Effect.flatMap(storeOf("head", uri), (store) => store.head(uri)),
    read: (uri, options) => Effect.flatMap(storeOf("read", uri), (store) => store.read(uri, options)),
    find: (uri, options) => Effect.flatMap(storeOf("read", uri), (store) => store.find(uri, options)),
    readStream: (uri) => Stream.unwrap(Effect.map(storeOf("readStream", uri), (store) => store.readStream(uri))),
    write: (uri, bytes) => Effect.flatMap(storeOf("write", uri), (store) => store.write(uri, bytes)),
    writeStream: (uri, bytes) => Effect.flatMap(storeOf("writeStream", uri), (store) => store.writeStream(uri, bytes)),
    list: (folder) => Effect.flatMap(storeOf("list", folder), (store) => store.list(folder)),
    copy: Effect.fnUntraced(function*(from, to) {
      const source = yield* storeOf("copy", from)
      const target = yield* storeOf("copy", to)
      yield* source === target ? source.copy(from, to) : target.writeStream(to, source.readStream(from))
    }),
    delete: (uri) => Effect.flatMap(storeOf("delete", uri), (store) => store.delete(uri)),
    signedUrl: (uri, options) => Effect.flatMap(storeOf("signedUrl", uri), (store) => store.signedUrl(uri, options))
  }
}
