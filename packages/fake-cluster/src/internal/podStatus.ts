/** The status of a pod as a kubelet writes it, made from what it knows of the containers. */
import { type ContainerState, type ContainerStatus, KubeTime, type PodCondition, type PodStatus } from "@fairlead/kube"
import { type ContainerRecord, type EndedRun, endedRun, hasSucceeded, isPending as holdsBack, isReady as servesAlready, isStarted } from "./containerRecord.ts"
import { isOver, type PodRecord } from "./podRecord.ts"
import { conditionsOf } from "./podConditions.ts"

/** The part of the status that a kubelet owns. */
export interface KubeletStatus extends Omit<PodStatus, "conditions"> {
  readonly phase: PodPhase
  readonly conditions: ReadonlyArray<PodCondition>
}

/** Phases of a pod. */
export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed"

type Writable<A> = { -readonly [Field in keyof A]: A[Field] }

/** Makes the status. Transition times of conditions that keep their value are taken from `previous`. */
export const podStatus = (record: PodRecord, previous: PodStatus | undefined, hostIp: string, now: number): KubeletStatus => {
  const over = isOver(record)
  const shown = over && record.ending !== undefined ? { ...record, containers: record.containers.map((it) => lose(it, now)) } : record
  const phase = phaseOf(shown, over)
  const init: Array<ContainerStatus> = []
  const main: Array<ContainerStatus> = []
  for (const it of shown.containers) (it.kind === "main" ? main : init).push(containerStatus(it))
  const status: Writable<KubeletStatus> = {
    phase,
    conditions: conditionsOf(shown, phase, previous?.conditions ?? [], now),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    startTime: KubeTime.format(record.startTime),
    containerStatuses: main
  }
  const { generation } = record.pod.metadata
  if (generation !== undefined) status.observedGeneration = generation
  if (phase === "Succeeded" || phase === "Failed") {
    if (record.ending?.reason !== undefined) status.reason = record.ending.reason
    if (record.ending?.message !== undefined) status.message = record.ending.message
  }
  if (record.sandbox._tag === "Open") {
    const { ip } = record.sandbox
    status.podIP = ip
    status.podIPs = [{ ip }]
  }
  if (init.length > 0) status.initContainerStatuses = init
  return status
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
  let failedInit = false
  let isPending = false
  let anyRuns = false
  let allSucceeded = true
  for (const it of record.containers) {
    const isRunning = it.phase._tag === "Running"
    if (it.kind !== "init") anyRuns ||= isRunning
    if (it.kind === "init") {
      const ended = endedRun(it)
      failedInit ||= ended !== undefined && ended.exitCode !== 0
      isPending ||= isRunning || ended === undefined
    } else if (it.kind === "sidecar") isPending ||= !record.isInitialized && holdsBack(it)
    else {
      allSucceeded &&= hasSucceeded(it)
      isPending ||= !isRunning && endedRun(it) === undefined && it.last === undefined
    }
  }
  if (failedInit && policy === "Never") return over ? "Failed" : "Pending"
  if (over && record.ending?.reason !== undefined) return "Failed"
  if (over && record.ending !== undefined) return allSucceeded && !failedInit ? "Succeeded" : "Failed"
  if (isPending) return "Pending"
  if (anyRuns || !over || policy === "Always") return "Running"
  return allSucceeded ? "Succeeded" : policy === "Never" ? "Failed" : "Running"
}

const containerStatus = (container: ContainerRecord): ContainerStatus => {
  const { phase } = container
  const name = container.spec.name
  const image = container.spec.image ?? ""
  const state = stateOf(container)
  const lastState = container.last === undefined || (phase._tag === "Ended" && phase.run === container.last) ? {} : { terminated: terminatedOf(container.last) }
  const ready = container.kind === "init" ? hasSucceeded(container) : servesAlready(container)
  const restartCount = container.restarts
  const imageID = container.imageId
  const started = isStarted(container)
  const containerID = phase._tag === "Running" ? phase.containerId : (phase._tag === "Ended" ? phase.run : container.last)?.containerId
  return containerID === undefined
    ? { name, state, lastState, ready, restartCount, image, imageID, started }
    : { name, state, lastState, ready, restartCount, image, imageID, containerID, started }
}

const stateOf = (container: ContainerRecord): ContainerState => {
  const { phase } = container
  switch (phase._tag) {
    case "Waiting":
    case "Starting":
      return { waiting: phase.message === undefined ? { reason: phase.reason } : { reason: phase.reason, message: phase.message } }
    case "Running":
      return { running: { startedAt: KubeTime.format(phase.startedAt) } }
    case "Ended":
      return { terminated: terminatedOf(phase.run) }
  }
}

const terminatedOf = (run: EndedRun): Exclude<ContainerState["terminated"], undefined> => {
  const state: Writable<Partial<Exclude<ContainerState["terminated"], undefined>>> = { exitCode: run.exitCode, reason: run.reason }
  if (run.message !== undefined) state.message = run.message
  state.startedAt = KubeTime.format(run.startedAt)
  state.finishedAt = KubeTime.format(run.finishedAt)
  if (run.containerId !== undefined) state.containerID = run.containerId
  return state as Exclude<ContainerState["terminated"], undefined>
}
