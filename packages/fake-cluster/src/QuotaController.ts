/** Counts what the namespaces use under their quotas, and writes it into the status of the quotas. */
import { quotaResources, quotaUsage, type ResourceQuota } from "@fairlead/api-server"
import { type Change, Controller, type Informer, Result, Source } from "@fairlead/controller"
import { jsonEqual, KubeClient, type KubeError, type KubeObject, KubeResource, type Pod } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { hasEnded } from "./internal/podFacts.ts"
import type { FollowedKind, ResourceDirectory } from "./internal/resourceDirectory.ts"

const resource = KubeResource.make("", "v1", "resourcequotas", "ResourceQuota")

/**
 * Runs until interrupted. The API server itself charges quotas for what is created; this counts anew when a quota changes
 * and when something is given back.
 */
export const run = Effect.fnUntraced(function*(directory: ResourceDirectory): Effect.fn.Return<never, never, KubeClient> {
  const client = yield* KubeClient
  const quotas = directory.kinds().find((it) => it.resource.plural === resource.plural)!.informer as Informer<ResourceQuota>
  return yield* Controller.run({
    name: "resource-quota",
    workers: 5,
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 60_000 },
    sources: [
      Source.of(quotas, { predicate: ({ object, type }) => type !== "Deleted" && !jsonEqual(object.spec?.hard, object.status?.hard) }),
      Source.external((enqueue) =>
        directory.subscribe((kind, change) => {
          if (!givesBack(kind, change)) return
          for (const { metadata: { name, namespace } } of quotas.store.list()) {
            if (namespace === change.object.metadata.namespace) enqueue({ namespace, name: name! })
          }
        }))
    ],
    reconcile: ({ name, namespace }) => {
      const quota = quotas.store.get(namespace, name)
      return quota === undefined ? Effect.succeed(Result.done) : Effect.as(count(client, directory, quota), Result.done)
    }
  })
})

/** Whether a change may leave less in use than before. */
const givesBack = ({ resource: { group, plural } }: FollowedKind, { object, previous, type }: Change): boolean => {
  if (type === "Deleted") return true
  if (previous === undefined || group !== "") return false
  if (plural === "pods") return hasEnded(object as Pod) !== hasEnded(previous as Pod)
  return (plural === "services" || plural === "persistentvolumeclaims") && previous.metadata.resourceVersion !== object.metadata.resourceVersion
}

const count = Effect.fnUntraced(function*(client: KubeClient["Service"], directory: ResourceDirectory, quota: ResourceQuota): Effect.fn.Return<void, KubeError.KubeError> {
  const { namespace } = quota.metadata
  const found = new Map<string, ReadonlyArray<KubeObject>>()
  for (const { group, plural } of quotaResources(quota)) {
    const kind = directory.kinds().find((it) => it.resource.group === group && it.resource.plural === plural)
    // The server's own lists: what it has charged already must not be counted away by a cache that has yet to hear of it.
    if (kind !== undefined) found.set(`${plural}.${group}`, (yield* client.list<KubeObject>(kind.resource, namespace)).items)
  }
  const now = yield* Clock.currentTimeMillis
  const hard = quota.spec?.hard ?? {}
  const counted = quotaUsage(quota, ({ group, plural }) => found.get(`${plural}.${group}`) ?? [], now)
  const used = Object.fromEntries(Object.entries({ ...quota.status?.used, ...counted }).filter(([name]) => Object.hasOwn(hard, name)))
  if (jsonEqual(quota.status, { hard, used })) return
  yield* client.update(resource, { ...quota, status: { hard, used } }, { subresource: "status" }).pipe(
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.void)
  )
})
