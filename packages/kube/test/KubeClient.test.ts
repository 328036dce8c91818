import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { type ConfigMap, type KubeAnswer, KubeClient, type KubeRequest, KubeResource, KubeTransport } from "../src/index.ts"

const { configMaps, pods } = KubeResource

/** A client whose transport answers everything with `answer` and keeps what was asked. */
const recording = (answer: KubeAnswer) => {
  const requests: Array<KubeRequest> = []
  const transport = Layer.succeed(KubeTransport, {
    request: (request) => Effect.sync(() => {
      requests.push(request)
      return answer
    }),
    watch: () => Effect.void
  })
  return { requests, layer: Layer.provide(KubeClient.layer, transport) }
}

describe("KubeClient", () => {
  it.effect("a list without items has none", () =>
    Effect.gen(function*() {
      const { layer } = recording({ metadata: { resourceVersion: "7" }, items: null } as unknown as KubeAnswer)
      const list = yield* Effect.provide(Effect.flatMap(KubeClient, (kube) => kube.list(configMaps, "n")), layer)
      expect(list).toEqual({ metadata: { resourceVersion: "7" }, items: [] })
    }))

  it.effect("an answer that is neither object nor list fails to decode", () =>
    Effect.gen(function*() {
      const { layer } = recording({ kind: "Odd" } as unknown as KubeAnswer)
      const kube = yield* Effect.provide(KubeClient, layer)
      expect((yield* Effect.flip(kube.get(configMaps, { namespace: "n", name: "a" }))).message).toBe(
        "get /api/v1/namespaces/n/configmaps/a failed: DecodeFailed: the answer is neither an object with metadata nor a list with items"
      )
      expect((yield* Effect.flip(kube.list(configMaps, "n"))).reason._tag).toBe("DecodeFailed")
    }))

  it.effect("writes go where the object says it is", () =>
    Effect.gen(function*() {
      const object: ConfigMap = { metadata: { name: "a", namespace: "n" }, data: { k: "v" } }
      const { requests, layer } = recording(object)
      const kube = yield* Effect.provide(KubeClient, layer)
      yield* kube.create(configMaps, object)
      yield* kube.update(configMaps, object, { subresource: "status", query: { dryRun: "All" } })
      yield* kube.patch(configMaps, { namespace: "n", name: "a" }, "merge", { data: {} })
      yield* kube.createSubresource(pods, { namespace: "n", name: "p", subresource: "binding" }, { target: {} })
      yield* kube.delete(pods, { namespace: "n", name: "p" }, { gracePeriodSeconds: 0 })
      yield* kube.delete(pods, { namespace: "n", name: "p" })
      expect(requests.map(({ verb, namespace, name, subresource, patchType }) => [verb, namespace, name, subresource, patchType])).toEqual([
        ["create", "n", undefined, undefined, undefined],
        ["update", "n", "a", "status", undefined],
        ["patch", "n", "a", undefined, "merge"],
        ["create", "n", "p", "binding", undefined],
        ["delete", "n", "p", undefined, undefined],
        ["delete", "n", "p", undefined, undefined]
      ])
      expect(requests[1]!.query).toEqual({ dryRun: "All" })
      expect(requests[4]!.body).toEqual({ kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: 0 })
      expect(requests[5]!.body).toBeUndefined()
    }))
})
