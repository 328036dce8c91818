/** What is special about services: they are given addresses and node ports. */
import type { KubeObject } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import type { Call } from "../rest/Call.ts"
import type { KindRules } from "../rest/KindRules.ts"
import { emptyStatus } from "./EmptyStatus.ts"

interface ServicePort {
  readonly nodePort?: number
  readonly port: number
  readonly protocol?: string
}

interface ServiceSpec {
  readonly type?: string
  readonly clusterIP?: string
  readonly clusterIPs?: ReadonlyArray<string>
  readonly ipFamilies?: ReadonlyArray<string>
  readonly ipFamilyPolicy?: string
  readonly selector?: { readonly [key: string]: string }
  readonly ports?: ReadonlyArray<ServicePort>
  readonly allocateLoadBalancerNodePorts?: boolean
}

const services = { group: "", plural: "services" } as const
const nodePortMin = 30_000
const nodePortCount = 2768

/** Addresses of services lie in 10.96.0.0/12, where the first is that of the API server. */
const addressOf = (index: number): string => `10.${96 + ((index >>> 16) & 15)}.${(index >>> 8) & 255}.${index & 255}`
const addressCount = 2 ** 20 - 2

interface Taken {
  readonly addresses: ReadonlySet<string>
  readonly ports: Set<number>
}

const takenIn = (call: Call): Taken => {
  const specs = call.server.store.collection(services).list("").map((service) => field<ServiceSpec>(service, "spec") ?? {})
  return {
    addresses: new Set(specs.map(({ clusterIP = "" }) => clusterIP)),
    ports: new Set(specs.flatMap(({ ports = [] }) => ports.flatMap(({ nodePort = 0 }) => (nodePort === 0 ? [] : [nodePort]))))
  }
}

const freeAddress = ({ addresses }: Taken, random: () => number): string => {
  for (;;) {
    const address = addressOf(2 + Math.floor(random() * addressCount))
    if (!addresses.has(address)) return address
  }
}

const freePort = ({ ports }: Taken, random: () => number): number => {
  for (;;) {
    const port = nodePortMin + Math.floor(random() * nodePortCount)
    if (ports.has(port)) continue
    ports.add(port)
    return port
  }
}

const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false)

const allocate = (draft: Draft, call: Call): void => {
  const spec = field<ServiceSpec>(draft, "spec")
  if (spec === undefined || spec.type === "ExternalName") return
  const taken = takenIn(call)
  const { random } = call.server
  const families = spec.ipFamilies ?? []
  const isHeadless = spec.clusterIP === "None"
  const clusterIP = spec.clusterIP || freeAddress(taken, random)
  const isOpen = isHeadless && Object.keys(spec.selector ?? {}).length === 0
  draft["spec"] = {
    ...spec,
    ...(needsNodePorts(spec) ? { ports: (spec.ports ?? []).map((port) => (port.nodePort ? port : { ...port, nodePort: freePort(taken, random) })) } : {}),
    clusterIP,
    clusterIPs: (spec.clusterIPs ?? []).length > 0 ? spec.clusterIPs : [clusterIP],
    ipFamilies: families.length > 0 ? families : isOpen ? ["IPv4", "IPv6"] : ["IPv4"],
    ipFamilyPolicy: spec.ipFamilyPolicy ?? (isOpen ? "RequireDualStack" : "SingleStack")
  }
}

const prepareCreate = (draft: Draft, call: Call): void => {
  draft["status"] = emptyStatus(call.resource)
  allocate(draft, call)
}

/** What was allocated stays where the update says nothing else. */
const prepareUpdate = (draft: Draft, previous: KubeObject, call: Call): void => {
  const old = field<ServiceSpec>(previous, "spec") ?? {}
  const spec = field<ServiceSpec>(draft, "spec")
  if (spec === undefined || spec.type === "ExternalName") return
  const keepsAddress = !spec.clusterIP && old.type !== "ExternalName"
  const oldPorts = old.ports ?? []
  draft["spec"] = {
    ...spec,
    ...(keepsAddress && old.clusterIP !== undefined ? { clusterIP: old.clusterIP, clusterIPs: old.clusterIPs } : {}),
    ...(needsNodePorts(spec)
      ? { ports: (spec.ports ?? []).map((port) => (port.nodePort ? port : { ...port, ...nodePortLike(oldPorts, port) })) }
      : {}),
    ipFamilies: spec.ipFamilies ?? old.ipFamilies,
    ipFamilyPolicy: spec.ipFamilyPolicy ?? old.ipFamilyPolicy
  }
  allocate(draft, call)
}

const nodePortLike = (ports: ReadonlyArray<ServicePort>, { port, protocol }: ServicePort): { nodePort?: number } => {
  const nodePort = ports.find((it) => it.port === port && it.protocol === protocol)?.nodePort
  return nodePort === undefined ? {} : { nodePort }
}

/** Hooks of services. */
export const serviceRules: Partial<KindRules> = { prepareCreate, prepareUpdate }
