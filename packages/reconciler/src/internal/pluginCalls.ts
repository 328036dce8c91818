/** Calls of plugins that cannot harm anybody else: what they throw and where they hang become errors like any other. */
import { PluginError } from "@fairlead/core"
import { Cause, Duration, Effect, Exit, Result } from "effect"
import type { ActionMemory } from "./actionMemory.ts"
import type { Surroundings } from "./surroundings.ts"

/**
 * Begins a call of the action's plugin. The answer is to be run once, at once.
 *
 * A call that hangs is interrupted together with its round, by the controller. That it never came back is noticed in the
 * next round, which fails instead of calling again: no timer has to be set for the many calls that return at once.
 */
export const callPlugin = <A>(
  around: Surroundings,
  memory: ActionMemory,
  plugin: string,
  call: () => Effect.Effect<A, PluginError>
): Effect.Effect<Result.Result<A, PluginError>> => {
  if (memory.isCalling) {
    memory.isCalling = false
    return Effect.succeed(Result.fail(hung(plugin, around.config.reconcileTimeout)))
  }
  memory.isCalling = true
  return Effect.mapEager(Effect.exit(begun(call)), (exit) => {
    memory.isCalling = false
    return Exit.isSuccess(exit) ? Result.succeed(exit.value) : Result.fail(errorOf(plugin, exit.cause))
  })
}

/** What a plugin throws before it answers counts like what it dies of later. */
const begun = <A>(call: () => Effect.Effect<A, PluginError>): Effect.Effect<A, PluginError> => {
  try {
    return call()
  } catch (defect) {
    return Effect.die(defect)
  }
}

const hung = (plugin: string, after: Duration.Duration): PluginError =>
  new PluginError({ plugin, code: "PluginTimeout", description: `no answer within ${Duration.format(after)}`, kind: "SYSTEM", retryable: true })

const errorOf = (plugin: string, cause: Cause.Cause<PluginError>): PluginError => {
  const error = Cause.squash(cause)
  if (error instanceof PluginError) return error
  const description = error instanceof Error ? error.message : String(error)
  return new PluginError({ plugin, code: "PluginDefect", description, kind: "SYSTEM", retryable: true })
}
