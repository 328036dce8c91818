/** Cells of the plain kinds of the core group, events, leases and storage. */
import type { KubeObject } from "@fairlead/kube"
import { age, at, containers, count, items, labels, name, since, size, text } from "./CellReaders.ts"
import type { CellReader } from "./Cells.ts"

const nodeStatus = (object: KubeObject): string => {
  const ready = items(object, "status.conditions").find((it) => it["type"] === "Ready")
  const status = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : ready["status"] === "False" ? "NotReady" : "Unknown"
  return at(object, "spec.unschedulable") === true ? `${status},SchedulingDisabled` : status
}

const rolePrefix = "node-role.kubernetes.io/"

const nodeRoles = (object: KubeObject): string => {
  const roles = Object.entries(object.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) return [key.slice(rolePrefix.length)]
    return key === "kubernetes.io/role" && value !== "" ? [value] : []
  })
  return roles.length === 0 ? "<none>" : roles.sort().join(",")
}

const address = (object: KubeObject, type: string): string =>
  String(items(object, "status.addresses").find((it) => it["type"] === type)?.["address"] ?? "<none>")

const kernel = (object: KubeObject): string => {
  const architecture = text(object, "status.nodeInfo.architecture")
  return `${text(object, "status.nodeInfo.kernelVersion", "<unknown>")}${architecture === "" ? "" : ` (${architecture})`}`
}

const nodeCells: CellReader = (object, now) => [
  name(object), nodeStatus(object), nodeRoles(object), age(object, now), text(object, "status.nodeInfo.kubeletVersion"),
  address(object, "InternalIP"), address(object, "ExternalIP"), text(object, "status.nodeInfo.osImage", "<unknown>"),
  kernel(object), text(object, "status.nodeInfo.containerRuntimeVersion", "<unknown>")
]

const servicePorts = (object: KubeObject): string => {
  const ports = items(object, "spec.ports").map((port) =>
    `${port["port"]}${port["nodePort"] === undefined || port["nodePort"] === 0 ? "" : `:${port["nodePort"]}`}/${port["protocol"]}`)
  return ports.length === 0 ? "<none>" : ports.join(",")
}

const externalIp = (object: KubeObject): string => {
  const ips = (at(object, "spec.externalIPs") as ReadonlyArray<string> | undefined) ?? []
  switch (text(object, "spec.type")) {
    case "LoadBalancer": {
      const ingress = items(object, "status.loadBalancer.ingress").map((it) => it["ip"] ?? it["hostname"])
      return [...ingress, ...ips].join(",") || "<pending>"
    }
    case "ExternalName":
      return text(object, "spec.externalName")
    default:
      return ips.length === 0 ? "<none>" : ips.join(",")
  }
}

const serviceCells: CellReader = (object, now) => [
  name(object), text(object, "spec.type"), text(object, "spec.clusterIP", "<none>"), externalIp(object), servicePorts(object), age(object, now),
  labels(at(object, "spec.selector"))
]

const endpointsText = (object: KubeObject): string => {
  const all = items(object, "subsets").flatMap((subset) => {
    const addresses = items(subset, "addresses")
    const ports = items(subset, "ports")
    if (ports.length === 0) return addresses.map((it) => String(it["ip"]))
    return ports.flatMap((port) => addresses.map((it) => `${it["ip"]}:${port["port"]}`))
  })
  if (all.length === 0) return "<none>"
  return all.length <= 3 ? all.join(",") : `${all.slice(0, 3).join(",")} + ${all.length - 3} more...`
}

/** Events show the same columns in both of their forms. */
const eventCells: CellReader = (object, now) => {
  const involved = (at(object, "involvedObject") ?? at(object, "regarding") ?? {}) as { kind?: string; name?: string; fieldPath?: string }
  const source = (at(object, "source") ?? at(object, "deprecatedSource") ?? {}) as { component?: string; host?: string }
  const reporter = text(object, "reportingComponent") || text(object, "reportingController")
  const pick = (...paths: ReadonlyArray<string>): string | undefined => paths.map((path) => at(object, path)).find((it) => typeof it === "string") as string | undefined
  const first = pick("firstTimestamp", "deprecatedFirstTimestamp", "eventTime")
  const series = at(object, "series") as { lastObservedTime?: string; count?: number } | undefined
  const last = series?.lastObservedTime ?? pick("lastTimestamp", "deprecatedLastTimestamp") ?? first
  const times = (value: string | undefined): string => since({ value }, "value", now)
  return [
    times(last), text(object, "type"), text(object, "reason"), involved.name ? `${(involved.kind ?? "").toLowerCase()}/${involved.name}` : (involved.kind ?? "").toLowerCase(),
    involved.fieldPath ?? "", source.host ? `${source.component || reporter}, ${source.host}` : (source.component || reporter),
    (text(object, "message") || text(object, "note")).trim(), times(first),
    series?.count ?? (count(object, "count") || count(object, "deprecatedCount") || 1), name(object)
  ]
}

const modes: Readonly<Record<string, string>> = { ReadWriteOnce: "RWO", ReadOnlyMany: "ROX", ReadWriteMany: "RWX", ReadWriteOncePod: "RWOP" }
const accessModes = (object: KubeObject, path: string): string =>
  ((at(object, path) as ReadonlyArray<string> | undefined) ?? []).map((it) => modes[it] ?? it).join(",")

const claimCells: CellReader = (object, now) => {
  const bound = text(object, "spec.volumeName") !== ""
  const phase = object.metadata.deletionTimestamp === undefined ? text(object, "status.phase") : "Terminating"
  return [
    name(object), phase, text(object, "spec.volumeName"), bound ? text(object, "status.capacity.storage", "0") : "",
    bound ? accessModes(object, "status.accessModes") : "", text(object, "spec.storageClassName"),
    text(object, "spec.volumeAttributesClassName", "<unset>"), age(object, now), text(object, "spec.volumeMode", "<unset>")
  ]
}

const volumeCells: CellReader = (object, now) => {
  const claim = text(object, "spec.claimRef.name")
  return [
    name(object), text(object, "spec.capacity.storage"), accessModes(object, "spec.accessModes"), text(object, "spec.persistentVolumeReclaimPolicy"),
    object.metadata.deletionTimestamp === undefined ? text(object, "status.phase") : "Terminating",
    claim === "" ? "" : `${text(object, "spec.claimRef.namespace")}/${claim}`, text(object, "spec.storageClassName"),
    text(object, "spec.volumeAttributesClassName", "<unset>"), text(object, "status.reason"), age(object, now), text(object, "spec.volumeMode", "<unset>")
  ]
}

const quotaCells: CellReader = (object, now) => {
  const hard = (at(object, "status.hard") ?? {}) as { readonly [key: string]: string }
  const used = (at(object, "status.used") ?? {}) as { readonly [key: string]: string }
  const show = (keys: ReadonlyArray<string>): string => keys.map((key) => `${key}: ${used[key]}/${hard[key]}`).join(", ")
  const keys = Object.keys(hard).sort()
  return [name(object), show(keys.filter((key) => !key.startsWith("limits"))), show(keys.filter((key) => key.startsWith("limits"))), age(object, now)]
}

/** Readers by `group/plural`. */
export const coreCells: Readonly<Record<string, CellReader>> = {
  "/configmaps": (object, now) => [name(object), size(object, "data") + size(object, "binaryData"), age(object, now)],
  "/secrets": (object, now) => [name(object), text(object, "type"), size(object, "data"), age(object, now)],
  "/namespaces": (object, now) => [name(object), text(object, "status.phase"), age(object, now)],
  "/nodes": nodeCells,
  "/services": serviceCells,
  "/serviceaccounts": (object, now) => [name(object), age(object, now)],
  "/endpoints": (object, now) => [name(object), endpointsText(object), age(object, now)],
  "/events": eventCells,
  "events.k8s.io/events": eventCells,
  "/persistentvolumeclaims": claimCells,
  "/persistentvolumes": volumeCells,
  "/resourcequotas": quotaCells,
  "/podtemplates": (object) => [name(object), ...containers(object, "template.spec.containers"), labels(at(object, "template.metadata.labels"))],
  "coordination.k8s.io/leases": (object, now) => [name(object), text(object, "spec.holderIdentity"), age(object, now)],
  "scheduling.k8s.io/priorityclasses": (object, now) => [
    name(object), count(object, "value"), at(object, "globalDefault") === true, age(object, now), text(object, "preemptionPolicy")
  ],
  "storage.k8s.io/storageclasses": (object, now) => [
    object.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true" ? `${name(object)} (default)` : name(object),
    text(object, "provisioner"), text(object, "reclaimPolicy", "Delete"), text(object, "volumeBindingMode", "Immediate"),
    at(object, "allowVolumeExpansion") === true, age(object, now)
  ],
  "node.k8s.io/runtimeclasses": (object, now) => [name(object), text(object, "handler"), age(object, now)]
}
