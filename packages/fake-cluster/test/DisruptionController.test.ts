import { KubeClient, type KubeObject, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createPod, find, podOf, scripted, simulate } from "./world.ts"

const budgets = KubeResource.make("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
const replicaSets = KubeResource.make("apps", "v1", "replicasets", "ReplicaSet")

interface Budget extends KubeObject {
  readonly status?: { readonly conditions?: ReadonlyArray<{ readonly reason: string; readonly message: string }>; readonly [field: string]: unknown }
}

const labels = { app: "a" }

const createBudget = (spec: object) =>
  Effect.flatMap(KubeClient, (client) =>
    client.create(budgets, { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "b", namespace: "default" }, spec: { selector: { matchLabels: labels }, ...spec } } as KubeObject))

const status = Effect.map(find<Budget>(budgets, "b"), (budget) => budget?.status)

const running = (name: string, metadata: object = {}) => createPod(podOf(name, {}, { labels, ...metadata, ...scripted({ default: { run: "forever" } }) }))

describe("a disruption budget", () => {
  it("allows as many evictions as there are pods to spare", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createBudget({ minAvailable: 1 })
      for (const name of ["a", "b"]) yield* running(name)
      yield* Effect.sleep("5 seconds")
      expect(yield* status).toMatchObject({ currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 2, observedGeneration: 1 })
      expect((yield* status)?.conditions?.map((it) => it.reason)).toEqual(["SufficientPods"])
      yield* client.createSubresource(KubeResource.pods, { namespace: "default", name: "a", subresource: "eviction" }, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "a" } })
      yield* Effect.sleep("1 minute")
      expect(yield* status).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 })
      expect(yield* status).not.toHaveProperty("disruptedPods")
      expect((yield* status)?.conditions?.map((it) => it.reason)).toEqual(["InsufficientPods"])
    }))
  })

  it("takes percentages of what the controllers of the pods want", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } }
      const set = yield* client.create(replicaSets, {
        apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "r", namespace: "default" }, spec: { replicas: 5, selector: { matchLabels: labels }, template }
      } as KubeObject)
      const ownerReferences = [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: set.metadata.uid!, controller: true }]
      yield* createBudget({ maxUnavailable: "30%" })
      for (const name of ["a", "b"]) yield* running(name, { ownerReferences })
      yield* Effect.sleep("5 seconds")
      expect(yield* status).toMatchObject({ currentHealthy: 2, desiredHealthy: 3, disruptionsAllowed: 0, expectedPods: 5 })
    }))
  })

  it("says why it cannot tell", () => {
    simulate(Effect.gen(function*() {
      yield* createBudget({ minAvailable: "50%" })
      const owner = yield* find(KubeResource.configMaps, "kube-root-ca.crt")
      const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "kube-root-ca.crt", uid: owner!.metadata.uid!, controller: true }]
      yield* running("a", { ownerReferences })
      yield* Effect.sleep("5 seconds")
      expect((yield* status)?.conditions?.map(({ message, reason }) => [reason, message])).toEqual([["SyncFailed", "configmaps does not implement the scale subresource"]])
    }))
  })
})
