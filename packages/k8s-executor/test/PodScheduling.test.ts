import type { PodSpec } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { type PodPluginConfig, podPluginDefaults } from "../src/PodPluginConfig.ts"
import { constrain, constrainMerged, preferOfNodes, requireOfNodes, schedule, tolerate, tolerateExtendedResources } from "../src/PodScheduling.ts"
import { metadata } from "./support/fixtures.ts"

const requirement = { key: "new", operator: "Exists" } as const
const other = { key: "old", operator: "In", values: ["a"] } as const
const terms = (affinity: NonNullable<PodSpec["affinity"]> | undefined) =>
  affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
const required = (...list: ReadonlyArray<ReadonlyArray<object>>) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: list.map((matchExpressions) => ({ matchExpressions })) } }
}) as NonNullable<PodSpec["affinity"]>
const config = (own: Partial<PodPluginConfig>): PodPluginConfig => ({ ...podPluginDefaults, ...own })
const spec = (own: Partial<PodSpec> = {}): PodSpec => ({ containers: [{ name: "main", resources: { limits: { cpu: "1", "nvidia.com/gpu": "1" }, requests: { "ephemeral-storage": "1" } } }], ...own })

describe("requireOfNodes", () => {
  it("starts a term where there is none", () => {
    expect(terms(requireOfNodes(undefined, requirement))).toEqual([{ matchExpressions: [requirement] }])
    expect(terms(requireOfNodes({ podAffinity: {} }, requirement))).toEqual([{ matchExpressions: [requirement] }])
  })

  it("goes into every one of the alternatives", () => {
    expect(terms(requireOfNodes(required([other], []), requirement))).toEqual([{ matchExpressions: [other, requirement] }, { matchExpressions: [requirement] }])
  })

  it("adds nothing twice", () => {
    const once = requireOfNodes(required([other]), requirement)
    expect(requireOfNodes(once, requirement)).toEqual(once)
  })

  it("tells requirements apart by key, operator and values", () => {
    const changed = [{ ...other, key: "x" }, { ...other, operator: "NotIn" }, { ...other, values: ["b"] }, { ...other, values: ["a", "b"] }] as const
    for (const it of changed) expect(terms(requireOfNodes(required([other]), it))?.[0]?.matchExpressions).toHaveLength(2)
  })

  it("leaves its argument alone", () => {
    const affinity = Object.freeze(required([other]))
    const before = structuredClone(affinity)
    requireOfNodes(affinity, requirement)
    expect(affinity).toEqual(before)
  })
})

it("preferOfNodes appends a weighted preference", () => {
  const once = preferOfNodes(undefined, 10, requirement)
  expect(preferOfNodes(once, 1, other).nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution).toEqual([
    { weight: 10, preference: { matchExpressions: [requirement] } },
    { weight: 1, preference: { matchExpressions: [other] } }
  ])
})

describe("tolerations", () => {
  const gpu = { key: "flyte/gpu", value: "dedicated", operator: "Equal", effect: "NoSchedule" } as const
  const storage = { key: "ephemeral-storage", operator: "Exists", effect: "NoSchedule" } as const
  const spot = { key: "spot", operator: "Exists" } as const
  const all = { key: "flyte", operator: "Exists" } as const
  const own = { key: "own", operator: "Exists" } as const
  const settings = config({
    resourceTolerations: { "nvidia.com/gpu": [gpu], "ephemeral-storage": [storage] },
    interruptibleTolerations: [spot],
    defaultTolerations: [all]
  })

  it("come by resource in order of names, then for interruptible pods, then for all, then the pod's own", () => {
    expect(schedule(spec({ tolerations: [own] }), metadata({ interruptible: true }), settings).tolerations).toEqual([storage, gpu, spot, all, own])
  })

  it("for interruptible pods are only theirs", () => {
    expect(schedule(spec(), metadata(), settings).tolerations).toEqual([storage, gpu, all])
  })

  it("are left out when there are none", () => {
    expect(schedule(spec(), metadata(), config({}))).not.toHaveProperty("tolerations")
  })

  it("are not added twice", () => {
    expect(tolerate([gpu], { ...gpu })).toEqual([gpu])
    expect(tolerate([{ key: "a", value: "b" }], { key: "a", operator: "Equal", value: "b" })).toHaveLength(1)
    expect(tolerate([gpu], { ...gpu, value: "x" })).toHaveLength(2)
  })

  it("for extended resources follow the requests of all containers", () => {
    const pod = spec({ initContainers: [{ name: "i", resources: { requests: { "b/x": "1" } } }], containers: [{ name: "c", resources: { requests: { "a/y": "1" }, limits: { "c/z": "1" } } }] })
    const settings = config({ addTolerationsForExtendedResources: ["b/x", "a/y", "c/z"] })
    const once = tolerateExtendedResources(pod, settings)
    expect(once.tolerations).toEqual(["a/y", "b/x"].map((key) => ({ key, operator: "Exists", effect: "NoSchedule" })))
    expect(tolerateExtendedResources(once, settings)).toEqual(once)
  })
})

describe("schedule", () => {
  it("never restarts containers unless the pod says otherwise", () => {
    expect(schedule(spec(), metadata(), config({})).restartPolicy).toBe("Never")
    expect(schedule(spec({ restartPolicy: "OnFailure" }), metadata(), config({})).restartPolicy).toBe("OnFailure")
  })

  it("fills service account and scheduler where they are open", () => {
    const settings = config({ schedulerName: "theirs" })
    expect(schedule(spec(), metadata({ k8sServiceAccount: "sa" }), settings)).toMatchObject({ serviceAccountName: "sa", schedulerName: "theirs" })
    expect(schedule(spec({ serviceAccountName: "mine", schedulerName: "own" }), metadata({ k8sServiceAccount: "sa" }), settings))
      .toMatchObject({ serviceAccountName: "mine", schedulerName: "own" })
  })

  it("merges node selectors: defaults, then the pod's, then those of interruptible pods", () => {
    const settings = config({ defaultNodeSelector: { a: "1", b: "1", c: "1" }, interruptibleNodeSelector: { c: "3" } })
    expect(schedule(spec({ nodeSelector: { b: "2", c: "2" } }), metadata({ interruptible: true }), settings).nodeSelector).toEqual({ a: "1", b: "2", c: "3" })
    expect(schedule(spec({ nodeSelector: { b: "2" } }), metadata(), settings).nodeSelector).toEqual({ a: "1", b: "2", c: "1" })
  })

  const placed = (interruptible: boolean, settings: PodPluginConfig) =>
    terms(constrain(schedule(spec(), metadata({ interruptible }), settings), interruptible, settings).affinity)

  it.each([[true, "yes"], [false, "no"]])("and constrain require the nodes for interruptible %s", (interruptible, key) => {
    const settings = config({
      interruptibleNodeSelectorRequirement: { key: "yes", operator: "Exists" },
      nonInterruptibleNodeSelectorRequirement: { key: "no", operator: "Exists" }
    })
    expect(placed(interruptible, settings)).toEqual([{ matchExpressions: [{ key, operator: "Exists" }] }])
  })

  it("and constrain combine the default affinity with the requirement for interruptible pods", () => {
    const settings = config({ defaultAffinity: required([other]) as never, interruptibleNodeSelectorRequirement: requirement })
    expect(placed(true, settings)).toEqual([{ matchExpressions: [other, requirement] }])
    expect(schedule(spec({ affinity: required([]) }), metadata(), settings).affinity).toEqual(required([]))
  })

  it.each([true, false])("forces hostNetwork %s when configured, and leaves it otherwise", (hostNetwork) => {
    expect(schedule(spec({ hostNetwork: !hostNetwork }), metadata(), config({ hostNetwork })).hostNetwork).toBe(hostNetwork)
    expect(schedule(spec({ hostNetwork }), metadata(), config({})).hostNetwork).toBe(hostNetwork)
    expect(schedule(spec(), metadata(), config({}))).not.toHaveProperty("hostNetwork")
  })

  it("gives the default DNS configuration to pods without one", () => {
    const settings = config({ defaultPodDnsConfig: { nameservers: ["8.8.8.8"] } })
    expect(schedule(spec(), metadata(), settings).dnsConfig).toEqual({ nameservers: ["8.8.8.8"] })
    expect(schedule(spec({ dnsConfig: {} }), metadata(), settings).dnsConfig).toEqual({})
  })
})

it("constrainMerged puts all of the platform's demands into alternatives that a merge has brought", () => {
  const settings = config({
    defaultAffinity: required([other]) as never,
    interruptibleNodeSelectorRequirement: requirement,
    interruptibleNodeSelector: { spot: "true" },
    interruptibleTolerations: [{ key: "spot", operator: "Exists" }]
  })
  const pod = constrain(schedule(spec(), metadata({ interruptible: true }), settings), true, settings)
  expect(constrainMerged(pod, true, settings)).toEqual(pod)
  const diluted = { ...pod, affinity: required([other, requirement], [{ key: "mine", operator: "Exists" }]) }
  expect(terms(constrainMerged(diluted, true, settings).affinity)?.[1]).toEqual({ matchExpressions: [{ key: "mine", operator: "Exists" }, other, requirement] })
})
