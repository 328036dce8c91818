/** The contract of plugins for services that answer with the result: Flyte's `webapi.SyncPlugin`, which nothing of Flyte ever calls. */
import type { Effect } from "effect"
import type { JobStatus, WebApiTask } from "./AsyncPlugin.ts"
import type { PluginConfigInput } from "./PluginConfig.ts"
import type { WebApiError } from "./WebApiError.ts"

/**
 * Does a task by one call.
 *
 * Guarantees: that the call is going to be made is stored before; it is made at most once at a time, bounded by `timeouts.do`, and
 * does not hold up other tasks. Its answer is kept until it is stored. After a crash it is made again, with the same key.
 */
export interface SyncPlugin {
  readonly config: () => PluginConfigInput
  /** Does the work. The phase must be a terminal one. */
  readonly do: (task: WebApiTask) => Effect.Effect<JobStatus, WebApiError>
}
