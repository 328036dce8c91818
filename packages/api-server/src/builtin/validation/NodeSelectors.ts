/** Selectors of nodes, as pods and volumes have them. */
import { labelValueErrors, subdomainErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { items, text, texts, type Check } from "./Check.ts"

const checkExpression = (check: Check, field: string, requirement: Fields, values: ReadonlyArray<string>): void => {
  switch (text(requirement, "operator")) {
    case "In":
    case "NotIn":
      if (values.length === 0) check.required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")
      break
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0) check.forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
      break
    case "Gt":
    case "Lt":
      if (values.length !== 1) check.required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")
      break
    default:
      check.invalid(`${field}.operator`, text(requirement, "operator"), "not a valid selector operator")
  }
}

const checkFieldRequirement = (check: Check, field: string, requirement: Fields): void => {
  const values = texts(requirement["values"])
  const operator = text(requirement, "operator")
  if (operator !== "In" && operator !== "NotIn") check.invalid(`${field}.operator`, operator, "not a valid selector operator")
  else if (values.length !== 1) check.required(`${field}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
  const key = text(requirement, "key")
  if (key !== "metadata.name") check.invalid(`${field}.key`, key, "not a valid field selector key")
  else values.forEach((value, i) => check.texts(`${field}.values[${i}]`, value, subdomainErrors(value)))
}

/** One term of a selector; preferred terms may name values that no label can have. */
export const checkNodeSelectorTerm = (check: Check, field: string, term: Fields, anyValue: boolean): void => {
  items(term["matchExpressions"]).forEach((requirement, i) => {
    const at = `${field}.matchExpressions[${i}]`
    const values = texts(requirement["values"])
    checkExpression(check, at, requirement, values)
    check.qualifiedName(`${at}.key`, text(requirement, "key"))
    if (!anyValue) values.forEach((value, j) => check.texts(`${at}.values[${j}]`, value, labelValueErrors(value)))
  })
  items(term["matchFields"]).forEach((requirement, i) => checkFieldRequirement(check, `${field}.matchFields[${i}]`, requirement))
}

/** A selector that needs at least one term. */
export const checkNodeSelector = (check: Check, field: string, selector: Fields): void => {
  const terms = items(selector["nodeSelectorTerms"])
  if (terms.length === 0) return check.required(`${field}.nodeSelectorTerms`, "must have at least one node selector term")
  terms.forEach((term, i) => checkNodeSelectorTerm(check, `${field}.nodeSelectorTerms[${i}]`, term, false))
}
