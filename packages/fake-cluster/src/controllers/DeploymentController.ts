/** Brings the pods of a deployment from one template to the next. */
import { Controller, OwnerReferences, Result, Source } from "@fairlead/controller"
import { type Deployment, jsonEqual, KubeError, KubeResource, type Pod, type ReplicaSet } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import type { Tell } from "../internal/coreEvents.ts"
import {
  copiedAnnotations, hashLabel, hashOf, isRolling, newReplicas, newSetOf, replicasOf, revisionHistoryKey, revisionKey, revisionOf, sizeAnnotations
} from "../internal/deployments/deploymentFacts.ts"
import { forgettable, isScaling, proportional, type Resize, rollingStep } from "../internal/deployments/deploymentScaling.ts"
import { conditionNamed, countsOf, deadlineOf, type DeploymentStatus, isComplete, withCondition, withProgress } from "../internal/deployments/deploymentStatus.ts"
import { claim, claimsOf, matcher } from "../internal/podClaims.ts"
import { statusText } from "../internal/podControl.ts"
import { controllerOf, hasEnded } from "../internal/podFacts.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

const resource = KubeResource.deployments

interface Rollout {
  readonly setting: ControllerSetting
  readonly tell: Tell
  readonly deployment: Deployment
  readonly sets: ReadonlyArray<ReplicaSet>
  readonly now: number
}

/** Runs until interrupted. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const deployments = setting.follow<Deployment>(resource)
  const sets = setting.follow<ReplicaSet>(KubeResource.replicaSets)
  const tell = setting.tellAs("deployment-controller")
  const keyOf = ({ metadata }: Deployment) => ({ namespace: metadata.namespace, name: metadata.name! })
  const adopters = (set: ReplicaSet) =>
    set.metadata.ownerReferences?.some((it) => it.controller === true) === true ? [] : deployments.store.list()
      .filter((it) => it.metadata.namespace === set.metadata.namespace && matcher(it.spec?.selector)(set.metadata.labels)).map(keyOf)
  const recreating = (pod: Pod) => {
    const owner = sets.store.get(pod.metadata.namespace, controllerOf(pod)?.name ?? "")?.metadata.ownerReferences?.find((it) => it.kind === "Deployment")
    const found = owner === undefined ? undefined : deployments.store.get(pod.metadata.namespace, owner.name)
    return found === undefined || isRolling(found) ? [] : [keyOf(found)]
  }
  return Controller.run({
    name: "deployment",
    workers: 5,
    shutdownTimeout: 0,
    queue,
    sources: [
      Source.of(deployments),
      Source.owned(sets, { group: "apps", kind: "Deployment" }),
      Source.mapped(sets, adopters),
      Source.mapped(setting.pods, recreating, { predicate: ({ type }) => type === "Deleted" })
    ],
    reconcile: ({ name, namespace }) => {
      const deployment = deployments.store.get(namespace, name)
      return deployment === undefined ? Effect.succeed(Result.done) : sync(setting, tell, deployment)
    }
  })
}

const sync = Effect.fnUntraced(function*(setting: ControllerSetting, tell: Tell, deployment: Deployment): Effect.fn.Return<Result, KubeError.KubeError> {
  const all = setting.follow<ReplicaSet>(KubeResource.replicaSets).store.list().filter((it) => it.metadata.namespace === deployment.metadata.namespace)
  const sets = yield* claim(setting.client, resource, deployment, KubeResource.replicaSets, claimsOf(deployment, deployment.spec?.selector, all))
  const rollout: Rollout = { setting, tell, deployment, sets, now: yield* Clock.currentTimeMillis }
  const newest = newSetOf(deployment, sets)
  const old = sets.filter((it) => it !== newest)
  if (deployment.metadata.deletionTimestamp !== undefined) return yield* tellStatus(rollout, newest, countsOf(deployment, sets, newest, rollout.now))
  if (yield* tellPause(rollout)) return Result.done
  if (deployment.spec?.paused === true || isScaling(deployment, sets)) {
    yield* resizeAll(rollout, proportional(deployment, newest, old))
    if (deployment.spec?.paused === true) yield* forget(rollout, old)
    return yield* tellStatus(rollout, newest, countsOf(deployment, sets, newest, rollout.now))
  }
  return isRolling(deployment) ? yield* roll(rollout, newest, old) : yield* recreate(rollout, newest, old)
})

const roll = Effect.fnUntraced(function*(rollout: Rollout, found: ReplicaSet | undefined, old: ReadonlyArray<ReplicaSet>): Effect.fn.Return<Result, KubeError.KubeError> {
  const newest = yield* provide(rollout, found, old)
  if (newest === undefined) return Result.requeueAfter(0)
  const resizes = found === undefined ? [] : rollingStep(rollout.deployment, newest, old)
  yield* resizeAll(rollout, resizes)
  return yield* settle(rollout, newest, old)
})

/** All old pods go before the first new one comes. */
const recreate = Effect.fnUntraced(function*(rollout: Rollout, found: ReplicaSet | undefined, old: ReadonlyArray<ReplicaSet>): Effect.fn.Return<Result, KubeError.KubeError> {
  const active = old.filter((it) => replicasOf(it) > 0)
  if (active.length > 0) {
    yield* resizeAll(rollout, active.map((set) => ({ set, replicas: 0 })))
    return yield* settle(rollout, found, old)
  }
  const isBusy = old.some((it) => rollout.setting.podIndex.ofController(it.metadata.uid!).some((pod) => !hasEnded(pod)))
  if (isBusy) return yield* settle(rollout, found, old)
  const newest = yield* provide(rollout, found, old)
  if (newest === undefined) return Result.requeueAfter(0)
  if (replicasOf(newest) !== replicasOf(rollout.deployment)) yield* resizeAll(rollout, [{ set: newest, replicas: replicasOf(rollout.deployment) }])
  return yield* settle(rollout, newest, old)
})

const settle = Effect.fnUntraced(function*(rollout: Rollout, newest: ReplicaSet | undefined, old: ReadonlyArray<ReplicaSet>): Effect.fn.Return<Result, KubeError.KubeError> {
  const { deployment, now } = rollout
  const all = newest === undefined ? old : [...old, newest]
  const counts = countsOf(deployment, all, newest, now)
  if (isComplete(deployment, counts)) yield* forget(rollout, old)
  return yield* tellStatus(rollout, newest, withProgress(deployment, counts, all, newest, now))
})

const forget = ({ deployment, setting }: Rollout, old: ReadonlyArray<ReplicaSet>): Effect.Effect<void, KubeError.KubeError> =>
  Effect.forEach(forgettable(deployment, old), ({ metadata: { name, namespace } }) =>
    unlessGone(setting.client.delete(KubeResource.replicaSets, { namespace, name: name! })), { discard: true })

/** The newest set, made if need be, with the revision that is its due. `undefined` when a name was taken: the next round takes another one. */
const provide = Effect.fnUntraced(function*(rollout: Rollout, found: ReplicaSet | undefined, old: ReadonlyArray<ReplicaSet>): Effect.fn.Return<ReplicaSet | undefined, KubeError.KubeError> {
  const { deployment, now, setting } = rollout
  const revision = Math.max(0, ...old.map(revisionOf)) + 1
  if (found !== undefined) {
    const annotations = annotationsOf(deployment, found, Math.max(revision, revisionOf(found)))
    const minReadySeconds = deployment.spec?.minReadySeconds
    const isCurrent = jsonEqual(annotations, found.metadata.annotations ?? {}) && (found.spec?.minReadySeconds ?? 0) === (minReadySeconds ?? 0)
    const updated = isCurrent ? found : yield* setting.client.update<ReplicaSet>(KubeResource.replicaSets, {
      ...found,
      metadata: { ...found.metadata, annotations },
      spec: { ...found.spec!, ...(minReadySeconds === undefined ? {} : { minReadySeconds }) }
    })
    yield* noteRevision(rollout, revisionOf(updated), "FoundNewReplicaSet", `Found new replica set "${found.metadata.name}"`)
    return updated
  }
  const hash = hashOf(deployment.spec?.template, deployment.status?.collisionCount ?? 0)
  const name = `${deployment.metadata.name}-${hash}`
  const made = yield* Effect.result(setting.client.create<ReplicaSet>(KubeResource.replicaSets, setOf(rollout, name, hash, revision, old)))
  if (made._tag === "Success") {
    if (replicasOf(made.success) > 0) yield* rollout.tell(resource, deployment, "Normal", "ScalingReplicaSet", `Scaled up replica set ${name} from 0 to ${replicasOf(made.success)}`)
    yield* noteRevision(rollout, revision, "NewReplicaSetCreated", `Created new replica set "${name}"`)
    return made.success
  }
  if (made.failure.reason._tag === "AlreadyExists") {
    const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 }
    yield* unlessGone(setting.client.update<Deployment>(resource, { ...deployment, status }, { subresource: "status" }))
    return undefined
  }
  const message = `Failed to create new replica set "${name}": ${statusText(made.failure)}`
  const conditions = withCondition(deployment.status?.conditions ?? [], { type: "Progressing", status: "False", reason: "ReplicaSetCreateError", message }, now)
  yield* unlessGone(setting.client.update<Deployment>(resource, { ...deployment, status: { ...deployment.status, conditions } }, { subresource: "status" }))
  yield* rollout.tell(resource, deployment, "Warning", "ReplicaSetCreateError", message)
  return yield* made.failure
})

const setOf = ({ deployment }: Rollout, name: string, hash: string, revision: number, old: ReadonlyArray<ReplicaSet>): ReplicaSet => {
  const { minReadySeconds, selector, template } = deployment.spec!
  const { creationTimestamp: _, ...metadata } = (template.metadata ?? {}) as { labels?: { [key: string]: string }; creationTimestamp?: unknown }
  const labels = { ...metadata.labels, [hashLabel]: hash }
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name,
      namespace: deployment.metadata.namespace!,
      labels,
      annotations: { ...copiedAnnotations(deployment), ...sizeAnnotations(deployment), [revisionKey]: String(revision) },
      ownerReferences: [OwnerReferences.to(resource, deployment)]
    },
    spec: {
      replicas: newReplicas(deployment, old, 0),
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...metadata, labels } as never }
    }
  }
}

const annotationsOf = (deployment: Deployment, set: ReplicaSet, revision: number): { readonly [key: string]: string } => {
  const before = set.metadata.annotations ?? {}
  const next = { ...before, ...copiedAnnotations(deployment), ...sizeAnnotations(deployment) }
  if (revision === revisionOf(set)) return next
  const history = [before[revisionHistoryKey], before[revisionKey]].filter((it) => it !== undefined && it !== "").join(",")
  return { ...next, [revisionKey]: String(revision), ...(history === "" ? {} : { [revisionHistoryKey]: history }) }
}

/** Writes the revision into the deployment, and into its status what has become of the newest set. */
const noteRevision = Effect.fnUntraced(function*({ deployment, now, setting }: Rollout, revision: number, reason: string, message: string): Effect.fn.Return<void, KubeError.KubeError> {
  const { name, namespace } = deployment.metadata
  if (revisionOf(deployment) !== revision) {
    // With the status, since changed annotations count as a change of what is wanted.
    yield* setting.client.patch(resource, { namespace, name: name!, subresource: "status" }, "merge", { metadata: { annotations: { [revisionKey]: String(revision) } } })
  }
  const isCreated = reason === "NewReplicaSetCreated"
  if (deployment.spec?.progressDeadlineSeconds === undefined || (!isCreated && conditionNamed(deployment.status?.conditions, "Progressing") !== undefined)) return
  const conditions = withCondition(deployment.status?.conditions ?? [], { type: "Progressing", status: "True", reason, message }, now)
  if (jsonEqual(conditions, deployment.status?.conditions)) return
  yield* setting.client.patch(resource, { namespace, name: name!, subresource: "status" }, "merge", { status: { conditions } })
})

const resizeAll = ({ deployment, setting, tell }: Rollout, resizes: ReadonlyArray<Resize>): Effect.Effect<void, KubeError.KubeError> =>
  Effect.forEach(resizes, Effect.fnUntraced(function*({ replicas, set }: Resize) {
    const before = replicasOf(set)
    const metadata = { ...set.metadata, annotations: { ...set.metadata.annotations, ...sizeAnnotations(deployment) } }
    yield* setting.client.update<ReplicaSet>(KubeResource.replicaSets, { ...set, metadata, spec: { ...set.spec!, replicas } })
    const direction = replicas > before ? "up" : "down"
    yield* tell(resource, deployment, "Normal", "ScalingReplicaSet", `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`)
  }), { discard: true })

/** Says that the deployment is paused or goes on; true when that was written, for then another round follows. */
const tellPause = Effect.fnUntraced(function*({ deployment, now, setting }: Rollout): Effect.fn.Return<boolean, KubeError.KubeError> {
  if (deployment.spec?.progressDeadlineSeconds === undefined) return false
  const reason = conditionNamed(deployment.status?.conditions, "Progressing")?.reason
  const isPaused = deployment.spec.paused === true
  if (reason === "ProgressDeadlineExceeded" || isPaused === (reason === "DeploymentPaused")) return false
  const condition = isPaused
    ? { type: "Progressing", status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" }
    : { type: "Progressing", status: "Unknown", reason: "DeploymentResumed", message: "Deployment is resumed" }
  const conditions = withCondition(deployment.status?.conditions ?? [], condition, now)
  yield* unlessGone(setting.client.update<Deployment>(resource, { ...deployment, status: { ...deployment.status, conditions } }, { subresource: "status" }))
  return true
})

const tellStatus = Effect.fnUntraced(function*(rollout: Rollout, newest: ReplicaSet | undefined, status: DeploymentStatus): Effect.fn.Return<Result, KubeError.KubeError> {
  const { deployment, now, setting } = rollout
  const { name, namespace } = deployment.metadata
  // A condition written in this round is not in `deployment` yet; the next round finds it.
  const isStale = conditionNamed(status.conditions, "Progressing") === undefined && newest !== undefined && deployment.spec?.progressDeadlineSeconds !== undefined
  if (isStale) return Result.requeueAfter(0)
  if (!jsonEqual(deployment.status ?? {}, status)) {
    yield* unlessGone(setting.client.update<Deployment>(resource, { ...deployment, status }, { subresource: "status" })).pipe(
      Effect.catchIf((error) => error.reason._tag === "Conflict", () => Effect.void)
    )
  }
  const deadline = deadlineOf(deployment, status)
  if (deadline === undefined || name === undefined || namespace === undefined) return Result.done
  return Result.requeueAfter(Math.max(1000, deadline - now))
})
