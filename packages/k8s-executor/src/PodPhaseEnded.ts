/** Phases of pods that have ended: succeeded, or failed for a reason that somebody must answer for. */
import { Phase } from "@fairlead/core"
import type { ContainerState, ContainerStatus, PodStatus } from "@fairlead/kube"

/** Code of failures that the system brought about. */
const interruptedCode = "Interrupted"

/** Code of failures to bring a task its inputs. */
const inputsFailedCode = "InputDownloadFailed"

const outOfMemory = "OOMKilled"

/** SIGKILL as a shell reports it, and as it looks after passing through an unsigned byte. */
const killedExitCodes = new Set([137, 247])

type Terminated = NonNullable<ContainerState["terminated"]>

/** True when the kernel killed the container for its use of memory. */
export const ranOutOfMemory = (terminated: Terminated): boolean => terminated.reason?.includes(outOfMemory) ?? false

/** True when the container was killed without a chance to clean up. */
export const wasKilled = (terminated: Terminated): boolean => killedExitCodes.has(terminated.exitCode)

/** How a container ended, for people. */
export const describeEnd = (name: string, { exitCode, message, reason }: Terminated): string =>
  exitCode === 0
    ? `\r\n[${name}] terminated with ExitCode 0.`
    : `\r\n[${name}] terminated with exit code (${exitCode}). Reason [${reason ?? ""}]. Message: \n${message ?? ""}.`

const allStatuses = (status: PodStatus): ReadonlyArray<ContainerStatus> =>
  (status.initContainerStatuses ?? []).concat(status.containerStatuses ?? [], status.ephemeralContainerStatuses ?? [])

/** Reads the phase of a pod that says it succeeded. */
export const readSucceeded = (status: PodStatus, info: Partial<Phase.TaskInfo>): Phase.PhaseInfo =>
  allStatuses(status).some(({ state }) => state?.terminated !== undefined && ranOutOfMemory(state.terminated))
    ? Phase.retryableFailure({ code: outOfMemory, message: "Pod reported success despite being OOMKilled", kind: "USER" }, { info })
    : Phase.success(info)

/** Pod reasons that tell of the node, not of the task. */
const nodeReasons: ReadonlySet<string> = new Set(["Shutdown", "Terminated", "NodeShutdown", "NodeLost", "NodeAffinity", "Preempting", "Preempted"])

/**
 * An eviction is the task's fault only where the task used more than it was allowed; when the node as a whole ran out of
 * something, it was just the one to go.
 */
const isNodeEviction = (status: PodStatus): boolean => status.reason === "Evicted" && !/exceed(s|ed)\b/i.test(status.message ?? "")

/** Since Kubernetes 1.26 a condition says who took a pod away: scheduler, taint controller, eviction, garbage collector. */
const wasDisrupted = (status: PodStatus): boolean =>
  status.conditions?.some((it) => it.type === "DisruptionTarget" && it.status === "True" && it.reason !== "TerminationByKubelet") ?? false

/** Code of a failure that nothing explains. */
const unexplained = "UnknownError"

/**
 * Reads the phase of a failed pod: who is to blame, under which code.
 *
 * The pod's own reason comes first; where it gives none, as after a plain exit code, the container that failed explains
 * it, the primary one before others. What nobody explains is the system's: most likely the node went away before the
 * kubelet could say anything.
 */
export const readFailed = (
  status: PodStatus,
  primaryName: string | undefined,
  info: Partial<Phase.TaskInfo>,
  downloaderName?: string
): Phase.PhaseInfo => {
  let code = status.reason || unexplained
  let ends = ""
  let failed: { readonly name: string; readonly terminated: Terminated } | undefined
  let isSystem = nodeReasons.has(code) || isNodeEviction(status) || wasDisrupted(status)
  for (const { lastState, name, state } of allStatuses(status)) {
    const terminated = lastState?.terminated ?? state?.terminated
    if (terminated === undefined) continue
    if (ranOutOfMemory(terminated)) code = outOfMemory
    else if (wasKilled(terminated)) {
      code = interruptedCode
      // Task code hardly kills itself, so the node or its administrator did. Some false alarms are the price.
      if (name === primaryName) isSystem = true
    }
    if (terminated.exitCode !== 0 && (failed === undefined || name === primaryName)) failed = { name, terminated }
    ends += describeEnd(name, terminated)
  }
  const message = `${status.message || (ends === "" ? "Pod failed. No message received from kubernetes." : "")}${ends}`
  if (code === unexplained && failed !== undefined) {
    // The task's code has not even begun when its inputs could not be brought.
    if (failed.name === downloaderName) return Phase.retryableFailure({ code: inputsFailedCode, message, kind: "SYSTEM" }, { info })
    code = failed.terminated.reason || "Error"
  }
  return Phase.retryableFailure(
    isSystem || code === unexplained ? { code: interruptedCode, message, kind: "SYSTEM" } : { code, message, kind: "USER" },
    { info }
  )
}
