/** Calls of a plugin's functions with a time limit, whose every end is an error of the service at worst. */
import { Cause, Duration, Effect } from "effect"
import { WebApiError } from "../WebApiError.ts"
import { errorOf } from "./looks.ts"

/** Runs `call`: what it throws and where it hangs become errors like any other. */
export const bounded = <A>(call: () => Effect.Effect<A, WebApiError>, timeout: Duration.Duration): Effect.Effect<A, WebApiError> =>
  Effect.suspend(call).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(new WebApiError({ fault: "Unknown", description: `no answer within ${Duration.format(timeout)}` }))
    }),
    Effect.catchCauseIf((cause) => !Cause.hasInterruptsOnly(cause), (cause) => Effect.fail(errorOf(cause)))
  )
