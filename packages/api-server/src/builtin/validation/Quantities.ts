/** Amounts of resources, and the names under which they may be asked for. */
import { Quantity } from "@fairlead/kube"
import { qualifiedNameErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { items, part, text, type Check } from "./Check.ts"

interface Known {
  readonly amount: Quantity.Quantity
  readonly isWhole: boolean
  readonly isNegative: boolean
}

const parsed = new Map<unknown, Known>()

/** Amounts repeat endlessly, so they are remembered, with what is asked of them most. */
const known = (value: unknown): Known => {
  let found = parsed.get(value)
  if (found === undefined) {
    const amount = Quantity.parse(String(value ?? "0")) ?? Quantity.zero
    found = { amount, isWhole: amount.nanos % 1_000_000_000n === 0n, isNegative: amount.nanos < 0n }
    if (parsed.size >= 4096) parsed.clear()
    parsed.set(value, found)
  }
  return found
}

/** Orders two amounts; one that is missing counts as nothing. */
export const compareQuantities = (a: unknown, b: unknown): number => (a === b ? 0 : Quantity.compare(known(a).amount, known(b).amount))

/** Whether an amount is a whole number. */
export const isWhole = (value: unknown): boolean => known(value).isWhole

const standard = new Set([
  "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
  "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "storage",
  "requests.storage", "services.nodeports", "services.loadbalancers"
])

const whole = new Set([
  "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports",
  "services.loadbalancers"
])

/** Resources that quotas know by name. */
export const isQuotaResource = (name: string): boolean =>
  (standard.has(name) && name !== "storage") || isHugePages(name) || name.startsWith("requests.hugepages-")

/** Pages of a size other than the usual one. */
export const isHugePages = (name: string): boolean => name.startsWith("hugepages-")

const isNative = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/")

/** Resources that device plugins offer. */
const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith("requests.") && qualifiedNameErrors(`requests.${name}`).length === 0

/** Resources of which more may be promised than there is. */
export const isOvercommitable = (name: string): boolean => isNative(name) && !isHugePages(name)

/** An amount that must not be negative, nor broken where the resource is counted. */
export const checkQuantity = (check: Check, field: string, name: string, value: unknown): void => {
  if (known(value).isNegative) check.invalid(field, value, "must be greater than or equal to 0")
  if ((whole.has(name) || isExtended(name)) && !isWhole(value)) check.invalid(field, value, "must be an integer")
}

/** Names of resources: standard ones, or with a domain. */
export const checkResourceName = (check: Check, field: string, name: string): boolean => {
  const errors = qualifiedNameErrors(name)
  check.texts(field, name, errors)
  if (errors.length > 0) return false
  if (name.includes("/") || standard.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-")) return true
  check.invalid(field, name, "must be a standard resource type or fully qualified")
  return false
}

const ofContainers = new Set(["cpu", "memory", "ephemeral-storage"])

/** Names that containers may ask for. */
export const checkContainerResourceName = (check: Check, field: string, name: string): void => {
  checkResourceName(check, field, name)
  if (!name.includes("/")) {
    if (!ofContainers.has(name) && !isHugePages(name)) check.invalid(field, name, "must be a standard resource for containers")
  } else if (!isNative(name) && !isExtended(name)) check.invalid(field, name, "doesn't follow extended resource name standard")
}

const checkPodResourceName = (check: Check, field: string, name: string): void => {
  const before = check.causes.length
  checkResourceName(check, field, name)
  if (check.causes.length === before && name !== "cpu" && name !== "memory" && !isHugePages(name)) {
    check.unsupported(field, name, ["cpu", "memory"])
  }
}

const checkRequest = (check: Check, field: string, name: string, value: unknown, limits: Fields): void => {
  const limit = limits[name]
  if (limit === undefined) {
    if (!isOvercommitable(name)) check.required(`${field}.limits`, "Limit must be set for non overcommitable resources")
  } else if (compareQuantities(value, limit) !== 0 && !isOvercommitable(name)) {
    check.invalid(`${field}.requests`, value, `must be equal to ${name} limit of ${String(limit)}`)
  } else if (compareQuantities(value, limit) > 0) {
    check.invalid(`${field}.requests`, value, `must be less than or equal to ${name} limit of ${String(limit)}`)
  }
}

/** Requests and limits of a container, or of a pod as a whole. */
export const checkResources = (check: Check, field: string, resources: Fields, claims: ReadonlySet<string>, ofPod = false): void => {
  const [limits, requests] = [part(resources, "limits") ?? {}, part(resources, "requests") ?? {}]
  let hasHugePages = false
  for (const name in limits) {
    hasHugePages ||= isHugePages(name)
    checkAmount(check, field, "limits", name, limits[name], ofPod)
  }
  for (const name in requests) {
    hasHugePages ||= isHugePages(name)
    checkAmount(check, field, "requests", name, requests[name], ofPod)
    checkRequest(check, field, name, requests[name], limits)
  }
  const hasUsual = (list: Fields): boolean => list["cpu"] !== undefined || list["memory"] !== undefined
  if (hasHugePages && !hasUsual(limits) && !hasUsual(requests)) check.forbidden(field, "HugePages require cpu or memory")
  if (resources["claims"] !== undefined) checkClaims(check, `${field}.claims`, items(resources["claims"]), claims)
}

const checkAmount = (check: Check, field: string, list: string, name: string, value: unknown, ofPod: boolean): void => {
  // What nearly all ask for.
  if ((name === "cpu" || name === "memory") && !known(value).isNegative) return
  const at = `${field}.${list}[${name}]`
  if (ofPod) checkPodResourceName(check, at, name)
  else checkContainerResourceName(check, at, name)
  checkQuantity(check, at, name, value)
}

const checkClaims = (check: Check, field: string, used: ReadonlyArray<Fields>, claims: ReadonlySet<string>): void => {
  const seen = new Set<string>()
  used.forEach((claim, i) => {
    const name = text(claim, "name")
    const at = `${field}[${i}]`
    if (name === "") return check.required(at)
    const request = text(claim, "request")
    const key = request === "" ? name : `${name}/${request}`
    if (request !== "") check.dnsLabel(`${at}.request`, request)
    if (seen.has(name) || seen.has(key)) check.duplicate(at, seen.has(name) ? name : key)
    seen.add(key)
    if (claims.has(name)) return
    const known = claims.size === 0 ? " which is empty" : `: ${[...claims].sort().join(", ")}`
    check.notFound(at, name, `must be one of the names in pod.spec.resourceClaims${known}`)
  })
}
