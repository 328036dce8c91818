import { KubeClient, KubeResource, type Node, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster } from "../src/index.ts"
import { createPod, eventsOf, find, findPod, podOf, scripted, simulate } from "./world.ts"

const node = (name: string) => Effect.map(find<Node>(KubeResource.nodes, name), (it) => it!)
const readyOf = (it: Node) => it.status?.conditions?.find((condition) => condition.type === "Ready")
const taintsOf = (it: Node) => (it.spec?.taints ?? []).map(({ effect, key }) => `${key}:${effect}`)
const forever = scripted({ default: { run: "forever" } })
const conditionOf = (pod: Pod | undefined, type: string) => pod?.status?.conditions?.find((it) => it.type === type)

describe("a lost node", () => {
  it("counts as unreachable after a while, and its pods go when their toleration ends", () => {
    simulate(Effect.gen(function*() {
      const cluster = yield* FakeCluster
      yield* createPod(podOf("p", {}, forever))
      yield* Effect.sleep("5 seconds")
      yield* cluster.loseNode("node-1")
      yield* Effect.sleep("49 seconds")
      expect(readyOf(yield* node("node-1"))?.status).toBe("True")
      yield* Effect.sleep("2 seconds")
      const lost = yield* node("node-1")
      expect(readyOf(lost)).toMatchObject({ status: "Unknown", reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." })
      expect(taintsOf(lost)).toEqual(["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"])
      expect(conditionOf(yield* findPod("p"), "Ready")?.status).toBe("False")
      expect(yield* eventsOf("Node", "node-1")).toEqual(["Normal NodeNotReady Node node-1 status is now: NodeNotReady"])
      yield* Effect.sleep("290 seconds")
      expect((yield* findPod("p"))?.metadata.deletionTimestamp).toBeUndefined()
      yield* Effect.sleep("15 seconds")
      const leaving = yield* findPod("p")
      // Nobody is there who could end it.
      expect(leaving?.metadata.deletionTimestamp).toBeDefined()
      expect(conditionOf(leaving, "DisruptionTarget")).toMatchObject({ reason: "DeletionByTaintManager", message: "Taint manager: deleting due to NoExecute taint" })
      yield* Effect.sleep("10 minutes")
      expect(yield* findPod("p")).toBeDefined()
      yield* cluster.restoreNode("node-1")
      yield* Effect.sleep("2 seconds")
      expect(yield* findPod("p")).toBeUndefined()
      expect(taintsOf(yield* node("node-1"))).toEqual([])
      expect(readyOf(yield* node("node-1"))?.status).toBe("True")
    }))
  })

  it("that comes back in time tells what has happened meanwhile", () => {
    simulate(Effect.gen(function*() {
      const cluster = yield* FakeCluster
      yield* createPod(podOf("p", {}, scripted({ default: { run: "20 seconds" } })))
      yield* Effect.sleep("5 seconds")
      yield* cluster.loseNode("node-1")
      yield* Effect.sleep("70 seconds")
      expect((yield* findPod("p"))?.status?.phase).toBe("Running")
      yield* cluster.restoreNode("node-1")
      yield* Effect.sleep("1 second")
      const pod = yield* findPod("p")
      expect(pod?.status?.phase).toBe("Succeeded")
      expect(pod?.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt).toBe("2026-01-01T00:00:20Z")
    }))
  })

  it("that crashed starts its pods again", () => {
    simulate(Effect.gen(function*() {
      const cluster = yield* FakeCluster
      yield* createPod(podOf("p", { restartPolicy: "Always" }, forever))
      yield* Effect.sleep("5 seconds")
      yield* cluster.loseNode("node-1", { crash: true })
      yield* Effect.sleep("20 seconds")
      yield* cluster.restoreNode("node-1")
      yield* Effect.sleep("1 second")
      const status = (yield* findPod("p"))?.status?.containerStatuses?.[0]
      expect(status).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { reason: "ContainerStatusUnknown", exitCode: 137 } } })
    }))
  })
})

describe("taints", () => {
  it("of nodes that are cordoned or made by hand drive away whoever does not tolerate them", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createPod(podOf("plain", {}, forever))
      yield* createPod(podOf("tough", { tolerations: [{ key: "k", operator: "Exists" }] }, forever))
      yield* createPod(podOf("patient", { tolerations: [{ key: "k", operator: "Exists", effect: "NoExecute", tolerationSeconds: 30 }] }, forever))
      yield* Effect.sleep("5 seconds")
      yield* client.patch(KubeResource.nodes, { name: "node-1" }, "merge", { spec: { unschedulable: true, taints: [{ key: "k", effect: "NoExecute" }] } })
      yield* Effect.sleep("2 seconds")
      expect(taintsOf(yield* node("node-1"))).toEqual(["k:NoExecute", "node.kubernetes.io/unschedulable:NoSchedule"])
      const cluster = yield* FakeCluster
      expect(cluster.pods().map((it) => it.metadata.name)).toEqual(["tough", "patient"])
      yield* Effect.sleep("1 minute")
      expect(cluster.pods().map((it) => it.metadata.name)).toEqual(["tough"])
    }))
  })
})

describe("a node under pressure", () => {
  it("says so and evicts the pod that matters least", () => {
    simulate(Effect.gen(function*() {
      const cluster = yield* FakeCluster
      const asking = { containers: [{ name: "main", image: "i", resources: { requests: { memory: "1Gi" } } }] }
      yield* createPod(podOf("asking", asking, forever))
      yield* createPod(podOf("greedy", {}, forever))
      yield* Effect.sleep("5 seconds")
      expect(yield* cluster.pressNode("node-1", "memory")).toBe("default/greedy")
      yield* Effect.sleep("2 seconds")
      const evicted = yield* findPod("greedy")
      expect(evicted?.status).toMatchObject({ phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory. " })
      expect(conditionOf(evicted, "DisruptionTarget")).toMatchObject({ status: "True", reason: "TerminationByKubelet" })
      expect(taintsOf(yield* node("node-1"))).toEqual(["node.kubernetes.io/memory-pressure:NoSchedule"])
      expect((yield* findPod("asking"))?.status?.phase).toBe("Running")
      yield* cluster.relieveNode("node-1", "memory")
      yield* Effect.sleep("2 seconds")
      expect(taintsOf(yield* node("node-1"))).toEqual([])
    }))
  })
})
