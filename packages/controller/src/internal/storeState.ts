/** The writable side of a store: plain, synchronous, one call for each change. */
import type { KubeObject } from "@fairlead/kube"
import { fromKey, keyOf } from "../ReconcileRequest.ts"
import type { Change, Indexes, Store } from "../Store.ts"
import { isOlder, newest } from "../ResourceVersion.ts"
import { Chain, type Linked } from "./chain.ts"
import { NameMap } from "../NameMap.ts"

/** An object and the name that it is known by; objects of the cluster have no namespace. */
export interface NamedObject<A> {
  readonly namespace: string | undefined
  readonly name: string
  readonly object: A
}

/** What the store holds of one object. An update changes it in place, so that nothing is looked up or filed again. */
interface Entry<A> extends NamedObject<A>, Linked<Entry<A>> {
  object: A
  values: IndexValues
}

/** The values of an object in each of the indexes. */
type IndexValues = ReadonlyArray<ReadonlyArray<string>>

interface Index<A> {
  readonly name: string
  readonly valuesOf: (object: A) => ReadonlyArray<string>
  readonly buckets: Map<string, Set<Entry<A>>>
}

/** Entries by their names, and in the order in which they were added. */
interface Contents<A> {
  readonly names: NameMap<Entry<A>>
  readonly all: Chain<Entry<A>>
  readonly indexes: ReadonlyArray<Index<A>>
}

/** Keyed and indexed objects. Every write is refused when the object is older than what is already known. */
export class StoreState<A extends KubeObject> implements Store<A> {
  #contents: Contents<A>
  readonly #indexFunctions: Indexes<A>
  #list: ReadonlyArray<A> | undefined
  /** Keys that a live read found absent, with the version of that read: older events must not bring them back. */
  readonly #tombstones = new Map<string, string>()
  version: string | undefined
  /** The newest version that was read past the watch and that the watch has not reached. */
  #ahead: string | undefined

  constructor(indexes: Indexes<A> = {}) {
    this.#indexFunctions = indexes
    this.#contents = this.#empty()
  }

  get size(): number {
    return this.#contents.all.size
  }

  get(namespace: string | undefined, name: string): A | undefined {
    return this.#contents.names.get(namespace, name)?.object
  }

  getByKey(key: string): A | undefined {
    const { name, namespace } = fromKey(key)
    return this.get(namespace, name)
  }

  list(): ReadonlyArray<A> {
    return (this.#list ??= this.#contents.all.toArray().map((it) => it.object))
  }

  byIndex(index: string, value: string): ReadonlyArray<A> {
    const { indexes } = this.#contents
    const found = indexes.find((it) => it.name === index)
    if (found === undefined) {
      throw new Error(`the store has no index "${index}", only [${indexes.map((it) => it.name).join(", ")}]: name it in the informer's indexes`)
    }
    const bucket = found.buckets.get(value)
    const objects: Array<A> = []
    if (bucket !== undefined) for (const { object } of bucket) objects.push(object)
    return objects
  }

  get isAhead(): boolean {
    return this.#ahead !== undefined
  }

  /** Remembers that an object was read past the watch. */
  readAhead(version: string | undefined): void {
    if (version !== undefined && isOlder(this.version, version)) this.#ahead = newest(this.#ahead, version)
  }

  /** Remembers that everything up to `version` has been seen. */
  advance(version: string): void {
    this.version = newest(this.version, version)
    if (this.#ahead !== undefined && !isOlder(this.version, this.#ahead)) this.#ahead = undefined
    if (this.#tombstones.size > 0) {
      for (const [key, at] of this.#tombstones) if (!isOlder(this.version, at)) this.#tombstones.delete(key)
    }
  }

  /**
   * Puts an object. Answers `undefined` when that changes nothing: the same version again, or an older one. An index
   * function that throws does so before anything has changed.
   */
  upsert(namespace: string | undefined, name: string, object: A): Change<A> | undefined {
    const values = this.#valuesOf(object)
    const entry = this.#contents.names.get(namespace, name)
    const version = object.metadata.resourceVersion
    const before = entry?.object.metadata.resourceVersion
    if (entry !== undefined && (before === version || isOlder(version, before))) return undefined
    if (this.#tombstones.size > 0 && isOlder(version, this.#tombstones.get(keyOf(namespace, name)))) return undefined
    this.#list = undefined
    if (entry === undefined) {
      add(this.#contents, entryOf(namespace, name, object, values))
      return { type: "Added", object, previous: undefined, initial: undefined }
    }
    const previous = entry.object
    entry.object = object
    if (values.length > 0) refile(this.#contents.indexes, entry, values)
    return { type: "Updated", object, previous, initial: undefined }
  }

  /** Takes an object away. `last` is its final state, as a deletion event carries it. */
  remove(namespace: string | undefined, name: string, last: A | undefined): Change<A> | undefined {
    const entry = this.#contents.names.get(namespace, name)
    if (entry === undefined || isOlder(last?.metadata.resourceVersion, versionOf(entry))) return undefined
    drop(this.#contents, entry)
    this.#list = undefined
    return { type: "Deleted", object: last ?? entry.object, previous: entry.object, initial: undefined }
  }

  /** Takes an object away because a read at `version` did not find it. */
  removeAbsent(namespace: string | undefined, name: string, version: string): Change<A> | undefined {
    const previous = this.get(namespace, name)
    if (isOlder(this.version, version)) this.#tombstones.set(keyOf(namespace, name), version)
    if (previous === undefined || isOlder(version, previous.metadata.resourceVersion)) return undefined
    return this.remove(namespace, name, { ...previous, metadata: { ...previous.metadata, resourceVersion: version } })
  }

  /**
   * Replaces everything by what a list showed at `version`, and answers what that changed. Objects that are newer than
   * the list, known from a live read, stay as they are.
   */
  replace(objects: ReadonlyArray<NamedObject<A>>, version: string): ReadonlyArray<Change<A>> {
    const initial = this.version === undefined
    // Only a history that was rewound makes a list older than the store; then nothing that is held can be trusted.
    const isRewound = isOlder(version, this.version)
    const before = this.#contents
    // Entries that stay are taken over, which takes them out of their chain.
    const known = before.all.toArray()
    const after = this.#empty()
    const changes: Array<Change<A>> = []
    for (const { name, namespace, object: listed } of objects) {
      const previous = before.names.get(namespace, name)
      const listedVersion = listed.metadata.resourceVersion
      const isSame = previous !== undefined && (versionOf(previous) === listedVersion || (!isRewound && isOlder(listedVersion, versionOf(previous))))
      add(after, isSame ? previous : entryOf(namespace, name, listed, this.#valuesOf(listed)))
      if (previous === undefined) changes.push({ type: "Added", object: listed, previous: undefined, initial })
      else if (!isSame) changes.push({ type: "Updated", object: listed, previous: previous.object, initial: undefined })
    }
    for (const entry of known) {
      if (after.names.get(entry.namespace, entry.name) !== undefined) continue
      if (!isRewound && isOlder(version, versionOf(entry))) add(after, entry)
      else changes.push({ type: "Deleted", object: entry.object, previous: entry.object, initial: undefined })
    }
    this.#contents = after
    this.#list = undefined
    this.#tombstones.clear()
    this.version = version
    if (isRewound || !isOlder(version, this.#ahead)) this.#ahead = undefined
    return changes
  }

  /** Calls every index function once, so that one that throws does so before anything has changed. */
  probe(object: A): void {
    this.#valuesOf(object)
  }

  #valuesOf(object: A): IndexValues {
    const { indexes } = this.#contents
    if (indexes.length === 0) return none
    const values: Array<ReadonlyArray<string>> = []
    for (const index of indexes) values.push(index.valuesOf(object))
    return values
  }

  #empty(): Contents<A> {
    const indexes = Object.keys(this.#indexFunctions).map((name) => ({ name, valuesOf: this.#indexFunctions[name]!, buckets: new Map<string, Set<Entry<A>>>() }))
    return { names: new NameMap(), all: new Chain(), indexes }
  }
}

const none: IndexValues = []

const versionOf = ({ object }: Entry<KubeObject>): string | undefined => object.metadata.resourceVersion

const entryOf = <A extends KubeObject>(namespace: string | undefined, name: string, object: A, values: IndexValues): Entry<A> =>
  ({ namespace, name, object, values, next: undefined, previous: undefined })

const add = <A>(contents: Contents<A>, entry: Entry<A>): void => {
  const { all, indexes, names } = contents
  const twin = names.get(entry.namespace, entry.name)
  // A list that has an object twice is no good one, but must not leave an entry behind that nobody finds.
  if (twin !== undefined) drop(contents, twin)
  names.set(entry.namespace, entry.name, entry)
  all.push(entry)
  for (let i = 0; i < indexes.length; i++) file(indexes[i]!, entry, entry.values[i]!)
}

const drop = <A>({ all, indexes, names }: Contents<A>, entry: Entry<A>): void => {
  names.delete(entry.namespace, entry.name)
  all.remove(entry)
  for (let i = 0; i < indexes.length; i++) unfile(indexes[i]!, entry, entry.values[i]!)
}

const refile = <A>(indexes: ReadonlyArray<Index<A>>, entry: Entry<A>, values: IndexValues): void => {
  const before = entry.values
  for (let i = 0; i < indexes.length; i++) {
    if (equal(before[i]!, values[i]!)) continue
    entry.values = values
    unfile(indexes[i]!, entry, before[i]!)
    file(indexes[i]!, entry, values[i]!)
  }
}

const file = <A>({ buckets }: Index<A>, entry: Entry<A>, values: ReadonlyArray<string>): void => {
  for (const value of values) {
    let bucket = buckets.get(value)
    if (bucket === undefined) buckets.set(value, (bucket = new Set()))
    bucket.add(entry)
  }
}

const unfile = <A>({ buckets }: Index<A>, entry: Entry<A>, values: ReadonlyArray<string>): void => {
  for (const value of values) {
    const bucket = buckets.get(value)
    bucket?.delete(entry)
    if (bucket?.size === 0) buckets.delete(value)
  }
}

const equal = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
