/** The status of a replica set, from its pods. Pure. */
import { KubeTime, type Pod, type ReplicaSet } from "@fairlead/kube"
import { availableAt, hasEnded, isActive, isReady, isTerminating } from "./podFacts.ts"

export type ReplicaSetStatus = Exclude<ReplicaSet["status"], undefined>

/** Something kept the set from having the pods that it wants. */
export interface ReplicaFailure {
  readonly reason: "FailedCreate" | "FailedDelete"
  readonly message: string
}

/** Counts the pods of a set. */
export const replicaStatus = (set: ReplicaSet, pods: ReadonlyArray<Pod>, failure: ReplicaFailure | undefined, now: number): ReplicaSetStatus => {
  const active = pods.filter(isActive)
  const wanted = Object.entries((set.spec?.template?.metadata as { labels?: { [key: string]: string } } | undefined)?.labels ?? {})
  const labelled = active.filter((pod) => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value)).length
  const minReady = set.spec?.minReadySeconds ?? 0
  const ready = active.filter(isReady).length
  const available = active.filter((it) => (availableAt(it, minReady) ?? Infinity) <= now).length
  const conditions = conditionsOf(set, failure, now)
  return {
    replicas: active.length,
    ...(labelled === 0 ? {} : { fullyLabeledReplicas: labelled }),
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    ...(available === 0 ? {} : { availableReplicas: available }),
    terminatingReplicas: pods.filter((it) => isTerminating(it) && !hasEnded(it)).length,
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions })
  }
}

const conditionsOf = ({ status }: ReplicaSet, failure: ReplicaFailure | undefined, now: number): Exclude<ReplicaSetStatus["conditions"], undefined> => {
  const others = (status?.conditions ?? []).filter((it) => it.type !== "ReplicaFailure")
  if (failure === undefined) return others
  const before = status?.conditions?.find((it) => it.type === "ReplicaFailure")
  if (before?.reason === failure.reason) return status!.conditions!
  return [...others, { type: "ReplicaFailure", status: "True", lastTransitionTime: KubeTime.format(now), ...failure }]
}

/** When a pod that is ready will have been so for long enough; `undefined` when there is none to wait for. */
export const nextAvailableAt = (pods: ReadonlyArray<Pod>, minReadySeconds: number, now: number): number | undefined => {
  const times = pods.filter(isActive).map((it) => availableAt(it, minReadySeconds)).filter((it) => it !== undefined && it > now) as ReadonlyArray<number>
  return times.length === 0 ? undefined : Math.min(...times)
}
