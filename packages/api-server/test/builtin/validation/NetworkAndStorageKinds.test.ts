import type { StatusCause } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import * as Builtin from "../../../src/builtin/Builtin.ts"
import * as Validation from "../../../src/builtin/validation/Validation.ts"

const metadata = { name: "a", namespace: "n" }

type Kind = readonly [group: string, plural: string, kind: string, version?: string]

const prepared = ([group, , kind, version = "v1"]: Kind, object: object): Record<string, unknown> => {
  const { object: decoded, problem } = Builtin.decode(Builtin.schemaOf(group, version, kind)!, { metadata, ...object })
  if (problem !== undefined) throw new Error(problem)
  return decoded
}

const shown = (causes: ReadonlyArray<StatusCause>): ReadonlyArray<string> => causes.map(({ field, message }) => `${field}: ${message}`)

const created = (kind: Kind, object: object): ReadonlyArray<string> => {
  const causes: Array<StatusCause> = []
  Validation.create(kind[0], kind[1], prepared(kind, object), causes)
  return shown(causes)
}

const updated = (kind: Kind, old: object, next: object): ReadonlyArray<string> => {
  const causes: Array<StatusCause> = []
  Validation.update(kind[0], kind[1], undefined, prepared(kind, next), prepared(kind, old), causes)
  return shown(causes)
}

const policies: Kind = ["networking.k8s.io", "networkpolicies", "NetworkPolicy"]
const ingresses: Kind = ["networking.k8s.io", "ingresses", "Ingress"]
const ingressClasses: Kind = ["networking.k8s.io", "ingressclasses", "IngressClass"]
const slices: Kind = ["discovery.k8s.io", "endpointslices", "EndpointSlice"]
const storageClasses: Kind = ["storage.k8s.io", "storageclasses", "StorageClass"]
const drivers: Kind = ["storage.k8s.io", "csidrivers", "CSIDriver"]
const autoscalers: Kind = ["autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "v2"]
const runtimes: Kind = ["node.k8s.io", "runtimeclasses", "RuntimeClass"]

describe("network policies", () => {
  const from = (block: object): object => ({ spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: block }] }] } })

  it.each([
    ["takes ranges within ranges", from({ cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] }), []],
    [
      "refuses ranges outside of them",
      from({ cidr: "10.0.0.0/8", except: ["11.0.0.0/16", "10.0.0.0/8"] }),
      [
        "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`",
        "spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`"
      ]
    ],
    ["refuses ranges that start within", from({ cidr: "10.0.0.1/8" }), ["spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length"]],
    ["needs peers", { spec: { podSelector: {}, egress: [{ to: [{}] }] } }, ["spec.egress[0].to[0]: Required value: must specify a peer"]],
    [
      "needs a number where there is another",
      { spec: { podSelector: {}, ingress: [{ ports: [{ port: "http", endPort: 90 }] }] } },
      ["spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric"]
    ]
  ])("%s", (_, object, expected) => {
    expect(created(policies, object)).toEqual(expected)
  })

  it("lets old ranges stay", () => {
    expect(updated(policies, from({ cidr: "10.0.0.1/8" }), { metadata: { ...metadata, labels: { a: "b" } }, ...from({ cidr: "10.0.0.1/8" }) })).toEqual([])
  })
})

describe("ingresses", () => {
  const service = { service: { name: "s", port: { number: 80 } } }

  it.each([
    ["takes a rule", { rules: [{ host: "*.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend: service }] } }] }, []],
    ["needs a rule or a backend", {}, ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]],
    ["needs a port", { defaultBackend: { service: { name: "s" } } }, ["spec.defaultBackend: Required value: port name or number is required"]],
    [
      "needs paths that say where they lead",
      { rules: [{ http: { paths: [{ path: "a/../b", pathType: "Exact", backend: service }] } }] },
      [
        "spec.rules[0].http.paths[0].path: Invalid value: \"a/../b\": must be an absolute path",
        "spec.rules[0].http.paths[0].path: Invalid value: \"a/../b\": must not contain '/../'"
      ]
    ],
    ["needs names of hosts", { defaultBackend: service, rules: [{ host: "10.0.0.1" }] }, ["spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"]]
  ])("%s", (_, spec, expected) => {
    expect(created(ingresses, { spec })).toEqual(expected)
  })

  it("keeps the controller of a class", () => {
    const of = (controller: string): object => ({ spec: { controller } })
    expect(created(ingressClasses, of("example.com/c"))).toEqual([])
    expect(updated(ingressClasses, of("example.com/c"), of("example.com/d"))).toEqual(["spec.controller: Invalid value: \"example.com/d\": field is immutable"])
  })
})

describe("endpoint slices", () => {
  it.each([
    ["IPv4", ["10.0.0.1"], []],
    ["IPv4", ["2001:db8::1"], ["endpoints[0].addresses: Invalid value: \"2001:db8::1\": must be an IPv4 address"]],
    ["IPv6", ["2001:DB8::1"], ["endpoints[0].addresses[0]: Invalid value: \"2001:DB8::1\": must be in canonical form (\"2001:db8::1\")"]],
    ["FQDN", ["example"], ["endpoints[0].addresses[0]: Invalid value: \"example\": should be a domain with at least two segments separated by dots"]],
    ["IPv4", [], ["endpoints[0].addresses: Required value: must contain at least 1 address"]]
  ])("checks addresses of type %s: %j", (addressType, addresses, expected) => {
    expect(created(slices, { addressType, endpoints: [{ addresses }], ports: [{ name: "a", port: 80, protocol: "TCP" }] })).toEqual(expected)
  })
})

describe("storage", () => {
  it("checks classes, and keeps what they mean", () => {
    const storage = { provisioner: "example.com/p", volumeBindingMode: "Immediate", parameters: { b: "1", a: "2" } }
    expect(created(storageClasses, storage)).toEqual([])
    expect(created(storageClasses, { provisioner: "", volumeBindingMode: "Later" })).toEqual([
      "provisioner: Required value",
      "volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", \"WaitForFirstConsumer\""
    ])
    expect(updated(storageClasses, storage, { ...storage, parameters: { b: "2", a: "2" } })).toEqual(["parameters: Invalid value: {\"a\":\"2\",\"b\":\"2\"}: field is immutable"])
  })

  it("checks drivers", () => {
    expect(created(drivers, { spec: {} })).toEqual([])
    expect(created(drivers, { spec: { tokenRequests: [{ audience: "a", expirationSeconds: 1 }, { audience: "a" }] } })).toEqual([
      "spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes",
      "spec.tokenRequests[1].audience: Duplicate value: \"a\""
    ])
  })
})

describe("autoscalers", () => {
  const target = { apiVersion: "apps/v1", kind: "Deployment", name: "d" }
  const cpu = { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }

  it.each([
    ["takes a share of a resource", { scaleTargetRef: target, maxReplicas: 3, metrics: [cpu] }, []],
    [
      "needs bounds in their order",
      { scaleTargetRef: target, minReplicas: 5, maxReplicas: 3 },
      ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"]
    ],
    ["needs the group of its target", { scaleTargetRef: { ...target, apiVersion: "v1" }, maxReplicas: 3 }, ["spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group"]],
    [
      "needs the source that it names",
      { scaleTargetRef: target, maxReplicas: 3, metrics: [{ ...cpu, type: "Pods" }] },
      ["spec.metrics[0].pods: Required value: must populate information for the given metric source"]
    ]
  ])("%s", (_, spec, expected) => {
    expect(created(autoscalers, { spec })).toEqual(expected)
  })
})

describe("runtime classes", () => {
  it("keeps its handler", () => {
    expect(created(runtimes, { handler: "h" })).toEqual([])
    expect(updated(runtimes, { handler: "h" }, { handler: "i" })).toEqual(["handler: Invalid value: \"i\": field is immutable"])
  })
})
