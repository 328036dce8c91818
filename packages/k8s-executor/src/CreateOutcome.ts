/** What the answer to a create means for the task. */
import { Phase, PluginError } from "@fairlead/core"
import type { KubeError } from "@fairlead/kube"

/** What to do about a create that failed. */
export type CreateOutcome =
  /** The name is taken: see whose object that is. */
  | { readonly _tag: "AlreadyExists" }
  /** A quota is used up: wait, and try again without charging anybody. */
  | { readonly _tag: "QuotaExceeded"; readonly reason: string }
  /** The attempt has failed. */
  | { readonly _tag: "Failed"; readonly phase: Phase.PhaseInfo }
  /** Nothing is known about the object: try again out of the budget for system failures. */
  | { readonly _tag: "Unknown"; readonly error: PluginError }

const failed = (phase: Phase.PhaseInfo): CreateOutcome => ({ _tag: "Failed", phase })

const permanent = (code: string, message: string): CreateOutcome => failed(Phase.permanentFailure({ code, message, kind: "USER" }))

/** etcd and the API server refuse big objects in words of their own, under status 500. */
const isTooLarge = (error: KubeError.KubeError): boolean =>
  error.reason._tag === "RequestEntityTooLarge" || error.code === 413 ||
  /request is too large|message larger than max/i.test(error.message)

/**
 * Classifies a failed create.
 *
 * Answers that would be the same for the same object end the task at once: invalid, malformed, too large. A forbidden
 * object fails the attempt, unless only a quota is used up, which passes. All else (throttled, timed out, broken
 * connection, server trouble) leaves open whether the object exists; the next round finds out, because names are unique.
 */
export const createOutcome = (plugin: string, error: KubeError.KubeError): CreateOutcome => {
  const message = error.message
  if (error.reason._tag === "AlreadyExists") return { _tag: "AlreadyExists" }
  if (isTooLarge(error)) return permanent("EntityTooLarge", message)
  if (error.reason._tag === "Invalid") return permanent("InvalidResource", message)
  if (error.reason._tag === "BadRequest" || error.code === 400) return permanent("BadRequest", message)
  if (error.reason._tag === "Forbidden") {
    return /exceeded quota/.test(message)
      ? { _tag: "QuotaExceeded", reason: message }
      : failed(Phase.retryableFailure({ code: "RuntimeFailure", message, kind: "USER" }))
  }
  return { _tag: "Unknown", error: kubeFailure(plugin, error) }
}

/** Wraps an API failure that says nothing about the task. */
export const kubeFailure = (plugin: string, error: KubeError.KubeError): PluginError => {
  const pause = error.retryAfterSeconds
  return new PluginError({
    plugin,
    code: error.reason._tag,
    description: pause === undefined ? error.message : `${error.message} (the server asks to wait ${pause} s)`,
    kind: "SYSTEM",
    retryable: true
  })
}
