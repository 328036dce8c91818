/** Gives containers the default resources of their namespace, and refuses what is out of its range (admission plugin LimitRanger). */
import { type Container, type KubeObject, type PodSpec, Quantity } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import { type Amounts, amountOf, amountsOf, podAmounts, type ResourceList } from "../internal/resourceLists.ts"
import type { Call } from "../rest/Call.ts"
import type { Admit, Operation, Validate } from "./Admission.ts"
import { setPodSpec } from "./PodDrafts.ts"
import { refusal } from "./Refusal.ts"

interface Limit {
  readonly type: string
  readonly min?: ResourceList
  readonly max?: ResourceList
  readonly default?: ResourceList
  readonly defaultRequest?: ResourceList
  readonly maxLimitRequestRatio?: ResourceList
}

const limitRanges = { group: "", plural: "limitranges" } as const

/** The limits of the namespace of a call, range by range. */
const rangesOf = ({ server, namespace }: Call): ReadonlyArray<ReadonlyArray<Limit>> => {
  const collection = server.store.collection(limitRanges)
  if (collection.sizeIn(namespace) === 0) return []
  return collection.list(namespace).map((range) => field<{ readonly limits?: ReadonlyArray<Limit> }>(range, "spec")?.limits ?? [])
}

/** Pods are limited when they are created or resized; claims whenever they are written. */
const limitedKind = ({ resource, request }: Call, operation: Operation, previous: KubeObject | undefined): "Pod" | "PersistentVolumeClaim" | undefined => {
  if (operation === "delete" || resource.group !== "" || previous?.metadata.deletionTimestamp !== undefined) return undefined
  const { subresource } = request
  if (resource.plural === "pods" && (operation === "create" ? subresource === undefined : subresource === "resize")) return "Pod"
  return resource.plural === "persistentvolumeclaims" && subresource === undefined ? "PersistentVolumeClaim" : undefined
}

const annotation = "kubernetes.io/limit-ranger"

/** Fills in what containers leave open. */
export const admitLimits: Admit = (call, operation, draft, previous) => {
  if (limitedKind(call, operation, previous) !== "Pod") return
  for (const limits of rangesOf(call)) {
    const spec = field<PodSpec>(draft, "spec")
    if (!spec?.containers) return
    const ofContainers = limits.filter(({ type }) => type === "Container")
    const defaults: Defaults = {
      requests: Object.assign({}, ...ofContainers.map((it) => it.defaultRequest)) as ResourceList,
      limits: Object.assign({}, ...ofContainers.map((it) => it.default)) as ResourceList
    }
    const notes: Array<string> = []
    const fill = (label: string) => (container: Container): Container => filled(container, defaults, label, notes)
    const containers = spec.containers.map(fill("container"))
    const initContainers = spec.initContainers?.map(fill("init container"))
    if (notes.length === 0) continue
    setPodSpec(draft, { ...spec, containers, ...(initContainers === undefined ? {} : { initContainers }) })
    draft.metadata.annotations = { ...draft.metadata.annotations, [annotation]: `LimitRanger plugin set: ${notes.join("; ")}` }
  }
}

interface Defaults {
  readonly requests: ResourceList
  readonly limits: ResourceList
}

const filled = (container: Container, defaults: Defaults, label: string, notes: Array<string>): Container => {
  const { resources = {} } = container
  const open = (kind: "requests" | "limits"): ReadonlyArray<string> => Object.keys(defaults[kind]).filter((name) => resources[kind]?.[name] === undefined).sort()
  const [requests, limits] = [open("requests"), open("limits")]
  if (requests.length > 0) notes.push(`${requests.join(", ")} request for ${label} ${container.name}`)
  if (limits.length > 0) notes.push(`${limits.join(", ")} limit for ${label} ${container.name}`)
  if (requests.length + limits.length === 0) return container
  return {
    ...container,
    resources: {
      ...resources,
      ...(limits.length === 0 ? {} : { limits: sortedList({ ...defaults.limits, ...resources.limits }) }),
      ...(requests.length === 0 ? {} : { requests: sortedList({ ...defaults.requests, ...resources.requests }) })
    }
  }
}

const sortedList = (list: ResourceList): ResourceList => Object.fromEntries(Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)))

/** Refuses what lies outside of a range. */
export const validateLimits: Validate = (call, operation, object, previous) => {
  const kind = limitedKind(call, operation, previous)
  if (kind === undefined || object === undefined) return
  for (const limits of rangesOf(call)) {
    const problems = [...new Set(kind === "Pod" ? problemsOfPod(limits, object) : problemsOfClaim(limits, object))]
    if (problems.length === 0) continue
    throw refusal(call, object, problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`)
  }
}

const problemsOfPod = (limits: ReadonlyArray<Limit>, object: Draft): ReadonlyArray<string> => {
  const spec = field<PodSpec>(object, "spec")!
  return limits.flatMap((limit) => {
    if (limit.type === "Pod") return problemsOf(limit, podAmounts(spec, "requests"), podAmounts(spec, "limits"))
    if (limit.type !== "Container") return []
    return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) => problemsOf(limit, amountsOf(resources?.requests), amountsOf(resources?.limits)))
  })
}

const problemsOfClaim = (limits: ReadonlyArray<Limit>, object: Draft): ReadonlyArray<string> => {
  const requests = amountsOf(field<{ readonly resources?: { readonly requests?: ResourceList } }>(object, "spec")?.resources?.requests)
  return limits.filter(({ type }) => type === "PersistentVolumeClaim").flatMap((limit) => [
    ...each(limit.min, (name, least) => belowMinimum(limit.type, name, least, requests.get(name), undefined)),
    ...each(limit.max, (name, most) => aboveMaximumRequest(limit.type, name, most, requests.get(name)))
  ])
}

const problemsOf = (limit: Limit, requests: Amounts, limits: Amounts): ReadonlyArray<string> => [
  ...each(limit.min, (name, least) => belowMinimum(limit.type, name, least, requests.get(name), limits.get(name))),
  ...each(limit.max, (name, most) => aboveMaximum(limit.type, name, most, requests.get(name), limits.get(name))),
  ...each(limit.maxLimitRequestRatio, (name, most) => aboveRatio(limit.type, name, most, requests.get(name), limits.get(name)))
]

const each = (list: ResourceList | undefined, check: (name: string, bound: Quantity.Quantity) => string | undefined): ReadonlyArray<string> =>
  Object.entries(list ?? {}).flatMap(([name, text]) => check(name, amountOf(text)) ?? [])

type Amount = Quantity.Quantity
const { format } = Quantity

/** Amounts are compared in thousandths. */
const exceeds = (a: Amount, b: Amount): boolean => Quantity.toScaled(a, -3) > Quantity.toScaled(b, -3)

const belowMinimum = (type: string, name: string, least: Amount, request: Amount | undefined, limit: Amount | undefined): string | undefined => {
  const rule = `minimum ${name} usage per ${type} is ${format(least)}`
  if (request === undefined) return `${rule}.  No request is specified`
  if (exceeds(least, request)) return `${rule}, but request is ${format(request)}`
  return limit !== undefined && exceeds(least, limit) ? `${rule}, but limit is ${format(limit)}` : undefined
}

const aboveMaximumRequest = (type: string, name: string, most: Amount, request: Amount | undefined): string | undefined => {
  const rule = `maximum ${name} usage per ${type} is ${format(most)}`
  if (request === undefined) return `${rule}.  No request is specified`
  return exceeds(request, most) ? `${rule}, but request is ${format(request)}` : undefined
}

const aboveMaximum = (type: string, name: string, most: Amount, request: Amount | undefined, limit: Amount | undefined): string | undefined => {
  const rule = `maximum ${name} usage per ${type} is ${format(most)}`
  if (limit === undefined) return `${rule}.  No limit is specified`
  if (exceeds(limit, most)) return `${rule}, but limit is ${format(limit)}`
  return request !== undefined && exceeds(request, most) ? `${rule}, but request is ${format(request)}` : undefined
}

const aboveRatio = (type: string, name: string, most: Amount, request: Amount | undefined, limit: Amount | undefined): string | undefined => {
  const rule = `${name} max limit to request ratio per ${type} is ${format(most)}`
  if (request === undefined || request.nanos === 0n) return `${rule}, but no request is specified or request is 0`
  if (limit === undefined || limit.nanos === 0n) return `${rule}, but no limit is specified or limit is 0`
  const ratio = Quantity.toNumber(limit) / Quantity.toNumber(request)
  return ratio > Quantity.toNumber(most) ? `${rule}, but provided ratio is ${ratio.toFixed(6)}` : undefined
}
