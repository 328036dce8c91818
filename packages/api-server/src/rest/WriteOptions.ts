/** Query options of writes, checked as the original checks them. */
import type { KubeQuery, StatusCause } from "@fairlead/kube"
import { badRequest, invalid } from "../ApiFailure.ts"
import { forbiddenValue, invalidValue, requiredValue, tooLongValue, unsupportedValue } from "../FieldCause.ts"
import { goQuote } from "../builtin/GoText.ts"

const fieldManagerBytesMax = 128

/** The query of a call that brings none. */
export const noQuery: KubeQuery = {}

/** Kinds of options, by what is done. */
export type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions"

/** Throws `Invalid` if an option has a value that it cannot have. */
export const checkWriteOptions = (kind: OptionsKind, query: KubeQuery, isApply: boolean): void => {
  if (query === noQuery && !isApply) return
  const causes: Array<StatusCause> = []
  const { dryRun, fieldManager = "", fieldValidation = "", force } = query
  if (kind === "PatchOptions") {
    if (isApply && fieldManager === "") causes.push(requiredValue("fieldManager", "is required for apply patch"))
    if (!isApply && force !== undefined) causes.push(forbiddenValue("force", "may not be specified for non-apply patch"))
  }
  if (fieldManager !== "") checkFieldManager(fieldManager, causes)
  if (dryRun !== undefined) checkDryRun([dryRun], causes)
  if (!["", "Ignore", "Strict", "Warn"].includes(fieldValidation)) {
    causes.push(unsupportedValue("fieldValidation", fieldValidation, ["", "Ignore", "Strict", "Warn"]))
  }
  if (causes.length > 0) throw invalid(kind, "meta.k8s.io", "", causes)
}

/** Only `All` is known. */
export const checkDryRun = (dryRun: ReadonlyArray<string>, causes: Array<StatusCause>): void => {
  if (dryRun.some((value) => value !== "All")) causes.push(unsupportedValue("dryRun", dryRun, ["All"]))
}

const checkFieldManager = (manager: string, causes: Array<StatusCause>): void => {
  if (new TextEncoder().encode(manager).length > fieldManagerBytesMax) causes.push(tooLongValue("fieldManager", fieldManagerBytesMax))
  for (const [i, char] of [...manager].entries()) {
    if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) continue
    const code = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")
    causes.push({
      ...invalidValue("fieldManager", "", ""),
      message: `Invalid value: ${goQuote(manager)}: invalid character U+${code} (at position ${i})`
    })
  }
}

/** Reads a boolean the way Go's `strconv.ParseBool` does for queries; what it cannot read counts as true. */
export const readBoolean = (text: string): boolean => !["0", "f", "F", "false", "FALSE", "False"].includes(text)

/** A number out of a query. Throws `BadRequest`. */
export const readNumber = (text: string): number => {
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const value = BigInt(text.replace(/^\+/, ""))
  if (BigInt.asIntN(64, value) !== value) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  return Number(text)
}
