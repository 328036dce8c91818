/** What a pod asks of a node, in a form that many pods of the same kind share. */
import type { Container, Pod, PodSpec } from "@fairlead/kube"
import { amountOf } from "./amounts.ts"
import { isSidecar } from "./podRecord.ts"

/** Amounts by resource name: cores, bytes, devices. */
export type Amounts = ReadonlyMap<string, number>

/** What a scheduler needs to know of a pod. */
export interface PodDemand {
  readonly requests: Amounts
  /** `protocol/ip/port` of every port on the host. */
  readonly hostPorts: ReadonlyArray<string>
  readonly spec: PodSpec
}

/** Sorts a pod into its class. Where pods care about each other, labels and namespaces count too. */
export const classOf = (pod: Pod, isSociable = false): string => {
  const spec = pod.spec!
  let text = `${spec.priority ?? 0}|${spec.preemptionPolicy ?? ""}`
  text += `|${textOf(spec.nodeSelector)}|${textOf(spec.affinity?.nodeAffinity)}|${textOf(spec.tolerations)}|${textOf(spec.overhead)}`
  for (const it of spec.initContainers ?? []) text += containerText(it)
  text += "|"
  for (const it of spec.containers) text += containerText(it)
  return isSociable ? `${text}|${textOf([pod.metadata.namespace, pod.metadata.labels, spec.affinity, spec.topologySpreadConstraints])}` : text
}

/** Most of what a pod could ask for it does not ask for. */
const textOf = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value))

const containerText = ({ ports, resources, restartPolicy }: Container): string =>
  `(${textOf(resources?.requests)}${restartPolicy ?? ""}${textOf(ports?.map((port) => (port.hostPort === undefined ? 0 : [port.hostPort, port.protocol, port.hostIP])))})`

/** Works the demand of a pod out. */
export const demandOf = (pod: Pod): PodDemand => {
  const spec = pod.spec!
  return { requests: podRequests(spec), hostPorts: spec.containers.flatMap(hostPortsOf), spec }
}

const hostPortsOf = (container: Container): ReadonlyArray<string> =>
  (container.ports ?? []).flatMap((port) =>
    port.hostPort === undefined || port.hostPort === 0 ? [] : [`${port.protocol ?? "TCP"}/${port.hostIP ?? "0.0.0.0"}/${port.hostPort}`])

/**
 * Requests of a pod by Kubernetes' rule: main containers and sidecars together, or an init container together with the sidecars before
 * it if that is more; plus the overhead.
 */
export const podRequests = (spec: PodSpec): Amounts => {
  const steady = new Map<string, number>()
  for (const container of spec.containers) add(steady, requestsOf(container))
  const sidecars = new Map<string, number>()
  const peak = new Map<string, number>()
  for (const container of spec.initContainers ?? []) {
    if (isSidecar(container)) {
      add(sidecars, requestsOf(container))
      add(steady, requestsOf(container))
      raise(peak, sidecars)
    } else {
      const together = new Map(sidecars)
      add(together, requestsOf(container))
      raise(peak, together)
    }
  }
  raise(steady, peak)
  add(steady, amounts(spec.overhead))
  return steady
}

const requestsOf = (container: Container): Amounts => amounts(container.resources?.requests)

/** Reads a resource list; an unreadable quantity counts as nothing, since the API server refuses it anyway. */
export const amounts = (list: { readonly [name: string]: string } | undefined): Amounts => {
  const found = new Map<string, number>()
  if (list !== undefined) for (const name of Object.keys(list)) found.set(name, amountOf(list[name]!) ?? 0)
  return found
}

/** Adds `more` into `sum`. */
export const add = (sum: Map<string, number>, more: Amounts, sign = 1): void => {
  for (const [name, amount] of more) sum.set(name, (sum.get(name) ?? 0) + sign * amount)
}

const raise = (most: Map<string, number>, other: Amounts): void => {
  for (const [name, amount] of other) most.set(name, Math.max(most.get(name) ?? 0, amount))
}
