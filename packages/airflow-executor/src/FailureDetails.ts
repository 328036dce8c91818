/** Why a pod failed, as far as its status tells. Pure. */
import type { ContainerStatus, Pod } from "@fairlead/kube"

/** The provider's `FailureDetails`, under their own names. */
export interface FailureDetails {
  readonly podStatus?: string | undefined
  readonly podReason?: string | undefined
  readonly podMessage?: string | undefined
  readonly containerState?: "terminated" | "waiting"
  readonly containerReason?: string | undefined
  readonly containerMessage?: string | undefined
  readonly exitCode?: number
  readonly containerType?: "init" | "main"
  readonly containerName?: string
  /** Where the pod ran. Airflow does not tell. */
  readonly node?: string | undefined
}

type ContainerFinding = Pick<FailureDetails, "containerState" | "containerReason" | "containerMessage" | "exitCode" | "containerType" | "containerName">

/** The provider's `collect_pod_failure_details`: the pod, and the first container that went wrong, init containers first. Only for a failed pod. */
export const collectPodFailureDetails = ({ spec, status }: Pod): FailureDetails | undefined => {
  if (status?.phase !== "Failed") return undefined
  return {
    podStatus: status.phase,
    podReason: status.reason,
    podMessage: status.message,
    node: spec?.nodeName,
    ...(findingOf(status.initContainerStatuses, "init") ?? findingOf(status.containerStatuses, "main"))
  }
}

const findingOf = (statuses: ReadonlyArray<ContainerStatus> | undefined, containerType: "init" | "main"): ContainerFinding | undefined => {
  let waiting: ContainerFinding | undefined
  for (const { name: containerName, state } of statuses ?? []) {
    if (state?.terminated !== undefined) {
      const { exitCode, message, reason } = state.terminated
      if (exitCode === 0 || reason === "Completed") continue
      return { containerState: "terminated", containerReason: reason, containerMessage: message, exitCode, containerType, containerName }
    }
    if (state?.waiting === undefined) continue
    waiting = { containerState: "waiting", containerReason: state.waiting.reason, containerMessage: state.waiting.message, containerType, containerName }
  }
  return waiting
}

/** One sentence for people: the pod's reason, the container's, its exit code, the node. */
export const textOfFailure = (details: FailureDetails | undefined): string => {
  if (details === undefined) return "the pod failed"
  const { containerMessage, containerName, containerReason, exitCode, node, podMessage, podReason } = details
  const parts = [
    podReason === undefined ? undefined : `the pod failed with ${podReason}`,
    podMessage,
    containerName === undefined
      ? undefined
      : `container ${containerName}${exitCode === undefined ? " was waiting" : ` ended with ${exitCode}`}${containerReason === undefined ? "" : ` (${containerReason})`}`,
    containerMessage,
    node === undefined ? undefined : `on node ${node}`
  ].filter((it) => it !== undefined && it !== "")
  return parts.length === 0 ? "the pod failed" : parts.join(", ")
}

/** True once a main container of the pod has run: from then on a failure is the task's own. */
export const hasTaskStarted = ({ status }: Pod): boolean =>
  (status?.containerStatuses ?? []).some(({ lastState, state }) =>
    [state, lastState].some((it) => it?.running !== undefined || (it?.terminated !== undefined && it.terminated.reason !== "StartError" && it.terminated.reason !== "ContainerCannotRun")))
