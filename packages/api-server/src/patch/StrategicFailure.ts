/** Failures inside a strategic merge, with the texts of the original. */
import { goPrint, goTypeOf } from "../builtin/GoText.ts"
import type { Fields } from "../builtin/Sharing.ts"
import { badPatch, brokenPatch, inapplicable, type PatchError } from "./PatchError.ts"

/** Thrown inside the merge; `strategicPatch` hands out the error that it carries. */
export class StrategicFailure extends Error {
  readonly error: PatchError

  constructor(error: PatchError) {
    super(error.message)
    this.error = error
  }
}

/** Fails with an error that clients see as 500 without a reason. */
export const broken = (message: string): never => {
  throw new StrategicFailure(brokenPatch(message))
}

/** Fails with the 422 that does not say what was wrong. */
export const refused = (): never => {
  throw new StrategicFailure(inapplicable())
}

/** Fails with the 400 for a directive that does not have its form. */
export const malformed = (what: string): never => {
  throw new StrategicFailure(badPatch(`invalid patch format of ${what}`))
}

/** Fails like a type assertion of the original. */
export const wrongType = (expected: "map" | "list", actual: unknown): never =>
  broken(`expected a ${expected === "map" ? "map[string]interface {}" : "[]interface {}"}, but received a ${goTypeOf(actual)}`)

/** Fails for an item without the field that tells items apart. */
export const noMergeKey = (item: Fields, key: string): never =>
  broken(`map: ${goPrint(item)} does not contain declared merge key: ${key}`)

/** Fails for a value of `$patch` that means nothing here. */
export const unknownDirective = (directive: unknown, item: Fields): never =>
  broken(`unknown patch type: ${directiveText(directive)} in map: ${goPrint(item)}`)

/** Go marks what is printed as a text and is none. */
const directiveText = (directive: unknown): string =>
  directive === null ? "%!s(<nil>)" : typeof directive === "number" || typeof directive === "boolean" ? `%!s(${goTypeOf(directive)}=${goPrint(directive)})` : goPrint(directive)

