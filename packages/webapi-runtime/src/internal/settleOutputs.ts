/** The outputs of a job that ended: written once, or found where the job itself put them. */
import { type Idl, Phase, type PluginError, type TaskExecutionContext } from "@fairlead/core"
import { Effect } from "effect"
import type { JobStatus } from "../AsyncPlugin.ts"

const declaredOutputs = (template: Idl.TaskTemplate): ReadonlyArray<string> => template.interface?.outputs?.variables.map((it) => it.key) ?? []

/**
 * Completes the status of a job. A success is one only when the outputs that the task declares are there: those that the service
 * answered are written first, otherwise what lies in the folder of the launch counts, an error document above all.
 */
export const settleOutputs = Effect.fnUntraced(function*(
  { outputs, phase }: JobStatus,
  context: Pick<TaskExecutionContext, "template" | "paths" | "outcome" | "putOutputs">
): Effect.fn.Return<Phase.PhaseInfo, PluginError> {
  if (phase.phase !== "Success") return phase
  const declared = declaredOutputs(context.template)
  if (outputs !== undefined) {
    const missing = declared.filter((name) => outputs.literals[name] === undefined)
    if (missing.length > 0) return outputsNotFound(`the service answered no ${missing.join(", ")}`, phase)
    if (declared.length > 0 || Object.keys(outputs.literals).length > 0) yield* context.putOutputs(outputs)
    return phase
  }
  if (declared.length === 0) return phase
  const outcome = yield* context.outcome
  switch (outcome._tag) {
    case "Outputs": return phase
    case "Error": return (outcome.recoverable ? Phase.retryableFailure : Phase.permanentFailure)(outcome.error, { info: phase.info })
    case "Nothing": return outputsNotFound(`it left no outputs.pb in ${context.paths.outputPrefix}; the task declares ${declared.join(", ")}`, phase)
  }
})

const outputsNotFound = (why: string, { info }: Phase.PhaseInfo): Phase.PhaseInfo =>
  Phase.retryableFailure({ code: "OutputsNotFound", message: `the job ended well, but ${why}`, kind: "USER" }, { info })
