/** An engine and a cluster inside this program: tasks are TaskActions as anywhere, their containers are functions. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { OwnWrites } from "@fairlead/controller"
import { TaskActionCrd } from "@fairlead/core"
import { DatastoreMemory } from "@fairlead/datastore"
import { FakeCluster, PodRuntimeFunction } from "@fairlead/fake-cluster"
import { ObjectReader, ObjectRunner, PodPlugin } from "@fairlead/k8s-executor"
import { KubeClient, type KubeObject, KubeResource } from "@fairlead/kube"
import { Engine, EventSink, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry } from "@fairlead/reconciler"
import { Effect, Layer, Schedule } from "effect"

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: ReadonlyArray<{ readonly type: string; readonly status: string }> }
}

const isServed = ({ status }: Definition): boolean => status?.conditions?.some(({ status: holds, type }) => type === "Established" && holds === "True") === true

/** Makes the server know TaskActions. As on any cluster it takes a moment until they can be created. */
const definition = Layer.effectDiscard(Effect.gen(function*() {
  const kube = yield* KubeClient
  const { metadata } = yield* kube.create(KubeResource.customResourceDefinitions, TaskActionCrd.definition)
  const look = kube.get<Definition>(KubeResource.customResourceDefinitions, { name: metadata.name })
  yield* Effect.repeat(look, { until: isServed, schedule: Schedule.spaced("1 millis") })
}))

/** Tasks run as pods. What happens to the pods is read from the engine's own informer. */
const plugins = Layer.unwrap(Effect.map(LaunchedObjects, ({ informers }) => {
  const reader = ObjectReader.layerStores(informers.map(({ store }) => [KubeResource.pods, store]))
  return PluginRegistry.layer(Effect.map(ObjectRunner.make(PodPlugin.make()), (pod) => ({ plugins: [pod], default: pod.id }))).pipe(Layer.provide(reader))
}))

const engine = Engine.layer(makeConfig({ dataRoot: "mem://example/data" })).pipe(
  Layer.provide(plugins),
  Layer.provide([LaunchedObjects.layer([KubeResource.pods]), LaunchFiles.layer, EventSink.layerNone]),
  Layer.provide(DatastoreMemory.layer)
)

/** Everything, with a client for submitting tasks. On a real cluster the transport is another one, and the rest stays. */
export const embedded = (images: PodRuntimeFunction.PodRuntimeFunctionOptions["images"]) =>
  engine.pipe(
    Layer.provideMerge(definition),
    Layer.provideMerge(Layer.fresh(OwnWrites.layer).pipe(Layer.provide(KubeClient.layer))),
    Layer.provideMerge(FakeCluster.layer({ nodes: 3, runtime: PodRuntimeFunction.make({ images }) })),
    Layer.provideMerge(KubeTransportApiServer.layer),
    Layer.provideMerge(FakeApiServer.layer)
  )
