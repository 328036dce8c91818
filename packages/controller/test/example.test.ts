import { Effect } from "effect"
import { expect, it } from "vitest"
import { type ConfigMap, KubeClient, KubeResource, type Pod } from "@fairlead/kube"
import { Controller, Informer, OwnerReferences, OwnWrites, Predicate, Result, Source } from "../src/index.ts"
import { simulateServer } from "./support/apiServer.ts"

/** The example of the README, word for word. */
const program = Effect.gen(function*() {
  const kube = yield* KubeClient
  const configs = yield* Informer.make<ConfigMap>({ resource: KubeResource.configMaps, labelSelector: "run=pod" })
  const pods = yield* Informer.make<Pod>({ resource: KubeResource.pods, labelSelector: "run=pod" })
  return yield* Controller.run({
    name: "pod-of-config",
    sources: [Source.of(configs, { predicate: Predicate.generationChanged }), Source.owned(pods, { group: "", kind: "ConfigMap" })],
    reconcile: Effect.fnUntraced(function*({ name, namespace }) {
      const config = configs.store.get(namespace, name)
      if (config === undefined || pods.store.get(namespace, name) !== undefined) return Result.done
      const ownerReferences = [OwnerReferences.to(KubeResource.configMaps, config)]
      const spec = { containers: [{ name: "main", image: config.data?.["image"] ?? "busybox" }] }
      yield* kube.create<Pod>(KubeResource.pods, { metadata: { name, namespace: namespace!, labels: { run: "pod" }, ownerReferences }, spec })
      return Result.requeueAfter("1 hour")
    })
  })
}).pipe(Effect.scoped, Effect.provide(OwnWrites.layer)) // needs KubeTransport and KubeClient

it("the example of the README gives every ConfigMap its pod, again when the pod is deleted", () => {
  simulateServer(1, { before: 0, after: 0, watch: 0, latencyMillis: 0 }, Effect.gen(function*() {
    const kube = yield* KubeClient
    yield* Effect.forkScoped(program)
    yield* kube.create<ConfigMap>(KubeResource.configMaps, { metadata: { name: "web", namespace: "default", labels: { run: "pod" } }, data: { image: "nginx" } })
    yield* Effect.sleep("1 second")
    yield* kube.delete(KubeResource.pods, { namespace: "default", name: "web" }, { gracePeriodSeconds: 0 })
    yield* Effect.sleep("1 second")
    const { items } = yield* kube.list<Pod>(KubeResource.pods, "default")
    expect(items).toMatchObject([{ spec: { containers: [{ image: "nginx" }] }, metadata: { ownerReferences: [{ kind: "ConfigMap", name: "web" }] } }])
  }))
})
