/** The engine in a simulated world: in-memory cluster, scripted pods, seeded network, virtual time. */
import { fetchHandler, FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { Informer, OwnWrites } from "@fairlead/controller"
import { DatastoreMemory } from "@fairlead/datastore"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { ObjectReader, ObjectRunner, PodPlugin } from "@fairlead/k8s-executor"
import { KubeClient, KubeResource, KubeTransport, KubeTransportFetch } from "@fairlead/kube"
import { Engine, EventSink, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry } from "@fairlead/reconciler"
import type { Simulation } from "@fairlead/simulation"
import { Effect, Layer } from "effect"
import * as KubeTransportNetwork from "./KubeTransportNetwork.ts"
import { place, scriptOf, type TaskPlan } from "./Workload.ts"

/** How requests reach the server: as objects in process, or as bytes through its HTTP face. */
export type TransportKind = "in-process" | "bytes"

/** What a simulated world consists of. */
export interface WorldOptions {
  readonly simulation: Simulation.Simulation
  readonly transport: TransportKind
  readonly nodes: number
  readonly plans: ReadonlyArray<TaskPlan>
}

const token = "simulation"

const server = FakeApiServer.layerWith({
  managedFields: false,
  // A watch that breaks off resumes within a fraction of a second.
  historyMax: 2000,
  tokens: { [token]: { name: "engine", groups: ["system:masters"] } }
})

const bytes = Layer.unwrap(Effect.map(FakeApiServer, (api) =>
  KubeTransportFetch.layer({ baseUrl: "http://cluster.invalid", fetch: fetchHandler(api), token })))

const transportOf = (kind: TransportKind): Layer.Layer<KubeTransport, never, FakeApiServer> =>
  kind === "bytes" ? bytes : KubeTransportApiServer.layer

const runtimeOf = (plans: ReadonlyArray<TaskPlan>) => {
  const byAction = new Map(plans.map((plan) => [plan.name, plan]))
  return PodRuntimeScripted.make({
    script: ({ metadata }) => {
      const plan = byAction.get(metadata.labels?.["action"] ?? "")
      return plan === undefined ? undefined : scriptOf(plan, Number(metadata.labels?.["attempt"] ?? "1"))
    }
  })
}

const plugins = Layer.unwrap(Effect.map(LaunchedObjects, ({ informers }) => {
  const [pods] = informers as ReadonlyArray<Informer>
  const reader = ObjectReader.layerStores(pods === undefined ? [] : [[KubeResource.pods, pods.store]])
  return PluginRegistry.layer(Effect.map(ObjectRunner.make(PodPlugin.make()), (pod) => ({ plugins: [pod], default: pod.id })))
    .pipe(Layer.provide(reader))
}))

/** The whole world. The cluster and the engine have a network each, over the same kind of transport. */
export const world = ({ nodes, plans, simulation, transport }: WorldOptions) => {
  const networkFor = (label: string) => Layer.fresh(KubeTransportNetwork.layer(simulation, label).pipe(Layer.provide(Layer.fresh(transportOf(transport)))))
  const cluster = FakeCluster.layerOver({ nodes, runtime: runtimeOf(plans), allocatable: { cpu: "1000", memory: "1Ti", pods: "10000" }, endedPodsMost: Infinity })
    .pipe(Layer.provide(networkFor("the cluster")))
  const client = Layer.fresh(OwnWrites.layer).pipe(Layer.provide(KubeClient.layer))
  const engine = Engine.layer(makeConfig({ namespace: place.namespace, dataRoot: "mem://simulation/data" })).pipe(
    Layer.provide(plugins),
    Layer.provide(Layer.mergeAll(LaunchedObjects.layer([KubeResource.pods], place.namespace), LaunchFiles.layer, EventSink.layerNone)),
    Layer.provideMerge(client),
    Layer.provide(networkFor("the engine")),
    Layer.provide(DatastoreMemory.layer)
  )
  return { server, cluster, engine }
}
