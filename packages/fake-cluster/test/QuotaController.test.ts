import type { ResourceQuota } from "@fairlead/api-server"
import { KubeClient, type KubeObject, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createPod, find, podOf, scripted, simulate } from "./world.ts"

const quotas = KubeResource.make("", "v1", "resourcequotas", "ResourceQuota")

const createQuota = (hard: Record<string, string>) =>
  Effect.flatMap(KubeClient, (client) =>
    client.create(quotas, { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q", namespace: "default" }, spec: { hard } } as KubeObject))

const status = Effect.map(find<ResourceQuota>(quotas, "q"), (quota) => quota?.status)

describe("a quota", () => {
  it("tells what is used from the start, and what is given back", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createPod(podOf("old", {}, scripted({ default: { run: "forever" } })))
      yield* createQuota({ pods: "3", "count/configmaps": "9" })
      yield* Effect.sleep("1 second")
      expect(yield* status).toEqual({ hard: { pods: "3", "count/configmaps": "9" }, used: { pods: "1", "count/configmaps": "1" } })
      yield* createPod(podOf("new", {}, scripted({ default: { run: "10 seconds" } })))
      yield* Effect.sleep("1 second")
      expect((yield* status)?.used).toEqual({ pods: "2", "count/configmaps": "1" })
      yield* client.delete(KubeResource.pods, { namespace: "default", name: "old" }, { gracePeriodSeconds: 0 })
      yield* Effect.sleep("1 second")
      expect((yield* status)?.used?.["pods"]).toBe("1")
      yield* Effect.sleep("20 seconds")
      expect((yield* status)?.used?.["pods"]).toBe("0")
    }))
  })

  it("follows its own limits, and forgets entries that are gone", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createQuota({ pods: "1", services: "1" })
      yield* Effect.sleep("1 second")
      yield* client.patch(quotas, { namespace: "default", name: "q" }, "merge", { spec: { hard: { pods: "5", services: null } } })
      yield* Effect.sleep("1 second")
      expect(yield* status).toEqual({ hard: { pods: "5" }, used: { pods: "0" } })
    }))
  })
})
