/** How the provider merges a template, its own pod and a task's override: by position, by name or as a whole. Pure. */
import type { Pod } from "@fairlead/kube"
import { PodReconciliationError } from "./PublishError.ts"

type Fields = { readonly [name: string]: unknown }

/** False for what Python takes for false: such a value never overrides another. */
const isTruthy = (value: unknown): boolean => {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false
  if (Array.isArray(value)) return value.length > 0
  return typeof value !== "object" || Object.keys(value).length > 0
}

/** The provider's `merge_objects`: the client's value where it has one, else the base's. Nested objects are taken whole. */
export const mergeObjects = <A extends object>(base: A | undefined, client: A | undefined): A | undefined => {
  if (!isTruthy(base)) return client
  if (!isTruthy(client)) return base
  const merged: { [name: string]: unknown } = { ...client }
  for (const [name, value] of Object.entries(base as Fields)) {
    if (!isTruthy(merged[name]) && value !== undefined && value !== null) merged[name] = value
  }
  return merged as A
}

/** Labels and annotations: all of both, the client's where both have one. */
const union = (base: Fields | undefined, client: Fields | undefined): Fields | undefined =>
  base === undefined && client === undefined ? undefined : { ...base, ...client }

/** The provider's `extend_object_field`: the lists of both, the base's first. What is no list is refused. */
export const extendObjectField = <A extends object>(base: A | undefined, client: A, field: keyof A & string): A => {
  const before = base?.[field] as unknown
  const after = client[field] as unknown
  for (const value of [before, after]) {
    if (value !== undefined && value !== null && !Array.isArray(value)) {
      throw new PodReconciliationError({ description: `${field} must be a list, but is ${JSON.stringify(value)}` })
    }
  }
  if (!isTruthy(before)) return client
  return { ...client, [field]: isTruthy(after) ? [...(before as ReadonlyArray<unknown>), ...(after as ReadonlyArray<unknown>)] : before }
}

const containerLists = ["volumeMounts", "env", "envFrom", "ports", "volumeDevices"]

const mergeContainer = (base: Fields, client: Fields): Fields =>
  mergeObjects(base, containerLists.reduce<Fields>((merged, field) => extendObjectField(base, merged, field), client))!

/** The provider's `reconcile_containers`: the first with the first, the second with the second, whatever their names. */
export const reconcileContainers = (base: ReadonlyArray<Fields> | undefined, client: ReadonlyArray<Fields> | undefined): ReadonlyArray<Fields> => {
  const before = base ?? []
  const after = client ?? []
  return Array.from({ length: Math.max(before.length, after.length) }, (_, at) =>
    before[at] === undefined ? after[at]! : after[at] === undefined ? before[at] : mergeContainer(before[at], after[at]))
}

/** The provider's `reconcile_init_containers`: those of one name together, in the order of the base, new ones behind. */
export const reconcileInitContainers = (base: ReadonlyArray<Fields> | undefined, client: ReadonlyArray<Fields> | undefined): ReadonlyArray<Fields> => {
  if (!isTruthy(base)) return client ?? []
  if (!isTruthy(client)) return base!
  const byName = new Map(client!.map((it) => [it["name"], it]))
  const names = new Set(base!.map((it) => it["name"]))
  return [
    ...base!.map((it) => (byName.has(it["name"]) ? mergeContainer(it, byName.get(it["name"])!) : it)),
    ...client!.filter((it) => !names.has(it["name"]))
  ]
}

/** The provider's `reconcile_specs`: containers by position, init containers by name, volumes together, the rest whole. */
export const reconcileSpecs = (base: Fields | undefined, client: Fields | undefined): Fields | undefined => {
  if (!isTruthy(base)) return client
  if (!isTruthy(client)) return base
  const initContainers = reconcileInitContainers(listOf(base!, "initContainers"), listOf(client!, "initContainers"))
  const withLists: Fields = {
    ...client,
    containers: reconcileContainers(listOf(base!, "containers"), listOf(client!, "containers")),
    ...(initContainers.length === 0 ? {} : { initContainers })
  }
  return mergeObjects(base, extendObjectField(base, withLists, "volumes"))
}

/** The provider's `reconcile_metadata`: labels and annotations united, everything else whole. */
export const reconcileMetadata = (base: Fields | undefined, client: Fields | undefined): Fields | undefined => {
  if (!isTruthy(base)) return client
  if (!isTruthy(client)) return base
  const united = Object.fromEntries(["labels", "annotations"].flatMap((name) => {
    const both = union(base![name] as Fields | undefined, client![name] as Fields | undefined)
    return both === undefined ? [] : [[name, both]]
  }))
  return mergeObjects(base, { ...client, ...united })
}

/** The provider's `reconcile_pods`: `base` with what `client` says over it. Throws `PodReconciliationError`. */
export const reconcilePods = (base: Pod, client: Pod | undefined): Pod => {
  if (client === undefined) return base
  const merged = {
    ...client,
    spec: reconcileSpecs(base.spec as Fields | undefined, client.spec as Fields | undefined),
    metadata: reconcileMetadata(base.metadata as Fields, client.metadata as Fields) ?? {}
  }
  return mergeObjects(base as Fields, merged as Fields) as unknown as Pod
}

const listOf = (spec: Fields, field: string): ReadonlyArray<Fields> | undefined => {
  const value = spec[field]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw new PodReconciliationError({ description: `${field} must be a list, but is ${JSON.stringify(value)}` })
  return value as ReadonlyArray<Fields>
}
