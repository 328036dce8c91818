import type { KubeObject, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } }
const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }
const claim = { metadata: { name: "v" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }

/** A kind, and an object of it beside its metadata. */
interface Sample {
  readonly group: string
  readonly plural: string
  readonly namespaced: boolean
  readonly object: object
}

const sample = (key: string, object: object, namespaced = false): Sample => ({ group: key.split("/")[0]!, plural: key.split("/")[1]!, namespaced, object })

const samples: Readonly<Record<string, Sample>> = Object.fromEntries([
  sample("/configmaps", {}, true),
  sample("/limitranges", { spec: { limits: [] } }, true),
  sample("/replicationcontrollers", { spec: { replicas: 0, selector: { a: "b" }, template } }, true),
  sample("/nodes", {}),
  sample("/persistentvolumes", { spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" } } }),
  sample("apps/deployments", { spec: { replicas: 0, selector: { matchLabels: { a: "b" } }, template } }, true),
  sample("apps/statefulsets", { spec: { replicas: 0, serviceName: "s", selector: { matchLabels: { a: "b" } }, template, volumeClaimTemplates: [claim] } }, true),
  sample("apps/daemonsets", { spec: { selector: { matchLabels: { a: "b" } }, template } }, true),
  sample("coordination.k8s.io/leases", {}, true),
  sample("discovery.k8s.io/endpointslices", { addressType: "IPv4", endpoints: [], ports: [] }, true),
  sample("policy/poddisruptionbudgets", { spec: { minAvailable: 1 } }, true),
  sample("scheduling.k8s.io/priorityclasses", { value: 1 }),
  sample("storage.k8s.io/csidrivers", { spec: {} }),
  sample("storage.k8s.io/csinodes", { spec: { drivers: [] } }),
  sample("storage.k8s.io/storageclasses", { provisioner: "a.com/b" }),
  sample("storage.k8s.io/volumeattributesclasses", { driverName: "a.com", parameters: { a: "b" } }),
  sample("node.k8s.io/runtimeclasses", { handler: "h" }),
  sample("admissionregistration.k8s.io/validatingadmissionpolicies", { spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: "true" }] } })
].map((it) => [`${it.group}/${it.plural}`, it]))

const withKind = (key: string) => {
  const { call } = makeServer()
  const { group, plural, namespaced, object } = samples[key]!
  const at = { group, plural, ...(namespaced ? {} : { namespace: undefined }) }
  const create = (metadata: object = { name: "a" }, more: object = {}) => call("create", { ...at, body: { ...object, ...more, metadata } })
  const patch = (body: object, rest: object = {}) => call("patch", { ...at, name: "a", patchType: "merge", body, ...rest })
  const remove = () => call("delete", { ...at, name: "a" })
  const update = (metadata: object) => call("update", { ...at, name: "a", body: { ...object, metadata } })
  return { create, patch, remove, update, call, at }
}

const causesOf = ({ body }: { readonly body: unknown }): number => (body as Status).details?.causes?.length ?? 0
const messageOf = ({ body }: { readonly body: unknown }): string => (body as Status).message ?? ""
const objectOf = ({ body }: { readonly body: unknown }): KubeObject & { readonly spec?: Record<string, unknown>; readonly status?: object } => body as KubeObject

describe("metadata", () => {
  // How often a kind tells of a bad label, of another uid and of a finalizer without domain, when they come by an update.
  it.each([
    ["/configmaps", 4, 2, 2],
    ["/limitranges", 3, 1, 1],
    ["/nodes", 4, 2, 2],
    ["/persistentvolumes", 4, 1, 2],
    ["apps/deployments", 3, 2, 1],
    ["coordination.k8s.io/leases", 3, 2, 0],
    ["policy/poddisruptionbudgets", 2, 1, 0],
    ["storage.k8s.io/csidrivers", 3, 2, 1],
    ["storage.k8s.io/csinodes", 3, 1, 1],
    ["storage.k8s.io/storageclasses", 4, 2, 2],
    ["node.k8s.io/runtimeclasses", 4, 2, 0],
    ["admissionregistration.k8s.io/validatingadmissionpolicies", 3, 1, 0]
  ])("of %s is checked as often as by the original", (key, labels, uid, finalizers) => {
    const { create, patch } = withKind(key)
    expect(create()).toMatchObject({ code: 201 })
    expect(causesOf(patch({ metadata: { labels: { "Bad Key": "x" } } }))).toBe(labels)
    expect(causesOf(patch({ metadata: { uid: "x" } }))).toBe(uid)
    expect(causesOf(patch({ metadata: { finalizers: ["bad"] } }))).toBe(finalizers)
  })

  it.each([
    ["/configmaps", "x".repeat(254), "must be no more than 253 characters"],
    ["apps/statefulsets", "a.b", "must not contain dots"],
    ["policy/poddisruptionbudgets", "a/b", "may not contain '/'"]
  ])("of %s: the name %s is refused", (key, name, text) => {
    expect(messageOf(withKind(key).create({ name }))).toContain(`metadata.name: Invalid value: "${name}": ${text}`)
  })

  it("of budgets: names may be odd", () => expect(withKind("policy/poddisruptionbudgets").create({ name: "Bad_Name!" })).toMatchObject({ code: 201 }))

  it("of limit ranges: a name is made where there is none", () => {
    expect(objectOf(withKind("/limitranges").create({})).metadata.name).toMatch(/^[0-9a-f-]{36}$/)
  })

  it.each([
    ["/nodes", "minions/a"],
    ["/replicationcontrollers", "controllers/default/a"],
    ["/configmaps", "configmaps/default/a"]
  ])("of %s: refusals name the key of the store", (key, stored) => {
    const { create, update } = withKind(key)
    create()
    expect(messageOf(update({ name: "a", uid: "00000000-0000-0000-0000-000000000009" }))).toContain(`Key: /registry/${stored}, `)
  })
})

describe("generations", () => {
  const annotated = { metadata: { annotations: { a: "b" } } }
  const labelled = { metadata: { labels: { a: "b" } } }

  it.each<readonly [string, object, number | undefined, number | undefined]>([
    ["apps/deployments", annotated, 1, 2],
    ["apps/statefulsets", annotated, 1, 1],
    ["discovery.k8s.io/endpointslices", labelled, 1, 2],
    ["scheduling.k8s.io/priorityclasses", { description: "x" }, 1, 1],
    ["storage.k8s.io/csidrivers", { spec: { requiresRepublish: true } }, undefined, 1]
  ])("of %s after %j", (key, change, first, second) => {
    const { create, patch } = withKind(key)
    expect(objectOf(create()).metadata.generation).toBe(first)
    expect(objectOf(patch(change)).metadata.generation).toBe(second)
  })
})

describe("kinds with something of their own", () => {
  it("daemon sets count their templates in an annotation", () => {
    const { create, patch } = withKind("apps/daemonsets")
    const count = (answer: { readonly body: unknown }): string | undefined => objectOf(answer).metadata.annotations?.["deprecated.daemonset.template.generation"]
    expect(count(create())).toBe("1")
    expect(count(patch({ metadata: { annotations: { "deprecated.daemonset.template.generation": "9" } } }))).toBe("1")
    expect(count(patch({ spec: { template: { metadata: { annotations: { a: "b" } } } } }))).toBe("2")
  })

  it("stateful sets say what their claims are, and drop what is not turned on", () => {
    const { create, patch } = withKind("apps/statefulsets")
    expect(objectOf(create()).spec).toMatchObject({ volumeClaimTemplates: [{ apiVersion: "v1", kind: "PersistentVolumeClaim" }] })
    expect(objectOf(patch({ spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 1 } } } })).spec!["updateStrategy"]).toEqual({ type: "RollingUpdate", rollingUpdate: { partition: 0 } })
  })

  it("leases drop the strategy of elections, which is not turned on", () => {
    expect(objectOf(withKind("coordination.k8s.io/leases").create({ name: "a" }, { spec: { strategy: "X", preferredHolder: "h", holderIdentity: "i" } })).spec).toEqual({ holderIdentity: "i" })
  })

  it("service accounts keep the names of their secrets", () => {
    const { call } = makeServer()
    const answer = call("create", { plural: "serviceaccounts", body: { metadata: { name: "a" }, secrets: [{ name: "s", namespace: "n", kind: "Secret" }] } })
    expect((answer.body as unknown as { secrets: unknown }).secrets).toEqual([{ name: "s" }])
  })

  it("volumes remember since when they are what they are", () => {
    const { create, patch } = withKind("/persistentvolumes")
    expect(objectOf(create()).status).toEqual({ phase: "Pending", lastPhaseTransitionTime: "2026-01-01T00:00:00Z" })
    expect(objectOf(patch({ status: { phase: "Available", lastPhaseTransitionTime: null } }, { subresource: "status" })).status).toMatchObject({ phase: "Available" })
  })

  it("classes of attributes are protected while they are used", () => {
    const { create, remove } = withKind("storage.k8s.io/volumeattributesclasses")
    expect(objectOf(create()).metadata.finalizers).toEqual(["kubernetes.io/vac-protection"])
    expect(remove()).toMatchObject({ code: 200, body: { kind: "VolumeAttributesClass" } })
  })

  it("runtime classes are created by updates, and classes of storage answer their last state", () => {
    expect(withKind("node.k8s.io/runtimeclasses").update({ name: "a" })).toMatchObject({ code: 201 })
    const { create, remove } = withKind("storage.k8s.io/storageclasses")
    create()
    expect(remove()).toMatchObject({ code: 200, body: { kind: "StorageClass" } })
  })

  it.each(["apps/deployments", "apps/statefulsets"])("%s with a selector that cannot be used say so once more", (key) => {
    const selector = { matchLabels: { a: "b" }, matchExpressions: [{ key: "x", operator: "Bad" }] }
    const { call, at } = withKind(key)
    const answer = call("create", { ...at, body: { metadata: { name: "a" }, spec: { ...(samples[key]!.object as { spec: object }).spec, selector } } })
    const shown = 'spec.selector: Invalid value: {"matchLabels":{"a":"b"},"matchExpressions":[{"key":"x","operator":"Bad"}]}'
    expect(messageOf(answer)).toContain(key === "apps/deployments" ? `${shown}: invalid label selector` : shown)
  })

  it("scales of replication controllers show the selector", () => {
    const { create, call, at } = withKind("/replicationcontrollers")
    create()
    expect(call("get", { ...at, name: "a", subresource: "scale" }).body).toMatchObject({ status: { selector: "a=b" } })
  })
})
