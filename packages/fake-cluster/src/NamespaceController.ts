/** Empties namespaces that are being deleted, and then lets them go. */
import { Controller, Informer, Predicate, Result, Source } from "@fairlead/controller"
import { jsonEqual, KubeClient, type KubeError, type KubeList, type KubeObject, KubeResource, KubeTime, KubeTransport, type Namespace } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import type { ResourceDirectory } from "./internal/resourceDirectory.ts"

const namespaceFinalizer = "kubernetes"

/** Runs until interrupted. What stays because of finalizers or grace periods is looked at again every second. */
export const run = Effect.fnUntraced(function*(
  namespaces: Informer<Namespace>,
  directory: ResourceDirectory
): Effect.fn.Return<never, never, KubeClient | KubeTransport> {
  const client = yield* KubeClient
  const transport = yield* KubeTransport
  return yield* Controller.run({
    name: "namespace",
    workers: 10,
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 60_000 },
    sources: [
      Source.of(namespaces, { predicate: Predicate.and(Predicate.resourceVersionChanged, ({ object }) => isTerminating(object)) })
    ],
    reconcile: ({ name }) => {
      const namespace = namespaces.store.get(undefined, name)
      return namespace === undefined || !isTerminating(namespace) ? Effect.succeed(Result.done) : empty(client, transport, directory, namespace)
    }
  })
})

const isTerminating = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined && ((object as Namespace).spec?.finalizers ?? []).includes(namespaceFinalizer)

const empty = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  transport: KubeTransport["Service"],
  directory: ResourceDirectory,
  namespace: Namespace
): Effect.fn.Return<Result, KubeError.KubeError> {
  const name = namespace.metadata.name!
  const left: Array<readonly [KubeResource.KubeResource, ReadonlyArray<KubeObject>]> = []
  for (const { resource } of directory.kinds()) {
    if (!resource.namespaced) continue
    const before = yield* listAll(transport, resource, name)
    if (before.length === 0) continue
    yield* transport.request({ verb: "deletecollection", resource, namespace: name, body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" } })
    const after = yield* listAll(transport, resource, name)
    if (after.length > 0) left.push([resource, after])
  }
  if (left.length === 0) {
    const { spec: _, ...rest } = namespace
    const finalizers = (namespace.spec?.finalizers ?? []).filter((it) => it !== namespaceFinalizer)
    yield* finalize(transport, { ...rest, spec: { finalizers } })
    return Result.done
  }
  yield* tell(client, namespace, left)
  return Result.requeueAfter("1 second")
})

const listAll = (transport: KubeTransport["Service"], resource: KubeResource.KubeResource, namespace: string): Effect.Effect<ReadonlyArray<KubeObject>, KubeError.KubeError> =>
  Effect.map(transport.request({ verb: "list", resource, namespace }), (answer) => (answer as KubeList).items ?? [])

const finalize = (transport: KubeTransport["Service"], namespace: Namespace): Effect.Effect<void, KubeError.KubeError> =>
  transport.request({ verb: "update", resource: KubeResource.namespaces, name: namespace.metadata.name, subresource: "finalize", body: namespace }).pipe(
    Effect.asVoid,
    Effect.catch((error) => (error.reason._tag === "NotFound" ? Effect.void : error))
  )

/** Writes into the status what holds the namespace up. */
const tell = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  namespace: Namespace,
  left: ReadonlyArray<readonly [KubeResource.KubeResource, ReadonlyArray<KubeObject>]>
): Effect.fn.Return<void, KubeError.KubeError> {
  const now = KubeTime.format(yield* Clock.currentTimeMillis)
  const finalizers = new Map<string, number>()
  for (const [, objects] of left) {
    for (const object of objects) for (const it of object.metadata.finalizers ?? []) finalizers.set(it, (finalizers.get(it) ?? 0) + 1)
  }
  const instances = left.map(([resource, objects]) => `${placeOf(resource)} has ${objects.length} resource instances`).sort().join(", ")
  const holders = Array.from(finalizers, ([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort().join(", ")
  const before = namespace.status?.conditions ?? []
  const condition = (type: string, status: string, reason: string, message: string): unknown => {
    const same = before.find((it) => it.type === type && it.status === status)
    return { type, status, reason, message, lastTransitionTime: same?.lastTransitionTime ?? now }
  }
  const conditions = [
    condition("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"),
    condition("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    condition("NamespaceDeletionContentFailure", "False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
    condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", `Some resources are remaining: ${instances}`),
    holders === ""
      ? condition("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished")
      : condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", `Some content in the namespace has finalizers remaining: ${holders}`)
  ]
  if (jsonEqual(before, conditions)) return
  yield* client.patch(KubeResource.namespaces, { name: namespace.metadata.name!, subresource: "status" }, "merge", { status: { conditions } })
})

/** `pods.`, `jobs.batch`: Go prints a group resource with the dot even where the group is empty. */
const placeOf = (resource: KubeResource.KubeResource): string => `${resource.plural}.${resource.group}`
