/** Keeps the numbered pods of stateful sets and their claims. */
import { Controller, OwnerReferences, Result, Source } from "@fairlead/controller"
import { jsonEqual, KubeError, KubeResource, type PersistentVolumeClaim, type Pod, type StatefulSet } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { claim, claimsOf as podClaims, matcher } from "../internal/podClaims.ts"
import { type PodControl, statusText } from "../internal/podControl.ts"
import { controllerOf } from "../internal/podFacts.ts"
import { nextAvailableAt } from "../internal/replicaStatus.ts"
import * as RevisionHistory from "../internal/revisionHistory.ts"
import { planStateful, statefulStatus, type StatefulStep, type StatefulView } from "../internal/statefulSets/statefulPlan.ts"
import { claimsOf, ordinalOf, podOf, replicasOf, revisionKey, startOf } from "../internal/statefulSets/statefulPods.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

const resource = KubeResource.statefulSets

/** Runs until interrupted. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const sets = setting.follow<StatefulSet>(resource)
  const control: PodControl = { client: setting.client, resource, tell: setting.tellAs("statefulset-controller") }
  const adopters = (pod: Pod) =>
    controllerOf(pod) !== undefined ? [] : sets.store.list()
      .filter((set) => set.metadata.namespace === pod.metadata.namespace && matcher(set.spec?.selector)(pod.metadata.labels))
      .map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name! }))
  return Controller.run({
    name: "statefulset",
    workers: 5,
    shutdownTimeout: 0,
    queue,
    caches: [setting.follow(KubeResource.controllerRevisions), setting.follow(KubeResource.persistentVolumeClaims)],
    sources: [Source.of(sets), Source.owned(setting.pods, { group: "apps", kind: "StatefulSet" }), Source.mapped(setting.pods, adopters)],
    reconcile: ({ name, namespace }) => {
      const set = sets.store.get(namespace, name)
      return set === undefined || set.metadata.deletionTimestamp !== undefined ? Effect.succeed(Result.done) : sync(setting, control, set)
    }
  })
}

const sync = Effect.fnUntraced(function*(setting: ControllerSetting, control: PodControl, set: StatefulSet): Effect.fn.Return<Result, KubeError.KubeError> {
  const claims = podClaims(set, set.spec?.selector, setting.podIndex.ofNamespace(set.metadata.namespace!))
  const named = { ...claims, adopt: claims.adopt.filter((it) => ordinalOf(set, it) !== undefined) }
  const pods = yield* claim(setting.client, resource, set, KubeResource.pods, named)
  const { revisions, update } = yield* RevisionHistory.sync(setting, resource, set as never, "controller.kubernetes.io/hash")
  const current = revisions.find((it) => it.metadata.name === set.status?.currentRevision) ?? update
  const view: StatefulView = { set, pods, current, update, now: yield* Clock.currentTimeMillis }
  const outcome = yield* Effect.result(Effect.forEach(planStateful(view), (step) => take(setting, control, set, step), { discard: true }))
  const status = statefulStatus(view)
  if (!jsonEqual(set.status ?? {}, status)) yield* unlessGone(control.client.update<StatefulSet>(resource, { ...set, status }, { subresource: "status" }))
  if (outcome._tag === "Failure") return yield* outcome.failure
  const used = new Set([current.metadata.name!, update.metadata.name!, ...pods.map((it) => it.metadata.labels?.[revisionKey] ?? "")])
  yield* RevisionHistory.trim(setting, set as never, revisions, used)
  const next = nextAvailableAt(pods, set.spec?.minReadySeconds ?? 0, view.now)
  return next === undefined ? Result.done : Result.requeueAfter(next - view.now)
})

const take = (setting: ControllerSetting, control: PodControl, set: StatefulSet, step: StatefulStep): Effect.Effect<void, KubeError.KubeError> => {
  switch (step._tag) {
    case "Create":
      return Effect.andThen(provideClaims(setting, control, set, step.ordinal), createPod(control, set, podOf(set, step.ordinal, step.revision)))
    case "Recreate": {
      const { name, namespace } = step.pod.metadata
      const message = `StatefulSet ${namespace}/${set.metadata.name} is recreating ${step.pod.status?.phase === "Failed" ? "failed" : "terminated"} Pod ${name}`
      const { reason } = step.pod.status?.phase === "Failed" ? { reason: "RecreatingFailedPod" } : { reason: "RecreatingTerminatedPod" }
      return Effect.andThen(control.tell(resource, set, "Warning", reason, message), deletePod(control, set, step.pod))
    }
    case "Delete": {
      const takesClaims = step.isScaledDown && set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === "Delete"
      return Effect.andThen(takesClaims ? giveClaims(setting, set, step.pod) : Effect.void, deletePod(control, set, step.pod))
    }
  }
}

const createPod = (control: PodControl, set: StatefulSet, pod: Pod): Effect.Effect<void, KubeError.KubeError> =>
  Effect.matchEffect(control.client.create<Pod>(KubeResource.pods, pod), {
    onSuccess: () => control.tell(resource, set, "Normal", "SuccessfulCreate", said("create", set, pod, "successful")),
    onFailure: (error) =>
      error.reason._tag === "AlreadyExists"
        ? error
        : Effect.andThen(control.tell(resource, set, "Warning", "FailedCreate", said("create", set, pod, `failed error: ${statusText(error)}`)), error)
  })

const deletePod = (control: PodControl, set: StatefulSet, pod: Pod): Effect.Effect<void, KubeError.KubeError> =>
  Effect.matchEffect(control.client.delete(KubeResource.pods, { namespace: pod.metadata.namespace, name: pod.metadata.name! }, { preconditions: { uid: pod.metadata.uid! } }), {
    onSuccess: () => control.tell(resource, set, "Normal", "SuccessfulDelete", said("delete", set, pod, "successful")),
    onFailure: (error) =>
      error.reason._tag === "NotFound"
        ? Effect.void
        : Effect.andThen(control.tell(resource, set, "Warning", "FailedDelete", said("delete", set, pod, `failed error: ${statusText(error)}`)), error)
  })

const said = (verb: string, set: StatefulSet, pod: Pod, outcome: string): string => `${verb} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} ${outcome}`

const provideClaims = ({ client, follow }: ControllerSetting, { tell }: PodControl, set: StatefulSet, ordinal: number): Effect.Effect<void, KubeError.KubeError> =>
  Effect.forEach(claimsOf(set, ordinal), Effect.fnUntraced(function*(wanted) {
    const { name, namespace } = wanted.metadata
    if (follow<PersistentVolumeClaim>(KubeResource.persistentVolumeClaims).store.get(namespace, name!) !== undefined) return
    yield* Effect.catchIf(client.create<PersistentVolumeClaim>(KubeResource.persistentVolumeClaims, wanted), (error) => error.reason._tag === "AlreadyExists", () => Effect.void)
    yield* tell(resource, set, "Normal", "SuccessfulCreate", `create Claim ${name} Pod ${set.metadata.name}-${ordinal} in StatefulSet ${set.metadata.name} success`)
  }), { discard: true })

/** Claims of a pod that is scaled away go with it. */
const giveClaims = ({ client }: ControllerSetting, set: StatefulSet, pod: Pod): Effect.Effect<void, KubeError.KubeError> => {
  const ordinal = ordinalOf(set, pod) ?? startOf(set) + replicasOf(set)
  return Effect.forEach(claimsOf(set, ordinal), ({ metadata: { name, namespace } }) =>
    unlessGone(client.patch(KubeResource.persistentVolumeClaims, { namespace, name: name! }, "merge", {
      metadata: { ownerReferences: [OwnerReferences.to(KubeResource.pods, pod, { controller: false })] }
    })), { discard: true })
}
