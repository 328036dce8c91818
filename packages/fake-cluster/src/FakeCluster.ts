/** A whole cluster around an API server: nodes, scheduler, kubelet and controllers. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { Informer } from "@fairlead/controller"
import { type ConfigMap, KubeClient, type KubeError, type KubeObject, KubeResource, KubeTransport, type Namespace, type Node, type Pod } from "@fairlead/kube"
import { Clock, Context, type Duration, Effect, Layer, type Scope } from "effect"
import * as Controllers from "./controllers/Controllers.ts"
import * as ControllerSetting from "./controllers/ControllerSetting.ts"
import * as DisruptionController from "./DisruptionController.ts"
import * as GarbageCollector from "./GarbageCollector.ts"
import { awaitStores } from "./internal/awaitStores.ts"
import type { Budget } from "./internal/budgets.ts"
import { builtinResources } from "./internal/builtinResources.ts"
import type { PressedResource } from "./internal/evictionRank.ts"
import * as ClusterNodes from "./internal/nodes/clusterNodes.ts"
import { podTable } from "./internal/podTable.ts"
import * as Directory from "./internal/resourceDirectory.ts"
import type * as Kubelet from "./Kubelet.ts"
import * as NamespaceController from "./NamespaceController.ts"
import * as Nodes from "./Nodes.ts"
import * as PodGarbageCollector from "./PodGarbageCollector.ts"
import type { LogOptions, PodRuntime } from "./PodRuntime.ts"
import * as PolicyStatusController from "./PolicyStatusController.ts"
import * as QuotaController from "./QuotaController.ts"
import * as ServiceAccountController from "./ServiceAccountController.ts"

/** What a cluster consists of. */
export interface FakeClusterOptions {
  /** How many nodes, or which. With none there is neither a scheduler nor a kubelet, and pods stay as they are. */
  readonly nodes: number | ReadonlyArray<Nodes.NodeTemplate>
  /** Carries out the containers. Needed as soon as there are nodes. */
  readonly runtime?: PodRuntime | undefined
  /** What each of the counted nodes offers beyond `allocatableDefault`. */
  readonly allocatable?: Nodes.NodeTemplate["allocatable"]
  /** PEM text for `kube-root-ca.crt` in every namespace; empty when left out. */
  readonly rootCertificate?: string | undefined
  /** How often kubelets renew the leases of their nodes; never when left out. */
  readonly heartbeat?: Duration.Input | undefined
  /** Whether scheduler and kubelets record events, as `kubectl describe` shows them; if not, pods cost fewer writes. */
  readonly events?: boolean | undefined
  /** Ended pods that are kept before the oldest are removed; 12,500 when left out. */
  readonly endedPodsMost?: number | undefined
}

/** Looks into a running cluster. */
export class FakeCluster extends Context.Service<FakeCluster, {
  /** All pods, as the cluster's own components see them. */
  readonly pods: () => ReadonlyArray<Pod>
  readonly pod: (namespace: string, name: string) => Pod | undefined
  readonly nodes: () => ReadonlyArray<Node>
  /** The log of a container; `undefined` while there is none. */
  readonly logs: (namespace: string, pod: string, options: LogOptions) => Effect.Effect<string | undefined>
  /**
   * Shuts all nodes down: pods end within their grace periods or the given one, whichever is shorter. Done when all have
   * ended; answers those that had to, as `namespace/name`.
   */
  readonly drain: (grace: Duration.Input) => Effect.Effect<ReadonlyArray<string>>
  /**
   * Cuts a node off, until it is restored. Its containers go on unheard, or end without a trace when it crashes. After 50 seconds the node
   * counts as unreachable, and its pods are driven away as their tolerations say.
   */
  readonly loseNode: (node: string, options?: { readonly crash?: boolean }) => Effect.Effect<void>
  /** Brings a lost node back: it tells what has happened on it, and ends what was deleted meanwhile. */
  readonly restoreNode: (node: string) => Effect.Effect<void, KubeError.KubeError>
  /** Makes a node run out of something: it says so in its conditions and evicts one pod, which is answered as `namespace/name`. */
  readonly pressNode: (node: string, resource: PressedResource) => Effect.Effect<string | undefined, KubeError.KubeError>
  /** The node has enough again. */
  readonly relieveNode: (node: string, resource: PressedResource) => Effect.Effect<void, KubeError.KubeError>
  /** The pods as a table for people. */
  readonly podTable: Effect.Effect<string>
}>()("@fairlead/fake-cluster/FakeCluster") {
  /**
   * A cluster around the API server of the environment. It calls the server in process and so feels no fault that
   * other transports are made to have. Ready when its nodes are and pods can be created in its namespaces.
   */
  static layer(options: FakeClusterOptions): Layer.Layer<FakeCluster, KubeError.KubeError, FakeApiServer> {
    return Layer.effect(FakeCluster, serving(options)).pipe(Layer.provide(Layer.fresh(KubeClient.layer)), Layer.provide(Layer.fresh(KubeTransportApiServer.layer)))
  }

  /** The same over any transport. */
  static layerOver(options: FakeClusterOptions): Layer.Layer<FakeCluster, KubeError.KubeError, KubeTransport> {
    return Layer.effect(FakeCluster, Effect.map(run(options), (it) => it.cluster)).pipe(Layer.provide(Layer.fresh(KubeClient.layer)))
  }
}

/** A cluster whose kubelet also answers the server's requests for logs, and that knows the schemas of the server. */
const serving = Effect.fnUntraced(function*(options: FakeClusterOptions) {
  const server = yield* FakeApiServer
  const { cluster, kubelet } = yield* run(options)
  yield* Effect.forkScoped(PolicyStatusController.run(server.context.catalog))
  if (kubelet !== undefined) yield* Effect.acquireRelease(Effect.sync(() => server.serveNodes(kubelet.serves)), (stop) => Effect.sync(stop))
  return cluster
})

/** A running cluster and its kubelet, if it has nodes. */
export interface RunningCluster {
  readonly cluster: FakeCluster["Service"]
  readonly kubelet: Kubelet.Kubelet | undefined
}

/** Starts a cluster; it stops when the scope closes. */
export const run = Effect.fnUntraced(function*(
  options: FakeClusterOptions
): Effect.fn.Return<RunningCluster, KubeError.KubeError, KubeClient | KubeTransport | Scope.Scope> {
  const pods = yield* follow<Pod>(KubeResource.pods)
  const nodes = yield* follow<Node>(KubeResource.nodes)
  const namespaces = yield* follow<Namespace>(KubeResource.namespaces)
  const serviceAccounts = yield* follow(KubeResource.serviceAccounts)
  const configMaps = yield* follow<ConfigMap>(KubeResource.configMaps)
  const directory = yield* Directory.make(builtinResources, [pods, nodes, namespaces, serviceAccounts, configMaps] as ReadonlyArray<Informer>)
  yield* Effect.forkScoped(GarbageCollector.run(directory))
  yield* Effect.forkScoped(NamespaceController.run(namespaces, directory))
  yield* Effect.forkScoped(ServiceAccountController.run({ namespaces, serviceAccounts, configMaps, rootCertificate: options.rootCertificate ?? "" }))
  yield* Effect.forkScoped(QuotaController.run(directory))
  yield* Effect.forkScoped(DisruptionController.run(pods, directory))
  yield* Effect.forkScoped(PodGarbageCollector.run({ pods, nodes, endedMost: options.endedPodsMost }))
  const setting = yield* ControllerSetting.make(pods, directory)
  yield* Controllers.start(setting, options.rootCertificate ?? "")
  const templates = typeof options.nodes === "number" ? Nodes.numbered(options.nodes, options.allocatable) : options.nodes
  if (templates.length > 0 && options.runtime === undefined) {
    return yield* Effect.die(new Error(`a cluster with ${templates.length} nodes needs a runtime for their containers: give FakeCluster one as \`runtime\``))
  }
  const informers = { pods, nodes, namespaces, budgets: setting.follow<Budget>(DisruptionController.resource) }
  const nodeOptions = { templates, runtime: options.runtime!, heartbeat: options.heartbeat, events: options.events === true }
  const running = templates.length === 0 ? undefined : yield* ClusterNodes.start(nodeOptions, informers, setting)
  const kubelet = running?.kubelet
  // Pods mount the account's token and the certificate: without them the first ones would have to wait for a retry.
  yield* namespaces.synced
  yield* awaitStores([serviceAccounts, configMaps], () =>
    namespaces.store.list().every(({ metadata: { deletionTimestamp, name } }) =>
      deletionTimestamp !== undefined || ServiceAccountController.isProvided(serviceAccounts.store, configMaps.store, name!)))
  const cluster: FakeCluster["Service"] = {
    pods: () => pods.store.list(),
    pod: (namespace, name) => pods.store.get(namespace, name),
    nodes: () => nodes.store.list(),
    logs: (namespace, pod, logOptions) => kubelet?.logs(namespace, pod, logOptions) ?? Effect.undefined,
    drain: (grace) => kubelet?.drain(grace) ?? Effect.succeed([]),
    loseNode: (node, { crash = false } = {}) => running?.lose(node, crash) ?? Effect.void,
    restoreNode: (node) => running?.restore(node) ?? Effect.void,
    pressNode: (node, resource) => running?.press(node, resource) ?? Effect.undefined,
    relieveNode: (node, resource) => running?.relieve(node, resource) ?? Effect.void,
    podTable: Effect.map(Clock.currentTimeMillis, (now) => podTable(pods.store.list(), now))
  }
  return { cluster, kubelet }
})

const follow = <A extends KubeObject>(resource: KubeResource.KubeResource): Effect.Effect<Informer<A>, never, KubeTransport | Scope.Scope> =>
  Informer.make<A>({ resource, transform: (object) => object as A })
