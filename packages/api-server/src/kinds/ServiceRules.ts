/** What is special about services: they are given addresses and node ports. */
import { jsonEqual, type KubeObject } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { KindRules } from "../rest/KindRules.ts"
import { emptyStatus } from "./EmptyStatus.ts"
import { ServiceAllocation } from "./ServiceAllocation.ts"
import { withFamilies } from "./ServiceFamilies.ts"
import { needsHealthCheck, needsNodePort, type ServicePort, type ServiceSpec } from "./ServiceSpec.ts"

const prepareCreate = (draft: Draft, call: Call): void => {
  draft["status"] = emptyStatus(call.resource)
  const given = field<ServiceSpec>(draft, "spec")
  if (given === undefined) return
  const { name = "" } = draft.metadata
  const allocation = new ServiceAllocation(call, name)
  const isOld = Boolean(given.clusterIP) && (given.clusterIPs ?? []).length === 0
  const spec = withFamilies(name, isOld ? { ...given, clusterIPs: [given.clusterIP!] } : given)
  draft["spec"] = withoutInsideTraffic(allocation.healthCheck(allocation.newPorts(allocation.address(spec))))
}

const prepareUpdate = (draft: Draft, previous: KubeObject, call: Call): void => {
  const old = field<ServiceSpec>(previous, "spec") ?? {}
  const given = field<ServiceSpec>(draft, "spec")
  if (given === undefined) return
  const { name = "" } = draft.metadata
  const allocation = new ServiceAllocation(call, name, old)
  const spec = withFamilies(name, normalized(withOldValues(given, old), old), old)
  const addressed = old.type === "ExternalName" ? allocation.address(spec) : spec
  draft["spec"] = withoutInsideTraffic(withoutUseless(allocation.healthCheck(allocation.changedPorts(addressed, old), old), old))
  const status = field<{ readonly loadBalancer?: object }>(draft, "status")
  if (given.type !== "LoadBalancer" && Object.keys(status?.loadBalancer ?? {}).length > 0) draft["status"] = { ...status, loadBalancer: {} }
}

/** Names of the outside world have no traffic inside the cluster. */
const withoutInsideTraffic = (spec: ServiceSpec): ServiceSpec => {
  if (spec.type !== "ExternalName" || spec.internalTrafficPolicy === undefined) return spec
  const { internalTrafficPolicy: _, ...rest } = spec
  return rest
}

/** What was allocated stays where the update says nothing else. */
const withOldValues = (spec: ServiceSpec, old: ServiceSpec): ServiceSpec => {
  const out: { -readonly [K in keyof ServiceSpec]: ServiceSpec[K] } = { ...spec }
  if (old.type !== "ExternalName" && spec.type !== "ExternalName") {
    if (!spec.clusterIP && old.clusterIP !== undefined) out.clusterIP = old.clusterIP
    if ((spec.clusterIPs ?? []).length === 0 && old.clusterIPs !== undefined) out.clusterIPs = old.clusterIPs
  }
  if (needsNodePort(old) && needsNodePort(spec) && spec.ports !== undefined) out.ports = portsLike(spec.ports, old.ports ?? [])
  if (needsHealthCheck(old) && needsHealthCheck(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort !== undefined) {
    out.healthCheckNodePort = old.healthCheckNodePort
  }
  return out
}

const portsLike = (ports: ReadonlyArray<ServicePort>, old: ReadonlyArray<ServicePort>): ReadonlyArray<ServicePort> => {
  const used = new Set(ports.map(({ nodePort = 0 }) => nodePort))
  const byName = new Map(old.map(({ name = "", nodePort = 0 }) => [name, nodePort]))
  return ports.map((port) => {
    const before = byName.get(port.name ?? "") ?? 0
    return port.nodePort || before === 0 || used.has(before) ? port : { ...port, nodePort: before }
  })
}

/** Old clients know the first address alone. */
const normalized = (spec: ServiceSpec, old: ServiceSpec): ServiceSpec => {
  if ((spec.clusterIP ?? "") === (old.clusterIP ?? "") || !jsonEqual(spec.clusterIPs ?? [], old.clusterIPs ?? [])) return spec
  if (spec.clusterIP) return { ...spec, clusterIPs: [spec.clusterIP] }
  const { clusterIPs: _, ...rest } = spec
  return rest
}

/** Drops what the service of the old type had and the new one cannot have, unless the update is about it. */
const withoutUseless = (spec: ServiceSpec, old: ServiceSpec): ServiceSpec => {
  const out: { -readonly [K in keyof ServiceSpec]: ServiceSpec[K] } = { ...spec }
  const drop = (key: keyof ServiceSpec): void => {
    if (jsonEqual(spec[key], old[key])) delete out[key]
  }
  if (spec.type === "ExternalName" && old.type !== "ExternalName") {
    if (jsonEqual(spec.clusterIPs ?? [], old.clusterIPs ?? [])) {
      drop("clusterIP")
      drop("clusterIPs")
    }
    drop("ipFamilies")
    drop("ipFamilyPolicy")
  }
  if (needsNodePort(old) && !needsNodePort(spec)) {
    const numbers = ({ ports = [] }: ServiceSpec): ReadonlySet<number> => new Set(ports.map(({ nodePort = 0 }) => nodePort))
    if (jsonEqual([...numbers(spec)].sort(), [...numbers(old)].sort())) out.ports = (spec.ports ?? []).map(({ nodePort: _, ...port }) => port)
    drop("externalTrafficPolicy")
  }
  if (needsHealthCheck(old) && !needsHealthCheck(spec)) drop("healthCheckNodePort")
  if (old.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    drop("allocateLoadBalancerNodePorts")
    drop("loadBalancerClass")
  }
  return out
}

/** Hooks of services. */
export const serviceRules: Partial<KindRules> = { prepareCreate, prepareUpdate }
