/** The engine on an embedded cluster: an API server in memory whose pods are local processes, files on the local disk. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { TaskCache } from "@fairlead/catalog"
import { Informer, OwnWrites } from "@fairlead/controller"
import { TaskActionCrd } from "@fairlead/core"
import { DatastoreFile } from "@fairlead/datastore/node"
import { FakeCluster, type PodRuntime } from "@fairlead/fake-cluster"
import { PodRuntimeProcess } from "@fairlead/fake-cluster/node"
import { ObjectReader, ObjectRunner, PodPlugin, podPluginDefaults } from "@fairlead/k8s-executor"
import { KubeClient, KubeResource } from "@fairlead/kube"
import { Engine, LaunchedObjects, LaunchFiles, LaunchSecrets, makeConfig, PluginRegistry } from "@fairlead/reconciler"
import { loadEntries, type PluginEntry } from "@fairlead/webapi-runtime"
import { Effect, Layer } from "effect"
import { type CachePlace, openCatalog } from "./cache/CachePlace.ts"
import { runCopilot } from "./commands/Copilot.ts"

/** What the embedded cluster needs to know of its machine. */
export interface EmbeddedOptions {
  /** Absolute path of a folder for logs, volumes and the files of tasks. */
  readonly folder: string
  /** Where tasks run that name no folder. */
  readonly workingDirectory: string
  /** What every task finds in its environment. */
  readonly environment: { readonly [name: string]: string }
  /** Without nodes there is neither a scheduler nor a kubelet. */
  readonly nodes: number
  /** Keeps the folders of pods after their end. */
  readonly keepFolders: boolean
  /** Looks at what the runtime of the pods does; nobody does when left out. */
  readonly followRuntime?: ((runtime: PodRuntime) => PodRuntime) | undefined
  /** Whether scheduler and kubelet record events, as `kubectl describe` shows them. */
  readonly events?: boolean | undefined
  /** PEM of the authority that pods find beside their token. */
  readonly rootCertificate?: string | undefined
  /** Where results of tasks are remembered beyond this cluster; they are not when left out. */
  readonly cache?: CachePlace | undefined
  /** Services that tasks can run on besides. */
  readonly webApis?: ReadonlyArray<PluginEntry> | undefined
  /** Variables that hold secrets, `FLYTE_SECRET_<GROUP>_<KEY>`. */
  readonly secretVariables?: (() => { readonly [name: string]: string | undefined }) | undefined
  /** Known users by bearer token, for the HTTP face. */
  readonly tokens?: { readonly [token: string]: { readonly name: string; readonly groups: ReadonlyArray<string> } } | undefined
}

/** Far more than a machine has: how much runs at once is decided by who submits tasks. */
const allocatable = { cpu: "1000", memory: "1Ti", "ephemeral-storage": "1Ti", pods: "10000" }

/** URI of the folder for the files of tasks. */
const dataRootOf = (folder: string): string => `file://${folder}/data`

/** The API server alone. */
export const server = (options: EmbeddedOptions): Layer.Layer<FakeApiServer> =>
  FakeApiServer.layerWith({
    // For webhooks: few clusters have any, and Node's `http`, which comes with it, takes longer to load than a quick task to run.
    fetch: async (request, trust) => (await import("@fairlead/api-server/node")).outsideFetch(request, trust),
    ...(options.tokens === undefined ? {} : { tokens: options.tokens })
  })

/** Copilot's image, carried out within this process: starting a process of its own takes longer than its work. */
const copilot: NonNullable<PodRuntimeProcess.ProcessImage["inside"]> = ({ log, stopping, words }) =>
  runCopilot(words.slice(podPluginDefaults.copilot.command.length), { writeError: log, terminated: stopping })

/** Nodes and controllers around it. */
export const cluster = (options: EmbeddedOptions) =>
  Layer.unwrap(Effect.map(
    PodRuntimeProcess.make({
      root: `${options.folder}/pods`,
      workingDirectory: options.workingDirectory,
      env: options.environment,
      images: { [podPluginDefaults.copilot.image]: { inside: copilot } },
      keepFolders: options.keepFolders
    }),
    (runtime) =>
      FakeCluster.layer({
        nodes: options.nodes,
        runtime: options.followRuntime?.(runtime) ?? runtime,
        allocatable,
        events: options.events,
        rootCertificate: options.rootCertificate
      })
  ))

/** Files of tasks. */
export const datastore = (options: EmbeddedOptions) => DatastoreFile.layer({ root: options.folder, alsoRoots: options.cache === undefined ? [] : [options.cache.folder] })

/** Prefix of variables that hold secrets for plugins: Flyte's. */
const secretPrefix = "FLYTE_SECRET_"

const plugins = ({ webApis = [] }: EmbeddedOptions) => Layer.unwrap(Effect.map(LaunchedObjects, ({ informers }) => {
    const [pods] = informers as ReadonlyArray<Informer>
    const reader = ObjectReader.layerStores(pods === undefined ? [] : [[KubeResource.pods, pods.store]])
    const made = Effect.gen(function*() {
      const pod = yield* ObjectRunner.make(PodPlugin.make())
      const loaded = yield* loadEntries(webApis)
      return { default: pod.id, ...loaded, plugins: [pod, ...loaded.plugins] }
    })
    return PluginRegistry.layer(made).pipe(Layer.provide(reader))
  }))

/** Makes the server know TaskActions before anybody asks for them. */
export const definition: Layer.Layer<never, never, FakeApiServer> = Layer.effectDiscard(Effect.map(FakeApiServer, (api) => {
  const { body, code } = api.handle({ verb: "create", ...KubeResource.customResourceDefinitions, body: TaskActionCrd.definition })
  if (code >= 400) throw new Error(`the definition of TaskAction was refused: ${JSON.stringify(body)}`)
}))

/** Keeps engines of `fairlead start` from what the embedded one does already. It ends with the cluster, so its lease never runs out. */
export const lease: Layer.Layer<never, never, FakeApiServer> = Layer.effectDiscard(Effect.map(FakeApiServer, (api) => {
  const body = { metadata: { name: "fairlead-engine" }, spec: { holderIdentity: "fairlead dev", leaseDurationSeconds: 2 ** 31 - 1 } }
  const answer = api.handle({ verb: "create", ...KubeResource.leases, namespace: "default", body })
  if (answer.code >= 400) throw new Error(`the lease was refused: ${JSON.stringify(answer.body)}`)
}))

/** A client of the embedded API server that remembers what it wrote. */
export const client = Layer.fresh(OwnWrites.layer).pipe(Layer.provide(KubeClient.layer))

/** Results of tasks, with copies of their files: the folder of the cluster goes with it. */
export const cache = ({ cache: place, folder }: EmbeddedOptions) =>
  place === undefined
    ? Layer.empty
    : TaskCache.layer({ copies: { from: `file://${folder}`, folder: `file://${place.folder}/outputs` } }).pipe(Layer.provide(openCatalog(place.catalog)))

/** Nobody waits long at a terminal for a task that the machine cannot carry out, and this cluster has no outages to sit out. */
const systemFailureWindow = "10 seconds"

/** The same for a catalog that does not answer. */
const cachePatience = "5 seconds"

/** The engine itself. Events go to the sink of the environment, files to its datastore. */
export const engine = (options: EmbeddedOptions) =>
  Engine.layer(makeConfig({ dataRoot: dataRootOf(options.folder), gcInterval: "0 seconds", systemFailureWindow, cachePatience })).pipe(
    Layer.provide(cache(options)),
    Layer.provide(Layer.orDie(plugins(options))),
    Layer.provide(Layer.mergeAll(LaunchedObjects.layer([KubeResource.pods]), LaunchFiles.layer, LaunchSecrets.layerVariables(options.secretVariables ?? (() => ({})), secretPrefix))),
    Layer.provideMerge(client),
    Layer.provide(KubeTransportApiServer.layer)
  )
