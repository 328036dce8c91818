import { KubeClient, type KubeObject, KubeResource, type Secret } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { find, simulate } from "./world.ts"

const secret = Effect.flatMap(KubeClient, (client) => client.create<Secret>(KubeResource.secrets, {
  apiVersion: "v1", kind: "Secret", type: "kubernetes.io/service-account-token",
  metadata: { name: "s", namespace: "default", annotations: { "kubernetes.io/service-account.name": "robot" } }
}))
const account = Effect.flatMap(KubeClient, (client) => client.create<KubeObject>(KubeResource.serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot", namespace: "default" } }))

describe("a secret that asks for the token of an account", () => {
  it("gets it, and goes with the account", () => {
    simulate(
      Effect.gen(function*() {
        const client = yield* KubeClient
        const { metadata } = yield* account
        yield* secret
        yield* Effect.sleep("1 second")
        const found = yield* find<Secret>(KubeResource.secrets, "s")
        expect(found?.metadata.annotations?.["kubernetes.io/service-account.uid"]).toBe(metadata.uid)
        expect(atob(found?.data?.["namespace"] ?? "")).toBe("default")
        expect(atob(found?.data?.["ca.crt"] ?? "")).toBe("PEM")
        const [, claims] = atob(found?.data?.["token"] ?? "").split(".")
        expect(JSON.parse(atob(claims!)).sub).toBe("system:serviceaccount:default:robot")
        yield* client.delete(KubeResource.serviceAccounts, { namespace: "default", name: "robot" })
        yield* Effect.sleep("1 second")
        expect(yield* find(KubeResource.secrets, "s")).toBeUndefined()
      }),
      { rootCertificate: "PEM" }
    )
  })

  it("goes at once when there is no such account", () => {
    simulate(Effect.gen(function*() {
      yield* secret
      yield* Effect.sleep("1 second")
      expect(yield* find(KubeResource.secrets, "s")).toBeUndefined()
    }))
  })
})
