/** Removes pods that nobody else will ever remove: those of nodes that are gone, and too many ended ones. */
import { Controller, type Informer, type ReconcileRequest, Result, Source } from "@fairlead/controller"
import { KubeClient, type KubeError, KubeResource, KubeTime, type Node, type Pod } from "@fairlead/kube"
import { Clock, Duration, Effect } from "effect"
import { hasEnded } from "./internal/podFacts.ts"

/** What the collector works on. */
export interface PodGarbageCollectorOptions {
  readonly pods: Informer<Pod>
  readonly nodes: Informer<Node>
  /** How long a node may be missing before its pods are given up; 40 seconds when left out. */
  readonly quarantine?: Duration.Input | undefined
  /** Ended pods that are kept; 12,500 when left out. */
  readonly endedMost?: number | undefined
}

/** Runs until interrupted. Looks only when a node goes or too many pods have ended, not by the clock. */
export const run = Effect.fnUntraced(function*(options: PodGarbageCollectorOptions): Effect.fn.Return<never, never, KubeClient> {
  const client = yield* KubeClient
  const quarantine = Duration.toMillis(options.quarantine ?? "40 seconds")
  const endedMost = options.endedMost ?? 12_500
  const ended = new Map<string, ReconcileRequest>()
  const missingSince = new Map<string, number>()
  return yield* Controller.run({
    name: "pod-garbage-collector",
    workers: 1,
    shutdownTimeout: 0,
    queue: { backoffMin: 100, backoffMax: 60_000 },
    caches: [options.pods, options.nodes],
    sources: [
      Source.external((enqueue) => {
        const stopNodes = options.nodes.subscribe(({ object, type }) => {
          if (type === "Deleted") enqueue({ name: object.metadata.name! })
        })
        const stopPods = options.pods.subscribe(({ object, previous, type }) => {
          const before = previous !== undefined && hasEnded(previous) ? previous.metadata.uid : undefined
          const after = type !== "Deleted" && hasEnded(object) ? object.metadata.uid : undefined
          if (before !== after) {
            if (before !== undefined) ended.delete(before)
            if (after !== undefined) ended.set(after, { namespace: object.metadata.namespace, name: object.metadata.name! })
          }
          if (ended.size > endedMost) enqueue({ namespace: object.metadata.namespace, name: object.metadata.name! })
        })
        return () => {
          stopNodes()
          stopPods()
        }
      })
    ],
    reconcile: ({ name, namespace }) =>
      namespace === undefined
        ? giveUpNode(client, options, missingSince, name, quarantine)
        : Effect.as(trim(client, options.pods, ended, endedMost), Result.done)
  })
})

const giveUpNode = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  { nodes, pods }: PodGarbageCollectorOptions,
  missingSince: Map<string, number>,
  node: string,
  quarantine: number
): Effect.fn.Return<Result, KubeError.KubeError> {
  if (nodes.store.get(undefined, node) !== undefined) {
    missingSince.delete(node)
    return Result.done
  }
  const now = yield* Clock.currentTimeMillis
  const since = missingSince.get(node) ?? now
  missingSince.set(node, since)
  if (now < since + quarantine) return Result.requeueAfter(since + quarantine - now)
  missingSince.delete(node)
  for (const pod of pods.store.list()) if (pod.spec?.nodeName === node) yield* giveUp(client, pod, now)
  return Result.done
})

/** Says that the pod failed because of its node, and removes it at once. */
const giveUp = (client: KubeClient["Service"], pod: Pod, now: number): Effect.Effect<void, KubeError.KubeError> => {
  const { name, namespace, uid } = pod.metadata
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByPodGC",
    message: "PodGC: node no longer exists",
    lastTransitionTime: KubeTime.format(now)
  }
  const told = hasEnded(pod)
    ? Effect.void
    : Effect.asVoid(client.patch(KubeResource.pods, { namespace, name: name!, subresource: "status" }, "strategic", { status: { phase: "Failed", conditions: [condition] } }))
  return Effect.andThen(told, client.delete(KubeResource.pods, { namespace, name: name! }, { gracePeriodSeconds: 0, preconditions: { uid: uid! } })).pipe(
    Effect.catch((error) => (error.reason._tag === "NotFound" || error.reason._tag === "Conflict" ? Effect.void : error))
  )
}

/** Removes the oldest ended pods beyond the limit. */
const trim = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  pods: Informer<Pod>,
  ended: ReadonlyMap<string, ReconcileRequest>,
  endedMost: number
): Effect.fn.Return<void, KubeError.KubeError> {
  const excess = ended.size - endedMost
  if (excess <= 0) return
  const all = Array.from(ended.values()).flatMap(({ name, namespace }) => pods.store.get(namespace, name) ?? [])
  const created = (pod: Pod): string => pod.metadata.creationTimestamp ?? ""
  all.sort((a, b) => (created(a) < created(b) ? -1 : created(a) > created(b) ? 1 : 0))
  for (const pod of all.slice(0, excess)) {
    const { name, namespace, uid } = pod.metadata
    yield* client.delete(KubeResource.pods, { namespace, name: name! }, { gracePeriodSeconds: 0, preconditions: { uid: uid! } }).pipe(
      Effect.catch((error) => (error.reason._tag === "NotFound" || error.reason._tag === "Conflict" ? Effect.void : error))
    )
  }
})
