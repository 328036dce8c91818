/** When jobs fail and when they are done. */
import { qualifiedNameErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { items, part, text, type Check } from "./Check.ts"
import { readIndexes } from "./JobIndexes.ts"

const actions = ["Count", "FailIndex", "FailJob", "Ignore"]
const operators = ["In", "NotIn"]
const statuses = ["False", "True", "Unknown"]

/** Texts in a Go list, as they appear in messages. */
const listed = (values: ReadonlyArray<string>): string => `valid values: [${values.map((one) => JSON.stringify(one)).join(" ")}]`

const checkChoice = (check: Check, field: string, value: string, supported: ReadonlyArray<string>): void => {
  if (value === "") check.required(field, listed(supported))
  else check.oneOf(field, value, supported)
}

const checkExitCodes = (check: Check, field: string, demand: Fields, containers: ReadonlySet<unknown>): void => {
  const operator = text(demand, "operator")
  checkChoice(check, `${field}.operator`, operator, operators)
  const container = demand["containerName"]
  if (container !== undefined && !containers.has(container)) {
    check.invalid(`${field}.containerName`, container, "must be one of the container or initContainer names in the pod template")
  }
  const values = (demand["values"] ?? []) as ReadonlyArray<number>
  if (values.length === 0) check.invalid(`${field}.values`, demand["values"], "at least one value is required")
  else if (values.length > 255) check.tooMany(`${field}.values`, values.length, 255)
  values.forEach((value, i) => {
    if (operator === "In" && value === 0) check.invalid(`${field}.values[${i}]`, value, "must not be 0 for the In operator")
    if (values.indexOf(value) < i) check.duplicate(`${field}.values[${i}]`, value)
  })
  if (values.some((value, i) => i > 0 && (values[i - 1] ?? 0) > value)) check.invalid(`${field}.values`, values, "must be ordered")
}

const checkConditions = (check: Check, field: string, patterns: ReadonlyArray<Fields>): void => {
  if (patterns.length > 20) check.tooMany(field, patterns.length, 20)
  patterns.forEach((pattern, i) => {
    check.texts(`${field}[${i}].type`, text(pattern, "type"), qualifiedNameErrors(text(pattern, "type")))
    checkChoice(check, `${field}[${i}].status`, text(pattern, "status"), statuses)
  })
}

const checkFailureRule = (check: Check, field: string, rule: Fields, spec: Fields, containers: ReadonlySet<unknown>): void => {
  const action = text(rule, "action")
  if (action === "FailIndex") {
    if (spec["backoffLimitPerIndex"] === undefined) check.invalid(`${field}.action`, action, "requires the backoffLimitPerIndex to be set")
  } else checkChoice(check, `${field}.action`, action, actions)
  const [codes, conditions] = [part(rule, "onExitCodes"), items(rule["onPodConditions"])]
  if (codes !== undefined) checkExitCodes(check, `${field}.onExitCodes`, codes, containers)
  if (conditions.length > 0) checkConditions(check, `${field}.onPodConditions`, conditions)
  if (codes !== undefined && conditions.length > 0) check.omitted(field, "specifying both OnExitCodes and OnPodConditions is not supported")
  if (codes === undefined && conditions.length === 0) check.omitted(field, "specifying one of OnExitCodes and OnPodConditions is required")
}

/** How failures of pods are met. */
export const checkFailurePolicy = (check: Check, field: string, policy: Fields, spec: Fields): void => {
  const rules = items(policy["rules"])
  if (rules.length > 20) check.tooMany(`${field}.rules`, rules.length, 20)
  const pod = part(part(spec, "template"), "spec")
  const containers = new Set([...items(pod?.["containers"]), ...items(pod?.["initContainers"])].map((one) => one["name"]))
  rules.forEach((rule, i) => checkFailureRule(check, `${field}.rules[${i}]`, rule, spec, containers))
}

const checkSuccessRule = (check: Check, field: string, rule: Fields, completions: number): void => {
  const { succeededCount, succeededIndexes } = rule as { readonly succeededCount?: number; readonly succeededIndexes?: string }
  if (succeededCount === undefined && succeededIndexes === undefined) {
    check.required(field, "at least one of succeededCount or succeededIndexes must be specified")
  }
  let total = 0
  if (succeededIndexes !== undefined) {
    if (succeededIndexes.length > 64 * 1024) check.tooLong(`${field}.succeededIndexes`, 64 * 1024)
    const read = readIndexes(succeededIndexes, completions)
    if (typeof read === "string") check.invalid(`${field}.succeededIndexes`, succeededIndexes, `error parsing succeededIndexes: ${read}`)
    else total = read
  }
  if (succeededCount === undefined) return
  const at = `${field}.succeededCount`
  check.notNegative(at, succeededCount)
  if (succeededCount > completions) check.invalid(at, succeededCount, `must be less than or equal to ${completions} (the number of specified completions)`)
  if (succeededIndexes !== undefined && succeededCount > total) {
    check.invalid(at, succeededCount, `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`)
  }
}

/** When an indexed job is done before all of its indexes are. */
export const checkSuccessPolicy = (check: Check, field: string, policy: Fields, completions: number): void => {
  const rules = items(policy["rules"])
  if (rules.length === 0) check.required(`${field}.rules`, "at least one rules must be specified when the successPolicy is specified")
  if (rules.length > 20) check.tooMany(`${field}.rules`, rules.length, 20)
  rules.forEach((rule, i) => checkSuccessRule(check, `${field}.rules[${i}]`, rule, completions))
}
