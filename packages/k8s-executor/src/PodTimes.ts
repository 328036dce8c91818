/** Times that a pod carries, in milliseconds since the epoch. */
import type { ContainerStatus, Pod, PodStatus } from "@fairlead/kube"

/** Reads a time of an object; `undefined` for an absent or malformed one. */
export const timeOf = (text: string | null | undefined): number | undefined => {
  if (text === undefined || text === null) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}

const latest = (times: ReadonlyArray<number | undefined>): number | undefined => {
  let found: number | undefined
  for (const it of times) if (it !== undefined && (found === undefined || it > found)) found = it
  return found
}

const statusesOf = (status: PodStatus | undefined): ReadonlyArray<ContainerStatus> =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]

/** When a container last started or ended; `undefined` before the first start. */
export const lastTransition = (status: PodStatus | undefined): number | undefined =>
  latest(statusesOf(status).map(({ state }) => timeOf(state?.running?.startedAt ?? state?.terminated?.finishedAt)))

/** When the kubelet reported the end of all containers. */
export const completionReported = (status: PodStatus | undefined): number | undefined =>
  latest((status?.conditions ?? [])
    .filter((it) => it.type === "Ready" && it.status === "False" && it.reason === "PodCompleted")
    .map((it) => timeOf(it.lastTransitionTime)))

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
