/** Why a patch was refused. */
import type { StatusCause } from "@fairlead/kube"

/** A refusal with what the answer's `Status` says; `reason` is left out where Kubernetes gives none. */
export class PatchError {
  readonly code: number
  readonly reason: string | undefined
  readonly message: string
  /** Causes in `details`; an empty list stands for `details: {}`, `undefined` for no details at all. */
  readonly causes: ReadonlyArray<StatusCause> | undefined

  constructor(code: number, reason: string | undefined, message: string, causes?: ReadonlyArray<StatusCause>) {
    this.code = code
    this.reason = reason
    this.message = message
    this.causes = causes
  }
}

/** 400: the body is no patch. */
export const badPatch = (message: string): PatchError => new PatchError(400, "BadRequest", message)

/** 422 that hides what was wrong, as Kubernetes answers a JSON patch that cannot be applied. */
export const inapplicable = (): PatchError =>
  new PatchError(422, "Invalid", "the server rejected our request due to an error in our request", [])

/** 500 with the bare text of an error inside the merge. */
export const brokenPatch = (message: string): PatchError => new PatchError(500, undefined, message)

/** 422: the patched object is none of its kind. `shown` is what Kubernetes prints as the offending value. */
export const invalidResult = (shown: string, problem: string): PatchError => {
  const message = `Invalid value: ${shown}: ${problem}`
  return new PatchError(422, "Invalid", ` "" is invalid: patch: ${message}`, [{ reason: "FieldValueInvalid", message, field: "patch" }])
}
