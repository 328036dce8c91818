/** The catalog together with the files that its entries point to: what an engine asks before and after a task. */
import { type Idl, Literals } from "@fairlead/core"
import { Datastore, type DatastoreError, type DatastoreService } from "@fairlead/datastore"
import { Context, Effect, Layer, Option, Result } from "effect"
import { Catalog, CatalogError, type CatalogEntry, type CatalogKey, type CatalogService, type EntrySource, type Lease, type ListedEntry, type PurgeOptions, type PutResult } from "./Catalog.ts"
import * as CacheKey from "./CacheKey.ts"
import { copyOutputs, folderOf, removeFolder } from "./internal/copies.ts"

/** What was found under a key. */
export type Found =
  | { readonly _tag: "Hit"; readonly entry: CatalogEntry; readonly outputs: Idl.LiteralMap }
  | { readonly _tag: "Miss" }
  /** There is an entry, but its outputs are gone or cannot be read. A new result should replace it. */
  | { readonly _tag: "Stale"; readonly problem: string }

/** A result that is to be kept. */
export interface KeptResult {
  /** URI of the `outputs.pb` that the task wrote. */
  readonly outputUri: string
  readonly source: EntrySource
}

/** Under which conditions a result is kept. */
export interface KeepOptions {
  /** Only while this reservation is nobody else's. */
  readonly lease?: Lease | undefined
  /** Takes the place of whatever there is. */
  readonly replace?: boolean | undefined
  /** Takes the place of an entry that is older, in milliseconds; 0 and absent: of none. */
  readonly maxAge?: number | undefined
}

/** Settings of a cache. */
export interface TaskCacheOptions {
  /** Largest `outputs.pb` that is read, in bytes; 2 MiB if left out. */
  readonly maxBytes?: number | undefined
  /**
   * Keeps copies of outputs that lie below `from`, a URI of a folder that will go, in a folder of its own. Files that such
   * outputs point to are copied as well. Without it, entries point to where the task wrote.
   */
  readonly copies?: { readonly from: string; readonly folder: string } | undefined
}

/** Finds and keeps results of tasks, and says whose turn it is to work. */
export class TaskCache extends Context.Service<TaskCache, {
  readonly find: (key: CatalogKey, options?: { readonly maxAge?: number | undefined }) => Effect.Effect<Found, CatalogError>
  /** Keeps a result; `NoOutputs` when the task wrote no file of outputs. */
  readonly keep: (key: CatalogKey, result: KeptResult, options?: KeepOptions) => Effect.Effect<PutResult | "NoOutputs", CatalogError>
  /** Removes a result and the copies that were made of its files; answers whether there was one. */
  readonly evict: (key: CatalogKey) => Effect.Effect<boolean, CatalogError>
  /** The same for all that are too old or too many. */
  readonly purge: (options: PurgeOptions) => Effect.Effect<ReadonlyArray<ListedEntry>, CatalogError>
  readonly reserve: CatalogService["reserve"]
  readonly release: CatalogService["release"]
  readonly follow: CatalogService["follow"]
}>()("@fairlead/catalog/TaskCache") {
  /** A cache over the catalog and the datastore of the context. */
  static readonly layer = (options: TaskCacheOptions = {}): Layer.Layer<TaskCache, never, Catalog | Datastore> =>
    Layer.effect(TaskCache, Effect.gen(function*() {
      return make(yield* Catalog, yield* Datastore, options)
    }))
}

/** Bytes of the largest file of outputs that is read unless told otherwise. */
const maxBytesDefault = 2 * 1024 * 1024

function make(catalog: CatalogService, store: DatastoreService, { copies, maxBytes = maxBytesDefault }: TaskCacheOptions): TaskCache["Service"] {
  const remove = (key: CatalogKey): Effect.Effect<void, CatalogError> =>
    copies === undefined ? Effect.void : asCatalogError("evict", key, removeFolder(store, folderOf(copies.folder, key)))

  const find = Effect.fnUntraced(function*(key: CatalogKey, options?: { readonly maxAge?: number | undefined }): Effect.fn.Return<Found, CatalogError> {
    const known = yield* catalog.get(key, options)
    if (Option.isNone(known)) return { _tag: "Miss" }
    const entry = known.value
    const read = yield* Effect.result(store.read(entry.outputUri, { maxBytes }))
    if (Result.isFailure(read)) {
      if (read.failure.retryable || read.failure.reason._tag === "AccessDenied") return yield* fromDatastore("find", key, read.failure)
      return { _tag: "Stale", problem: read.failure.message }
    }
    const outputs = Literals.decodeMap(read.success)
    return Result.isSuccess(outputs)
      ? { _tag: "Hit", entry, outputs: outputs.success }
      : { _tag: "Stale", problem: `${entry.outputUri}: ${outputs.failure.message}` }
  })

  const keep = Effect.fnUntraced(function*(key: CatalogKey, result: KeptResult, { lease, maxAge, replace = false }: KeepOptions = {}): Effect.fn.Return<PutResult | "NoOutputs", CatalogError> {
    const head = yield* asCatalogError("keep", key, store.head(result.outputUri))
    if (Option.isNone(head)) return "NoOutputs"
    const isCopied = copies !== undefined && head.value.uri.startsWith(`${copies.from}/`)
    // What is there already need not be copied to find out that it is.
    if (isCopied && !replace && Option.isSome(yield* catalog.get(key, { maxAge }))) return "Kept"
    const files = isCopied
      ? yield* asCatalogError("keep", key, copyOutputs(store, result.outputUri, copies, key))
      : { outputUri: result.outputUri, size: head.value.size }
    const entry = { ...files, source: result.source }
    if (!replace) return yield* catalog.put(key, entry, { lease, maxAge })
    yield* catalog.update(key, entry, { lease })
    return "Stored"
  })

  return {
    find,
    keep,
    evict: (key) => Effect.tap(catalog.delete(key), () => remove(key)),
    purge: (options) => Effect.tap(catalog.purge(options), (gone) => Effect.forEach(gone, ({ key }) => remove(key), { discard: true })),
    reserve: catalog.reserve,
    release: catalog.release,
    follow: catalog.follow
  }
}

const asCatalogError = <A>(method: string, key: CatalogKey, effect: Effect.Effect<A, DatastoreError>): Effect.Effect<A, CatalogError> =>
  Effect.mapError(effect, (error) => fromDatastore(method, key, error))

const fromDatastore = (method: string, key: CatalogKey, error: DatastoreError): CatalogError =>
  new CatalogError({ method, key: CacheKey.text(key), reason: { _tag: error.retryable ? "Unavailable" : "Refused", description: error.message } })
