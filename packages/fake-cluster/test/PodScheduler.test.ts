import { KubeClient, KubeResource, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster } from "../src/index.ts"
import { createPod, findPod, podOf, recordWrites, scripted, simulate } from "./world.ts"

const asking = (name: string, requests: Record<string, string>, run: "forever" | "10 seconds" = "forever", spec: Partial<Pod["spec"] & object> = {}): Pod =>
  podOf(name, { containers: [{ name: "main", image: "i", resources: { requests } }], ...spec }, scripted({ default: { run } }))

const scheduled = (pod: Pod | undefined) => pod?.status?.conditions?.find((it) => it.type === "PodScheduled")

const small = [{ name: "a", allocatable: { cpu: "2" } }, { name: "b", allocatable: { cpu: "2" } }]

describe("the scheduler", () => {
  it("spreads pods over the nodes with one write for each", () => {
    simulate(
      Effect.gen(function*() {
        const cluster = yield* FakeCluster
        const writes = yield* recordWrites
        for (const name of ["1", "2", "3", "4"]) yield* createPod(asking(name, { cpu: "1" }))
        yield* Effect.sleep("1 second")
        expect(cluster.pods().map((it) => it.spec?.nodeName)).toEqual(["a", "b", "a", "b"])
        expect(writes.filter((it) => it.endsWith("/1")).length).toBe(3)
      }),
      { nodes: small }
    )
  })

  it("explains why a pod fits nowhere, and places it when another one has ended", () => {
    simulate(
      Effect.gen(function*() {
        for (const name of ["1", "2"]) yield* createPod(asking(name, { cpu: "1500m" }, "10 seconds"))
        yield* createPod(asking("3", { cpu: "1" }))
        yield* Effect.sleep("1 second")
        const waiting = yield* findPod("3")
        expect(waiting?.status?.phase).toBe("Pending")
        expect(scheduled(waiting)).toMatchObject({
          status: "False",
          reason: "Unschedulable",
          message: "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."
        })
        yield* Effect.sleep("10 seconds")
        const placed = yield* findPod("3")
        expect(placed?.status?.phase).toBe("Running")
        expect(scheduled(placed)).toMatchObject({ status: "True", lastTransitionTime: "2026-01-01T00:00:10Z" })
        expect(scheduled(placed)).not.toHaveProperty("reason")
      }),
      { nodes: small }
    )
  })

  it("places waiting pods in the order of their priority and age, all that fit at once", () => {
    simulate(
      Effect.gen(function*() {
        const cluster = yield* FakeCluster
        yield* createPod(asking("first", { cpu: "2" }, "10 seconds"))
        yield* createPod(asking("second", { cpu: "2" }, "10 seconds"))
        yield* Effect.sleep("1 second")
        for (const name of ["x", "y", "z"]) yield* createPod(asking(name, { cpu: "1" }))
        yield* createPod(asking("big", { cpu: "1500m" }))
        yield* Effect.sleep("1 second")
        const writes = yield* recordWrites
        yield* Effect.sleep("20 seconds")
        const nodes = Object.fromEntries(cluster.pods().map((it) => [it.metadata.name, it.spec?.nodeName]))
        expect(nodes).toMatchObject({ x: expect.any(String), y: expect.any(String) })
        expect([nodes["z"], nodes["big"]].filter((it) => it === undefined).length).toBe(1)
        expect(writes.findIndex((it) => it.endsWith("/x"))).toBeLessThan(writes.findIndex((it) => it.endsWith("/y")))
      }),
      { nodes: small }
    )
  })

  it("looks again when a node comes or changes", () => {
    simulate(
      Effect.gen(function*() {
        const client = yield* KubeClient
        yield* createPod(podOf("p", { nodeSelector: { disk: "ssd" } }))
        yield* Effect.sleep("1 second")
        expect(scheduled(yield* findPod("p"))?.message).toMatch(/^0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector\./)
        yield* client.patch(KubeResource.nodes, { name: "b" }, "merge", { metadata: { labels: { disk: "ssd" } } })
        yield* Effect.sleep("1 second")
        expect((yield* findPod("p"))?.spec?.nodeName).toBe("b")
      }),
      { nodes: small }
    )
  })

  it("leaves pods of other schedulers and gated pods alone", () => {
    simulate(Effect.gen(function*() {
      yield* createPod(podOf("other", { schedulerName: "mine" }))
      yield* createPod(podOf("gated", { schedulingGates: [{ name: "example.com/wait" }] }))
      yield* Effect.sleep("1 second")
      expect((yield* findPod("other"))?.spec?.nodeName).toBeUndefined()
      expect((yield* findPod("gated"))?.spec?.nodeName).toBeUndefined()
      const client = yield* KubeClient
      yield* client.patch(KubeResource.pods, { namespace: "default", name: "gated" }, "json", [{ op: "remove", path: "/spec/schedulingGates" }])
      yield* Effect.sleep("1 second")
      expect((yield* findPod("gated"))?.spec?.nodeName).toBe("node-1")
    }))
  })

  it("keeps away from tainted nodes unless a pod tolerates the taint", () => {
    simulate(
      Effect.gen(function*() {
        const cluster = yield* FakeCluster
        yield* createPod(podOf("plain"))
        yield* createPod(podOf("tolerant", { tolerations: [{ key: "gpu", operator: "Exists" }] }))
        yield* Effect.sleep("1 second")
        expect(cluster.pods().map((it) => it.spec?.nodeName)).toEqual([undefined, "a"])
        expect(cluster.nodes()[0]?.spec?.taints).toEqual([{ key: "gpu", value: "yes", effect: "NoSchedule" }])
      }),
      { nodes: [{ name: "a", taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] }] }
    )
  })

  it("does not run without nodes, and then neither does a kubelet", () => {
    simulate(
      Effect.gen(function*() {
        yield* createPod(podOf("p"))
        yield* Effect.sleep("1 minute")
        const pod = yield* findPod("p")
        expect(pod?.status?.phase).toBe("Pending")
        expect(pod?.status?.conditions).toBeUndefined()
      }),
      { nodes: 0, runtime: undefined }
    )
  })

  it("makes a thousand waiting pods cost one look, not a thousand, when room is made", () => {
    simulate(
      Effect.gen(function*() {
        for (let i = 0; i < 1000; i++) yield* createPod(asking(`p-${i}`, { cpu: "2" }, "10 seconds"))
        yield* Effect.sleep("5 seconds")
        const writes = yield* recordWrites
        yield* Effect.sleep("10 seconds")
        // Two pods ended and two more were bound and started: nobody else was written to.
        expect(writes.filter((it) => it.includes("pods/")).length).toBe(6)
      }),
      { nodes: small }
    )
  })
})
