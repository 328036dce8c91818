/** Writes to objects that may be gone by now. */
import type { KubeError } from "@fairlead/kube"
import { Effect } from "effect"

/** Takes it as done when the object is gone. */
export const unlessGone = <A>(write: Effect.Effect<A, KubeError.KubeError>): Effect.Effect<A | undefined, KubeError.KubeError> =>
  Effect.catch(write, (error) => (error.reason._tag === "NotFound" ? Effect.undefined : error))
