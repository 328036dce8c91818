/** Keeps the objects of all kinds under one growing revision and tells every change, in order, to those who watch. */
import type { KubeObject } from "@fairlead/kube"
import { type GroupResource, printResource } from "../ApiFailure.ts"
import type { Draft } from "../Draft.ts"
import { deepFreeze } from "../internal/deepFreeze.ts"
import { Collection } from "./Collection.ts"
import { History, type StoreEvent } from "./History.ts"

/** A committed change, as the journal sees it. */
export interface StoreWrite {
  readonly resource: GroupResource
  readonly event: StoreEvent
}

/** How much a store keeps, and how it guards what it keeps. */
export interface StoreOptions {
  /** Changes that each collection remembers for watches and for lists at older versions. */
  readonly historyMax: number
  /** Revision of the empty store; older versions count as compacted. */
  readonly revisionStart: number
  /** Deep-freezes everything stored, so that a writer who breaks the rules is found out. */
  readonly freeze: boolean
}

/** What a store starts with. */
export interface StoreState {
  readonly revision: number
  readonly collections: ReadonlyArray<Collection>
}

/**
 * Objects handed to `commit` belong to the store; objects it gives out are shared and never change.
 *
 * Watchers are called within `commit`. A write made by a watcher is committed at once but told only after the
 * event at hand has reached everybody, so that all see one order.
 */
export class Store {
  private readonly collections: Array<Collection> = []
  /** By group and plural: every write asks for several. */
  private readonly byGroup = new Map<string, Map<string, Collection>>()
  private readonly listeners = new Set<(write: StoreWrite) => void>()
  private readonly untold: Array<{ collection: Collection; event: StoreEvent }> = []
  private telling = false
  private readonly options: StoreOptions
  private last: number

  constructor(options: StoreOptions, state?: StoreState) {
    this.options = options
    this.last = state?.revision ?? options.revisionStart
    for (const collection of state?.collections ?? []) this.keep(collection)
  }

  /** A store that goes its own way from here; nobody listens to it yet. Costs little until one of the two writes. */
  fork(): Store {
    return new Store(this.options, { revision: this.last, collections: Array.from(this.collections, (collection) => collection.fork()) })
  }

  /** Revision of the last change. */
  get revision(): number {
    return this.last
  }

  /** The collection of a kind; made when it is first asked for. */
  collection(resource: GroupResource): Collection {
    return this.byGroup.get(resource.group)?.get(resource.plural) ?? this.keep(new Collection(resource, new History(this.options.historyMax, this.options.revisionStart)))
  }

  private keep(collection: Collection): Collection {
    const { group, plural } = collection.resource
    const byPlural = this.byGroup.get(group) ?? new Map<string, Collection>()
    this.byGroup.set(group, byPlural.set(plural, collection))
    this.collections.push(collection)
    return collection
  }

  /** All collections that were ever asked for, oldest first. */
  all(): Iterable<Collection> {
    return this.collections
  }

  /** Stores `draft`, giving it the next resourceVersion. */
  put(collection: Collection, namespace: string, name: string, draft: Draft): KubeObject {
    draft.metadata.resourceVersion = String(++this.last)
    if (this.options.freeze) deepFreeze(draft)
    this.tell(collection, collection.put(this.last, namespace, name, draft))
    return draft
  }

  /** Removes an object; the answer and the event show its last state under the version of its deletion. */
  delete(collection: Collection, namespace: string, name: string): KubeObject {
    const previous = collection.get(namespace, name)
    if (previous === undefined) throw new Error(`cannot delete ${printResource(collection.resource)} ${namespace}/${name}: not stored`)
    const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(++this.last) } }
    if (this.options.freeze) deepFreeze(object)
    this.tell(collection, collection.remove(this.last, namespace, name, object))
    return object
  }

  /** Forgets the changes up to `revision`: older watches and lists get `Expired`. */
  compact(revision: number): void {
    for (const collection of this.collections) collection.history.compact(revision)
  }

  /** Calls `listener` for every change from now on; the answer stops that. */
  onWrite(listener: (write: StoreWrite) => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Tells everybody of a change that its collection has taken in. */
  private tell(collection: Collection, event: StoreEvent): void {
    if (this.listeners.size > 0) {
      const write = { resource: collection.resource, event }
      for (const listener of this.listeners) listener(write)
    }
    if (this.telling) {
      this.untold.push({ collection, event })
      return
    }
    this.telling = true
    try {
      tellWatchers(collection, event)
      for (let next = this.untold.shift(); next !== undefined; next = this.untold.shift()) tellWatchers(next.collection, next.event)
    } finally {
      this.telling = false
      if (this.untold.length > 0) this.untold.length = 0
    }
  }
}

const tellWatchers = (collection: Collection, event: StoreEvent): void => {
  for (const watcher of collection.watchers) {
    if (watcher.namespace === "" || watcher.namespace === event.namespace) watcher.onEvent(event)
  }
}
