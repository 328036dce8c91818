import { KubeClient, KubeResource, type PersistentVolume, type PersistentVolumeClaim } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createPod, eventsOf, find, podOf, scripted, simulate } from "./world.ts"

const volume = (name: string, storage: string, spec: object = {}) =>
  Effect.flatMap(KubeClient, (client) => client.create<PersistentVolume>(KubeResource.persistentVolumes, {
    apiVersion: "v1", kind: "PersistentVolume", metadata: { name }, spec: { capacity: { storage }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" }, ...spec }
  } as PersistentVolume))
const claim = (spec: object = {}) =>
  Effect.flatMap(KubeClient, (client) => client.create<PersistentVolumeClaim>(KubeResource.persistentVolumeClaims, {
    apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "c", namespace: "default" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec }
  } as PersistentVolumeClaim))
const findClaim = find<PersistentVolumeClaim>(KubeResource.persistentVolumeClaims, "c")
const findVolume = (name: string) => find<PersistentVolume>(KubeResource.persistentVolumes, name)
const remove = Effect.flatMap(KubeClient, (client) => client.delete(KubeResource.persistentVolumeClaims, { namespace: "default", name: "c" }))

describe("a claim", () => {
  it("is bound to the smallest volume that is big enough, and leaves it released", () => {
    simulate(Effect.gen(function*() {
      for (const [name, size] of [["big", "10Gi"], ["fit", "2Gi"], ["small", "500Mi"]] as const) yield* volume(name, size)
      yield* Effect.sleep("1 second")
      expect((yield* findVolume("fit"))?.status?.phase).toBe("Available")
      yield* claim()
      yield* Effect.sleep("1 second")
      expect(yield* findClaim).toMatchObject({ spec: { volumeName: "fit" }, status: { phase: "Bound", capacity: { storage: "2Gi" }, accessModes: ["ReadWriteOnce"] } })
      expect(yield* findVolume("fit")).toMatchObject({ spec: { claimRef: { kind: "PersistentVolumeClaim", namespace: "default", name: "c" } }, status: { phase: "Bound" } })
      yield* remove
      yield* Effect.sleep("1 second")
      expect(yield* findClaim).toBeUndefined()
      expect((yield* findVolume("fit"))?.status?.phase).toBe("Released")
    }))
  })

  it("waits for a volume and says so", () => {
    simulate(Effect.gen(function*() {
      yield* claim()
      yield* Effect.sleep("1 second")
      expect((yield* findClaim)?.status?.phase).toBe("Pending")
      expect(yield* eventsOf("PersistentVolumeClaim", "c")).toEqual(["Normal FailedBinding no persistent volumes available for this claim and no storage class is set"])
      yield* volume("late", "1Gi")
      yield* Effect.sleep("1 second")
      expect((yield* findClaim)?.status?.phase).toBe("Bound")
    }))
  })

  it("stays until the last pod that uses it has ended", () => {
    simulate(Effect.gen(function*() {
      yield* claim({ storageClassName: "none" })
      const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }]
      yield* createPod(podOf("p", { volumes }, scripted({ default: { run: "10 seconds" } })))
      yield* Effect.sleep("1 second")
      yield* remove
      yield* Effect.sleep("5 seconds")
      expect((yield* findClaim)?.metadata.deletionTimestamp).toBeDefined()
      yield* Effect.sleep("10 seconds")
      expect(yield* findClaim).toBeUndefined()
    }))
  })
})
