/** The engine in a simulated world: in-memory cluster, scripted pods, seeded network, virtual time. */
import { fetchHandler, FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { CatalogMemory, TaskCache } from "@fairlead/catalog"
import { Informer, OwnWrites } from "@fairlead/controller"
import { type Datastore, DatastoreMemory } from "@fairlead/datastore"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { ObjectReader, ObjectRunner, PodPlugin } from "@fairlead/k8s-executor"
import { KubeClient, KubeResource, KubeTransport, KubeTransportFetch } from "@fairlead/kube"
import { Engine, EventSink, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry } from "@fairlead/reconciler"
import type { Simulation } from "@fairlead/simulation"
import { Effect, Layer } from "effect"
import * as DatastoreFaults from "./DatastoreFaults.ts"
import type { FaultRules } from "./Faults.ts"
import * as KubeTransportFaults from "./KubeTransportFaults.ts"
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
  /** What makes the engine's calls fail; nothing does when left out. */
  readonly rules?: FaultRules | undefined
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

/** One engine from nothing, as after a start of its program: caches, memory and connections are new, files and cluster are not. */
export type EngineOf = (label: string, life: KubeTransportFaults.Life) => Layer.Layer<Engine, never, FakeApiServer | Datastore>

/** The whole world. Users, cluster and engine have a network each, over the same kind of transport; rules strike the engine alone. */
export const world = ({ nodes, plans, rules, simulation, transport }: WorldOptions) => {
  const networkFor = (label: string) => Layer.fresh(KubeTransportNetwork.layer(simulation, label).pipe(Layer.provide(Layer.fresh(transportOf(transport)))))
  const cluster = FakeCluster.layerOver({ nodes, runtime: runtimeOf(plans), allocatable: { cpu: "1000", memory: "1Ti", pods: "10000" }, endedPodsMost: Infinity })
    .pipe(Layer.provide(networkFor("the cluster")))
  const users = Layer.fresh(KubeClient.layer).pipe(Layer.provide(networkFor("the users")))
  const engineOf: EngineOf = (label, life) => {
    const client = Layer.fresh(OwnWrites.layer).pipe(Layer.provide(Layer.fresh(KubeClient.layer)))
    const struck = rules === undefined ? networkFor(label) : Layer.fresh(KubeTransportFaults.layer(rules, life)).pipe(Layer.provide(networkFor(label)))
    const files = rules === undefined ? LaunchFiles.layer : Layer.provide(LaunchFiles.layer, Layer.fresh(DatastoreFaults.layer(rules)))
    // An engine forgives failures of its surroundings for a time. Faults here last as long as they like and must not change how a task ends.
    const patience = rules === undefined ? {} : { systemFailureWindow: "1 day", systemFailureDelayMax: "10 seconds" }
    return Layer.fresh(Engine.layer(makeConfig({ namespace: place.namespace, dataRoot: "mem://simulation/data", ...patience }))).pipe(
      Layer.provide(Layer.fresh(plugins)),
      Layer.provide(Layer.mergeAll(Layer.fresh(LaunchedObjects.layer([KubeResource.pods], place.namespace)), Layer.fresh(files), EventSink.layerNone)),
      Layer.provide(client),
      Layer.provide(struck),
      Layer.orDie
    )
  }
  const cache = TaskCache.layer().pipe(Layer.provide(CatalogMemory.layer()), Layer.provideMerge(DatastoreMemory.layer))
  return { ground: Layer.merge(server, cache), cluster, users, engineOf }
}
