import { assert, describe, it } from "@effect/vitest"
import { KubeClient, KubeError, KubeResource, KubeTransport, type WatchEvent } from "@fairlead/kube"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { FakeApiServer, KubeTransportApiServer } from "../src/index.ts"

const layer = KubeClient.layer.pipe(
  Layer.provideMerge(KubeTransportApiServer.layer),
  Layer.provideMerge(FakeApiServer.layerWith({ freeze: true }))
)

describe("KubeTransportApiServer", () => {
  it.effect("an object that was created can be read, and its answer is the stored object itself", () =>
    Effect.gen(function*() {
      const client = yield* KubeClient
      const created = yield* client.create(KubeResource.configMaps, { metadata: { namespace: "default", name: "a" } })
      const read = yield* client.get(KubeResource.configMaps, { namespace: "default", name: "a" })
      assert.strictEqual(read, created)
    }).pipe(Effect.provide(layer)))

  it.effect("a refused call fails with the reason of its status", () =>
    Effect.gen(function*() {
      const client = yield* KubeClient
      const error = yield* Effect.flip(client.get(KubeResource.pods, { namespace: "default", name: "none" }))
      assert.isTrue(KubeError.isReason(error, "NotFound"))
      assert.strictEqual(error.message, 'get /api/v1/namespaces/default/pods/none failed: NotFound: pods "none" not found')
    }).pipe(Effect.provide(layer)))

  it.effect("a watch tells changes as they are made and is closed by interruption", () =>
    Effect.gen(function*() {
      const client = yield* KubeClient
      const transport = yield* KubeTransport
      const events: Array<WatchEvent> = []
      const fiber = yield* Effect.forkChild(
        transport.watch({ resource: KubeResource.configMaps, namespace: "default" }, (batch) => events.push(...batch)),
        { startImmediately: true }
      )
      yield* client.create(KubeResource.configMaps, { metadata: { namespace: "default", name: "a" } })
      yield* client.create(KubeResource.configMaps, { metadata: { namespace: "kube-system", name: "b" } })
      yield* client.delete(KubeResource.configMaps, { namespace: "default", name: "a" })
      yield* Fiber.interrupt(fiber)
      yield* client.create(KubeResource.configMaps, { metadata: { namespace: "default", name: "c" } })
      assert.deepStrictEqual(events.map(({ type, object }) => `${type} ${(object as { metadata: { name?: string } }).metadata.name}`), ["ADDED a", "DELETED a"])
    }).pipe(Effect.provide(layer)))

  it.effect("a watch with a timeout ends by itself", () =>
    Effect.gen(function*() {
      const transport = yield* KubeTransport
      const fiber = yield* Effect.forkChild(transport.watch({ resource: KubeResource.pods, query: { timeoutSeconds: "5" } }, () => undefined))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
    }).pipe(Effect.provide(layer)))
})
