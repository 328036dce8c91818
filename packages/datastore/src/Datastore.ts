/** The contract of every store of files by URI, and what can go wrong with one. */
import { Context, Data, type Duration, Effect, type Option, type Stream } from "effect"

/** Why a store could not do something. */
export type DatastoreReason =
  /** Nothing is stored under the URI. */
  | { readonly _tag: "NotFound" }
  /** The object is larger than the caller is ready to take. Nothing was downloaded. */
  | { readonly _tag: "LimitExceeded"; readonly size: number; readonly limit: number }
  /** The store refuses, and will again. */
  | { readonly _tag: "AccessDenied"; readonly description: string }
  /** The store does not answer or is full; later it may. */
  | { readonly _tag: "Unavailable"; readonly description: string }
  /** The URI names nothing that this store could hold. */
  | { readonly _tag: "InvalidUri"; readonly description: string }
  /** No store of this kind can do that. */
  | { readonly _tag: "Unsupported"; readonly description: string }

/** A store failed. `retryable` says whether the same call may succeed later. */
export class DatastoreError extends Data.TaggedError("DatastoreError")<{
  /** Name of the method that was called. */
  readonly method: string
  readonly uri: string
  readonly reason: DatastoreReason
}> {
  constructor(args: { readonly method: string; readonly uri: string; readonly reason: DatastoreReason }) {
    // Whoever looks for a file that need not be there has no use for the place in the code, and recording it is most of the work.
    const { stackTraceLimit } = Error
    if (args.reason._tag === "NotFound") Error.stackTraceLimit = 0
    super(args)
    Error.stackTraceLimit = stackTraceLimit
  }

  get retryable(): boolean {
    return this.reason._tag === "Unavailable"
  }

  override get message(): string {
    return `Datastore.${this.method} failed: ${this.reason._tag}: ${describe(this.reason)}: ${this.uri}`
  }
}

const describe = (reason: DatastoreReason): string => {
  switch (reason._tag) {
    case "NotFound":
      return "nothing is stored here"
    case "LimitExceeded":
      return `${reason.size} bytes are stored, at most ${reason.limit} are read`
    default:
      return reason.description
  }
}

/** Something that is stored. */
export interface StoredObject {
  /** In the spelling of `Reference.format`. */
  readonly uri: string
  /** In bytes. */
  readonly size: number
}

/** What a signed URL allows, and for how long. */
export interface SignedUrlOptions {
  /** `read` if left out. */
  readonly operation?: "read" | "write" | undefined
  /** An hour if left out; stores set a limit of their own, S3 seven days. */
  readonly expiresIn?: Duration.Input | undefined
}

/** Settings of a read. */
export interface ReadOptions {
  /** Largest object to read, in bytes; `undefined` and 0 set no limit. Checked before anything is downloaded. */
  readonly maxBytes?: number | undefined
}

/**
 * What every store does.
 *
 * A store holds objects (bytes under a URI), no folders: a folder is there when something is below it. A write is seen
 * whole or not at all, and replaces what was there. Bytes that are handed in or out belong to both sides and are never changed.
 */
export interface DatastoreService {
  /** Looks whether an object is there, and how large it is. */
  readonly head: (uri: string) => Effect.Effect<Option.Option<StoredObject>, DatastoreError>
  /** Reads an object; fails with `NotFound` or, when it is too large, `LimitExceeded`. */
  readonly read: (uri: string, options?: ReadOptions) => Effect.Effect<Uint8Array, DatastoreError>
  /** Reads an object that need not be there: `undefined` if there is none, otherwise as `read`, under whose name its errors go. */
  readonly find: (uri: string, options?: ReadOptions) => Effect.Effect<Uint8Array | undefined, DatastoreError>
  /** Reads an object piece by piece, for what may not fit into memory. */
  readonly readStream: (uri: string) => Stream.Stream<Uint8Array, DatastoreError>
  /** Stores an object. */
  readonly write: (uri: string, bytes: Uint8Array) => Effect.Effect<void, DatastoreError>
  /** Stores an object that comes piece by piece. When the stream fails, nothing is stored. */
  readonly writeStream: <E, R>(uri: string, bytes: Stream.Stream<Uint8Array, E, R>) => Effect.Effect<void, DatastoreError | E, R>
  /** Lists everything below a folder, however deep, sorted by URI; empty when there is nothing. */
  readonly list: (folder: string) => Effect.Effect<ReadonlyArray<StoredObject>, DatastoreError>
  /** Copies an object; fails with `NotFound`. */
  readonly copy: (from: string, to: string) => Effect.Effect<void, DatastoreError>
  /** Removes an object; succeeds when there is none. */
  readonly delete: (uri: string) => Effect.Effect<void, DatastoreError>
  /** A URL by which anybody may read or write the object for a time, over HTTP. Fails with `Unsupported` where there is no such thing. */
  readonly signedUrl: (uri: string, options?: SignedUrlOptions) => Effect.Effect<string, DatastoreError>
}

/** `find` of stores whose `read` takes so long anyway that an error more makes no difference. */
export const findBy = (read: DatastoreService["read"]): DatastoreService["find"] => (uri, options) =>
  Effect.catchIf(read(uri, options), ({ reason }) => reason._tag === "NotFound", () => Effect.undefined)

/** `signedUrl` of stores that nobody reaches over HTTP. */
export const signedUrlUnsupported = (uri: string): Effect.Effect<never, DatastoreError> =>
  Effect.fail(new DatastoreError({ method: "signedUrl", uri, reason: { _tag: "Unsupported", description: "this store is not reached over HTTP, so it signs no URLs" } }))

/** Keeps the files of tasks by URI. */
export class Datastore extends Context.Service<Datastore, DatastoreService>()("@fairlead/datastore/Datastore") {}
