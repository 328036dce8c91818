/** What an event about a worker pod means for its task: the truth table of Airflow's watcher. Pure. */
import type { Pod } from "@fairlead/kube"
import { podMarks } from "./TaskKey.ts"

/** Whose rules hold: those of Airflow 1.10 (`airflow.contrib`) or those of the provider for Kubernetes, version 10. */
export type Dialect = "contrib" | "provider"

/** The state that a pod gives its task. `null` is Airflow's `None`: the pod ended well, and the task's own report counts. */
export type WatchedState = "failed" | "adopted" | null

/** One event about a pod. */
export interface PodEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly pod: Pod
}

/** What an event means. Each row of the table has its own `row`, for logs and tests. */
export interface StatusVerdict {
  readonly row: "Revoked" | "Adopted" | "ProviderFailed" | "PendingDeleted" | "FatalWaiting" | "Pending" | "Failed" | "Succeeded" | "RunningDeleted" | "Running" | "Unknown"
  /** `undefined`: nothing to report. */
  readonly state?: WatchedState
  /** For `FatalWaiting`: which container waits, and why. */
  readonly container?: string
  readonly reason?: string
}

/** Waiting reasons that the provider takes for the end; an image that is backed off and a crash loop are not among them. */
export const fatalReasonsDefault: ReadonlyArray<string> = ["CreateContainerConfigError", "ErrImagePull", "CreateContainerError", "ImageInspectError", "InvalidImageName"]

/** Airflow's `process_status`: the first row that fits. */
export const processStatus = (dialect: Dialect, event: PodEvent, fatalReasons: ReadonlyArray<string> = fatalReasonsDefault): StatusVerdict =>
  dialect === "contrib" ? contribStatus(event.pod) : providerStatus(event, fatalReasons)

const contribStatus = (pod: Pod): StatusVerdict => {
  switch (pod.status?.phase) {
    case "Pending":
      return { row: "Pending" }
    case "Failed":
      return { row: "Failed", state: "failed" }
    case "Succeeded":
      return { row: "Succeeded", state: null }
    case "Running":
      return { row: "Running" }
    default:
      return { row: "Unknown" }
  }
}

const providerStatus = ({ pod, type }: PodEvent, fatalReasons: ReadonlyArray<string>): StatusVerdict => {
  const isDeleted = type === "DELETED"
  const isDeletion = isDeleted && pod.metadata.deletionTimestamp !== undefined
  if (pod.metadata.labels?.[podMarks.revoked] !== undefined) return { row: "Revoked" }
  if (isDeleted && !isDeletion) return { row: "Adopted", state: "adopted" }
  if (pod.status?.reason === "ProviderFailed") return { row: "ProviderFailed", state: "failed" }
  switch (pod.status?.phase) {
    case "Pending": {
      if (isDeletion) return { row: "PendingDeleted" }
      const fatal = fatalWaiting(pod, fatalReasons)
      return fatal === undefined ? { row: "Pending" } : { row: "FatalWaiting", state: "failed", ...fatal }
    }
    case "Failed":
      return { row: "Failed", state: "failed" }
    case "Succeeded":
      return { row: "Succeeded", state: null }
    case "Running":
      return isDeletion ? { row: "RunningDeleted", state: "failed" } : { row: "Running" }
    default:
      return { row: "Unknown" }
  }
}

/** Init containers and the first main container count, in this order; a pull that was only slowed down does not. */
const fatalWaiting = ({ status }: Pod, fatalReasons: ReadonlyArray<string>): { readonly container: string; readonly reason: string } | undefined => {
  for (const { name, state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? []).slice(0, 1)]) {
    const { message, reason } = state?.waiting ?? {}
    if (reason === undefined || !fatalReasons.includes(reason)) continue
    if (reason === "ErrImagePull" && message === "pull QPS exceeded") continue
    return { container: name, reason }
  }
  return undefined
}
