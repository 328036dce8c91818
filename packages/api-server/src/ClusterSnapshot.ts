/** The whole state of a server as plain data: to keep, to send, and to go on from. */
import type { KubeObject } from "@fairlead/kube"
import type { ResourceCatalog } from "./ResourceCatalog.ts"
import type { ServerContext } from "./ServerContext.ts"
import { Collection } from "./store/Collection.ts"
import { History, type StoreEvent } from "./store/History.ts"
import { Store, type StoreOptions } from "./store/Store.ts"

/**
 * What a server knows, as JSON can hold it. Objects are shared with the server that it was taken from and must not be changed.
 *
 * A server restored from it answers as the first one would have: same uids, versions, tokens, pages and history. Open watches are not part of it; a
 * client resumes them at the last version it saw, or is told `Expired` where the first server would have said so.
 */
export interface ClusterSnapshot {
  readonly format: "fairlead.cluster/v1"
  readonly revision: number
  /** Signs the tokens of service accounts. */
  readonly secret: string
  /** Names of the definitions that are served, in the order of discovery. */
  readonly definitions: ReadonlyArray<string>
  readonly collections: ReadonlyArray<CollectionSnapshot>
}

/** One collection of a snapshot. */
export interface CollectionSnapshot {
  readonly group: string
  readonly plural: string
  /** Older versions are `Expired`. */
  readonly compactedRevision: number
  /** In key order. */
  readonly objects: ReadonlyArray<KubeObject>
  /** Oldest first. */
  readonly events: ReadonlyArray<EventSnapshot>
}

/** A change; what follows from the objects or from earlier changes is left out. */
export interface EventSnapshot {
  readonly type: StoreEvent["type"]
  readonly revision: number
  readonly namespace: string
  readonly name: string
  /** Left out where it is the stored object. */
  readonly object?: KubeObject
  /** Left out where an earlier change of the same object tells it. */
  readonly previous?: KubeObject
}

/** Takes a snapshot. Costs a walk over all objects, and copies none. */
export const takeSnapshot = ({ catalog, secret, store }: ServerContext): ClusterSnapshot => ({
  format: "fairlead.cluster/v1",
  revision: store.revision,
  secret,
  definitions: definitionsInOrder(catalog),
  collections: Array.from(store.all(), collectionSnapshot).filter(({ compactedRevision, events, objects }) => objects.length + events.length + compactedRevision > 0)
})

/** Names of the definitions that are served, in the order of discovery. */
export const definitionsInOrder = (catalog: ResourceCatalog): ReadonlyArray<string> => {
  const resources = catalog.groups().filter((group) => !catalog.isBuiltin(group)).flatMap((group) =>
    catalog.versions(group).flatMap((version) => catalog.resources(group, version)))
  return [...new Set(resources.map(({ group, plural }) => `${plural}.${group}`))]
}

const collectionSnapshot = (collection: Collection): CollectionSnapshot => ({
  group: collection.resource.group,
  plural: collection.resource.plural,
  compactedRevision: collection.history.compactedRevision,
  objects: collection.list(""),
  events: eventSnapshots(collection)
})

const eventSnapshots = (collection: Collection): ReadonlyArray<EventSnapshot> => {
  const told = new Set<string>()
  return collection.history.after(collection.history.compactedRevision).map(({ name, namespace, object, previous, revision, type }) => {
    const key = `${namespace}/${name}`
    const isFirst = !told.has(key)
    told.add(key)
    return {
      type,
      revision,
      namespace,
      name,
      ...(collection.get(namespace, name) === object ? {} : { object }),
      ...(previous !== undefined && isFirst ? { previous } : {})
    }
  })
}

/** The store of a snapshot. Throws when the value is no snapshot of this format. */
export const storeOf = (snapshot: ClusterSnapshot, options: StoreOptions): Store => {
  if (snapshot.format !== "fairlead.cluster/v1") {
    throw new Error(`cannot restore a cluster from a snapshot of format ${JSON.stringify(snapshot.format)}: this version reads "fairlead.cluster/v1"`)
  }
  return new Store(options, {
    revision: snapshot.revision,
    collections: snapshot.collections.map((collection) => restoreCollection(collection, options))
  })
}

const restoreCollection = ({ compactedRevision, events, group, objects, plural }: CollectionSnapshot, { historyMax }: StoreOptions): Collection => {
  const current = new Map(objects.map((object) => [`${object.metadata.namespace ?? ""}/${object.metadata.name}`, object]))
  const last = new Map<string, KubeObject | undefined>()
  const history = new History(historyMax, compactedRevision)
  for (const { name, namespace, object, previous, revision, type } of events) {
    const key = `${namespace}/${name}`
    const shown = object ?? current.get(key)
    if (shown === undefined) throw new Error(`the snapshot's change ${revision} of ${plural} ${key} has no object`)
    history.push({ type, revision, namespace, name, object: shown, previous: previous ?? last.get(key) })
    last.set(key, type === "DELETED" ? undefined : shown)
  }
  return Collection.of({ group, plural }, history, objects)
}
