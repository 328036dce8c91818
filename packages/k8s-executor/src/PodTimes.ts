/** Times that a pod carries, in milliseconds since the epoch. */
import type { ContainerStatus, Pod, PodStatus } from "@fairlead/kube"

/** Reads a time of an object; `undefined` for an absent or malformed one. */
export const timeOf = (text: string | null | undefined): number | undefined => {
  if (text === undefined || text === null) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}

const later = (a: number | undefined, b: number | undefined): number | undefined => a === undefined || (b !== undefined && b > a) ? b : a

const latest = (times: ReadonlyArray<number | undefined>): number | undefined => times.reduce(later, undefined)

const statusesOf = (status: PodStatus | undefined): ReadonlyArray<ContainerStatus> =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]

const transitionOf = (found: number | undefined, { state }: ContainerStatus): number | undefined =>
  later(found, timeOf(state?.running?.startedAt ?? state?.terminated?.finishedAt))

/** When a container last started or ended; `undefined` before the first start. */
export const lastTransition = (status: PodStatus | undefined): number | undefined => {
  const ofInit = status?.initContainerStatuses?.reduce(transitionOf, undefined as number | undefined)
  return status?.containerStatuses?.reduce(transitionOf, ofInit) ?? ofInit
}

/** When the kubelet reported the end of all containers. */
export const completionReported = (status: PodStatus | undefined): number | undefined => {
  let found: number | undefined
  for (const it of status?.conditions ?? []) {
    if (it.type === "Ready" && it.status === "False" && it.reason === "PodCompleted") found = later(found, timeOf(it.lastTransitionTime))
  }
  return found
}

/** When the pod ended: its last container, else the deletion, the start or the creation. */
export const completionTime = (pod: Pod): number | undefined =>
  latest(statusesOf(pod.status).flatMap(({ state, lastState }) => [
    timeOf(state?.terminated?.finishedAt),
    timeOf(lastState?.terminated?.finishedAt)
  ])) ?? timeOf(pod.metadata.deletionTimestamp) ?? timeOf(pod.status?.startTime) ?? timeOf(pod.metadata.creationTimestamp)

/** When somebody asked for the pod's deletion; its deletion timestamp lies a grace period later. */
export const deletionRequested = (pod: Pod): number | undefined => {
  const at = timeOf(pod.metadata.deletionTimestamp)
  return at === undefined ? undefined : at - 1000 * (pod.metadata.deletionGracePeriodSeconds ?? 0)
}
