/** What the files that an attempt left behind mean for its phase. */
import { type Idl, Phase, type TaskOutcome } from "@fairlead/core"

const outputNames = (template: Idl.TaskTemplate): ReadonlyArray<string> =>
  template.interface?.outputs?.variables.map((it) => it.key) ?? []

/** The failure that an error document describes. */
const documented = (outcome: Extract<TaskOutcome, { readonly _tag: "Error" }>, phase: Phase.PhaseInfo): Phase.PhaseInfo =>
  (outcome.recoverable ? Phase.retryableFailure : Phase.permanentFailure)(outcome.error, { info: phase.info })

/**
 * Completes the phase of a task that has ended.
 *
 * An error document decides, whether the container said success or failure: it knows the cause and whether a retry may
 * help. A success without the outputs that the task declares is no success.
 */
export const settle = (phase: Phase.PhaseInfo, outcome: TaskOutcome, template: Idl.TaskTemplate, outputPrefix: string): Phase.PhaseInfo => {
  if (outcome._tag === "Error") return documented(outcome, phase)
  if (phase.phase !== "Success" || outcome._tag === "Outputs") return phase
  const declared = outputNames(template)
  return declared.length === 0 ? phase : Phase.retryableFailure({
    code: "OutputsNotFound",
    message: `the task ended well but left no outputs.pb in ${outputPrefix}; it declares ${declared.join(", ")}`,
    kind: "USER"
  }, { info: phase.info })
}

/**
 * True when the files of the attempt can change this phase. What the system did to a task (preempted, evicted, deleted)
 * is not for the task to explain: an error document written while being killed must not turn it into the task's fault.
 */
export const canSettle = (phase: Phase.PhaseInfo, ran: boolean): boolean => {
  if (!ran) return false
  if (phase.phase === "Success") return true
  return (phase.phase === "RetryableFailure" || phase.phase === "PermanentFailure") && phase.error?.kind !== "SYSTEM"
}
