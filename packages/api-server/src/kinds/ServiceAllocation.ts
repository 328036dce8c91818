/** Addresses and node ports that services are given, or ask for. */
import { failure, internalError, invalid, rawError } from "../ApiFailure.ts"
import { field } from "../Draft.ts"
import { invalidValue } from "../FieldCause.ts"
import type { Call } from "../rest/Call.ts"
import { allocatesNodePorts, needsHealthCheck, needsNodePort, type ServicePort, type ServiceSpec } from "./ServiceSpec.ts"

const services = { group: "", plural: "services" } as const
const nodePortMin = 30_000
const nodePortCount = 2768

/** Addresses of services lie in 10.96.0.0/12, where the first is that of the API server. */
const addressOf = (index: number): string => `10.${96 + ((index >>> 16) & 15)}.${(index >>> 8) & 255}.${index & 255}`
const addressCount = 2 ** 20 - 2
const isInRange = (ip: string): boolean => /^10\.(9[6-9]|10\d|11[01])\.\d+\.\d+$/.test(ip)

/** What other services have, and what this one takes in the course of its allocation. */
export class ServiceAllocation {
  readonly #name: string
  readonly #random: () => number
  readonly #addresses: Set<string>
  readonly #ports: Set<number>
  readonly #isDryRun: boolean

  /** `own` is what the service has already. */
  constructor({ dryRun, server: { random, store } }: Call, name: string, own?: ServiceSpec) {
    this.#name = name
    this.#isDryRun = dryRun
    this.#random = random
    const specs = store.collection(services).list("").map((service) => field<ServiceSpec>(service, "spec") ?? {})
    this.#addresses = new Set(specs.map(({ clusterIP = "" }) => clusterIP))
    this.#ports = new Set(specs.flatMap(({ healthCheckNodePort = 0, ports = [] }) => [healthCheckNodePort, ...ports.map(({ nodePort = 0 }) => nodePort)]))
    this.#ports.delete(0)
    for (const { nodePort = 0 } of own?.ports ?? []) this.#ports.delete(nodePort)
    this.#ports.delete(own?.healthCheckNodePort ?? 0)
  }

  /** The address of a service that needs one. Throws `Invalid` if it cannot have the one it wants. */
  address(spec: ServiceSpec): ServiceSpec {
    if (spec.type === "ExternalName" || spec.clusterIP === "None") return spec
    if (!spec.clusterIP) {
      const clusterIP = this.#freeAddress()
      return { ...spec, clusterIP, clusterIPs: [clusterIP] }
    }
    const problem = !isInRange(spec.clusterIP)
      ? "the provided network does not match the current range"
      : this.#addresses.has(spec.clusterIP) ? "provided IP is already allocated" : undefined
    if (problem === undefined) return spec
    throw invalid("Service", "", this.#name, [invalidValue("spec.clusterIPs", spec.clusterIPs, `failed to allocate IP ${spec.clusterIP}: ${problem}`)])
  }

  /** The ports of a new service: equal ports share a node port. */
  newPorts(spec: ServiceSpec): ServiceSpec {
    if (!needsNodePort(spec)) return spec
    const given = new Map<number, number>()
    const ports = (spec.ports ?? []).map((port, i) => {
      if (!port.nodePort && !allocatesNodePorts(spec)) return port
      const known = given.get(port.port)
      if (known === undefined) {
        const wanted = (spec.ports ?? []).find((other) => other.port === port.port && Boolean(other.nodePort))?.nodePort
        const nodePort = wanted === undefined ? this.#freePort() : this.#take(wanted, i)
        given.set(port.port, nodePort)
        return { ...port, nodePort }
      }
      if (!port.nodePort) return { ...port, nodePort: known }
      if (port.nodePort !== known) this.#take(port.nodePort, i)
      return port
    })
    return { ...spec, ports }
  }

  /** The ports of a changed service. */
  changedPorts(spec: ServiceSpec, old: ServiceSpec): ServiceSpec {
    if (!needsNodePort(spec)) return spec
    const had = new Set((old.ports ?? []).map(({ nodePort = 0 }) => nodePort))
    const seen = new Set<string>()
    const ports = (spec.ports ?? []).map((port, i): ServicePort => {
      if (!port.nodePort) return allocatesNodePorts(spec) ? { ...port, nodePort: this.#freePort() } : port
      const key = `{${port.protocol} ${port.nodePort}}`
      if (seen.has(key)) throw rawError(`duplicate nodePort: ${key}`)
      if (!had.has(port.nodePort) && ![...seen].some((one) => one.endsWith(` ${port.nodePort}}`))) this.#take(port.nodePort, i)
      seen.add(key)
      return port
    })
    return { ...spec, ports }
  }

  /** The port of the health check, if there is one and it is not there yet. */
  healthCheck(spec: ServiceSpec, old?: ServiceSpec): ServiceSpec {
    if (!needsHealthCheck(spec) || (old !== undefined && needsHealthCheck(old))) return spec
    const asked = spec.healthCheckNodePort ?? 0
    if (asked === 0) return { ...spec, healthCheckNodePort: this.#freePort() }
    const problem = this.#problemOf(asked)
    if (problem !== undefined) throw internalError(`failed to allocate requested HealthCheck NodePort ${asked}: ${problem}`)
    this.#ports.add(asked)
    return spec
  }

  #problemOf(port: number): string | undefined {
    // A dry run looks only at what is taken.
    if (!this.#isDryRun && (port < nodePortMin || port >= nodePortMin + nodePortCount)) {
      return `provided port is not in the valid range. The range of valid ports is ${nodePortMin}-${nodePortMin + nodePortCount - 1}`
    }
    return this.#ports.has(port) ? "provided port is already allocated" : undefined
  }

  #take(port: number, index: number): number {
    const problem = this.#problemOf(port)
    if (problem !== undefined) throw invalid("Service", "", this.#name, [invalidValue(`spec.ports[${index}].nodePort`, port, problem)])
    this.#ports.add(port)
    return port
  }

  #freeAddress(): string {
    for (;;) {
      const address = addressOf(2 + Math.floor(this.#random() * addressCount))
      if (!this.#addresses.has(address)) return address
    }
  }

  #freePort(): number {
    if (this.#ports.size >= nodePortCount) throw failure(500, "InternalError", "Internal error occurred: failed to allocate a nodePort: range is full")
    for (;;) {
      const port = nodePortMin + Math.floor(this.#random() * nodePortCount)
      if (this.#ports.has(port)) continue
      this.#ports.add(port)
      return port
    }
  }
}
