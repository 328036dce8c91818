/** Calls of plugins that cannot harm anybody else: what they throw and where they hang become errors like any other. */
import { PluginError } from "@fairlead/core"
import { Cause, Duration, Effect, Exit, Result } from "effect"

/** Runs a call, for at most `timeout`. Only an interruption from outside goes through. */
export const callPlugin = Effect.fnUntraced(function*<A>(plugin: string, timeout: Duration.Duration, call: Effect.Effect<A, PluginError>) {
  const exit = yield* Effect.exit(Effect.timeoutOrElse(call, { duration: timeout, orElse: () => Effect.fail(hung(plugin, timeout)) }))
  if (Exit.isSuccess(exit)) return Result.succeed(exit.value)
  if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.interrupt
  return Result.fail(errorOf(plugin, exit.cause))
})

const hung = (plugin: string, after: Duration.Duration): PluginError =>
  new PluginError({ plugin, code: "PluginTimeout", description: `no answer within ${Duration.format(after)}`, kind: "SYSTEM", retryable: true })

const errorOf = (plugin: string, cause: Cause.Cause<PluginError>): PluginError => {
  const error = Cause.squash(cause)
  if (error instanceof PluginError) return error
  const description = error instanceof Error ? error.message : String(error)
  return new PluginError({ plugin, code: "PluginDefect", description, kind: "SYSTEM", retryable: true })
}
