/** Where pods may run: affinity, tolerations, spread. */
import { labelValueErrors } from "../../internal/nameRules.ts"
import { isObject, type Fields } from "../Sharing.ts"
import { count, items, part, text, texts, type Check } from "./Check.ts"
import { checkNodeSelector, checkNodeSelectorTerm } from "./NodeSelectors.ts"

const checkWeight = (check: Check, field: string, term: Fields): void => {
  const weight = count(term, "weight")
  if (weight <= 0 || weight > 100) check.invalid(`${field}.weight`, weight, "must be in the range 1-100")
}

const checkNodeAffinity = (check: Check, field: string, affinity: Fields): void => {
  const required = part(affinity, "requiredDuringSchedulingIgnoredDuringExecution")
  if (required !== undefined) checkNodeSelector(check, `${field}.requiredDuringSchedulingIgnoredDuringExecution`, required)
  items(affinity["preferredDuringSchedulingIgnoredDuringExecution"]).forEach((term, i) => {
    const at = `${field}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`
    checkWeight(check, at, term)
    checkNodeSelectorTerm(check, `${at}.preference`, part(term, "preference") ?? {}, true)
  })
}

const checkLabelKeys = (check: Check, field: string, keys: ReadonlyArray<string>, selector: unknown): void => {
  if (keys.length === 0) return
  if (!isObject(selector)) return check.forbidden(field, "must not be specified when labelSelector is not set")
  keys.forEach((key, i) => check.qualifiedName(`${field}[${i}]`, key))
}

/** Keys whose values come from the pod itself. */
const checkMatchLabelKeys = (check: Check, field: string, match: ReadonlyArray<string>, mismatch: ReadonlyArray<string>, selector: unknown): void => {
  checkLabelKeys(check, `${field}.matchLabelKeys`, match, selector)
  checkLabelKeys(check, `${field}.mismatchLabelKeys`, mismatch, selector)
  if (isObject(selector)) {
    const seen = new Set(Object.keys(part(selector, "matchLabels") ?? {}))
    for (const expression of items(selector["matchExpressions"])) {
      const key = text(expression, "key")
      if (match.includes(key) && seen.has(key)) check.invalid(`${field}[${match.lastIndexOf(key)}]`, key, "exists in both matchLabelKeys and labelSelector")
      seen.add(key)
    }
  }
  match.forEach((key, i) => {
    if (mismatch.includes(key)) check.invalid(`${field}.matchLabelKeys[${i}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys")
  })
}

const checkPodTerm = (check: Check, field: string, term: Fields): void => {
  check.labelSelector(`${field}.labelSelector`, term["labelSelector"])
  check.labelSelector(`${field}.namespaceSelector`, term["namespaceSelector"])
  for (const namespace of texts(term["namespaces"])) check.dnsLabel(`${field}.namespace`, namespace)
  checkMatchLabelKeys(check, field, texts(term["matchLabelKeys"]), texts(term["mismatchLabelKeys"]), term["labelSelector"])
  const key = text(term, "topologyKey")
  if (key === "") check.required(`${field}.topologyKey`, "can not be empty")
  check.qualifiedName(`${field}.topologyKey`, key)
}

const checkPodTerms = (check: Check, field: string, affinity: Fields): void => {
  items(affinity["requiredDuringSchedulingIgnoredDuringExecution"]).forEach((term, i) => checkPodTerm(check, `${field}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, term))
  items(affinity["preferredDuringSchedulingIgnoredDuringExecution"]).forEach((term, i) => {
    const at = `${field}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`
    checkWeight(check, at, term)
    checkPodTerm(check, `${at}.podAffinityTerm`, part(term, "podAffinityTerm") ?? {})
  })
}

/** Affinity to nodes and to other pods. */
export const checkAffinity = (check: Check, field: string, affinity: Fields | undefined): void => {
  const node = part(affinity, "nodeAffinity")
  if (node !== undefined) checkNodeAffinity(check, `${field}.nodeAffinity`, node)
  for (const name of ["podAffinity", "podAntiAffinity"]) {
    const found = part(affinity, name)
    if (found !== undefined) checkPodTerms(check, `${field}.${name}`, found)
  }
}

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]

/** Effects of taints. */
export const checkEffect = (check: Check, field: string, effect: string): void => check.oneOf(field, effect, effects)

/** Tolerations of taints. */
export const checkTolerations = (check: Check, field: string, tolerations: ReadonlyArray<Fields>): void => {
  for (let i = 0; i < tolerations.length; i++) {
    const toleration = tolerations[i]!
    const at = `${field}[${i}]`
    const key = text(toleration, "key")
    const operator = text(toleration, "operator")
    const value = text(toleration, "value")
    const effect = text(toleration, "effect")
    if (key !== "") check.qualifiedName(`${at}.key`, key)
    else if (operator !== "Exists") {
      check.invalid(`${at}.operator`, operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")
    }
    if (toleration["tolerationSeconds"] !== undefined && effect !== "NoExecute") {
      check.invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    }
    if (operator === "Equal" || operator === "") {
      const errors = labelValueErrors(value)
      if (errors.length > 0) check.invalid(`${at}.operator`, value, errors.join(";"))
    } else if (operator === "Exists") {
      if (value !== "") check.invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'")
    } else check.unsupported(`${at}.operator`, operator, operator === "Lt" || operator === "Gt" ? ["Equal", "Exists", "Lt", "Gt"] : ["Equal", "Exists"])
    if (effect !== "") checkEffect(check, `${at}.effect`, effect)
  }
}

const whenUnsatisfiable = ["DoNotSchedule", "ScheduleAnyway"]

const checkConstraint = (check: Check, field: string, constraint: Fields, later: ReadonlyArray<Fields>): void => {
  const [key, action] = [text(constraint, "topologyKey"), text(constraint, "whenUnsatisfiable")]
  if (count(constraint, "maxSkew") <= 0) check.invalid(`${field}.maxSkew`, count(constraint, "maxSkew"), "must be greater than zero")
  if (key === "") check.required(`${field}.topologyKey`, "can not be empty")
  check.oneOf(`${field}.whenUnsatisfiable`, action, whenUnsatisfiable)
  if (later.some((other) => text(other, "topologyKey") === key && text(other, "whenUnsatisfiable") === action)) {
    check.duplicate(`${field}.{topologyKey, whenUnsatisfiable}`, `{${key}, ${action}}`)
  }
  const min = constraint["minDomains"]
  if (typeof min === "number") {
    if (min <= 0) check.invalid(`${field}.minDomains`, min, "must be greater than zero")
    if (action !== "DoNotSchedule") check.invalid(`${field}.minDomains`, min, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`)
  }
  for (const name of ["nodeAffinityPolicy", "nodeTaintsPolicy"]) {
    if (constraint[name] !== undefined) check.oneOf(`${field}.${name}`, constraint[name], ["Honor", "Ignore"])
  }
  checkMatchLabelKeys(check, field, texts(constraint["matchLabelKeys"]), [], constraint["labelSelector"])
  check.labelSelector(`${field}.labelSelector`, constraint["labelSelector"])
}

/** How pods spread over the domains of a topology. */
export const checkSpread = (check: Check, field: string, constraints: ReadonlyArray<Fields>): void =>
  constraints.forEach((constraint, i) => checkConstraint(check, `${field}[${i}]`, constraint, constraints.slice(i + 1)))
