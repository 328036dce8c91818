/** Calls of the API server that have an answer in time, be it that nobody knows. */
import { type KubeError, KubeError as KubeErrors } from "@fairlead/kube"
import { type Duration, Effect } from "effect"

export type TimedCalls = <A>(what: string, call: Effect.Effect<A, KubeError.KubeError>) => Effect.Effect<A, KubeError.KubeError>

export const timedCalls = (requestTimeout: Duration.Input): TimedCalls => (what, call) =>
  Effect.timeoutOrElse(call, { duration: requestTimeout, orElse: () => Effect.fail(noAnswer(what)) })

const noAnswer = (method: string): KubeError.KubeError =>
  new KubeErrors.KubeError({ method, reason: { _tag: "TransportFailed", description: "no answer in time; the call may have been carried out" } })
