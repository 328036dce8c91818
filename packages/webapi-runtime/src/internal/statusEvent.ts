/** What is known about a job, as an event for the table. */
import { Phase, PluginError, type TaskExecutionContext } from "@fairlead/core"
import { Effect } from "effect"
import type { JobStatus, Json } from "../AsyncPlugin.ts"
import type { JobView } from "../JobCache.ts"
import { type JobEvent, toJobPhase } from "../JobMachine.ts"
import type { AsyncParts } from "./asyncRounds.ts"
import { pluginErrorOf } from "./roundErrors.ts"
import type { SecretGuard } from "./secretGuard.ts"
import { settleOutputs } from "./settleOutputs.ts"
import { bounded } from "./webApiCalls.ts"
import { taskOf } from "./webApiTask.ts"

/** Asks the plugin what the last look means. That it was given up comes first: an old answer must not hide it. */
export const statusEvent = Effect.fnUntraced(function*<Meta extends Json, Resource>(
  parts: AsyncParts<Meta, Resource>,
  context: TaskExecutionContext,
  key: string,
  meta: Meta,
  view: JobView<Resource>
): Effect.fn.Return<JobEvent, PluginError> {
  const { error, failingSince, failures, fate, resource } = view
  if (fate === "GaveUp" && error !== undefined) return { _tag: "GaveUp", error }
  if (fate === "Gone" && error !== undefined) return { _tag: "Gone", error }
  const trouble = failures < 2 || error === undefined ? undefined : `no answer from the service since ${timeOf(failingSince)}: ${error.message}`
  if (resource === undefined) return { _tag: "NotSeen", trouble }
  const { timeouts } = parts.settings.read().config
  const status = yield* Effect.mapError(
    bounded(() => parts.plugin.status({ ...taskOf(parts, context, key), meta, resource }), timeouts.get),
    (failure) => pluginErrorOf(parts, "StatusFailed", failure)
  )
  return { _tag: "Seen", phase: scrubbed(parts, yield* settleOutputs(yield* sensible(parts.id, status), context)), trouble }
})

/** Seconds are enough, and make one text of one trouble. */
const timeOf = (millis: number): string => `${new Date(millis).toISOString().slice(0, 19)}Z`

/** A status that the table can work with. */
export const sensible = (plugin: string, status: JobStatus): Effect.Effect<JobStatus, PluginError> => {
  const phase = (status as Partial<JobStatus> | undefined)?.phase
  const name = phase?.phase
  if (phase !== undefined && name !== undefined && Phase.phases.includes(name) && toJobPhase(name) !== undefined) return Effect.succeed(status)
  const description = `the plugin reported ${name === undefined ? "no phase" : `the phase "${name}"`}, which a job cannot be in`
  return Effect.fail(new PluginError({ plugin, code: "UnexpectedPhase", description, kind: "SYSTEM", retryable: true }))
}

/** The phase without secrets in its texts. */
export const scrubbed = ({ guard }: { readonly guard: SecretGuard }, phase: Phase.PhaseInfo): Phase.PhaseInfo => {
  const reason = guard.scrub(phase.reason)
  const message = phase.error === undefined ? undefined : guard.scrub(phase.error.message)
  if (reason === phase.reason && message === phase.error?.message) return phase
  return { ...phase, reason, ...(phase.error === undefined ? {} : { error: { ...phase.error, message: message! } }) }
}
