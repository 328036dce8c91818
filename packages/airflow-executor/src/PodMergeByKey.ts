/** How a template and a task's override are merged by those who do not want Airflow's surprises: as the API server merges a patch. Pure. */
import type { Pod } from "@fairlead/kube"
import { PodReconciliationError } from "./PublishError.ts"

type Fields = { readonly [name: string]: unknown }

/** What tells the items of a list apart, as in the API of Kubernetes; items of other lists are taken as a whole list. */
const keyOfItems: { readonly [list: string]: string } = {
  containers: "name", initContainers: "name", volumes: "name", env: "name", volumeMounts: "mountPath", volumeDevices: "devicePath", ports: "containerPort",
  imagePullSecrets: "name", hostAliases: "ip", topologySpreadConstraints: "topologyKey", resourceClaims: "name", schedulingGates: "name"
}
/** Their items are one thing or another, never both. */
const wholeItems = new Set(["volumes"])

/**
 * `base` with what `client` says over it: objects field by field, lists item by item where their items have a key, and any
 * value that is given, be it 0, false or empty. Throws `PodReconciliationError` with the path of what cannot be merged.
 */
export const mergePodsByKey = (base: Pod, client: Pod | undefined): Pod => merged(base, client, "", "pod") as Pod

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)

const merged = (base: unknown, client: unknown, field: string, path: string): unknown => {
  if (client === undefined || client === null) return base
  const key = keyOfItems[field]
  if (key !== undefined && !Array.isArray(client)) throw new PodReconciliationError({ description: `${path} must be a list, but is ${JSON.stringify(client)}` })
  if (key !== undefined && Array.isArray(base)) return mergedItems(base, client as ReadonlyArray<unknown>, key, field, path)
  if (!isFields(base) || !isFields(client)) return client
  const names = [...Object.keys(base), ...Object.keys(client).filter((it) => !(it in base))]
  return Object.fromEntries(names.map((name) => [name, merged(base[name], client[name], name, `${path}.${name}`)]))
}

const mergedItems = (base: ReadonlyArray<unknown>, client: ReadonlyArray<unknown>, key: string, field: string, path: string): ReadonlyArray<unknown> => {
  const keyOf = (item: unknown): unknown => (isFields(item) ? item[key] : undefined)
  const overrides = new Map(client.map((item, at) => {
    if (keyOf(item) === undefined) throw new PodReconciliationError({ description: `${path}[${at}] has no ${key}` })
    return [keyOf(item), item]
  }))
  const known = new Set(base.map(keyOf))
  return [
    ...base.map((item) => (wholeItems.has(field) ? overrides.get(keyOf(item)) ?? item : merged(item, overrides.get(keyOf(item)), "", `${path}[${String(keyOf(item))}]`))),
    ...[...overrides.values()].filter((item) => !known.has(keyOf(item)))
  ]
}
