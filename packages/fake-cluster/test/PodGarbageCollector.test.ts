import { KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster } from "../src/index.ts"
import { createPod, findPod, podOf, recordWrites, scripted, simulate } from "./world.ts"

describe("pods of a node that is gone", () => {
  it("are failed and removed after a while, unless the node comes back", () => {
    simulate(
      Effect.gen(function*() {
        const client = yield* KubeClient
        const cluster = yield* FakeCluster
        yield* createPod(podOf("p", {}, scripted({ default: { run: "forever" } })))
        yield* Effect.sleep("1 second")
        const node = cluster.nodes()[0]!
        yield* client.delete(KubeResource.nodes, { name: "node-1" })
        yield* Effect.sleep("30 seconds")
        yield* client.create(KubeResource.nodes, { apiVersion: "v1", kind: "Node", metadata: { name: node.metadata.name! } })
        yield* Effect.sleep("1 minute")
        expect(yield* findPod("p")).toBeDefined()
        yield* client.delete(KubeResource.nodes, { name: "node-1" })
        const writes = yield* recordWrites
        yield* Effect.sleep("39 seconds")
        expect(yield* findPod("p")).toBeDefined()
        yield* Effect.sleep("3 seconds")
        expect(yield* findPod("p")).toBeUndefined()
        expect(writes[0]).toBe("MODIFIED pods/p")
      })
    )
  })
})

describe("ended pods", () => {
  it("beyond the limit are removed, the oldest first", () => {
    simulate(
      Effect.gen(function*() {
        const cluster = yield* FakeCluster
        for (const name of ["a", "b", "c", "d"]) {
          yield* createPod(podOf(name))
          yield* Effect.sleep("5 seconds")
        }
        expect(cluster.pods().map((it) => it.metadata.name)).toEqual(["c", "d"])
      }),
      { endedPodsMost: 2 }
    )
  })
})
