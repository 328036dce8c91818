import type { Node, Pod, PodSpec } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { NodeLedger } from "../../src/internal/nodeLedger.ts"
import { classOf, demandOf, podRequests } from "../../src/internal/podDemand.ts"

const node = (name: string, more: { cpu?: string; memory?: string; pods?: string; labels?: Record<string, string>; spec?: Node["spec"] } = {}): Node => ({
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...more.labels } },
  ...(more.spec === undefined ? {} : { spec: more.spec }),
  status: { allocatable: { cpu: more.cpu ?? "4", memory: more.memory ?? "8Gi", pods: more.pods ?? "110" } }
})

const pod = (spec: Partial<PodSpec> = {}, requests: Record<string, string> = {}): Pod => ({
  metadata: { name: "p", namespace: "ns", uid: "u" },
  spec: { containers: [{ name: "main", image: "i", resources: { requests } }], ...spec }
})

const ledgerOf = (...nodes: ReadonlyArray<Node>): NodeLedger => {
  const ledger = new NodeLedger()
  for (const it of nodes) ledger.setNode(it)
  return ledger
}

const tainted = (name: string, taint: { key: string; value?: string; effect: string }) => node(name, { spec: { taints: [taint] } })
const gpu = { key: "gpu", value: "yes", effect: "NoSchedule" }
const affinity = (operator: string, values: ReadonlyArray<string> = []): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: "size", operator, values: [...values] }] }] } }
  }
})

describe("place", () => {
  it("takes the node with the most left, and then the one with the fewest pods", () => {
    const ledger = ledgerOf(node("a"), node("b"))
    const demand = demandOf(pod({}, { cpu: "1" }))
    expect(ledger.place(demand)).toEqual({ node: "a" })
    ledger.take("a", demand)
    expect(ledger.place(demand)).toEqual({ node: "b" })
    ledger.take("b", demandOf(pod()))
    expect(ledger.place(demandOf(pod()))).toEqual({ node: "b" })
  })

  it("fills a node to the last thousandth of a core and frees what is released", () => {
    const ledger = ledgerOf(node("a", { cpu: "300m" }))
    const demand = demandOf(pod({}, { cpu: "100m" }))
    for (let i = 0; i < 3; i++) {
      expect(ledger.place(demand)).toEqual({ node: "a" })
      ledger.take("a", demand)
    }
    expect(ledger.place(demand)).toHaveProperty("refusal")
    ledger.release("a", demand)
    expect(ledger.place(demand)).toEqual({ node: "a" })
  })

  it("counts pods that were on a node before the node was known", () => {
    const ledger = new NodeLedger()
    ledger.take("a", demandOf(pod({}, { cpu: "3" })))
    ledger.setNode(node("a"))
    expect(ledger.place(demandOf(pod({}, { cpu: "2" })))).toHaveProperty("refusal")
  })

  it.each<[string, ReadonlyArray<Node>, Pod, string]>([
    ["no node at all", [], pod(), "no nodes available to schedule pods"],
    [
      "too little of everything",
      [node("a"), node("b")],
      pod({}, { cpu: "5", memory: "9Gi" }),
      "0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient memory. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    ],
    [
      "taints and too little",
      [tainted("a", gpu), node("b"), node("c")],
      pod({}, { cpu: "64" }),
      "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    ],
    [
      "an unknown resource",
      [node("a")],
      pod({}, { "nvidia.com/gpu": "1" }),
      "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    ],
    [
      "a selector that no node meets",
      [node("a"), node("b", { spec: { unschedulable: true } })],
      pod({ nodeSelector: { zone: "x" } }),
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    ]
  ])("explains %s as the original does", (_, nodes, it, refusal) => {
    expect(ledgerOf(...nodes).place(demandOf(it))).toMatchObject({ refusal })
  })

  it("says that victims were not found where an emptier node would do", () => {
    const ledger = ledgerOf(node("a", { pods: "1" }), tainted("b", gpu))
    ledger.take("a", demandOf(pod({}, { cpu: "3" })))
    expect(ledger.place(demandOf(pod({}, { cpu: "2" })))).toMatchObject({
      refusal: "0/2 nodes are available: 1 Insufficient cpu, 1 Too many pods, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."
    })
  })

  it.each<[string, Partial<PodSpec>, boolean]>([
    ["no toleration", {}, false],
    ["the same value", { tolerations: [{ key: "gpu", operator: "Equal", value: "yes", effect: "NoSchedule" }] }, true],
    ["another value", { tolerations: [{ key: "gpu", value: "no" }] }, false],
    ["any value", { tolerations: [{ key: "gpu", operator: "Exists" }] }, true],
    ["another effect", { tolerations: [{ key: "gpu", operator: "Exists", effect: "NoExecute" }] }, false],
    ["every taint", { tolerations: [{ operator: "Exists" }] }, true]
  ])("with %s a taint is tolerated or not", (_, spec, fits) => {
    expect("node" in ledgerOf(tainted("a", gpu)).place(demandOf(pod(spec)))).toBe(fits)
  })

  it.each<[string, ReadonlyArray<string>, boolean, boolean]>([
    ["In", ["big", "huge"], true, false],
    ["NotIn", ["big"], false, true],
    ["Exists", [], true, false],
    ["DoesNotExist", [], false, true]
  ])("node affinity %s decides for a labelled and a bare node", (operator, values, labelled, bare) => {
    const demand = demandOf(pod(affinity(operator, values)))
    expect("node" in ledgerOf(node("a", { labels: { size: "big" } })).place(demand)).toBe(labelled)
    expect("node" in ledgerOf(node("a")).place(demand)).toBe(bare)
  })

  it.each([["Gt", "4", true], ["Gt", "5", false], ["Lt", "6", true], ["Lt", "x", false]])("compares numbers with %s %s", (operator, bound, fits) => {
    expect("node" in ledgerOf(node("a", { labels: { size: "5" } })).place(demandOf(pod(affinity(operator, [bound]))))).toBe(fits)
  })

  it("prefers nodes by weight and avoids soft taints", () => {
    const preferring: Partial<PodSpec> = {
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, preference: { matchExpressions: [{ key: "size", operator: "Exists" }] } }] } }
    }
    expect(ledgerOf(node("a"), node("b", { labels: { size: "s" } })).place(demandOf(pod(preferring)))).toEqual({ node: "b" })
    expect(ledgerOf(tainted("a", { ...gpu, effect: "PreferNoSchedule" }), node("b")).place(demandOf(pod()))).toEqual({ node: "b" })
  })

  it("keeps a host port for one pod", () => {
    const demand = demandOf(pod({ containers: [{ name: "m", image: "i", ports: [{ containerPort: 80, hostPort: 8080 }] }] }))
    const ledger = ledgerOf(node("a"))
    ledger.take("a", demand)
    expect(ledger.place(demand)).toMatchObject({ refusal: expect.stringContaining("1 node(s) didn't have free ports for the requested pod ports") })
    ledger.release("a", demand)
    expect(ledger.place(demand)).toEqual({ node: "a" })
  })

  it("forgets a node that is removed", () => {
    const ledger = ledgerOf(node("a"))
    ledger.removeNode("a")
    expect(ledger.place(demandOf(pod()))).toMatchObject({ refusal: "no nodes available to schedule pods" })
  })
})

describe("podRequests", () => {
  it("is the larger of the steady sum and the largest init container with the sidecars before it", () => {
    const requests = podRequests({
      initContainers: [
        { name: "side", image: "i", restartPolicy: "Always", resources: { requests: { cpu: "1" } } },
        { name: "init", image: "i", resources: { requests: { cpu: "5", memory: "1Gi" } } }
      ],
      containers: [{ name: "a", image: "i", resources: { requests: { cpu: "2" } } }, { name: "b", image: "i", resources: { requests: { cpu: "500m" } } }],
      overhead: { cpu: "250m" }
    })
    expect(Object.fromEntries(requests)).toEqual({ cpu: 6.25, memory: 2 ** 30 })
  })
})

describe("classOf", () => {
  it("is equal for pods that differ only in what a node does not care for", () => {
    const one = pod({}, { cpu: "1" })
    const two: Pod = { ...one, metadata: { name: "q" }, spec: { ...one.spec!, containers: [{ ...one.spec!.containers[0]!, image: "other", args: ["x"] }] } }
    expect(classOf(one)).toBe(classOf(two))
    expect(classOf(one)).not.toBe(classOf(pod({}, { cpu: "2" })))
    expect(classOf(one)).not.toBe(classOf(pod({ nodeSelector: { a: "b" } }, { cpu: "1" })))
  })
})
