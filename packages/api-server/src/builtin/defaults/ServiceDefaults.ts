/** Defaults of services. */
import type { Defaults } from "../Decode.ts"
import type { Fields } from "../Sharing.ts"

const clientIpSeconds = 10800

const port = (given: Fields): Fields => {
  const target = given["targetPort"]
  if (given["protocol"] !== undefined && target !== 0 && target !== "") return given
  const { name, protocol = "TCP", appProtocol, port: number, targetPort, ...rest } = given
  return {
    ...(name === undefined ? {} : { name }),
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
    port: number,
    targetPort: targetPort === 0 || targetPort === "" ? number : targetPort,
    ...rest
  }
}

const affinity = (spec: Fields): void => {
  spec["sessionAffinity"] ??= "None"
  if (spec["sessionAffinity"] === "None") delete spec["sessionAffinityConfig"]
  if (spec["sessionAffinity"] !== "ClientIP") return
  const config = spec["sessionAffinityConfig"] as { readonly clientIP?: { readonly timeoutSeconds?: number } } | undefined
  if (config?.clientIP?.timeoutSeconds === undefined) spec["sessionAffinityConfig"] = { clientIP: { timeoutSeconds: clientIpSeconds } }
}

const spec: Defaults = (out) => {
  affinity(out)
  out["type"] ??= "ClusterIP"
  const type = out["type"]
  if (Array.isArray(out["ports"])) out["ports"] = (out["ports"] as ReadonlyArray<Fields>).map(port)
  const external = type === "LoadBalancer" || type === "NodePort" || (type === "ClusterIP" && Array.isArray(out["externalIPs"]))
  if (external) out["externalTrafficPolicy"] ??= "Cluster"
  if (type === "NodePort" || type === "LoadBalancer" || type === "ClusterIP") out["internalTrafficPolicy"] ??= "Cluster"
  if (type === "LoadBalancer") out["allocateLoadBalancerNodePorts"] ??= true
}

interface Ingress extends Fields {
  readonly ip?: string
  readonly ipMode?: string
}

const service: Defaults = (out) => {
  const { type } = out["spec"] as { readonly type?: string }
  const status = out["status"] as { readonly loadBalancer?: { readonly ingress?: ReadonlyArray<Ingress> } } | undefined
  const ingress = status?.loadBalancer?.ingress
  if (type !== "LoadBalancer" || ingress === undefined || !ingress.some((one) => one.ip !== undefined && one.ipMode === undefined)) return
  const filled = ingress.map((one) => (one.ip !== undefined && one.ipMode === undefined ? { ...one, ipMode: "VIP" } : one))
  out["status"] = { ...status, loadBalancer: { ...status?.loadBalancer, ingress: filled } }
}

/** Rules by Go type. */
export const serviceRules: Readonly<Record<string, Defaults>> = {
  "core/v1.ServiceSpec": spec,
  "core/v1.Service": service
}
