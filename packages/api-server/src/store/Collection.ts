/** All stored objects of one kind, with their recent changes and those who watch them. */
import type { KubeObject } from "@fairlead/kube"
import type { GroupResource } from "../ApiFailure.ts"
import { Bucket, type Entry } from "./Bucket.ts"
import { History, type StoreEvent } from "./History.ts"
import { LabelIndex } from "./LabelIndex.ts"

/** Called for each change of a collection, in order. Must return quickly and must not throw. */
export interface CollectionWatcher {
  /** `""` for all namespaces. */
  readonly namespace: string
  readonly onEvent: (event: StoreEvent) => void
}

/** A label that an object must have with this value. */
export interface LabelHint {
  readonly key: string
  readonly value: string
}

/** Objects by namespace and name; `""` is the namespace of cluster-scoped objects. Only `Store` writes to it. */
export class Collection {
  readonly resource: GroupResource
  readonly history: History
  readonly watchers = new Set<CollectionWatcher>()
  private readonly buckets = new Map<string, Bucket>()
  private latest: Bucket | undefined
  private orderedNamespaces: ReadonlyArray<Bucket> | undefined
  private labels = new LabelIndex()
  private count = 0
  private changed = 0

  constructor(resource: GroupResource, history: History) {
    this.resource = resource
    this.history = history
  }

  /** A collection that starts with objects in it. */
  static of(resource: GroupResource, history: History, objects: ReadonlyArray<KubeObject>): Collection {
    const collection = new Collection(resource, history)
    for (const object of objects) {
      const { name = "", namespace = "" } = object.metadata
      collection.bucketOf(namespace).add({ namespace, name, object, alive: true })
    }
    collection.count = objects.length
    return collection
  }

  /** A collection that goes its own way from here. Both share the objects, and each namespace until one of them writes to it. */
  fork(): Collection {
    const fork = new Collection(this.resource, this.history.fork())
    for (const [namespace, bucket] of this.buckets) {
      bucket.isShared = true
      fork.buckets.set(namespace, bucket)
    }
    fork.count = this.count
    return fork
  }

  /** Grows with every change, so that whoever keeps something made of the objects knows when it is out of date. */
  get changes(): number {
    return this.changed
  }

  /** Number of stored objects. */
  get size(): number {
    return this.count
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.find(namespace)?.get(name)?.object
  }

  /** Number of objects in one namespace, or in all with `""`. */
  sizeIn(namespace: string): number {
    return namespace === "" ? this.count : (this.buckets.get(namespace)?.size ?? 0)
  }

  /** Objects in key order, of one namespace or of all with `""`; `hint` narrows the search where it helps. */
  list(namespace: string, hint?: LabelHint): ReadonlyArray<KubeObject> {
    if (hint !== undefined) {
      const found = this.labels.lookup(hint.key, hint.value, () => this.entries(""))
      const some = namespace === "" ? [...found] : [...found].filter((entry) => entry.namespace === namespace)
      return some.sort(byKeyOrder).map(objectOf)
    }
    return this.entries(namespace).map(objectOf)
  }

  /** Takes in an object under a new revision; see `Store.put`. */
  put(revision: number, namespace: string, name: string, object: KubeObject): StoreEvent {
    const bucket = this.bucketOf(namespace)
    const entry = bucket.get(name)
    const previous = entry?.object
    if (entry === undefined) {
      const added: Entry = { namespace, name, object, alive: true }
      bucket.add(added)
      this.labels.update(added, undefined, object)
      this.count++
    } else {
      entry.object = object
      this.labels.update(entry, previous, object)
    }
    return this.note({ type: previous === undefined ? "ADDED" : "MODIFIED", revision, namespace, name, object, previous, shown: undefined })
  }

  /** Lets go of an object; `last` is what it is at the revision of its end. */
  remove(revision: number, namespace: string, name: string, last: KubeObject): StoreEvent {
    const bucket = this.bucketOf(namespace)
    const entry = bucket.get(name)!
    const previous = entry.object
    this.labels.update(entry, previous, undefined)
    bucket.remove(entry)
    this.count--
    return this.note({ type: "DELETED", revision, namespace, name, object: last, previous, shown: undefined })
  }

  private note(event: StoreEvent): StoreEvent {
    this.changed++
    this.history.push(event)
    return event
  }

  private entries(namespace: string): ReadonlyArray<Entry> {
    if (namespace !== "") return this.buckets.get(namespace)?.entries() ?? []
    const buckets = this.namespacesInOrder()
    return buckets.length === 1 ? buckets[0]!.entries() : buckets.flatMap((bucket) => bucket.entries())
  }

  /** Key order: `x-b/…` comes before `x/…`. */
  private namespacesInOrder(): ReadonlyArray<Bucket> {
    this.orderedNamespaces ??= [...this.buckets.values()].sort((a, b) => (`${a.namespace}/` < `${b.namespace}/` ? -1 : 1))
    return this.orderedNamespaces
  }

  /** Most look-ups are in the namespace of the last one. */
  private find(namespace: string): Bucket | undefined {
    if (this.latest?.namespace !== namespace) this.latest = this.buckets.get(namespace)
    return this.latest
  }

  /** The bucket to write to. */
  private bucketOf(namespace: string): Bucket {
    const bucket = this.find(namespace)
    if (bucket !== undefined && !bucket.isShared) return bucket
    const own = bucket?.copy() ?? new Bucket(namespace)
    this.buckets.set(namespace, own)
    this.latest = own
    this.orderedNamespaces = undefined
    // The index knows the entries of the bucket that was shared.
    if (bucket !== undefined) this.labels = new LabelIndex()
    return own
  }
}

const objectOf = (entry: Entry): KubeObject => entry.object

/** Order of storage keys, `namespace/name`. */
export const byKeyOrder = (a: { namespace: string; name: string }, b: { namespace: string; name: string }): number => {
  if (a.namespace === b.namespace) return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
  return `${a.namespace}/` < `${b.namespace}/` ? -1 : 1
}
