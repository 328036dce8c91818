import { type Deployment, KubeClient, type KubeObject, KubeResource, type Pod, type ReplicaSet } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster } from "../src/index.ts"
import { createPod, eventsOf, find, findPod, podOf, scripted, simulate } from "./world.ts"

const labels = { app: "web" }
const forever = scripted({ default: { run: "forever" } })
const templateOf = (image: string) => ({ metadata: { labels, ...forever }, spec: { containers: [{ name: "main", image }] } })

const deploymentOf = (spec: Partial<Deployment["spec"] & object> = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: { replicas: 4, selector: { matchLabels: labels }, template: templateOf("a") as never, ...spec }
})

const create = (spec: Partial<Deployment["spec"] & object> = {}) => Effect.flatMap(KubeClient, (client) => client.create<Deployment>(KubeResource.deployments, deploymentOf(spec)))
const patch = (body: object) => Effect.flatMap(KubeClient, (client) => client.patch<Deployment>(KubeResource.deployments, { namespace: "default", name: "web" }, "merge", body))
const setImage = (image: string) => patch({ spec: { template: { spec: { containers: [{ name: "main", image }] } } } })
const deployment = Effect.map(find<Deployment>(KubeResource.deployments, "web"), (it) => it!)
const sets = Effect.flatMap(KubeClient, (client) => Effect.map(client.list<ReplicaSet>(KubeResource.replicaSets, "default"), ({ items }) => items))
const pods = Effect.map(FakeCluster, (cluster) => cluster.pods())
const imagesOf = (all: ReadonlyArray<Pod>) => all.map((it) => it.spec?.containers[0]?.image).sort().join("")
const sizes = Effect.map(sets, (all) => Object.fromEntries(all.map((it) => [it.spec?.template?.spec?.containers[0]?.image, it.spec?.replicas])))
const conditions = ({ status }: Deployment) => (status?.conditions ?? []).map(({ reason, status: value, type }) => `${type}=${value} ${reason}`).sort()

describe("a deployment", () => {
  it("makes a replica set, which makes pods, and says when they are available", () => {
    simulate(Effect.gen(function*() {
      yield* create()
      yield* Effect.sleep("5 seconds")
      const [set] = yield* sets
      const hash = set!.metadata.labels!["pod-template-hash"]
      expect(set!.metadata).toMatchObject({
        name: `web-${hash}`,
        labels: { app: "web", "pod-template-hash": hash },
        annotations: { "deployment.kubernetes.io/revision": "1", "deployment.kubernetes.io/desired-replicas": "4", "deployment.kubernetes.io/max-replicas": "5" },
        ownerReferences: [{ kind: "Deployment", name: "web", controller: true, blockOwnerDeletion: true }]
      })
      expect(set!.status).toEqual({ replicas: 4, fullyLabeledReplicas: 4, readyReplicas: 4, availableReplicas: 4, terminatingReplicas: 0, observedGeneration: 1 })
      const done = yield* deployment
      expect(done.metadata.annotations).toEqual({ "deployment.kubernetes.io/revision": "1" })
      expect(done.status).toMatchObject({ observedGeneration: 1, replicas: 4, updatedReplicas: 4, readyReplicas: 4, availableReplicas: 4 })
      expect(done.status).not.toHaveProperty("unavailableReplicas")
      expect(conditions(done)).toEqual(["Available=True MinimumReplicasAvailable", "Progressing=True NewReplicaSetAvailable"])
      expect(yield* eventsOf("Deployment", "web")).toEqual([`Normal ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 4`])
    }))
  })

  it("replaces its pods a few at a time and keeps enough of them available", () => {
    simulate(Effect.gen(function*() {
      yield* create({ minReadySeconds: 10 })
      yield* Effect.sleep("30 seconds")
      yield* setImage("b")
      let least = 4
      let most = 4
      for (let second = 0; second < 60; second++) {
        const all = (yield* pods).filter((it) => it.metadata.deletionTimestamp === undefined)
        most = Math.max(most, all.length)
        least = Math.min(least, (yield* deployment).status?.availableReplicas ?? 0)
        yield* Effect.sleep("1 second")
      }
      expect([least, most]).toEqual([3, 5])
      expect(imagesOf(yield* pods)).toBe("bbbb")
      expect(yield* sizes).toEqual({ a: 0, b: 4 })
      expect((yield* deployment).metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("2")
    }))
  })

  it("goes back to an old template through the set that it had, with a new revision", () => {
    simulate(Effect.gen(function*() {
      yield* create()
      yield* Effect.sleep("5 seconds")
      yield* setImage("b")
      yield* Effect.sleep("10 seconds")
      yield* setImage("a")
      yield* Effect.sleep("10 seconds")
      expect(imagesOf(yield* pods)).toBe("aaaa")
      const all = yield* sets
      expect(all.length).toBe(2)
      expect(all.find((it) => it.spec?.replicas === 4)?.metadata.annotations).toMatchObject({
        "deployment.kubernetes.io/revision": "3", "deployment.kubernetes.io/revision-history": "1"
      })
    }))
  })

  it("that recreates has no new pod before the last old one is gone", () => {
    simulate(Effect.gen(function*() {
      yield* create({ strategy: { type: "Recreate" } })
      yield* Effect.sleep("5 seconds")
      yield* setImage("b")
      for (let step = 0; step < 40; step++) {
        expect(imagesOf(yield* pods)).toMatch(/^(a*|b*)$/)
        yield* Effect.sleep(100)
      }
      expect(imagesOf(yield* pods)).toBe("bbbb")
    }))
  })

  it("that is paused only changes its size, and rolls on when it is resumed", () => {
    simulate(Effect.gen(function*() {
      yield* create()
      yield* Effect.sleep("5 seconds")
      yield* patch({ spec: { paused: true } })
      yield* setImage("b")
      yield* patch({ spec: { replicas: 2 } })
      yield* Effect.sleep("5 seconds")
      expect(imagesOf(yield* pods)).toBe("aa")
      expect(conditions(yield* deployment)).toContain("Progressing=Unknown DeploymentPaused")
      yield* patch({ spec: { paused: false } })
      yield* Effect.sleep("10 seconds")
      expect(imagesOf(yield* pods)).toBe("bb")
    }))
  })

  it("whose new pods never get ready stops half way and says that it has timed out", () => {
    simulate(Effect.gen(function*() {
      yield* create({ progressDeadlineSeconds: 30 })
      yield* Effect.sleep("5 seconds")
      const broken = scripted({ default: { startFailure: { reason: "ErrImagePull" } } })
      yield* patch({ spec: { template: { metadata: broken, spec: { containers: [{ name: "main", image: "b" }] } } } })
      yield* Effect.sleep("1 minute")
      expect(yield* sizes).toEqual({ a: 3, b: 2 })
      expect(conditions(yield* deployment)).toEqual(["Available=True MinimumReplicasAvailable", "Progressing=False ProgressDeadlineExceeded"])
    }))
  })

  it("forgets old sets beyond its history", () => {
    simulate(Effect.gen(function*() {
      yield* create({ revisionHistoryLimit: 1 })
      for (const image of ["b", "c", "d"]) {
        yield* Effect.sleep("10 seconds")
        yield* setImage(image)
      }
      yield* Effect.sleep("10 seconds")
      expect(yield* sizes).toEqual({ c: 0, d: 4 })
    }))
  })

  it("says why it has no pods", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      const quotas = KubeResource.make("", "v1", "resourcequotas", "ResourceQuota")
      yield* client.create(quotas, { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q", namespace: "default" }, spec: { hard: { pods: "1" } } } as KubeObject)
      yield* Effect.sleep("2 seconds")
      yield* create({ replicas: 2 })
      yield* Effect.sleep("5 seconds")
      expect(conditions(yield* deployment)).toContain("ReplicaFailure=True FailedCreate")
      expect((yield* pods).length).toBe(1)
    }))
  })
})

describe("a replication controller", () => {
  it("is a replica set whose selector is plain labels", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* client.create(KubeResource.replicationControllers, {
        apiVersion: "v1", kind: "ReplicationController", metadata: { name: "r", namespace: "default" }, spec: { replicas: 2, selector: labels, template: templateOf("a") }
      } as KubeObject)
      yield* Effect.sleep("5 seconds")
      expect((yield* pods).map((it) => it.metadata.ownerReferences?.[0]?.kind)).toEqual(["ReplicationController", "ReplicationController"])
      expect(yield* find<ReplicaSet>(KubeResource.replicationControllers, "r")).toMatchObject({ status: { replicas: 2, readyReplicas: 2, availableReplicas: 2 } })
    }))
  })
})

describe("a replica set", () => {
  it("adopts pods that it selects and lets go of those that it does not any more", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createPod(podOf("lonely", {}, { labels, ...forever }))
      yield* client.create<ReplicaSet>(KubeResource.replicaSets, {
        apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "r", namespace: "default" },
        spec: { replicas: 2, selector: { matchLabels: labels }, template: templateOf("a") as never }
      })
      yield* Effect.sleep("5 seconds")
      expect((yield* findPod("lonely"))?.metadata.ownerReferences).toMatchObject([{ kind: "ReplicaSet", name: "r", controller: true }])
      expect((yield* pods).length).toBe(2)
      yield* client.patch(KubeResource.pods, { namespace: "default", name: "lonely" }, "merge", { metadata: { labels: { app: "other" } } })
      yield* Effect.sleep("5 seconds")
      expect((yield* findPod("lonely"))?.metadata.ownerReferences).toBeUndefined()
      expect((yield* pods).length).toBe(3)
    }))
  })
})
