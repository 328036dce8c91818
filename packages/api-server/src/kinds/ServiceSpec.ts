/** What of a service its allocations are about. */

/** A port of a service. */
export interface ServicePort {
  readonly name?: string
  readonly nodePort?: number
  readonly port: number
  readonly protocol?: string
}

/** The spec of a service. */
export interface ServiceSpec {
  readonly type?: string
  readonly clusterIP?: string
  readonly clusterIPs?: ReadonlyArray<string>
  readonly ipFamilies?: ReadonlyArray<string>
  readonly ipFamilyPolicy?: string
  readonly selector?: { readonly [key: string]: string }
  readonly ports?: ReadonlyArray<ServicePort>
  readonly allocateLoadBalancerNodePorts?: boolean
  readonly loadBalancerClass?: string
  readonly externalTrafficPolicy?: string
  readonly internalTrafficPolicy?: string
  readonly healthCheckNodePort?: number
}

/** Services that are reached through the ports of nodes. */
export const needsNodePort = ({ type }: ServiceSpec): boolean => type === "NodePort" || type === "LoadBalancer"

/** Services that ask for ports of their own where they name none. */
export const allocatesNodePorts = ({ allocateLoadBalancerNodePorts, type }: ServiceSpec): boolean =>
  type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false)

/** Services whose balancers ask nodes whether they have an endpoint. */
export const needsHealthCheck = ({ externalTrafficPolicy, type }: ServiceSpec): boolean => type === "LoadBalancer" && externalTrafficPolicy === "Local"
