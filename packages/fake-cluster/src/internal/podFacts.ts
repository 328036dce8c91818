/** What controllers want to know of a pod. */
import type { OwnerReference, Pod, PodCondition } from "@fairlead/kube"

/** Its containers will not run again. */
export const hasEnded = ({ status }: Pod): boolean => {
  const phase = status?.phase
  return phase === "Succeeded" || phase === "Failed"
}

/** It is on a node, by whomever. */
export const isBound = ({ spec }: Pod): boolean => spec?.nodeName !== undefined && spec.nodeName !== ""

/** Deletion was asked for. */
export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined

/** Neither ended nor on its way out. */
export const isActive = (pod: Pod): boolean => !hasEnded(pod) && !isTerminating(pod)

/** A condition by its type. */
export const conditionIn = (conditions: ReadonlyArray<PodCondition>, type: string): PodCondition | undefined => {
  for (const it of conditions) if (it.type === type) return it
  return undefined
}

/** A condition of the pod by its type. */
export const conditionOf = (pod: Pod, type: string): PodCondition | undefined => conditionIn(pod.status?.conditions ?? [], type)

/** Ready to serve. */
export const isReady = (pod: Pod): boolean => conditionOf(pod, "Ready")?.status === "True"

/** When the pod has been ready for `minReadySeconds`; `undefined` while it is not ready. */
export const availableAt = (pod: Pod, minReadySeconds: number): number | undefined => {
  const ready = conditionOf(pod, "Ready")
  if (ready?.status !== "True") return undefined
  return minReadySeconds === 0 ? 0 : Date.parse(ready.lastTransitionTime ?? "") + minReadySeconds * 1000
}

/** Ready for long enough. */
export const isAvailable = (pod: Pod, minReadySeconds: number, now: number): boolean => {
  const at = availableAt(pod, minReadySeconds)
  return at !== undefined && at <= now
}

/** The owner that looks after the pod. */
export const controllerOf = ({ metadata: { ownerReferences } }: Pod): OwnerReference | undefined => ownerReferences?.find((it) => it.controller === true)

/** Milliseconds since the epoch; 0 for what has no time of creation yet. */
export const createdAt = ({ metadata: { creationTimestamp } }: Pod): number => (creationTimestamp == null ? 0 : Date.parse(creationTimestamp))

/**
 * The order in which superfluous pods go: those without a node first, then pending before running, not ready before ready, with more
 * restarts before fewer, newer before older. Kubernetes' `ActivePods`; `crowd` says how many pods of the same owner are on a node.
 */
export const byLeastLoss = (crowd: (pod: Pod) => number = () => 0) => (a: Pod, b: Pod): number => {
  const orders: ReadonlyArray<(pod: Pod) => number> = [
    (it) => (isBound(it) ? 1 : 0),
    (it) => (it.status?.phase === "Running" ? 2 : it.status?.phase === "Pending" ? 0 : 1),
    (it) => (isReady(it) ? 1 : 0),
    (it) => deletionCost(it),
    (it) => -crowd(it),
    (it) => -(isReady(it) ? Date.parse(conditionOf(it, "Ready")?.lastTransitionTime ?? "") : 0),
    (it) => -restartsOf(it),
    (it) => -createdAt(it)
  ]
  for (const order of orders) {
    const difference = order(a) - order(b)
    if (difference !== 0) return difference
  }
  return 0
}

const deletionCost = (pod: Pod): number => {
  const cost = Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0)
  return Number.isSafeInteger(cost) ? cost : 0
}

const restartsOf = (pod: Pod): number => (pod.status?.containerStatuses ?? []).reduce((most, it) => Math.max(most, it.restartCount), 0)
