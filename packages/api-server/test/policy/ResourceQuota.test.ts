import type { KubeObject, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { quotaUsage, type ResourceQuota } from "../../src/policy/quota/Quotas.ts"
import { makeServer } from "../makeServer.ts"

const podSpec = (requests: object = {}, more: object = {}): object => ({ containers: [{ name: "c", image: "i", resources: { requests } }], ...more })

/** A server with a quota that a controller has counted already. */
const withQuota = (hard: Record<string, string>, more: object = {}) => {
  const { call, time } = makeServer()
  call("create", { plural: "resourcequotas", body: { metadata: { name: "q" }, spec: { hard, ...more } } })
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]))
  call("patch", { plural: "resourcequotas", name: "q", subresource: "status", patchType: "merge", body: { status: { hard, used } } })
  const usedNow = (): unknown => (call("get", { plural: "resourcequotas", name: "q" }).body as ResourceQuota).status?.used
  const create = (plural: string, name: string, spec: object): string | undefined => {
    const answer = call("create", { plural, body: { metadata: { name }, spec } })
    return answer.code === 201 ? undefined : (answer.body as Status).message
  }
  return { call, create, time, usedNow }
}

describe("the quota of a namespace", () => {
  it("is used up by creations and refuses what is too much", () => {
    const { create, usedNow } = withQuota({ pods: "2", "requests.memory": "3Gi" })
    expect(create("pods", "a", podSpec({ memory: "2Gi" }))).toBeUndefined()
    expect(usedNow()).toEqual({ pods: "1", "requests.memory": "2Gi" })
    expect(create("pods", "b", podSpec({ memory: "1536Mi" })))
      .toBe('pods "b" is forbidden: exceeded quota: q, requested: requests.memory=1536Mi, used: requests.memory=2Gi, limited: requests.memory=3Gi')
    expect(create("pods", "b", podSpec())).toBe('pods "b" is forbidden: failed quota: q: must specify requests.memory for: c')
    expect(usedNow()).toEqual({ pods: "1", "requests.memory": "2Gi" })
  })

  it("is not used by dry runs, but by names that are taken", () => {
    const { call, create, usedNow } = withQuota({ "count/configmaps": "5" })
    create("configmaps", "a", {})
    create("configmaps", "a", {})
    call("create", { query: { dryRun: "All" }, body: { metadata: { name: "b" } } })
    expect(usedNow()).toEqual({ "count/configmaps": "2" })
  })

  it("counts the growth of a service that changes its type", () => {
    const { call, create, usedNow } = withQuota({ services: "5", "services.nodeports": "1" })
    expect(create("services", "s", { ports: [{ name: "a", port: 1 }, { name: "b", port: 2 }] })).toBeUndefined()
    const exposed = call("patch", { plural: "services", name: "s", patchType: "merge", body: { spec: { type: "NodePort" } } })
    expect((exposed.body as Status).message)
      .toBe('services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1')
    expect(usedNow()).toEqual({ services: "1", "services.nodeports": "0" })
  })

  it("counts claims by their storage class", () => {
    const { create, usedNow } = withQuota({ "requests.storage": "10Gi", "gold.storageclass.storage.k8s.io/requests.storage": "1Gi" })
    const claim = (storage: string, storageClassName: string): object => ({ accessModes: ["ReadWriteOnce"], storageClassName, resources: { requests: { storage } } })
    expect(create("persistentvolumeclaims", "a", claim("2Gi", "iron"))).toBeUndefined()
    expect(create("persistentvolumeclaims", "b", claim("2Gi", "gold"))).toContain("exceeded quota: q, requested: gold.storageclass.storage.k8s.io/requests.storage=2Gi")
    expect(usedNow()).toEqual({ "gold.storageclass.storage.k8s.io/requests.storage": "0", "requests.storage": "2Gi" })
  })

  it("looks at pods in its scope only", () => {
    const { create, usedNow } = withQuota({ pods: "0" }, { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["system-node-critical"] }] } })
    expect(create("pods", "a", podSpec())).toBeUndefined()
    expect(create("pods", "b", podSpec({}, { priorityClassName: "system-node-critical" }))).toContain("exceeded quota")
    expect(usedNow()).toEqual({ pods: "0" })
  })

  it("refuses writes until it has been counted", () => {
    const { call } = makeServer()
    call("create", { plural: "resourcequotas", body: { metadata: { name: "q" }, spec: { hard: { configmaps: "5" } } } })
    call("patch", { plural: "resourcequotas", name: "q", subresource: "status", patchType: "merge", body: { status: { hard: { configmaps: "5" } } } })
    expect((call("create", { body: { metadata: { name: "a" } } }).body as Status).message)
      .toBe('configmaps "a" is forbidden: status unknown for quota: q, resources: configmaps')
  })
})

describe("what is used under a quota", () => {
  const pod = (name: string, spec: object, status: object = {}): KubeObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec, status }) as KubeObject
  const usage = (hard: ReadonlyArray<string>, objects: ReadonlyArray<KubeObject>, more: object = {}): unknown =>
    quotaUsage({ metadata: {}, spec: { hard: Object.fromEntries(hard.map((name) => [name, "1"])), ...more } } as ResourceQuota, () => objects, 0)

  it("leaves ended pods out of everything but their number", () => {
    const pods = [pod("a", podSpec({ cpu: "1" })), pod("b", podSpec({ cpu: "1" }), { phase: "Succeeded" })]
    expect(usage(["pods", "count/pods", "cpu", "requests.cpu"], pods)).toEqual({ "count/pods": "2", cpu: "1", pods: "1", "requests.cpu": "1" })
  })

  it("adds overhead, and takes the larger of what a resized pod wants and has", () => {
    const spec = podSpec({ cpu: "1" }, { overhead: { cpu: "250m" } })
    expect(usage(["cpu"], [pod("a", spec, { containerStatuses: [{ name: "c", allocatedResources: { cpu: "3" } }] })])).toEqual({ cpu: "3250m" })
  })

  it("tells nothing of entries that nobody counts", () => {
    expect(usage(["pods", "unknown"], [])).toEqual({ pods: "0" })
  })

  it("counts by scope", () => {
    const pods = [pod("a", podSpec()), pod("b", podSpec({ cpu: "1" })), pod("c", podSpec({}, { activeDeadlineSeconds: 1 }))]
    expect(usage(["pods"], pods, { scopes: ["BestEffort"] })).toEqual({ pods: "2" })
    expect(usage(["pods"], pods, { scopes: ["Terminating"] })).toEqual({ pods: "1" })
    expect(usage(["pods"], pods, { scopes: ["NotTerminating", "NotBestEffort"] })).toEqual({ pods: "1" })
  })
})
