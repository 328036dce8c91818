import { type ConfigMap, KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { find, simulate } from "./world.ts"

const account = (namespace: string) => find(KubeResource.serviceAccounts, "default", namespace)
const certificate = (namespace: string) => Effect.map(find<ConfigMap>(KubeResource.configMaps, "kube-root-ca.crt", namespace), (it) => it?.data?.["ca.crt"])

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

  it("has the certificate of the cluster if there is one, and keeps it", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* Effect.sleep("1 second")
      expect(yield* certificate("default")).toBe("PEM")
      yield* client.patch(KubeResource.configMaps, { namespace: "default", name: "kube-root-ca.crt" }, "merge", { data: { "ca.crt": "other" } })
      yield* Effect.sleep("1 second")
      expect(yield* certificate("default")).toBe("PEM")
      yield* client.delete(KubeResource.configMaps, { namespace: "default", name: "kube-root-ca.crt" })
      yield* Effect.sleep("1 second")
      expect(yield* certificate("default")).toBe("PEM")
    }), { nodes: 0, rootCertificate: "PEM" })
    simulate(Effect.gen(function*() {
      yield* Effect.sleep("1 second")
      expect(yield* certificate("default")).toBeUndefined()
    }), { nodes: 0 })
  })
})
