/** Keeps as many pods as a replica set, or a replication controller of old, asks for. */
import { Controller, Result, Source } from "@fairlead/controller"
import { jsonEqual, KubeError, KubeResource, type Pod, type ReplicaSet, type Selector } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { claim, claimsOf, matcher } from "../internal/podClaims.ts"
import { createPod, deletePod, type PodControl, podFromTemplate, statusText } from "../internal/podControl.ts"
import { byLeastLoss, controllerOf, isActive } from "../internal/podFacts.ts"
import { nextAvailableAt, type ReplicaFailure, replicaStatus } from "../internal/replicaStatus.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

/** The two kinds: they differ only in the form of their selectors. */
const kinds = {
  ReplicaSet: { resource: KubeResource.replicaSets, component: "replicaset-controller" },
  ReplicationController: { resource: KubeResource.replicationControllers, component: "replication-controller" }
} as const

/** Pods that are made or deleted in one round at most. */
const burstMost = 500

/** Selects pods by the object form of a replica set, or by the plain labels of a replication controller. */
const selectorOf = (set: ReplicaSet): Selector.LabelSelectorObject | undefined =>
  set.kind === "ReplicationController" ? { matchLabels: set.spec?.selector as { readonly [key: string]: string } | undefined } : set.spec?.selector

/** Runs until interrupted. */
export const run = (setting: ControllerSetting, kind: keyof typeof kinds = "ReplicaSet"): Effect.Effect<never> => {
  const { component, resource } = kinds[kind]
  const sets = setting.follow<ReplicaSet>(resource)
  const control: PodControl = { client: setting.client, resource, tell: setting.tellAs(component) }
  const adopters = (pod: Pod) =>
    controllerOf(pod) !== undefined ? [] : sets.store.list()
      .filter((set) => set.metadata.namespace === pod.metadata.namespace && matcher(selectorOf(set))(pod.metadata.labels))
      .map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name! }))
  return Controller.run({
    name: kind.toLowerCase(),
    workers: 5,
    shutdownTimeout: 0,
    queue,
    sources: [Source.of(sets), Source.owned(setting.pods, { group: resource.group, kind }), Source.mapped(setting.pods, adopters)],
    reconcile: ({ name, namespace }) => {
      const set = sets.store.get(namespace, name)
      return set === undefined ? Effect.succeed(Result.done) : sync(setting, control, set)
    }
  })
}

const sync = Effect.fnUntraced(function*(setting: ControllerSetting, control: PodControl, set: ReplicaSet): Effect.fn.Return<Result, KubeError.KubeError> {
  const { resource } = control
  const claims = claimsOf(set, selectorOf(set), setting.podIndex.ofNamespace(set.metadata.namespace!))
  const pods = yield* claim(setting.client, resource, set, KubeResource.pods, claims)
  const outcome = set.metadata.deletionTimestamp === undefined ? yield* Effect.result(fit(setting, control, set, pods.filter(isActive))) : undefined
  const failure = outcome?._tag === "Failure" ? outcome.failure : undefined
  const now = yield* Clock.currentTimeMillis
  const { terminatingReplicas, ...counts } = replicaStatus(set, pods, failure?.why, now)
  // Replication controllers have no such field.
  const status = terminatingReplicas === undefined || resource === kinds.ReplicationController.resource ? counts : { ...counts, terminatingReplicas }
  if (!jsonEqual(set.status ?? {}, status)) {
    yield* unlessGone(control.client.update<ReplicaSet>(resource, { ...set, status }, { subresource: "status" }))
  }
  if (failure !== undefined) return yield* failure.error
  const next = nextAvailableAt(pods, set.spec?.minReadySeconds ?? 0, now)
  return next === undefined ? Result.done : Result.requeueAfter(next - now)
})

interface Failed {
  readonly why: ReplicaFailure
  readonly error: KubeError.KubeError
}

/** Makes what is missing, deletes what is too much. */
const fit = Effect.fnUntraced(function*(setting: ControllerSetting, control: PodControl, set: ReplicaSet, active: ReadonlyArray<Pod>): Effect.fn.Return<void, Failed> {
  const missing = (set.spec?.replicas ?? 1) - active.length
  const failed = (reason: ReplicaFailure["reason"]) => (error: KubeError.KubeError): Failed => ({ why: { reason, message: statusText(error) }, error })
  for (let made = 0; made < Math.min(missing, burstMost); made++) {
    yield* Effect.mapError(createPod(control, set, podFromTemplate(control.resource, set, set.spec!.template!)), failed("FailedCreate"))
  }
  if (missing >= 0) return
  const surplus = [...active].sort(byLeastLoss(crowdOf(setting, set, active))).slice(0, Math.min(-missing, burstMost))
  for (const pod of surplus) yield* Effect.mapError(deletePod(control, set, pod), failed("FailedDelete"))
})

/** How many pods of the same owner as this set are on the pod's node. */
const crowdOf = ({ follow, podIndex }: ControllerSetting, set: ReplicaSet, own: ReadonlyArray<Pod>): (pod: Pod) => number => {
  const owner = set.metadata.ownerReferences?.find((it) => it.controller === true)?.uid
  const siblings = owner === undefined
    ? own
    : follow<ReplicaSet>(KubeResource.replicaSets).store.list().filter((it) => it.metadata.ownerReferences?.some(({ uid }) => uid === owner) === true)
      .flatMap((it) => podIndex.ofController(it.metadata.uid!)).filter(isActive)
  const counts = new Map<string, number>()
  for (const { spec } of siblings) counts.set(spec?.nodeName ?? "", (counts.get(spec?.nodeName ?? "") ?? 0) + 1)
  return (pod) => counts.get(pod.spec?.nodeName ?? "") ?? 0
}
