import { KubeClient, KubeResource, type PersistentVolumeClaim, type StatefulSet } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster } from "../src/index.ts"
import { eventsOf, find, findPod, scripted, simulate } from "./world.ts"

const labels = { app: "db" }
const slow = scripted({ default: { start: "5 seconds", run: "forever" } })

const create = (spec: Partial<StatefulSet["spec"] & object> = {}) =>
  Effect.flatMap(KubeClient, (client) => client.create<StatefulSet>(KubeResource.statefulSets, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db", namespace: "default" },
    spec: {
      replicas: 3, serviceName: "svc", selector: { matchLabels: labels },
      template: { metadata: { labels, ...slow } as never, spec: { containers: [{ name: "main", image: "a" }] } },
      ...spec
    }
  }))
const patch = (spec: object) => Effect.flatMap(KubeClient, (client) => client.patch<StatefulSet>(KubeResource.statefulSets, { namespace: "default", name: "db" }, "merge", { spec }))
const setImage = (image: string) => patch({ template: { spec: { containers: [{ name: "main", image }] } } })
const set = Effect.map(find<StatefulSet>(KubeResource.statefulSets, "db"), (it) => it!)
const names = Effect.map(FakeCluster, (cluster) => cluster.pods().map((it) => it.metadata.name))
const images = Effect.map(FakeCluster, (cluster) =>
  [...cluster.pods()].sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1)).map((it) => it.spec?.containers[0]?.image).join(""))

describe("a stateful set", () => {
  it("makes its pods one after the other, each with its name, labels and claims", () => {
    simulate(Effect.gen(function*() {
      yield* create({ volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }] as never })
      yield* Effect.sleep("1 second")
      expect(yield* names).toEqual(["db-0"])
      yield* Effect.sleep("30 seconds")
      expect(yield* names).toEqual(["db-0", "db-1", "db-2"])
      const pod = yield* findPod("db-1")
      const { status } = yield* set
      expect(pod?.metadata).toMatchObject({
        labels: { app: "db", "statefulset.kubernetes.io/pod-name": "db-1", "apps.kubernetes.io/pod-index": "1", "controller-revision-hash": status!.updateRevision }
      })
      expect(pod?.spec).toMatchObject({ hostname: "db-1", subdomain: "svc" })
      expect(pod?.spec?.volumes?.[0]).toMatchObject({ name: "data", persistentVolumeClaim: { claimName: "data-db-1" } })
      expect(yield* find<PersistentVolumeClaim>(KubeResource.persistentVolumeClaims, "data-db-2")).toBeDefined()
      expect(status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3, collisionCount: 0 })
      expect(status!.currentRevision).toBe(status!.updateRevision)
      expect((yield* eventsOf("StatefulSet", "db")).slice(0, 2)).toEqual([
        "Normal SuccessfulCreate create Claim data-db-0 Pod db-0 in StatefulSet db success",
        "Normal SuccessfulCreate create Pod db-0 in StatefulSet db successful"
      ])
    }))
  })

  it("loses the last pods first when it shrinks", () => {
    simulate(Effect.gen(function*() {
      yield* create()
      yield* Effect.sleep("1 minute")
      yield* patch({ replicas: 1 })
      yield* Effect.sleep("10 seconds")
      expect(yield* names).toEqual(["db-0"])
    }))
  })

  it("makes all pods at once if it may", () => {
    simulate(Effect.gen(function*() {
      yield* create({ podManagementPolicy: "Parallel", ordinals: { start: 5 } })
      yield* Effect.sleep("1 second")
      expect(yield* names).toEqual(["db-5", "db-6", "db-7"])
    }))
  })

  it("rolls from the last pod to the first and waits for each", () => {
    simulate(Effect.gen(function*() {
      yield* create()
      yield* Effect.sleep("1 minute")
      yield* setImage("b")
      const seen = new Set<string>()
      for (let step = 0; step < 60; step++) {
        seen.add(yield* images)
        yield* Effect.sleep(500)
      }
      expect([...seen].filter((it) => it.length === 3)).toEqual(["aaa", "aab", "abb", "bbb"])
      const { status } = yield* set
      expect(status!.currentRevision).toBe(status!.updateRevision)
    }))
  })

  it("leaves pods below the partition as they are, also those that come back", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* create({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } })
      yield* Effect.sleep("1 minute")
      yield* setImage("b")
      yield* Effect.sleep("1 minute")
      expect(yield* images).toBe("aab")
      yield* client.delete(KubeResource.pods, { namespace: "default", name: "db-0" })
      yield* Effect.sleep("1 minute")
      expect(yield* images).toBe("aab")
      expect((yield* set).status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 })
    }))
  })
})
