/** Where the keys of a controller come from. */
import { Duration } from "effect"
import type { KubeObject } from "@fairlead/kube"
import type { Informer } from "./Informer.ts"
import type { Predicate } from "./Predicate.ts"
import type { ReconcileRequest } from "./ReconcileRequest.ts"
import type { Change } from "./Store.ts"
import { priorityInitial } from "./WorkQueue.ts"

/** Asks for a key to be reconciled. */
export type Enqueue = (namespace: string | undefined, name: string, priority: number) => void

/** Yields keys to a controller. */
export interface Source {
  /** The informers that it listens to; the controller waits for them, and for them to see its own writes. */
  readonly informers: ReadonlyArray<Informer>
  /** Starts yielding; answers the way to stop. */
  readonly start: (enqueue: Enqueue) => () => void
  /** Calls `start` again after each such time, in milliseconds. */
  readonly everyMillis?: number
}

/** Which changes of a source count, and how urgent they are. */
export interface SourceOptions<A extends KubeObject> {
  readonly predicate?: Predicate<A> | undefined
  /** 0 when left out. Objects of the first list always have -100. */
  readonly priority?: number | undefined
}

/** How to find the owner of an owned object. */
export interface OwnedOptions<A extends KubeObject> extends SourceOptions<A> {
  readonly group: string
  readonly kind: string
  /** Looks at all owners, not only at the one that is the controller. */
  readonly anyOwner?: boolean | undefined
  /** The owner is cluster-scoped although the owned object is not. */
  readonly ownerIsClusterScoped?: boolean | undefined
}

/** Makes sources. */
export const Source = {
  /** The objects that the controller reconciles. */
  of: <A extends KubeObject>(informer: Informer<A>, options: SourceOptions<A> = {}): Source =>
    listen(informer, options, (object, yieldKey) => yieldKey(object.metadata.namespace, object.metadata.name!)),

  /** Objects that belong to them: a change wakes the owner. When the owner changes, the old one is woken too. */
  owned: <A extends KubeObject>(informer: Informer<A>, options: OwnedOptions<A>): Source =>
    listen(informer, options, (object, yieldKey) => {
      for (const owner of object.metadata.ownerReferences ?? []) {
        if (owner.kind !== options.kind || groupOf(owner.apiVersion) !== options.group) continue
        if (owner.controller === true || options.anyOwner === true) yieldKey(options.ownerIsClusterScoped === true ? undefined : object.metadata.namespace, owner.name)
      }
    }, true),

  /** Any other objects, with a function that says whom their changes concern. For updates it is asked for both states. */
  mapped: <A extends KubeObject>(informer: Informer<A>, map: (object: A) => ReadonlyArray<ReconcileRequest>, options: SourceOptions<A> = {}): Source =>
    listen(informer, options, (object, yieldKey) => {
      for (const request of map(object)) yieldKey(request.namespace, request.name)
    }, true),

  /** Anything else that happens: `subscribe` gets the function to call with a key, and answers the way to unsubscribe. */
  external: (subscribe: (enqueue: (request: ReconcileRequest, priority?: number) => void) => () => void): Source => ({
    informers: [],
    start: (enqueue) => subscribe((request, priority = 0) => enqueue(request.namespace, request.name, priority))
  }),

  /** The keys of a source for which `keep` holds: a share of them, for instance. */
  only: (source: Source, keep: (request: ReconcileRequest) => boolean): Source => ({
    ...source,
    start: (enqueue) =>
      source.start((namespace, name, priority) => {
        if (keep({ namespace, name })) enqueue(namespace, name, priority)
      })
  }),

  /** All objects of an informer after each such time, at the priority of a first list. For what no watch can tell. */
  resync: <A extends KubeObject>(informer: Informer<A>, every: Duration.Input): Source => ({
    informers: [informer],
    everyMillis: Duration.toMillis(every),
    start: (enqueue) => {
      for (const object of informer.store.list()) enqueue(object.metadata.namespace, object.metadata.name!, priorityInitial)
      return () => undefined
    }
  })
}

const groupOf = (apiVersion: string): string => {
  const slash = apiVersion.indexOf("/")
  return slash < 0 ? "" : apiVersion.slice(0, slash)
}

type KeysOf<A> = (object: A, yieldKey: (namespace: string | undefined, name: string) => void) => void

const listen = <A extends KubeObject>(informer: Informer<A>, options: SourceOptions<A>, keysOf: KeysOf<A>, alsoPrevious = false): Source => ({
  informers: [informer],
  start: (enqueue) => {
    let priority = 0
    let last: string | undefined
    let lastNamespace: string | undefined
    const yieldKey = (namespace: string | undefined, name: string): void => {
      // Both states of an object nearly always have one owner.
      if (name === last && namespace === lastNamespace) return
      last = name
      lastNamespace = namespace
      enqueue(namespace, name, priority)
    }
    return informer.subscribe((change: Change<A>) => {
      if (options.predicate !== undefined && !options.predicate(change)) return
      priority = change.initial === true ? priorityInitial : (options.priority ?? 0)
      last = undefined
      keysOf(change.object, yieldKey)
      if (alsoPrevious && change.type === "Updated") keysOf(change.previous!, yieldKey)
    })
  }
})
