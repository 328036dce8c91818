/** Which addresses and ports stand behind a service. Pure. */
import type { Pod, Service } from "@fairlead/kube"
import { hasEnded, isReady, isTerminating } from "../podFacts.ts"

/** A port as slices and endpoints list it. */
export interface EndpointPort {
  readonly name: string
  readonly protocol: string
  readonly port: number
  readonly appProtocol?: string
}

/** A pod behind a service. */
export interface Backend {
  readonly pod: Pod
  readonly ip: string
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
}

/** Backends that share the numbers of their ports. */
export interface BackendGroup {
  readonly ports: ReadonlyArray<EndpointPort>
  readonly backends: ReadonlyArray<Backend>
}

/** Selects its pods itself; other services get their addresses from elsewhere. */
export const hasSelector = ({ spec }: Service): boolean => spec?.type !== "ExternalName" && Object.keys(spec?.selector ?? {}).length > 0

export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === "None"

/** The pods that a service sends to, sorted by address, grouped by ports. */
export const groupsOf = (service: Service, pods: ReadonlyArray<Pod>): ReadonlyArray<BackendGroup> => {
  const selector = Object.entries(service.spec?.selector ?? {})
  const groups = new Map<string, { ports: ReadonlyArray<EndpointPort>; backends: Array<Backend> }>()
  for (const pod of pods) {
    const ip = pod.status?.podIP ?? ""
    if (!isListable(ip) || hasEnded(pod) || !selector.every(([key, value]) => pod.metadata.labels?.[key] === value)) continue
    const ports = portsOf(service, pod)
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { ports, backends: [] }
    groups.set(key, group)
    const serving = isReady(pod) || service.spec?.publishNotReadyAddresses === true
    group.backends.push({ pod, ip, serving, ready: serving && (!isTerminating(pod) || service.spec?.publishNotReadyAddresses === true), terminating: isTerminating(pod) })
  }
  return [...groups.values()].map(({ backends, ports }) => ({ ports, backends: backends.sort((a, b) => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0)) }))
}

/** Endpoints may not name addresses that mean another machine to everybody: pods that are local processes have only such ones. */
const isListable = (ip: string): boolean => ip !== "" && !/^(127\.|0\.0\.0\.0$|169\.254\.|22[4-9]\.|23\d\.|::1?$|fe80:|ff)/i.test(ip)

const portsOf = (service: Service, pod: Pod): ReadonlyArray<EndpointPort> =>
  (service.spec?.ports ?? []).flatMap(({ appProtocol, name = "", port, protocol = "TCP", targetPort = port }) => {
    const number = typeof targetPort === "number" ? targetPort : /^\d+$/.test(targetPort) ? Number(targetPort) : namedPort(pod, targetPort, protocol)
    return number === undefined ? [] : [{ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })

const namedPort = (pod: Pod, name: string, protocol: string): number | undefined =>
  [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((it) => it.restartPolicy === "Always")]
    .flatMap((it) => it.ports ?? []).find((it) => it.name === name && (it.protocol ?? "TCP") === protocol)?.containerPort

/** Points from an address to its pod. */
export const targetRef = ({ metadata: { name, namespace, uid } }: Pod): { readonly [field: string]: string } => ({ kind: "Pod", namespace: namespace!, name: name!, uid: uid! })
