/** Conditions in the common form. */
import { qualifiedNameErrors } from "../../internal/nameRules.ts"
import { items, text, count, type Check } from "./Check.ts"

const reasonPattern = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
const reason = new RegExp(`^${reasonPattern}$`)

/** A list of conditions. */
export const checkConditions = (check: Check, field: string, conditions: unknown): void => {
  const seen = new Set<string>()
  items(conditions).forEach((condition, i) => {
    const at = `${field}[${i}]`
    const [type, status, why, message] = [text(condition, "type"), text(condition, "status"), text(condition, "reason"), text(condition, "message")]
    if (seen.has(type)) check.duplicate(`${at}.type`, type)
    seen.add(type)
    check.texts(`${at}.type`, type, qualifiedNameErrors(type))
    check.oneOf(`${at}.status`, status, ["False", "True", "Unknown"])
    if (count(condition, "observedGeneration") < 0) {
      check.invalid(`${at}.observedGeneration`, condition["observedGeneration"], "must be greater than or equal to zero")
    }
    if (condition["lastTransitionTime"] === undefined || condition["lastTransitionTime"] === null) check.required(`${at}.lastTransitionTime`)
    if (why === "") check.required(`${at}.reason`)
    else {
      if (!reason.test(why)) check.invalid(`${at}.reason`, why, reasonText)
      if (why.length > 1024) check.tooLong(`${at}.reason`, 1024)
    }
    if (message.length > 32768) check.tooLong(`${at}.message`, 32768)
  })
}

const reasonText = [
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:',",
  `and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB',`,
  `regex used for validation is '${reasonPattern}')`
].join(" ")
