/** Deletes objects whose owners are gone, and lets go of those whose owners are orphaning them. */
import { type Change, Controller, Result, Source } from "@fairlead/controller"
import { KubeClient, type KubeError, type KubeObject, type OwnerReference } from "@fairlead/kube"
import { Effect } from "effect"
import { type GraphNode, isForeground, isOrphaning, judge, looksSame, OwnerGraph, type OwnerState } from "./internal/ownerGraph.ts"
import type { FollowedKind, ResourceDirectory } from "./internal/resourceDirectory.ts"

interface Collection {
  readonly graph: OwnerGraph
  readonly client: KubeClient["Service"]
  readonly directory: ResourceDirectory
  /** References whose object a live read found missing. A uid never comes back. */
  readonly absent: Set<string>
}

const absentMost = 10_000

/** Events belong to nobody in the eyes of the original either. */
const isFollowed = ({ resource }: FollowedKind): boolean => resource.kind !== "Event"

/**
 * Runs the garbage collector until interrupted.
 *
 * Flow: every change of every kind goes into a graph of uids. When an object is gone, each of its dependents is judged: one
 * owner that is there keeps it (references to the others are taken out), none at all deletes it. An owner that nobody has seen is read from
 * the server first. `foregroundDeletion` holds an owner back until its blocking dependents are gone, `orphan` until their
 * references are taken out.
 *
 * Guarantees: deletions name the uid, so a new object of the same name is safe; an owner of an unknown kind keeps its dependents.
 */
export const run = Effect.fnUntraced(function*(directory: ResourceDirectory): Effect.fn.Return<never, never, KubeClient> {
  const collection: Collection = { graph: new OwnerGraph(), client: yield* KubeClient, directory, absent: new Set() }
  return yield* Controller.run({
    name: "garbage-collector",
    workers: 20,
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 60_000, tenantOf: () => "" },
    caches: directory.kinds().filter(isFollowed).map((it) => it.informer),
    sources: [
      Source.external((enqueue) =>
        directory.subscribe((kind, change) => {
          if (isFollowed(kind)) for (const uid of observe(collection.graph, kind, change)) enqueue({ name: uid })
        }))
    ],
    reconcile: ({ name }) => Effect.as(attend(collection, name), Result.done)
  })
})

const observe = (graph: OwnerGraph, { resource }: FollowedKind, { object, previous, type }: Change): ReadonlyArray<string> => {
  if (type === "Deleted") return graph.delete(object.metadata.uid ?? "")
  if (previous !== undefined && looksSame(previous, object)) return []
  // A new object under the name of an old one: the old one is gone, even if nobody said so.
  const replaced = previous !== undefined && previous.metadata.uid !== object.metadata.uid ? graph.delete(previous.metadata.uid ?? "") : []
  return replaced.length === 0 ? graph.put(resource, object) : [...replaced, ...graph.put(resource, object)]
}

const attend = Effect.fnUntraced(function*(collection: Collection, uid: string): Effect.fn.Return<void, KubeError.KubeError> {
  const node = collection.graph.get(uid)
  if (node === undefined) return
  if (isOrphaning(node)) return yield* orphanDependents(collection, node)
  if (isForeground(node)) return yield* deleteDependents(collection, node)
  if (node.owners.length > 0 && !node.isDeleting) yield* judgeNode(collection, node)
})

const judgeNode = Effect.fnUntraced(function*(collection: Collection, node: GraphNode): Effect.fn.Return<void, KubeError.KubeError> {
  const states = new Map<string, OwnerState>()
  for (const owner of node.owners) states.set(owner.uid, yield* stateOf(collection, node, owner))
  const verdict = judge(node, states, collection.graph.dependentsOf(node.uid).length > 0)
  if (verdict._tag === "Release") yield* release(collection, node, verdict.uids)
  if (verdict._tag === "Delete") yield* remove(collection, node, verdict.policy)
})

/** An owner counts only in the same namespace, or cluster-wide. */
const stateOf = (collection: Collection, node: GraphNode, owner: OwnerReference): Effect.Effect<OwnerState, KubeError.KubeError> => {
  const known = collection.graph.get(owner.uid)
  if (known !== undefined) {
    if (known.namespace !== undefined && known.namespace !== node.namespace) return Effect.succeed(node.namespace === undefined ? "solid" : "absent")
    return Effect.succeed(isForeground(known) ? "waiting" : "solid")
  }
  const resource = collection.directory.find(owner.apiVersion, owner.kind)
  if (resource === undefined || (resource.namespaced && node.namespace === undefined)) return Effect.succeed("solid")
  const namespace = resource.namespaced ? node.namespace : undefined
  const reference = `${owner.apiVersion} ${owner.kind} ${namespace ?? ""}/${owner.name} ${owner.uid}`
  if (collection.absent.has(reference)) return Effect.succeed("absent")
  return Effect.matchEffect(collection.client.get<KubeObject>(resource, { namespace, name: owner.name }), {
    onSuccess: (found) => Effect.succeed(found.metadata.uid === owner.uid ? "solid" : missing(collection, reference)),
    onFailure: (error) => (error.reason._tag === "NotFound" ? Effect.succeed(missing(collection, reference)) : Effect.fail(error))
  })
}

const missing = (collection: Collection, reference: string): OwnerState => {
  if (collection.absent.size >= absentMost) collection.absent.clear()
  collection.absent.add(reference)
  return "absent"
}

/** Deletes what is left of the owner's blocking dependents; lets the owner go when there is nothing left. */
const deleteDependents = Effect.fnUntraced(function*(collection: Collection, owner: GraphNode): Effect.fn.Return<void, KubeError.KubeError> {
  const dependents = collection.graph.dependentsOf(owner.uid)
  const blocking = dependents.filter((it) => it.owners.some((reference) => reference.uid === owner.uid && reference.blockOwnerDeletion === true))
  for (const dependent of dependents) if (!dependent.isDeleting) yield* judgeNode(collection, dependent)
  if (blocking.length === 0) yield* dropFinalizer(collection, owner, "foregroundDeletion")
})

const orphanDependents = Effect.fnUntraced(function*(collection: Collection, owner: GraphNode): Effect.fn.Return<void, KubeError.KubeError> {
  for (const dependent of collection.graph.dependentsOf(owner.uid)) yield* release(collection, dependent, new Set([owner.uid]))
  yield* dropFinalizer(collection, owner, "orphan")
})

const keyOf = (node: GraphNode) => ({ namespace: node.namespace, name: node.name })

/** Takes references out. The version guards against references that came meanwhile. */
const release = (collection: Collection, node: GraphNode, uids: ReadonlySet<string>): Effect.Effect<void, KubeError.KubeError> =>
  change(collection, node, (object) => {
    const before = object.metadata.ownerReferences ?? []
    const ownerReferences = before.filter((it) => !uids.has(it.uid))
    return ownerReferences.length === before.length ? undefined : { ownerReferences }
  })

const dropFinalizer = (collection: Collection, node: GraphNode, finalizer: string): Effect.Effect<void, KubeError.KubeError> =>
  change(collection, node, (object) => {
    const before = object.metadata.finalizers ?? []
    const finalizers = before.filter((it) => it !== finalizer)
    return finalizers.length === before.length ? undefined : { finalizers }
  })

/** Reads an object and patches its metadata; one that is gone or has been replaced needs nothing. */
const change = (
  { client }: Collection,
  node: GraphNode,
  edit: (object: KubeObject) => { readonly [field: string]: unknown } | undefined
): Effect.Effect<void, KubeError.KubeError> =>
  Effect.gen(function*() {
    const object = yield* client.get<KubeObject>(node.resource, keyOf(node))
    const fields = object.metadata.uid === node.uid ? edit(object) : undefined
    if (fields === undefined) return
    const { resourceVersion, uid } = object.metadata
    yield* client.patch(node.resource, keyOf(node), "merge", { metadata: { uid, resourceVersion, ...fields } })
  }).pipe(Effect.catch(unlessGone))

const remove = ({ client }: Collection, node: GraphNode, propagationPolicy: "Foreground" | "Background" | "Orphan"): Effect.Effect<void, KubeError.KubeError> =>
  client.delete(node.resource, keyOf(node), { propagationPolicy, preconditions: { uid: node.uid } }).pipe(
    Effect.catch((error) => (error.reason._tag === "Conflict" ? Effect.void : unlessGone(error)))
  )

const unlessGone = (error: KubeError.KubeError): Effect.Effect<void, KubeError.KubeError> => (error.reason._tag === "NotFound" ? Effect.void : error)
