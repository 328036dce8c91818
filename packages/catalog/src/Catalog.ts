/** The contract of every catalog of results, and what can go wrong with one. */
import { Context, Data, type Effect, type Option, type Scope } from "effect"

/** Why a catalog could not do something. */
export type CatalogReason =
  /** The store behind it does not answer, or asks to try again. */
  | { readonly _tag: "Unavailable"; readonly description: string }
  /** The store refuses: wrong credentials, missing rights, a schema that is newer than this program. */
  | { readonly _tag: "Refused"; readonly description: string }
  /** The key or the entry cannot be stored by anybody. */
  | { readonly _tag: "Invalid"; readonly description: string }
  /** What is stored cannot be read. */
  | { readonly _tag: "Corrupt"; readonly description: string }
  /** The reservation under which something was to be stored is somebody else's by now. */
  | { readonly _tag: "ReservationLost"; readonly owner: string }

/** A catalog failed. `retryable` says whether the same call may succeed later. */
export class CatalogError extends Data.TaggedError("CatalogError")<{
  /** Name of the method that was called. */
  readonly method: string
  /** The key that it was called for; absent where it was for none. */
  readonly key?: string | undefined
  readonly reason: CatalogReason
}> {
  get retryable(): boolean {
    return this.reason._tag === "Unavailable"
  }

  override get message(): string {
    return `Catalog.${this.method} failed: ${this.reason._tag}: ${describe(this.reason)}${this.key === undefined ? "" : `: ${this.key}`}`
  }
}

const describe = (reason: CatalogReason): string =>
  reason._tag === "ReservationLost" ? `the reservation is held by ${reason.owner === "" ? "nobody" : reason.owner}` : reason.description

/** What a result is found by. Equal keys of different projects or domains have nothing to do with each other. */
export interface CatalogKey {
  readonly project: string
  readonly domain: string
  /** Made by `CacheKey.compose`, or any other text of at most 512 characters. */
  readonly key: string
}

/** The task that made a result, as Flyte names it, and what else is worth knowing about the execution. */
export interface EntrySource {
  readonly project: string
  readonly domain: string
  readonly name: string
  readonly version: string
  readonly org: string
  /** For instance `execution-name` and `exec-attempt`: Flyte's names. */
  readonly labels: { readonly [name: string]: string }
}

/** A result to be remembered. */
export interface NewEntry {
  /** URI of the file `outputs.pb`. */
  readonly outputUri: string
  readonly source: EntrySource
  /** Bytes that go when the entry goes; 0 when nobody counted. */
  readonly size: number
}

/** A remembered result. Times are milliseconds since the epoch by the clock of the store. */
export interface CatalogEntry extends NewEntry {
  readonly createdAt: number
  /** When it was stored or overwritten last; its age counts from here. */
  readonly updatedAt: number
  /** Milliseconds since then, by the clock of the store: clocks of readers do not matter. */
  readonly age: number
}

/** What names a granted reservation. `fence` grows with every grant of a key, so that an earlier grant is known for what it is. */
export interface Lease {
  /** Different for every task that may ask; the same for the same task after a restart. */
  readonly owner: string
  readonly fence: number
}

/** The reservation of a key: who works on its result. Lengths of time are milliseconds. */
export interface Reservation extends Lease {
  /** True when the one who asked holds it. */
  readonly isMine: boolean
  /** It must be asked for again within this time; the store may shorten what was wished. */
  readonly heartbeat: number
  /** Until it can be taken over, if it is not asked for again. */
  readonly expiresIn: number
}

/** Under which conditions an entry is stored. */
export interface PutOptions {
  /** Only while this reservation is nobody else's. */
  readonly lease?: Lease | undefined
  /** An entry that is older, in milliseconds, is replaced; 0 and absent: none is. */
  readonly maxAge?: number | undefined
}

/** What became of an entry: stored, or left because there was one. */
export type PutResult = "Stored" | "Kept"

/** An entry with its key. */
export interface ListedEntry {
  readonly key: CatalogKey
  readonly entry: CatalogEntry
}

/** Which entries to list. */
export interface ListOptions {
  readonly project?: string | undefined
  readonly domain?: string | undefined
  /** Only entries behind this one: the last of the page before. */
  readonly after?: CatalogKey | undefined
  /** 100 if left out. */
  readonly limit?: number | undefined
}

/** What may go. Lengths of time are milliseconds. */
export interface PurgeOptions {
  /** Entries that are older; 0 and absent: none. */
  readonly olderThan?: number | undefined
  /** The oldest entries, until the others take no more than this many bytes. */
  readonly bytesMost?: number | undefined
}

/** How much there is. */
export interface Usage {
  readonly entries: number
  readonly bytes: number
}

/**
 * What every catalog does.
 *
 * Guarantees: of several who reserve a key at the same time one is granted it, and no other before it is released or has
 * expired; an entry stored under a lease is stored only while nobody else was granted the key since; times are compared by
 * the clock of the store. A reservation that was not renewed may be taken over, and whoever held it can neither store nor
 * release under it any more.
 */
export interface CatalogService {
  /** Finds the entry of a key. None is a miss, never an error; so is one that is older than `maxAge` milliseconds, if that is above 0. */
  readonly get: (key: CatalogKey, options?: { readonly maxAge?: number | undefined }) => Effect.Effect<Option.Option<CatalogEntry>, CatalogError>
  /** Stores an entry unless there is one. */
  readonly put: (key: CatalogKey, entry: NewEntry, options?: PutOptions) => Effect.Effect<PutResult, CatalogError>
  /** Stores an entry in place of whatever there is. */
  readonly update: (key: CatalogKey, entry: NewEntry, options?: Pick<PutOptions, "lease">) => Effect.Effect<void, CatalogError>
  /** Removes an entry; answers whether there was one. */
  readonly delete: (key: CatalogKey) => Effect.Effect<boolean, CatalogError>
  /** Asks for the reservation of a key, or extends it. Answers who holds it, which is no error. `heartbeat` is milliseconds. */
  readonly reserve: (key: CatalogKey, request: { readonly owner: string; readonly heartbeat: number }) => Effect.Effect<Reservation, CatalogError>
  /** Gives a reservation back; answers whether it was held. Without a fence any grant of the owner is given back. */
  readonly release: (key: CatalogKey, lease: { readonly owner: string; readonly fence?: number | undefined }) => Effect.Effect<boolean, CatalogError>
  /** Lists entries by project, domain and key. */
  readonly list: (options?: ListOptions) => Effect.Effect<ReadonlyArray<ListedEntry>, CatalogError>
  /** Removes entries that are too old or too many, and reservations that expired long ago; answers the entries. */
  readonly purge: (options: PurgeOptions) => Effect.Effect<ReadonlyArray<ListedEntry>, CatalogError>
  readonly usage: Effect.Effect<Usage, CatalogError>
  /**
   * Calls `listener` with `CacheKey.text` of every key for which an entry was stored or a reservation ended, until the scope
   * closes. A hint: a store may not hear of what other programs do, or lose some of it.
   */
  readonly follow: (listener: (key: string) => void) => Effect.Effect<void, never, Scope.Scope>
}

/** Remembers outputs of tasks by key, so that equal work runs only once. */
export class Catalog extends Context.Service<Catalog, CatalogService>()("@fairlead/catalog/Catalog") {}
