/** The writable side of a store: plain, synchronous, one call for each change. */
import type { KubeObject } from "@fairlead/kube"
import { keyOf } from "../ReconcileRequest.ts"
import type { Change, Indexes, Store } from "../Store.ts"
import { isOlder, newest } from "../ResourceVersion.ts"

interface Index<A> {
  readonly name: string
  readonly valuesOf: (object: A) => ReadonlyArray<string>
  readonly buckets: Map<string, Map<string, A>>
}

/** Keyed and indexed objects. Every write is refused when the object is older than what is already known. */
export class StoreState<A extends KubeObject> implements Store<A> {
  #objects = new Map<string, A>()
  #indexes: ReadonlyArray<Index<A>>
  readonly #indexFunctions: Indexes<A>
  #list: ReadonlyArray<A> | undefined
  /** Keys that a live read found absent, with the version of that read: older events must not bring them back. */
  readonly #tombstones = new Map<string, string>()
  version: string | undefined

  constructor(indexes: Indexes<A> = {}) {
    this.#indexFunctions = indexes
    this.#indexes = this.#emptyIndexes()
  }

  get size(): number {
    return this.#objects.size
  }

  get(namespace: string | undefined, name: string): A | undefined {
    return this.#objects.get(keyOf(namespace, name))
  }

  getByKey(key: string): A | undefined {
    return this.#objects.get(key)
  }

  list(): ReadonlyArray<A> {
    return (this.#list ??= Array.from(this.#objects.values()))
  }

  byIndex(index: string, value: string): ReadonlyArray<A> {
    const found = this.#indexes.find((it) => it.name === index)
    if (found === undefined) {
      throw new Error(`the store has no index "${index}", only [${this.#indexes.map((it) => it.name).join(", ")}]: name it in the informer's indexes`)
    }
    const bucket = found.buckets.get(value)
    return bucket === undefined ? [] : Array.from(bucket.values())
  }

  /** Remembers that everything up to `version` has been seen. */
  advance(version: string): void {
    this.version = newest(this.version, version)
    if (this.#tombstones.size > 0) {
      for (const [key, at] of this.#tombstones) if (!isOlder(this.version, at)) this.#tombstones.delete(key)
    }
  }

  /** Puts an object. Answers `undefined` when that changes nothing: the same version again, or an older one. */
  upsert(key: string, object: A): Change<A> | undefined {
    const previous = this.#objects.get(key)
    const version = object.metadata.resourceVersion
    if (previous !== undefined && (previous.metadata.resourceVersion === version || isOlder(version, previous.metadata.resourceVersion))) return undefined
    if (this.#tombstones.size > 0 && isOlder(version, this.#tombstones.get(key))) return undefined
    this.#put(this.#indexes, this.#objects, key, object, previous)
    return previous === undefined ? { type: "Added", object } : { type: "Updated", object, previous }
  }

  /** Takes an object away. `last` is its final state, as a deletion event carries it. */
  remove(key: string, last: A | undefined): Change<A> | undefined {
    const previous = this.#objects.get(key)
    if (previous === undefined || isOlder(last?.metadata.resourceVersion, previous.metadata.resourceVersion)) return undefined
    this.#objects.delete(key)
    this.#list = undefined
    for (const index of this.#indexes) unfile(index, key, index.valuesOf(previous))
    return { type: "Deleted", object: last ?? previous, previous }
  }

  /** Takes an object away because a read at `version` did not find it. */
  removeAbsent(key: string, version: string): Change<A> | undefined {
    const previous = this.#objects.get(key)
    if (isOlder(this.version, version)) this.#tombstones.set(key, version)
    if (previous === undefined || isOlder(version, previous.metadata.resourceVersion)) return undefined
    return this.remove(key, { ...previous, metadata: { ...previous.metadata, resourceVersion: version } })
  }

  /**
   * Replaces everything by what a list showed at `version`, and answers what that changed. Objects that are newer than
   * the list, known from a live read, stay as they are.
   */
  replace(objects: ReadonlyArray<readonly [key: string, object: A]>, version: string): ReadonlyArray<Change<A>> {
    const initial = this.version === undefined
    // Only a history that was rewound makes a list older than the store; then nothing that is held can be trusted.
    const isRewound = isOlder(version, this.version)
    const before = this.#objects
    const after = new Map<string, A>()
    const indexes = this.#emptyIndexes()
    const changes: Array<Change<A>> = []
    for (const [key, listed] of objects) {
      const previous = before.get(key)
      const isSame = previous !== undefined && (previous.metadata.resourceVersion === listed.metadata.resourceVersion ||
        (!isRewound && isOlder(listed.metadata.resourceVersion, previous.metadata.resourceVersion)))
      const object = isSame ? previous : listed
      this.#put(indexes, after, key, object, undefined)
      if (previous === undefined) changes.push({ type: "Added", object, initial })
      else if (!isSame) changes.push({ type: "Updated", object, previous })
    }
    for (const [key, previous] of before) {
      if (after.has(key)) continue
      if (!isRewound && isOlder(version, previous.metadata.resourceVersion)) this.#put(indexes, after, key, previous, undefined)
      else changes.push({ type: "Deleted", object: previous, previous })
    }
    this.#objects = after
    this.#indexes = indexes
    this.#list = undefined
    this.#tombstones.clear()
    this.version = version
    return changes
  }

  /** Calls every index function once, so that one that throws does so before anything has changed. */
  probe(object: A): void {
    for (const index of this.#indexes) index.valuesOf(object)
  }

  #put(indexes: ReadonlyArray<Index<A>>, objects: Map<string, A>, key: string, object: A, previous: A | undefined): void {
    objects.set(key, object)
    this.#list = undefined
    for (const index of indexes) {
      const values = index.valuesOf(object)
      if (previous !== undefined) {
        const before = index.valuesOf(previous)
        if (!equal(before, values)) unfile(index, key, before)
      }
      for (const value of values) {
        const bucket = index.buckets.get(value)
        if (bucket === undefined) index.buckets.set(value, new Map([[key, object]]))
        else bucket.set(key, object)
      }
    }
  }

  #emptyIndexes(): ReadonlyArray<Index<A>> {
    return Object.keys(this.#indexFunctions).map((name) => ({ name, valuesOf: this.#indexFunctions[name]!, buckets: new Map<string, Map<string, A>>() }))
  }
}

const unfile = <A>(index: Index<A>, key: string, values: ReadonlyArray<string>): void => {
  for (const value of values) {
    const bucket = index.buckets.get(value)
    bucket?.delete(key)
    if (bucket?.size === 0) index.buckets.delete(value)
  }
}

const equal = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean => a.length === b.length && a.every((it, i) => it === b[i])
