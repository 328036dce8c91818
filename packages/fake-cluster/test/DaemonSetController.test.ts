import { type DaemonSet, KubeClient, KubeResource, type Node } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster } from "../src/index.ts"
import { find, scripted, simulate } from "./world.ts"

const labels = { app: "agent" }
const create = (podSpec: object = {}) =>
  Effect.flatMap(KubeClient, (client) => client.create<DaemonSet>(KubeResource.daemonSets, {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "agent", namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels, ...scripted({ default: { run: "forever" } }) } as never, spec: { containers: [{ name: "main", image: "a" }], ...podSpec } }
    }
  }))
const set = Effect.map(find<DaemonSet>(KubeResource.daemonSets, "agent"), (it) => it!)
const nodesOfPods = Effect.map(FakeCluster, (cluster) => cluster.pods().map((it) => `${it.spec?.nodeName}:${it.spec?.containers[0]?.image}`).sort())

describe("a daemon set", () => {
  it("has one pod on each node that it fits, also on those that come later", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* create({ nodeSelector: { "kubernetes.io/os": "linux" } })
      yield* Effect.sleep("5 seconds")
      expect(yield* nodesOfPods).toEqual(["node-1:a", "node-2:a"])
      expect((yield* set).status).toMatchObject({ desiredNumberScheduled: 2, currentNumberScheduled: 2, numberReady: 2, numberAvailable: 2, numberMisscheduled: 0, updatedNumberScheduled: 2 })
      const [pod] = (yield* FakeCluster).pods()
      expect(pod?.spec?.tolerations?.map((it) => `${it.key} ${it.effect}`)).toContain("node.kubernetes.io/unschedulable NoSchedule")
      yield* client.create<Node>(KubeResource.nodes, { apiVersion: "v1", kind: "Node", metadata: { name: "late", labels: { "kubernetes.io/os": "linux" } } })
      yield* client.patch(KubeResource.nodes, { name: "late" }, "merge", { spec: { taints: null } })
      yield* Effect.sleep("5 seconds")
      expect((yield* set).status).toMatchObject({ desiredNumberScheduled: 3, numberUnavailable: 1 })
    }), { nodes: 2 })
  })

  it("keeps off tainted nodes and rolls one node after the other", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* create()
      yield* Effect.sleep("5 seconds")
      expect(yield* nodesOfPods).toEqual(["a:a", "b:a"])
      yield* client.patch(KubeResource.daemonSets, { namespace: "default", name: "agent" }, "merge", { spec: { template: { spec: { containers: [{ name: "main", image: "b" }] } } } })
      yield* Effect.sleep("20 seconds")
      expect(yield* nodesOfPods).toEqual(["a:b", "b:b"])
    }), { nodes: [{ name: "a" }, { name: "b" }, { name: "c", taints: [{ key: "gpu", effect: "NoSchedule" }] }] })
  })
})
