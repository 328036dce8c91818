/** Begins a job once: looks for it first where it may be there already, and checks what the plugin answers. */
import { Effect } from "effect"
import type { TaskExecutionContext } from "@fairlead/core"
import type { Created, Json } from "../AsyncPlugin.ts"
import type { PluginConfig } from "../PluginConfig.ts"
import { WebApiError } from "../WebApiError.ts"
import type { AsyncParts } from "./asyncRounds.ts"
import type { SecretGuard } from "./secretGuard.ts"
import { bounded } from "./webApiCalls.ts"
import { taskOf } from "./webApiTask.ts"

/** A stored `meta` travels with every write of the action. */
const metaBytesMax = 64 * 1024

/** The call that ends in a job. `mayBeThere`: an earlier call may have created it. */
export const createJob = <Meta extends Json, Resource>(
  parts: AsyncParts<Meta, Resource>,
  context: TaskExecutionContext,
  key: string,
  { timeouts }: PluginConfig,
  mayBeThere: boolean
): Effect.Effect<Created<Meta, Resource>, WebApiError> =>
  Effect.gen(function*() {
    const { metrics, plugin } = parts
    const task = taskOf(parts, context, key)
    const { find } = plugin
    if (mayBeThere && find !== undefined) {
      const found = yield* bounded(() => find(task), timeouts.create)
      if (found !== undefined) {
        metrics.created("adopted")
        return yield* checked(parts, key, found, task.secrets)
      }
    }
    const created = yield* bounded(() => plugin.create(task), timeouts.create)
    metrics.created("created")
    return yield* checked(parts, key, created, task.secrets)
  }).pipe(Effect.mapError((error) => scrubbed(parts, error)))

const scrubbed = ({ guard }: { readonly guard: SecretGuard }, error: WebApiError): WebApiError => {
  const description = guard.scrub(error.description)
  return description === error.description ? error : new WebApiError({ fault: error.fault, description, code: error.code, retryAfter: error.retryAfter })
}

/** Refuses a `meta` that cannot or must not be stored. The job that it belongs to is deleted, for nobody could find it again. */
const checked = Effect.fnUntraced(function*<Meta extends Json, Resource>(
  parts: AsyncParts<Meta, Resource>,
  key: string,
  created: Created<Meta, Resource>,
  secrets: ReturnType<typeof taskOf>["secrets"]
): Effect.fn.Return<Created<Meta, Resource>, WebApiError> {
  const meta = (created as Partial<Created<Meta, Resource>> | undefined)?.meta
  const text = meta === undefined ? undefined : textOf(meta)
  // The job may be there; the same key finds it or makes it again.
  if (text === undefined) return yield* new WebApiError({ fault: "Unknown", description: "the plugin did not answer a meta that JSON can hold" })
  const problem = parts.guard.isIn(text)
    ? "the plugin put a secret into the meta of the job, which is stored; it must keep a reference to it"
    : text.length > metaBytesMax ? `the plugin answered a meta of ${text.length} characters; at most ${metaBytesMax} are stored` : undefined
  if (problem === undefined) return created
  yield* Effect.ignore(parts.plugin.delete({ key, meta: created.meta, secrets, reason: problem }))
  return yield* new WebApiError({ fault: "Rejected", code: "MetadataRefused", description: problem })
})

const textOf = (meta: Json): string | undefined => {
  try {
    return JSON.stringify(meta)
  } catch {
    return undefined
  }
}
