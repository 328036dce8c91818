/** The status of a pod as a kubelet writes it, made from what it knows of the containers. */
import type { ContainerState, ContainerStatus, PodCondition, PodStatus } from "@fairlead/kube"
import { type ContainerRecord, type EndedRun, endedRun, isPending, isReady as servesAlready, isStarted } from "./containerRecord.ts"
import { isOver, type PodRecord } from "./podRecord.ts"
import { conditionsOf } from "./podConditions.ts"
import { timestamp } from "./timestamp.ts"

/** The part of the status that a kubelet owns. */
export interface KubeletStatus extends Omit<PodStatus, "conditions"> {
  readonly phase: PodPhase
  readonly conditions: ReadonlyArray<PodCondition>
}

/** Phases of a pod. */
export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed"

/** Makes the status. Transition times of conditions that keep their value are taken from `previous`. */
export const podStatus = (record: PodRecord, previous: PodStatus | undefined, hostIp: string, now: number): KubeletStatus => {
  const over = isOver(record)
  const shown = over && record.ending !== undefined ? { ...record, containers: record.containers.map((it) => lose(it, now)) } : record
  const phase = phaseOf(shown, over)
  const ended = phase === "Succeeded" || phase === "Failed"
  const init = shown.containers.filter((it) => it.kind !== "main")
  const main = shown.containers.filter((it) => it.kind === "main")
  const ip = record.sandbox._tag === "Open" ? record.sandbox.ip : undefined
  return {
    ...(record.pod.metadata.generation === undefined ? {} : { observedGeneration: record.pod.metadata.generation }),
    phase,
    conditions: conditionsOf(shown, phase, previous?.conditions ?? [], now),
    ...(ended && record.ending?.reason !== undefined ? { reason: record.ending.reason } : {}),
    ...(ended && record.ending?.message !== undefined ? { message: record.ending.message } : {}),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }),
    startTime: timestamp(record.startTime),
    ...(init.length === 0 ? {} : { initContainerStatuses: init.map(containerStatus) }),
    containerStatuses: main.map(containerStatus)
  }
}

/** A container that never ran in a pod that is over counts as lost. */
const lose = (container: ContainerRecord, now: number): ContainerRecord =>
  container.phase._tag === "Ended" || container.kind !== "main"
    ? container
    : { ...container, phase: { _tag: "Ended", run: container.last ?? lostRun(now) } }

/** What a kubelet reports of a container that it cannot find. */
export const lostRun = (now: number): EndedRun => ({
  exitCode: 137,
  reason: "ContainerStatusUnknown",
  message: "The container could not be located when the pod was terminated",
  startedAt: 0,
  finishedAt: now,
  containerId: undefined
})

/** The kubelet's rules for the phase. */
export const phaseOf = (record: PodRecord, over: boolean): PodPhase => {
  const policy = record.pod.spec?.restartPolicy ?? "Always"
  const init = record.containers.filter((it) => it.kind === "init")
  const main = record.containers.filter((it) => it.kind === "main")
  const failedInit = init.some((it) => (endedRun(it)?.exitCode ?? 0) !== 0)
  const anyRuns = record.containers.some((it) => it.kind !== "init" && it.phase._tag === "Running")
  if (failedInit && policy === "Never") return over ? "Failed" : "Pending"
  if (over && record.ending?.reason !== undefined) return "Failed"
  if (over && record.ending !== undefined) return main.every(hasSucceeded) && !failedInit ? "Succeeded" : "Failed"
  const initPends = init.some((it) => it.phase._tag === "Running" || endedRun(it) === undefined)
  const sidecarPends = !record.isInitialized && record.containers.some((it) => it.kind === "sidecar" && isPending(it))
  const waits = main.some((it) => it.phase._tag !== "Running" && endedRun(it) === undefined && it.last === undefined)
  if (initPends || sidecarPends || waits) return "Pending"
  if (anyRuns || !over) return "Running"
  if (policy === "Always") return "Running"
  return main.every(hasSucceeded) ? "Succeeded" : policy === "Never" ? "Failed" : "Running"
}

const hasSucceeded = (container: ContainerRecord): boolean => container.phase._tag === "Ended" && container.phase.run.exitCode === 0

const containerStatus = (container: ContainerRecord): ContainerStatus => {
  const { phase } = container
  const id = phase._tag === "Running" ? phase.containerId : (phase._tag === "Ended" ? phase.run : container.last)?.containerId
  const isReady = container.kind === "init" ? hasSucceeded(container) : servesAlready(container)
  return {
    name: container.spec.name,
    state: stateOf(container),
    lastState: container.last === undefined || (phase._tag === "Ended" && phase.run === container.last) ? {} : { terminated: terminatedOf(container.last) },
    ready: isReady,
    restartCount: container.restarts,
    image: container.spec.image ?? "",
    imageID: container.imageId,
    ...(id === undefined ? {} : { containerID: id }),
    started: isStarted(container)
  }
}

const stateOf = (container: ContainerRecord): ContainerState => {
  const { phase } = container
  switch (phase._tag) {
    case "Waiting":
    case "Starting":
      return { waiting: { reason: phase.reason, ...(phase.message === undefined ? {} : { message: phase.message }) } }
    case "Running":
      return { running: { startedAt: timestamp(phase.startedAt) } }
    case "Ended":
      return { terminated: terminatedOf(phase.run) }
  }
}

const terminatedOf = (run: EndedRun): Exclude<ContainerState["terminated"], undefined> => ({
  exitCode: run.exitCode,
  reason: run.reason,
  ...(run.message === undefined ? {} : { message: run.message }),
  startedAt: timestamp(run.startedAt),
  finishedAt: timestamp(run.finishedAt),
  ...(run.containerId === undefined ? {} : { containerID: run.containerId })
})
