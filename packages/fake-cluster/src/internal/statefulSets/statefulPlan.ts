/** What a stateful set does next: pods in order, one after the other, unless it may do all at once. Pure. */
import type { ControllerRevision, Pod, StatefulSet } from "@fairlead/kube"
import { hasEnded, isAvailable, isReady, isTerminating } from "../podFacts.ts"
import { shareOf } from "../deployments/deploymentFacts.ts"
import { ordinalOf, replicasOf, revisionKey, startOf } from "./statefulPods.ts"

/** One thing to do. */
export type StatefulStep =
  | { readonly _tag: "Create"; readonly ordinal: number; readonly revision: ControllerRevision }
  /** A pod that ended is made again. */
  | { readonly _tag: "Recreate"; readonly pod: Pod }
  | { readonly _tag: "Delete"; readonly pod: Pod; readonly isScaledDown: boolean }

/** A set with its pods and the versions of its template. */
export interface StatefulView {
  readonly set: StatefulSet
  readonly pods: ReadonlyArray<Pod>
  readonly current: ControllerRevision
  readonly update: ControllerRevision
  readonly now: number
}

export type StatefulSetStatus = Exclude<StatefulSet["status"], undefined>

const isRunning = (pod: Pod): boolean => pod.status?.phase === "Running"

const isHealthy = ({ now, set }: StatefulView, pod: Pod | undefined): boolean =>
  pod !== undefined && !isTerminating(pod) && isRunning(pod) && isAvailable(pod, set.spec?.minReadySeconds ?? 0, now)

/** What to do now. */
export const planStateful = (view: StatefulView): ReadonlyArray<StatefulStep> => {
  const { set } = view
  const isOrdered = set.spec?.podManagementPolicy !== "Parallel"
  const steps: Array<StatefulStep> = []
  const byOrdinal = new Map(view.pods.map((pod) => [ordinalOf(set, pod), pod]))
  const end = startOf(set) + replicasOf(set)
  for (let ordinal = startOf(set); ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    const step = replicaStep(view, ordinal, pod)
    if (step !== undefined) {
      steps.push(step)
      if (isOrdered || step._tag === "Recreate") return steps
    } else if (isOrdered && !isHealthy(view, pod)) return steps
  }
  const condemned = [...byOrdinal].filter(([ordinal]) => ordinal === undefined || ordinal < startOf(set) || ordinal >= end).sort(([a = -1], [b = -1]) => b - a).map(([, pod]) => pod)
  for (const pod of condemned) {
    if (isTerminating(pod)) {
      if (isOrdered) return steps
      continue
    }
    steps.push({ _tag: "Delete", pod, isScaledDown: true })
    if (isOrdered) return steps
  }
  return steps.length > 0 ? steps : updateSteps(view, byOrdinal, end)
}

const replicaStep = (view: StatefulView, ordinal: number, pod: Pod | undefined): StatefulStep | undefined => {
  if (pod === undefined) return { _tag: "Create", ordinal, revision: revisionFor(view, ordinal) }
  return hasEnded(pod) && !isTerminating(pod) ? { _tag: "Recreate", pod } : undefined
}

/** New pods below the partition, or of a rollout that has not come to them yet, are of the current version. */
const revisionFor = ({ current, set, update }: StatefulView, ordinal: number): ControllerRevision => {
  const { rollingUpdate, type = "RollingUpdate" } = set.spec?.updateStrategy ?? {}
  if (type !== "RollingUpdate" || current.metadata.name === update.metadata.name) return update
  const kept = rollingUpdate?.partition ?? 0
  const border = startOf(set) + (kept > 0 ? kept : (set.status?.currentReplicas ?? 0))
  return ordinal < border ? current : update
}

/** Pods of old versions go, the last one first, as long as enough others are healthy. */
const updateSteps = (view: StatefulView, byOrdinal: ReadonlyMap<number | undefined, Pod>, end: number): ReadonlyArray<StatefulStep> => {
  const { set, update } = view
  const { rollingUpdate, type = "RollingUpdate" } = set.spec?.updateStrategy ?? {}
  if (type !== "RollingUpdate") return []
  const most = rollingUpdate?.maxUnavailable === undefined ? 1 : Math.max(1, shareOf(rollingUpdate.maxUnavailable, replicasOf(set), Math.ceil))
  const steps: Array<StatefulStep> = []
  let unavailable = [...byOrdinal.values()].filter((it) => !isHealthy(view, it)).length
  for (let ordinal = end - 1; ordinal >= startOf(set) + (rollingUpdate?.partition ?? 0); ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (pod === undefined || isTerminating(pod)) {
      if (most === 1) return steps
      continue
    }
    const isOld = pod.metadata.labels?.[revisionKey] !== update.metadata.name
    if (isOld) {
      if (isHealthy(view, pod)) {
        if (unavailable >= most) return steps
        unavailable++
      }
      steps.push({ _tag: "Delete", pod, isScaledDown: false })
      if (most === 1) return steps
    } else if (most === 1 && !isHealthy(view, pod)) return steps
  }
  return steps
}

/** Counts the pods; a finished rollout makes the update the current version. */
export const statefulStatus = ({ current, now, pods, set, update }: StatefulView): StatefulSetStatus => {
  const alive = pods.filter((it) => !isTerminating(it))
  const of = (revision: ControllerRevision): number => alive.filter((it) => it.metadata.labels?.[revisionKey] === revision.metadata.name).length
  const ready = pods.filter((it) => isRunning(it) && isReady(it)).length
  const available = pods.filter((it) => isRunning(it) && isAvailable(it, set.spec?.minReadySeconds ?? 0, now)).length
  const updated = of(update)
  const isDone = (set.spec?.updateStrategy?.type ?? "RollingUpdate") === "RollingUpdate" && updated === pods.length && ready === pods.length
  const shown = isDone ? update : current
  const currentReplicas = of(shown)
  return {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    replicas: pods.length,
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    ...(currentReplicas === 0 ? {} : { currentReplicas }),
    ...(updated === 0 ? {} : { updatedReplicas: updated }),
    currentRevision: shown.metadata.name!,
    updateRevision: update.metadata.name!,
    collisionCount: set.status?.collisionCount ?? 0,
    availableReplicas: available
  }
}
