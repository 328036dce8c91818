import { type ConfigMap, KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { find, simulate } from "./world.ts"

const account = (namespace: string) => find(KubeResource.serviceAccounts, "default", namespace)
const certificate = (namespace: string) => find<ConfigMap>(KubeResource.configMaps, "kube-root-ca.crt", namespace)

describe("every namespace", () => {
  it("has an account of the name default, which comes back when it is deleted", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* Effect.sleep("1 second")
      expect(yield* account("kube-system")).toBeDefined()
      yield* client.create(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } })
      yield* Effect.sleep("1 second")
      const first = yield* account("team")
      expect(first).toBeDefined()
      yield* client.delete(KubeResource.serviceAccounts, { namespace: "team", name: "default" })
      yield* Effect.sleep("1 second")
      expect((yield* account("team"))?.metadata.uid).not.toBe(first?.metadata.uid)
    }), { nodes: 0 })
  })

  it("has the certificate of the cluster, and nothing else in its config map", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      const key = { namespace: "default", name: "kube-root-ca.crt" }
      yield* Effect.sleep("1 second")
      const first = yield* certificate("default")
      expect(first?.data).toEqual({ "ca.crt": "PEM" })
      expect(first?.metadata.annotations?.["kubernetes.io/description"]).toMatch(/^Contains a CA bundle/)
      yield* client.patch(KubeResource.configMaps, key, "merge", { metadata: { labels: { x: "y" }, annotations: null }, data: { "ca.crt": "other", more: "x" } })
      yield* Effect.sleep("1 second")
      const second = yield* certificate("default")
      expect(second?.data).toEqual(first?.data)
      expect(second?.metadata.annotations).toEqual(first?.metadata.annotations)
      expect(second?.metadata.labels).toEqual({ x: "y" })
      yield* client.delete(KubeResource.configMaps, key)
      yield* Effect.sleep("1 second")
      expect((yield* certificate("default"))?.metadata.uid).not.toBe(first?.metadata.uid)
    }), { nodes: 0, rootCertificate: "PEM" })
  })

  it("on its way out gets neither", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* client.create(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } })
      yield* Effect.sleep("1 second")
      yield* client.create(KubeResource.configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "team", name: "held", finalizers: ["example.com/wait"] } })
      yield* client.delete(KubeResource.namespaces, { name: "team" })
      yield* Effect.sleep("5 seconds")
      expect(yield* account("team")).toBeUndefined()
      expect(yield* certificate("team")).toBeUndefined()
    }), { nodes: 0 })
  })
})
