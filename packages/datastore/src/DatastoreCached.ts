/** A store in front of another one that remembers what was read last, within a bound. */
import { Clock, Duration, Effect, Layer, Result } from "effect"
import { Datastore, DatastoreError, type DatastoreService, findBy } from "./Datastore.ts"
import * as Reference from "./Reference.ts"

/** How much is remembered, and for how long. */
export interface DatastoreCachedOptions {
  /** Bytes in all; what was used least lately goes first. */
  readonly bytesMost: number
  /** Objects that are larger are not remembered; a sixteenth of `bytesMost` if left out. */
  readonly objectBytesMost?: number | undefined
  /** What others changed is seen after this time; a minute if left out. */
  readonly timeToLive?: Duration.Input | undefined
}

interface Remembered {
  readonly bytes: Uint8Array
  readonly until: number
}

/** Wraps a store. Only `read` and `find` are answered from memory, and only what is there: that something is missing is never remembered. */
export const make = (inner: DatastoreService, { bytesMost, objectBytesMost = bytesMost / 16, timeToLive = "1 minute" }: DatastoreCachedOptions): DatastoreService => {
  // A map keeps the order in which keys were put in: the first is the one that was used least lately.
  const objects = new Map<string, Remembered>()
  let bytesUsed = 0
  const life = Duration.toMillis(timeToLive)

  const nameOf = (uri: string): string => Result.getOrElse(Result.map(Reference.parse(uri), Reference.format), () => uri)
  const forget = (uri: string): void => {
    const name = nameOf(uri)
    bytesUsed -= objects.get(name)?.bytes.length ?? 0
    objects.delete(name)
  }
  const remember = (uri: string, bytes: Uint8Array, now: number): void => {
    forget(uri)
    if (bytes.length > objectBytesMost) return
    objects.set(nameOf(uri), { bytes, until: now + life })
    bytesUsed += bytes.length
    for (const name of objects.keys()) {
      if (bytesUsed <= bytesMost) break
      forget(name)
    }
  }
  /** Before, so that nobody is given what is being replaced; after, for a reader may have brought it back meanwhile. */
  const changing = <A, E, R>(uri: string, change: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.andThen(Effect.sync(() => forget(uri)), Effect.ensuring(change, Effect.sync(() => forget(uri))))

  const read: DatastoreService["read"] = Effect.fnUntraced(function*(uri, options = {}) {
    const { maxBytes = 0 } = options
    const now = yield* Clock.currentTimeMillis
    const known = objects.get(nameOf(uri))
    if (known === undefined || known.until <= now) {
      const bytes = yield* inner.read(uri, options)
      remember(uri, bytes, now)
      return bytes
    }
    objects.delete(nameOf(uri))
    objects.set(nameOf(uri), known)
    const { length } = known.bytes
    if (maxBytes > 0 && length > maxBytes) return yield* new DatastoreError({ method: "read", uri, reason: { _tag: "LimitExceeded", size: length, limit: maxBytes } })
    return known.bytes
  })

  return {
    ...inner,
    read,
    find: findBy(read),
    write: (uri, bytes) => changing(uri, inner.write(uri, bytes)),
    writeStream: (uri, bytes) => changing(uri, inner.writeStream(uri, bytes)),
    copy: (from, to) => changing(to, inner.copy(from, to)),
    delete: (uri) => changing(uri, inner.delete(uri))
  }
}

/** Remembers what is read from the store of the environment. */
export const layer = (options: DatastoreCachedOptions): Layer.Layer<Datastore, never, Datastore> =>
  Layer.effect(Datastore, Effect.map(Datastore, (inner) => make(inner, options)))
