/** Reads the phase of a task from its pod. */
import { Idl, Phase } from "@fairlead/core"
import type { ContainerStatus, Pod } from "@fairlead/kube"
import type { PhaseContext, PhaseReading } from "./KubeObjectPlugin.ts"
import { logContextOf } from "./PodLogContext.ts"
import type { PodLogs } from "./PodLogs.ts"
import { readFailed, readSucceeded } from "./PodPhaseEnded.ts"
import { type PendingLimits, readPending } from "./PodPhasePending.ts"
import { primaryNotFoundCode, readPrimary } from "./PodPhasePrimary.ts"
import { primaryContainerKey } from "./PodSource.ts"
import { completionReported, deletionRequested, lastTransition } from "./PodTimes.ts"

/** What phases are read with, prepared once for all pods. */
export interface PodPhaseSettings {
  readonly limits: PendingLimits
  readonly logs: PodLogs
  /** Container that goes on after the task to take its outputs; until it has ended the outputs are not there. */
  readonly uploaderName: string
  /** Container that brings the inputs before the task starts. */
  readonly downloaderName: string
}

/** The container whose end is the end of the task; `undefined` when all must end. */
const primaryOf = (pod: Pod): string | undefined => pod.metadata.annotations?.[primaryContainerKey]

const onlyContainer = (pod: Pod): string | undefined => (pod.spec?.containers.length === 1 ? pod.spec.containers[0]!.name : undefined)

/** Reads a pod's phase, whatever state it is in. */
export const readPod = (pod: Pod, context: PhaseContext, settings: PodPhaseSettings): PhaseReading => {
  const status = pod.status ?? {}
  if (status.phase === "Unknown") return { phase: Phase.undefinedPhase() }
  const primaryName = primaryOf(pod) ?? onlyContainer(pod)
  const logs = settings.logs(pod, primaryName, context)
  const occurredAt = lastTransition(status) ?? context.now
  const info: Partial<Phase.TaskInfo> = { occurredAt, reportedAt: completionReported(status) ?? occurredAt, logs, logContext: logContextOf(pod, primaryName) }
  switch (status.phase) {
    case "Succeeded":
      return { phase: readSucceeded(status, info) }
    case "Failed":
      return { phase: excusedByDeletion(pod, occurredAt, readFailed(status, primaryName, info, settings.downloaderName)), ran: hasRun(pod) }
    case "Running":
      return { phase: withEditorState(pod, primaryName, excusedByDeletion(pod, occurredAt, readRunning(pod, info, settings))) }
    default:
      return readPending(status, context, settings.limits)
  }
}

const hasRun = (pod: Pod): boolean =>
  pod.status?.containerStatuses?.some((it) => it.state?.terminated !== undefined || it.lastState?.terminated !== undefined) ?? false

const endedWell = ({ state }: ContainerStatus): boolean => state?.terminated?.exitCode === 0

const readRunning = (pod: Pod, info: Partial<Phase.TaskInfo>, settings: PodPhaseSettings): Phase.PhaseInfo => {
  const running = Phase.running(info.logs !== undefined && info.logs.length > 0 ? 1 : 0, "", info)
  const statuses = pod.status?.containerStatuses ?? []
  const primaryName = primaryOf(pod)
  if (primaryName === undefined) {
    const all = [...statuses, ...(pod.status?.initContainerStatuses ?? [])]
    return statuses.length > 0 && all.every(endedWell) ? readSucceeded(pod.status ?? {}, info) : running
  }
  const phase = readPrimary(primaryName, statuses, info)
  if (phase.phase === "Running") return running
  if (phase.error?.code === primaryNotFoundCode) {
    // The kubelet has just not reported it yet.
    return pod.spec?.containers.some((it) => it.name === primaryName) ? running : phase
  }
  return withUpload(pod, phase, running, settings.uploaderName)
}

/** The end of the task is not its end while its outputs, or its error document, are still being uploaded. */
const withUpload = (pod: Pod, phase: Phase.PhaseInfo, running: Phase.PhaseInfo, uploaderName: string): Phase.PhaseInfo => {
  if (!(pod.spec?.initContainers?.some((it) => it.name === uploaderName) ?? false)) return phase
  const terminated = pod.status?.initContainerStatuses?.find((it) => it.name === uploaderName)?.state?.terminated
  if (terminated === undefined) return running
  return terminated.exitCode === 0 || phase.phase !== "Success" ? phase : Phase.retryableFailure({
    code: "OutputUploadFailed",
    message: `the task ended well, but ${uploaderName} ended with exit code ${terminated.exitCode}: ${terminated.message ?? terminated.reason ?? "no message"}`,
    kind: "SYSTEM"
  }, { info: phase.info })
}

/** Whoever deletes a pod makes its containers fail; that is not the task's fault unless it had failed before. */
const excusedByDeletion = (pod: Pod, endedAt: number, phase: Phase.PhaseInfo): Phase.PhaseInfo => {
  const requested = deletionRequested(pod)
  if (requested === undefined || phase.error === undefined || phase.error.kind === "SYSTEM" || endedAt < requested) return phase
  return Phase.retryableFailure({
    code: "UnexpectedObjectDeletion",
    message: `Pod ${pod.metadata.namespace}/${pod.metadata.name} was deleted while its task ran: ${phase.error.message.trim()}`,
    kind: "SYSTEM"
  }, { info: phase.info })
}

const isReady = (pod: Pod, primaryName: string | undefined): boolean =>
  primaryName === undefined
    ? (pod.status?.conditions?.some((it) => it.type === "Ready" && it.status === "True") ?? false)
    : (pod.status?.containerStatuses?.some((it) => it.name === primaryName && it.ready) ?? false)

/** People wait for the editor server, so its link tells whether it answers. */
const withEditorState = (pod: Pod, primaryName: string | undefined, phase: Phase.PhaseInfo): Phase.PhaseInfo => {
  const isEditor = (log: Idl.TaskLog): boolean => log.linkType === Idl.TaskLog_LinkType.IDE
  if (phase.phase !== "Running" || !phase.info.logs.some(isEditor)) return phase
  const ready = isReady(pod, primaryName)
  return {
    ...Phase.withReason(phase, ready ? "Vscode server is ready" : "Vscode server is not ready"),
    info: { ...phase.info, logs: phase.info.logs.map((it) => (isEditor(it) ? { ...it, ready } : it)) }
  }
}

/** True for pods that have ended by themselves. */
export const isTerminalPod = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

/**
 * True when a pod will not end soon by itself although its task has: it has not even started, or containers besides the
 * primary one are still at work. Native sidecars end with the others.
 */
export const podOutlivesTask = (pod: Pod): boolean => {
  if (isTerminalPod(pod)) return false
  if (pod.status?.phase !== "Running") return true
  return pod.status.containerStatuses?.some((it) => it.state?.terminated === undefined) ?? true
}
