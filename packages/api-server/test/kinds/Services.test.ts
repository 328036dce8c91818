import type { KubeObject, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

interface Spec {
  readonly clusterIP?: string
  readonly clusterIPs?: ReadonlyArray<string>
  readonly ipFamilies?: ReadonlyArray<string>
  readonly ipFamilyPolicy?: string
  readonly healthCheckNodePort?: number
  readonly ports?: ReadonlyArray<{ readonly nodePort?: number }>
  readonly [field: string]: unknown
}

const withServices = () => {
  const { call } = makeServer()
  const answered = ({ code, body }: ReturnType<typeof call>): string | Spec => (code < 300 ? (body as KubeObject & { spec: Spec }).spec : `${code} ${(body as Status).message}`)
  const create = (name: string, spec: object): string | Spec => answered(call("create", { plural: "services", body: { metadata: { name }, spec } }))
  const patch = (name: string, spec: object): string | Spec => answered(call("patch", { plural: "services", name, patchType: "merge", body: { spec } }))
  create("taken", { type: "NodePort", clusterIP: "10.96.1.1", ports: [{ port: 80, nodePort: 30001 }] })
  return { create, patch }
}

const port = { port: 80 }
const invalid = (what: string): string => `422 Service "a" is invalid: ${what}`
const range = "The range of valid ports is 30000-32767"

describe("services", () => {
  it.each<readonly [string, object, string]>([
    ["a node port that is taken", { type: "NodePort", ports: [{ port: 80, nodePort: 30001 }] }, invalid("spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated")],
    ["a node port out of range", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] }, invalid(`spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. ${range}`)],
    ["an address that is taken", { clusterIP: "10.96.1.1", ports: [port] }, invalid('spec.clusterIPs: Invalid value: ["10.96.1.1"]: failed to allocate IP 10.96.1.1: provided IP is already allocated')],
    ["an address out of range", { clusterIP: "1.2.3.4", ports: [port] }, invalid('spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided network does not match the current range')],
    ["a second list of addresses alone", { clusterIPs: ["10.96.1.9"], ports: [port] }, invalid('spec.clusterIPs: Invalid value: ["10.96.1.9"]: must be empty when `clusterIP` is not specified')],
    ["an address of a family that the cluster lacks", { clusterIP: "::1", ports: [port] }, invalid('spec.clusterIPs[0]: Invalid value: ["::1"]: IPv6 is not configured on this cluster')],
    ["a family that the cluster lacks", { ipFamilies: ["IPv6"], ports: [port] }, invalid('spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster')],
    ["both families", { ipFamilyPolicy: "RequireDualStack", ports: [port] }, invalid('spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services')],
    [
      "two families in a single stack",
      { ipFamilies: ["IPv4", "IPv6"], ports: [port] },
      invalid('spec.ipFamilyPolicy: Invalid value: "SingleStack": must be \'RequireDualStack\' or \'PreferDualStack\' when multiple IP families are specified')
    ],
    ["an address for a name outside", { type: "ExternalName", externalName: "a.com", clusterIP: "10.96.1.9" }, invalid("spec.clusterIPs: Forbidden: may not be set for ExternalName services")],
    [
      "a health check port that is taken",
      { type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: 30001, ports: [port] },
      "500 Internal error occurred: failed to allocate requested HealthCheck NodePort 30001: provided port is already allocated"
    ]
  ])("refuse %s", (_, spec, text) => {
    expect(withServices().create("a", spec)).toBe(text)
  })

  it("without selector and address have both families", () => {
    const { create } = withServices()
    expect(create("a", { clusterIP: "None" })).toMatchObject({ clusterIPs: ["None"], ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "RequireDualStack" })
    expect(create("b", { clusterIP: "None", selector: { a: "b" } })).toMatchObject({ ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" })
  })

  it("share a node port between protocols on one port", () => {
    const ports = [{ name: "a", port: 80, nodePort: 30080 }, { name: "b", port: 80, protocol: "UDP" }]
    expect((withServices().create("a", { type: "NodePort", ports }) as Spec).ports).toMatchObject([{ nodePort: 30080 }, { nodePort: 30080 }])
  })

  it("give back what their new type cannot have", () => {
    const { create, patch } = withServices()
    create("a", { type: "LoadBalancer", externalTrafficPolicy: "Local", ports: [{ port: 80, nodePort: 30080 }] })
    const spec = patch("a", { type: "ClusterIP" }) as Spec
    expect(spec.ports).toEqual([{ port: 80, protocol: "TCP", targetPort: 80 }])
    for (const field of ["healthCheckNodePort", "externalTrafficPolicy", "allocateLoadBalancerNodePorts"]) expect(spec[field]).toBeUndefined()
    expect(create("b", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] })).toMatchObject({ ports: [{ nodePort: 30080 }] })
    const outside = patch("a", { type: "ExternalName", externalName: "a.com" }) as Spec
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]) expect(outside[field]).toBeUndefined()
  })

  it("keep their address and their ports where an update leaves them out", () => {
    const { create, patch } = withServices()
    const made = create("a", { type: "NodePort", ports: [{ name: "a", port: 80 }] }) as Spec
    const kept = patch("a", { clusterIP: null, clusterIPs: null, ports: [{ name: "a", port: 81 }] }) as Spec
    expect([kept.clusterIP, kept.ports![0]!.nodePort]).toEqual([made.clusterIP, made.ports![0]!.nodePort])
    expect(patch("a", { clusterIP: "10.96.1.9" })).toBe(invalid('spec.clusterIPs[0]: Invalid value: ["10.96.1.9"]: may not change once set'))
    expect(patch("a", { ports: [{ name: "a", port: 1, nodePort: 30090 }, { name: "b", port: 2, nodePort: 30090 }] })).toBe("500 duplicate nodePort: {TCP 30090}")
  })
})
