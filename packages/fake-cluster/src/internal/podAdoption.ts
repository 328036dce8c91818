/** Takes over a pod that an earlier kubelet has left behind. */
import type { ContainerStatus, Pod } from "@fairlead/kube"
import type { ContainerRecord, EndedRun } from "./containerRecord.ts"
import { make, type PodRecord } from "./podRecord.ts"
import { lostRun } from "./podStatus.ts"

/**
 * The record of a pod as its status tells it. Containers that ran are lost, as they are on a machine that has restarted: the pod's
 * restart policy decides what becomes of them. A pod without statuses is simply new.
 */
export const adopt = (pod: Pod, now: number): PodRecord => {
  const record = make(pod, now)
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  if (statuses.length === 0) return record
  const containers = record.containers.map((it) => restore(it, statuses.find((status) => status.name === it.spec.name), now))
  const started = pod.status?.startTime
  return {
    ...record,
    startTime: started === undefined ? now : Date.parse(started),
    containers,
    isInitialized: containers.some((it) => it.kind === "main" && it.hasStarted)
  }
}

const restore = (container: ContainerRecord, status: ContainerStatus | undefined, now: number): ContainerRecord => {
  const { running, terminated } = status?.state ?? {}
  const before = status?.lastState?.terminated
  const run = terminated !== undefined ? endedRun(terminated) : running !== undefined ? lostRun(now) : undefined
  return {
    ...container,
    phase: run === undefined ? container.phase : { _tag: "Ended", run },
    last: before === undefined ? undefined : endedRun(before),
    restarts: status?.restartCount ?? 0,
    imageId: status?.imageID ?? "",
    hasStarted: run !== undefined || before !== undefined
  }
}

const endedRun = (it: Exclude<Exclude<ContainerStatus["state"], undefined>["terminated"], undefined>): EndedRun => ({
  exitCode: it.exitCode,
  reason: it.reason ?? "Error",
  message: it.message,
  startedAt: it.startedAt === undefined ? 0 : Date.parse(it.startedAt),
  finishedAt: it.finishedAt === undefined ? 0 : Date.parse(it.finishedAt),
  containerId: it.containerID
})
