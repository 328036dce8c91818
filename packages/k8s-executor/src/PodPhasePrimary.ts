/** Phases of running pods, told by the container whose end is the end of the task. */
import { Phase } from "@fairlead/core"
import type { ContainerStatus } from "@fairlead/kube"
import { describeEnd, ranOutOfMemory, wasKilled } from "./PodPhaseEnded.ts"

/** Code of pods that have lost the container which their end depends on. */
export const primaryNotFoundCode = "PrimaryContainerNotFound"

/** Reads the phase from the state of the primary container. */
export const readPrimary = (
  primaryName: string,
  statuses: ReadonlyArray<ContainerStatus>,
  info: Partial<Phase.TaskInfo>
): Phase.PhaseInfo => {
  const state = statuses.find((it) => it.name === primaryName && it.state !== undefined)?.state
  if (state?.waiting !== undefined || state?.running !== undefined) return Phase.running(0, "", info)
  const terminated = state?.terminated
  if (terminated === undefined) {
    return Phase.permanentFailure({
      code: primaryNotFoundCode,
      message: `Primary container [${primaryName}] not found in pod's container statuses`,
      kind: "USER"
    }, { info })
  }
  if (terminated.exitCode === 0 && !ranOutOfMemory(terminated)) return Phase.success(info)
  return Phase.retryableFailure({
    code: terminated.reason || "Error",
    message: describeEnd(primaryName, terminated),
    kind: wasKilled(terminated) && !ranOutOfMemory(terminated) ? "SYSTEM" : "USER"
  }, { info })
}
