/** Quotas and limit ranges. */
import { jsonEqual, Quantity } from "@fairlead/kube"
import { qualifiedNameErrors } from "../../internal/nameRules.ts"
import type { Fields } from "../Sharing.ts"
import { items, part, text, texts, type Check } from "./Check.ts"
import { checkContainerResourceName, checkQuantity, checkResourceName, compareQuantities, isOvercommitable, isQuotaResource } from "./Quantities.ts"

const checkAmounts = (check: Check, field: string, amounts: Fields | undefined): void => {
  for (const name in amounts) {
    const at = `${field}[${name}]`
    checkResourceName(check, at, name)
    if (!name.includes("/") && !isQuotaResource(name)) check.invalid(at, name, "must be a standard resource for quota")
    checkQuantity(check, at, name, amounts[name])
  }
}

const computeResources = new Set(["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"])
const ofPods = (name: string): boolean => computeResources.has(name)

/** Which resources each scope can narrow down. */
const scopes: Readonly<Record<string, (name: string) => boolean>> = {
  Terminating: ofPods,
  NotTerminating: ofPods,
  NotBestEffort: ofPods,
  PriorityClass: ofPods,
  CrossNamespacePodAffinity: ofPods,
  BestEffort: (name) => name === "pods",
  VolumeAttributesClass: (name) => name === "persistentvolumeclaims" || name === "requests.storage"
}

const opposites = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]]

const checkOpposites = (check: Check, field: string, used: ReadonlyArray<string>, shown: unknown): void => {
  for (const pair of opposites) if (pair.every((scope) => used.includes(scope))) check.invalid(field, shown, "conflicting scopes")
}

const limited = (spec: Fields): ReadonlyArray<string> => Object.keys(part(spec, "hard") ?? {}).filter(isQuotaResource)

const checkScopes = (check: Check, spec: Fields): void => {
  const used = texts(spec["scopes"])
  for (const scope of used) {
    const fits = scopes[scope]
    if (fits === undefined) check.invalid("spec.scopes", used, "unsupported scope")
    else for (const name of limited(spec)) if (!fits(name)) check.invalid("spec.scopes", used, "unsupported scope applied to resource")
  }
  checkOpposites(check, "spec.scopes", used, used)
}

const existing = [
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort,",
  "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
].join(" ")

const checkScopeOperator = (check: Check, field: string, { operator = "", scopeName = "", ...rest }: Fields): void => {
  const values = texts(rest["values"])
  if (Object.hasOwn(scopes, String(scopeName)) && scopeName !== "PriorityClass" && scopeName !== "VolumeAttributesClass" && operator !== "Exists") {
    check.invalid(`${field}.operator`, operator, existing)
  }
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) check.required(`${field}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) check.invalid(`${field}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")
  } else check.invalid(`${field}.operator`, operator, "not a valid selector operator")
}

const checkScopeSelector = (check: Check, spec: Fields): void => {
  const field = "spec.scopeSelector.matchExpressions"
  const wanted = items(part(spec, "scopeSelector")?.["matchExpressions"])
  const shown = { MatchExpressions: wanted.map((one) => ({ ScopeName: one["scopeName"] ?? "", Operator: one["operator"] ?? "", Values: one["values"] ?? null })) }
  for (const one of wanted) {
    const scope = text(one, "scopeName")
    const fits = scopes[scope]
    if (fits === undefined) check.invalid(`${field}.scopeName`, scope, "unsupported scope")
    else for (const name of limited(spec)) if (!fits(name)) check.invalid(field, shown, "unsupported scope applied to resource")
    checkScopeOperator(check, field, one)
  }
  checkOpposites(check, field, wanted.map((one) => text(one, "scopeName")), spec["scopes"])
}

/** A new quota. */
export const checkQuota = (check: Check, quota: Fields): void => {
  const spec = part(quota, "spec") ?? {}
  checkAmounts(check, "spec.hard", part(spec, "hard"))
  checkScopes(check, spec)
  checkScopeSelector(check, spec)
}

/** An update of a quota, whose scopes stay. */
export const checkQuotaUpdate = (check: Check, quota: Fields, old: Fields): void => {
  checkQuota(check, quota)
  const scopesOf = (one: Fields): ReadonlyArray<string> => [...new Set(texts(part(one, "spec")?.["scopes"]))].sort()
  if (!jsonEqual(scopesOf(quota), scopesOf(old))) check.invalid("spec.scopes", part(quota, "spec")?.["scopes"], "field is immutable")
}

/** What the controller counted. */
export const checkQuotaStatus = (check: Check, quota: Fields): void => {
  const status = part(quota, "status")
  checkAmounts(check, "status.hard", part(status, "hard"))
  checkAmounts(check, "status.used", part(status, "used"))
}

const checkLimitType = (check: Check, field: string, type: string): void => {
  const errors = qualifiedNameErrors(type)
  check.texts(field, type, errors)
  if (errors.length > 0 || type.includes("/") || ["Pod", "Container", "PersistentVolumeClaim"].includes(type)) return
  check.invalid(field, type, "must be a standard limit type or fully qualified")
}

interface Limits {
  readonly min: Fields
  readonly max: Fields
  readonly default: Fields
  readonly defaultRequest: Fields
  readonly maxLimitRequestRatio: Fields
}

const words = { min: "min value", max: "max value", default: "default value", defaultRequest: "default request value" } as const

type Bound = keyof typeof words

/** One amount must not be above another; says so at the field `at`. */
const checkOrder = (check: Check, field: string, name: string, limits: Limits, lower: Bound, upper: Bound, at: Bound, shown: Bound, upperWord: string): void => {
  const [low, high] = [limits[lower][name], limits[upper][name]]
  if (low === undefined || high === undefined || compareQuantities(low, high) <= 0) return
  check.invalid(`${field}.${at}[${name}]`, limits[shown][name], `${words[lower]} ${String(low)} is greater than ${upperWord} ${String(high)}`)
}

const checkRatio = (check: Check, field: string, name: string, limits: Limits): void => {
  const ratio = limits.maxLimitRequestRatio[name]
  if (ratio === undefined) return
  const at = `${field}.maxLimitRequestRatio[${name}]`
  if (compareQuantities(ratio, "1") < 0) check.invalid(at, ratio, `ratio ${String(ratio)} is less than 1`)
  const amount = (value: unknown): number => Number(Quantity.parse(String(value))?.nanos ?? 0n)
  const [min, max] = [limits.min[name], limits.max[name]]
  if (min === undefined || max === undefined) return
  const most = amount(max) / amount(min)
  if (amount(ratio) / 1e9 > most) check.invalid(at, ratio, `ratio ${String(ratio)} is greater than max/min = ${most.toFixed(6)}`)
}

const checkLimit = (check: Check, field: string, limit: Fields, type: string): void => {
  const checkName = type === "Pod" || type === "Container" ? checkContainerResourceName : checkResourceName
  const amounts = (list: keyof Limits): Fields => part(limit, list) ?? {}
  const limits: Limits = {
    min: amounts("min"), max: amounts("max"), default: amounts("default"), defaultRequest: amounts("defaultRequest"),
    maxLimitRequestRatio: amounts("maxLimitRequestRatio")
  }
  const names = (list: keyof Limits): void => {
    for (const name in limits[list]) checkName(check, `${field}.${list}[${name}]`, name)
  }
  names("max")
  names("min")
  if (type === "Pod") {
    for (const list of ["default", "defaultRequest"] as const) {
      if (Object.keys(limits[list]).length > 0) check.forbidden(`${field}.${list}`, "may not be specified when `type` is 'Pod'")
    }
  } else {
    names("default")
    names("defaultRequest")
  }
  if (type === "PersistentVolumeClaim" && limits.min["storage"] === undefined && limits.max["storage"] === undefined) {
    check.required(`${field}.limits`, "either minimum or maximum storage value is required, but neither was provided")
  }
  names("maxLimitRequestRatio")
  checkBounds(check, field, type === "Pod" ? { ...limits, default: {}, defaultRequest: {} } : limits)
}

const checkBounds = (check: Check, field: string, limits: Limits): void => {
  for (const name of new Set(Object.values(limits).flatMap((amounts: Fields) => Object.keys(amounts)))) {
    checkOrder(check, field, name, limits, "min", "max", "min", "min", "max value")
    checkOrder(check, field, name, limits, "min", "defaultRequest", "defaultRequest", "defaultRequest", "default request value")
    checkOrder(check, field, name, limits, "defaultRequest", "max", "defaultRequest", "defaultRequest", "max value")
    checkOrder(check, field, name, limits, "defaultRequest", "default", "defaultRequest", "defaultRequest", "default limit value")
    checkOrder(check, field, name, limits, "min", "default", "default", "min", "default value")
    checkOrder(check, field, name, limits, "default", "max", "default", "max", "max value")
    checkRatio(check, field, name, limits)
    const [usual, request] = [limits.default[name], limits.defaultRequest[name]]
    if (!isOvercommitable(name) && usual !== undefined && request !== undefined && compareQuantities(usual, request) !== 0) {
      const detail = `default value ${String(usual)} must equal to defaultRequest value ${String(request)} in ${name}`
      check.invalid(`${field}.defaultRequest[${name}]`, request, detail)
    }
  }
}

/** A limit range, new or changed. */
export const checkLimitRange = (check: Check, range: Fields): void => {
  const seen = new Set<string>()
  items(part(range, "spec")?.["limits"]).forEach((limit, i) => {
    const at = `spec.limits[${i}]`
    const type = text(limit, "type")
    checkLimitType(check, `${at}.type`, type)
    if (seen.has(type)) check.duplicate(`${at}.type`, type)
    seen.add(type)
    checkLimit(check, at, limit, type)
  })
}
