/** Flow schemas and priority levels. */
import { dnsLabelErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, texts, type Check } from "./Check.ts"

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"]

const nameOf = (object: Fields): string => text(part(object, "metadata"), "name")

/** A list of which `*` must be the only member; whether it has other members to look at. */
const checkWildcard = (check: Check, field: string, list: ReadonlyArray<string>, others: string): boolean => {
  if (!list.includes("*")) return true
  if (list.length > 1) check.invalid(field, list, `if '*' is present, must not specify other ${others}`)
  return false
}

const checkVerbs = (check: Check, field: string, list: ReadonlyArray<string>): void => {
  if (list.length === 0) return check.required(field, "verbs must contain at least one value")
  if (checkWildcard(check, field, list, "verbs") && !list.every((verb) => verbs.includes(verb))) check.unsupported(field, list, verbs)
}

const pathProblem = (path: string): string | undefined => {
  if (path === "") return "must not be empty"
  if (path === "/") return undefined
  if (!path.startsWith("/")) return "must start with slash"
  if (path.includes(" ")) return "must not contain white-space"
  if (path.includes("//")) return "must not contain double slash"
  const wildcards = path.split("*").length - 1
  return wildcards > 1 || (wildcards === 1 && !path.endsWith("/*")) ? "wildcard can only do suffix matching" : undefined
}

const checkPaths = (check: Check, field: string, paths: ReadonlyArray<string>): void => {
  if (paths.length === 0) return check.required(field, "nonResourceURLs must contain at least one value")
  if (!checkWildcard(check, field, paths, "non-resource URLs")) return
  paths.forEach((path, i) => {
    const problem = pathProblem(path)
    if (problem !== undefined) check.invalid(`${field}[${i}]`, path, problem)
  })
}

const checkResourceRule = (check: Check, field: string, rule: Fields): void => {
  checkVerbs(check, `${field}.verbs`, texts(rule["verbs"]))
  for (const [name, one, many] of [["apiGroups", "api group", "api groups"], ["resources", "resource", "resources"]] as const) {
    const list = texts(rule[name])
    if (list.length === 0) check.required(`${field}.${name}`, `resource rules must supply at least one ${one}`)
    else checkWildcard(check, `${field}.${name}`, list, many)
  }
  const namespaces = texts(rule["namespaces"])
  if (namespaces.length === 0 && rule["clusterScope"] !== true) {
    return check.required(`${field}.namespaces`, "resource rules that are not cluster scoped must supply at least one namespace")
  }
  if (!checkWildcard(check, `${field}.namespaces`, namespaces, "namespaces")) return
  namespaces.forEach((name, i) =>
    check.texts(`${field}.namespaces[${i}]`, name, dnsLabelErrors(name).map((error) => `each member of this list must be '*' or a DNS-1123 label; ${error}`)))
}

const subjectParts: Readonly<Record<string, string>> = { ServiceAccount: "serviceAccount", User: "user", Group: "group" }

const checkSubject = (check: Check, field: string, subject: Fields): void => {
  const kind = text(subject, "kind")
  const own = subjectParts[kind]
  if (own === undefined) return check.unsupported(`${field}.kind`, kind, ["Group", "ServiceAccount", "User"])
  const found = part(subject, own)
  if (found === undefined) check.required(`${field}.${own}`, `${own} is required when subject kind is '${kind}'`)
  else checkSubjectNames(check, `${field}.${own}`, found, kind)
  for (const [other, name] of Object.entries(subjectParts)) {
    if (name !== own && subject[name] !== undefined) check.forbidden(`${field}.${name}`, `${name} is forbidden when subject kind is not '${other}'`)
  }
}

const checkSubjectNames = (check: Check, field: string, subject: Fields, kind: string): void => {
  const [name, namespace] = [text(subject, "name"), text(subject, "namespace")]
  if (name === "") check.required(`${field}.name`)
  if (kind !== "ServiceAccount") return
  if (name !== "" && name !== "*") check.texts(`${field}.name`, name, subdomainErrors(name))
  if (namespace === "") check.required(`${field}.namespace`, "must specify namespace for service account")
  else check.dnsLabel(`${field}.namespace`, namespace)
}

const checkRule = (check: Check, field: string, rule: Fields): void => {
  const [subjects, resourceRules, pathRules] = [items(rule["subjects"]), items(rule["resourceRules"]), items(rule["nonResourceRules"])]
  subjects.forEach((subject, i) => checkSubject(check, `${field}.subjects[${i}]`, subject))
  if (subjects.length === 0) check.required(`${field}.subjects`, "subjects must contain at least one value")
  if (resourceRules.length === 0 && pathRules.length === 0) {
    check.required(field, "at least one of resourceRules and nonResourceRules has to be non-empty")
  }
  resourceRules.forEach((one, i) => checkResourceRule(check, `${field}.resourceRules[${i}]`, one))
  pathRules.forEach((one, i) => {
    checkVerbs(check, `${field}.nonResourceRules[${i}].verbs`, texts(one["verbs"]))
    checkPaths(check, `${field}.nonResourceRules[${i}].nonResourceURLs`, texts(one["nonResourceURLs"]))
  })
}

/** A flow schema, new or changed. */
export const checkFlowSchema = (check: Check, schema: Fields): void => {
  const spec = part(schema, "spec") ?? {}
  const precedence = count(spec, "matchingPrecedence")
  const field = "spec.matchingPrecedence"
  if (precedence <= 0) check.invalid(field, precedence, "must be a positive value")
  if (precedence > 10_000) check.invalid(field, precedence, "must not be greater than 10000")
  if (precedence === 1 && nameOf(schema) !== "exempt") check.invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")
  const method = part(spec, "distinguisherMethod")
  const methods = ["ByNamespace", "ByUser"]
  if (method !== undefined && !methods.includes(text(method, "type"))) check.unsupported("spec.distinguisherMethod.type", { Type: text(method, "type") }, methods)
  const level = text(part(spec, "priorityLevelConfiguration"), "name")
  if (level === "") check.required("spec.priorityLevelConfiguration.name", "must reference a priority level")
  else check.subdomain("spec.priorityLevelConfiguration.name", level)
  items(spec["rules"]).forEach((rule, i) => checkRule(check, `spec.rules[${i}]`, rule))
}

/** The conditions of a flow schema or a priority level. */
export const checkFlowStatus = (check: Check, object: Fields): void => {
  const seen = new Set<string>()
  items(part(object, "status")?.["conditions"]).forEach((condition, i) => {
    const type = text(condition, "type")
    if (seen.has(type)) check.duplicate(`status.conditions[${i}].type`, type)
    seen.add(type)
    if (type === "") check.required(`status.conditions[${i}].type`)
  })
}

const hashBitsMax = 60

/** How many bits it takes to deal a hand out of a deck. */
const entropyBits = (deck: number, hand: number): number => Math.ceil(Array.from({ length: hand }, (_, i) => Math.log2(deck - i)).reduce((sum, bits) => sum + bits, 0))

const checkQueuing = (check: Check, field: string, queuing: Fields): void => {
  const [length, queues, hand] = [count(queuing, "queueLengthLimit"), count(queuing, "queues"), count(queuing, "handSize")]
  if (length <= 0) check.invalid(`${field}.queueLengthLimit`, length, "must be positive")
  if (queues <= 0) check.invalid(`${field}.queues`, queues, "must be positive")
  else if (queues > 10_000_000) check.invalid(`${field}.queues`, queues, "must not be greater than 10000000")
  if (hand <= 0) return check.invalid(`${field}.handSize`, hand, "must be positive")
  if (hand > queues) return check.invalid(`${field}.handSize`, hand, `should not be greater than queues (${queues})`)
  if (entropyBits(queues, hand) > hashBitsMax) {
    check.invalid(`${field}.handSize`, hand, `required entropy bits of deckSize ${queues} and handSize ${hand} should not be greater than ${hashBitsMax}`)
  }
}

const checkLendable = (check: Check, field: string, level: Fields): void => {
  const lendable = count(level, "lendablePercent")
  if (lendable < 0 || lendable > 100) check.invalid(`${field}.lendablePercent`, lendable, "must be between 0 and 100, inclusive")
}

const checkShares = (check: Check, field: string, level: Fields): void => {
  const shares = count(level, "nominalConcurrencyShares")
  if (shares < 0) check.invalid(`${field}.nominalConcurrencyShares`, shares, "must be a non-negative integer")
}

const checkLimited = (check: Check, limited: Fields): void => {
  const field = "spec.limited"
  checkShares(check, field, limited)
  const response = part(limited, "limitResponse") ?? {}
  const queuing = part(response, "queuing")
  const at = `${field}.limitResponse.queuing`
  if (response["type"] === "Reject") {
    if (queuing !== undefined) check.forbidden(at, "must be nil if limited.limitResponse.type is not Limited")
  } else if (response["type"] === "Queue") {
    if (queuing === undefined) check.required(at, "must not be empty if limited.limitResponse.type is Limited")
    else checkQueuing(check, at, queuing)
  } else check.unsupported(`${field}.limitResponse.type`, text(response, "type"), ["Queue", "Reject"])
  checkLendable(check, field, limited)
  const borrowing = limited["borrowingLimitPercent"]
  if (typeof borrowing === "number" && borrowing < 0) check.invalid(`${field}.borrowingLimitPercent`, borrowing, "if specified, must be a non-negative integer")
}

/** A priority level, new or changed. */
export const checkPriorityLevel = (check: Check, level: Fields): void => {
  const spec = part(level, "spec") ?? {}
  const type = text(spec, "type")
  const [limited, exempt] = [part(spec, "limited"), part(spec, "exempt")]
  if ((nameOf(level) === "exempt") !== (type === "Exempt")) check.invalid("spec.type", type, "must be 'Exempt' if and only if `name` is 'exempt'")
  if (type === "Exempt") {
    if (limited !== undefined) check.forbidden("spec.limited", "must be nil if the type is not Limited")
    if (exempt !== undefined) {
      checkShares(check, "spec.exempt", exempt)
      checkLendable(check, "spec.exempt", exempt)
    }
  } else if (type === "Limited") {
    if (exempt !== undefined) check.forbidden("spec.exempt", "must be nil if the type is Limited")
    if (limited === undefined) check.required("spec.limited", "must not be empty when type is Limited")
    else checkLimited(check, limited)
  } else check.unsupported("spec.type", type, ["Exempt", "Limited"])
}

/** Levels and schemas that the server makes itself stay as they are, except for what an exempt level gives away. */
export const checkMandatory = (check: Check, object: Fields, old: Fields, goType: string): void => {
  const name = nameOf(object)
  if (name !== "exempt" && name !== "catch-all") return
  const isExemptLevel = goType === "PriorityLevelConfigurationSpec" && name === "exempt"
  const fixed = (of: Fields): string => JSON.stringify({ ...part(of, "spec"), ...(isExemptLevel ? { exempt: undefined } : {}) })
  if (fixed(object) === fixed(old)) return
  const detail = isExemptLevel ? `spec of '${name}' except the 'spec.exempt' field must equal the fixed value` : `spec of '${name}' must equal the fixed value`
  check.invalid("spec", internalForm(`flowcontrol.${goType}`, part(object, "spec") ?? {}), detail)
}
