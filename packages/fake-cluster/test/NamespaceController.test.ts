import { KubeClient, KubeResource, type Namespace } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createPod, find, podOf, scripted, simulate } from "./world.ts"

const createNamespace = (name: string) =>
  Effect.flatMap(KubeClient, (client) => client.create<Namespace>(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } }))

const createMap = (namespace: string, name: string, finalizers: ReadonlyArray<string> = []) =>
  Effect.flatMap(KubeClient, (client) =>
    client.create(KubeResource.configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name, ...(finalizers.length === 0 ? {} : { finalizers }) } }))

const remove = (name: string) => Effect.flatMap(KubeClient, (client) => client.delete(KubeResource.namespaces, { name }))

describe("a deleted namespace", () => {
  it("goes with all that is in it", () => {
    simulate(Effect.gen(function*() {
      yield* createNamespace("team")
      yield* createMap("team", "a")
      yield* createMap("default", "a")
      yield* remove("team")
      yield* Effect.sleep("2 seconds")
      expect(yield* find(KubeResource.namespaces, "team")).toBeUndefined()
      expect(yield* find(KubeResource.configMaps, "a", "team")).toBeUndefined()
      expect(yield* find(KubeResource.configMaps, "a")).toBeDefined()
    }))
  })

  it("waits for finalizers and says so", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createNamespace("team")
      yield* createMap("team", "a", ["example.com/wait"])
      yield* remove("team")
      yield* Effect.sleep("2 seconds")
      const namespace = yield* find<Namespace>(KubeResource.namespaces, "team")
      expect(namespace?.status?.phase).toBe("Terminating")
      expect(namespace?.status?.conditions?.filter((it) => it.status === "True").map((it) => it.message)).toEqual([
        "Some resources are remaining: configmaps. has 1 resource instances",
        "Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances"
      ])
      yield* client.patch(KubeResource.configMaps, { namespace: "team", name: "a" }, "merge", { metadata: { finalizers: null } })
      yield* Effect.sleep("2 seconds")
      expect(yield* find(KubeResource.namespaces, "team")).toBeUndefined()
    }))
  })

  it("gives its pods their grace period", () => {
    simulate(Effect.gen(function*() {
      yield* createNamespace("team")
      yield* Effect.sleep("1 second")
      yield* createPod(podOf("p", {}, { namespace: "team", ...scripted({ default: { run: "forever", stop: "10 seconds" } }) }))
      yield* Effect.sleep("1 second")
      yield* remove("team")
      yield* Effect.sleep("8 seconds")
      expect(yield* find(KubeResource.pods, "p", "team")).toBeDefined()
      yield* Effect.sleep("5 seconds")
      expect(yield* find(KubeResource.namespaces, "team")).toBeUndefined()
    }))
  })
})
