/** The engine on a real cluster: what `Layers.ts` is for the embedded one. */
import { TaskCache } from "@fairlead/catalog"
import { EventRecorder, Informer, LeaderElection, type LeadershipLost, OwnWrites, RequestPolicy, Sharding } from "@fairlead/controller"
import { Datastore, DatastoreRouter, DatastoreS3 } from "@fairlead/datastore"
import { DatastoreFile, S3CredentialsNode } from "@fairlead/datastore/node"
import { JobPlugin, makeObjectEventLog, type ObjectEvents, ObjectReader, ObjectRunner, PodPlugin, podTemplatesFromStore } from "@fairlead/k8s-executor"
import { type Event, KubeClient, KubeResource, type KubeTransport } from "@fairlead/kube"
import { Engine, EventBatcher, EventSink, EventSinkConnect, EventSinkLog, LaunchedObjects, LaunchFiles, PluginRegistry, wholeShare } from "@fairlead/reconciler"
import { Deferred, Effect, Layer } from "effect"
import { openCatalog, parseCatalog } from "../cache/CachePlace.ts"
import type { ClusterAccess } from "./ClusterAccess.ts"
import * as ClusterWire from "./ClusterWire.ts"
import * as FetchNode from "./FetchNode.ts"
import type { HostProcess } from "./HostProcess.ts"
import { makeRemotePlugins } from "./RemotePlugins.ts"
import * as SecretsNode from "./SecretsNode.ts"
import type { Settings } from "./Settings.ts"

/** Why an engine that led must end. */
export type Lost = LeadershipLost

/** What an engine is made of. */
export interface ClusterEngineOptions {
  readonly settings: Settings
  readonly access: ClusterAccess
  readonly host: HostProcess
  /** Names this process among others that run the same engine. */
  readonly identity: string
  /** Fails when the lease is lost: then nothing of this process may go on. */
  readonly lost: Deferred.Deferred<never, LeadershipLost>
  /** Carries requests to the API server; Node's `http` and `https` with the material of `access` if left out. */
  readonly fetch?: FetchNode.FetchNode | undefined
}

/** Starts an engine; it works when it gets the lease, or on the shares that it gets, and gives them back when the layer closes. */
export const layer = (options: ClusterEngineOptions): Layer.Layer<Engine> => {
  const { identity, settings } = options
  const { namespace } = settings.engine
  const resources = settings.plugins.job ? [KubeResource.pods, KubeResource.jobs] : [KubeResource.pods]
  const recorder = settings.events.kubernetes
    ? EventRecorder.layer({ reportingController: "fairlead.dev/engine", reportingInstance: identity.slice(0, 128) })
    : Layer.empty
  return engine(options).pipe(
    Layer.provide(cache(settings.catalog)),
    Layer.provide(plugins(options)),
    Layer.provide(Layer.mergeAll(LaunchedObjects.layer(resources, namespace), LaunchFiles.layer, SecretsNode.layer(settings.secrets, options.host.environment), sink(settings.events), recorder)),
    Layer.provide(Layer.mergeAll(client, datastore(settings.datastore, options.host))),
    Layer.provide(transport(options))
  )
}

const engine = ({ access, identity, lost, settings }: ClusterEngineOptions) =>
  Layer.unwrap(Effect.map(KubeClient, (kube) => {
    const { enabled, namespace = access.namespace, shares: count, ...times } = settings.leaderElection
    const election = { ...times, namespace, identity }
    const spans = settings.traces.url !== undefined
    if (!enabled) return Engine.layer(settings.engine, { spans })
    return Engine.layer(settings.engine, {
      spans,
      lead: (workOn) => (count === 1 ? LeaderElection.run(election, workOn(wholeShare)) : Sharding.run({ ...election, shards: count }, (index) => workOn({ index, count }))).pipe(
        Effect.provideService(KubeClient, kube),
        Effect.catch((error) => Deferred.fail(lost, error))
      )
    })
  }))

/** Every write passes the fence, and again when it is repeated: nothing is sent under a lease that may have expired. */
const transport = ({ access, fetch, settings }: ClusterEngineOptions): Layer.Layer<KubeTransport> => {
  const { requestBurst, requestsPerSecond } = settings.kubernetes
  const wire = ClusterWire.layer({ access, fetch, userAgent: "fairlead-engine" })
  return RequestPolicy.layer({ perSecond: requestsPerSecond, burst: requestBurst }).pipe(Layer.provide(LeaderElection.fence.pipe(Layer.provide(wire))))
}

/** One client, over the fence, that remembers what it wrote. */
const client = Layer.fresh(OwnWrites.layer).pipe(Layer.provide(KubeClient.layer))

/** Each store is opened by the first URI of its scheme. */
const datastore = ({ fileRoot, s3 }: Settings["datastore"], host: HostProcess): Layer.Layer<Datastore> => {
  const buckets = (endpoint: string | undefined) => Layer.unwrap(Effect.map(FetchNode.make(), (fetch) => {
    const { environment: variables } = host
    const credentials = S3CredentialsNode.standard({ variables, homeDirectory: variables["HOME"] ?? "/", region: s3.region, fetch })
    return DatastoreS3.layer({ ...s3, endpoint, credentials, fetch })
  }))
  return DatastoreRouter.layer({
    file: DatastoreFile.layer({ root: fileRoot }),
    s3: buckets(s3.endpoint),
    gs: buckets(s3.endpoint ?? "https://storage.googleapis.com")
  })
}

/** Results of tasks, if there is a place for them. */
const cache = ({ url }: Settings["catalog"]) => {
  const place = url === undefined ? undefined : parseCatalog(url, (it) => it)
  return place === undefined ? Layer.empty : TaskCache.layer().pipe(Layer.provide(openCatalog(place)))
}

const sink = (events: Settings["events"]): Layer.Layer<EventSink> => {
  const { batchMax, flushesMax, flushTimeout, headers, url } = events
  if (events.sink === "none") return EventSink.layerNone
  if (events.sink === "log" || url === undefined) return EventSinkLog.layer
  const connect = Layer.unwrap(Effect.map(FetchNode.make(), (fetch) => EventSinkConnect.layer({ baseUrl: url.replace(/\/+$/, ""), fetch, headers })))
  return EventBatcher.layer(connect, { batchMax, flushesMax, flushTimeout })
}

const plugins = ({ access, host, settings }: ClusterEngineOptions) =>
  Layer.unwrap(Effect.gen(function*() {
    const { namespace } = settings.engine
    const { informers } = yield* LaunchedObjects
    const reader = ObjectReader.layerStores(informers.map((it) => [it.resource, it.store] as const))
    const templates = yield* Informer.make({ resource: KubeResource.podTemplates, namespace })
    const podTemplates = podTemplatesFromStore(templates.store, settings.plugins.podTemplateNamespace ?? access.namespace, templates.isSynced)
    const events = settings.plugins.objectEvents ? yield* followEvents(namespace) : undefined
    const parts = { podTemplates, environment: host.environment }
    const runner = { config: settings.objects, events }
    const made = Effect.gen(function*() {
      const pod = yield* ObjectRunner.make(PodPlugin.make(settings.pods, parts), runner)
      const job = settings.plugins.job ? [yield* ObjectRunner.make(JobPlugin.make(settings.pods, parts), runner)] : []
      const remote = yield* makeRemotePlugins(settings)
      const byDefault = settings.plugins.default
      return { plugins: [pod, ...job, ...remote], forTaskTypes: settings.engine.pluginsForTaskTypes, ...(byDefault === "" ? {} : { default: byDefault }) }
    })
    return Layer.orDie(PluginRegistry.layer(made)).pipe(Layer.provide(reader))
  }))

/** Keeps of each event what a reason needs. */
const followEvents = Effect.fnUntraced(function*(namespace: string | undefined) {
  const log = makeObjectEventLog()
  const informer = yield* Informer.make<Event>({
    resource: KubeResource.events,
    namespace,
    transform: (object) => {
      const { deprecatedLastTimestamp, eventTime, metadata, note, regarding, series } = object as Event
      const { creationTimestamp, name, namespace: place, resourceVersion, uid } = metadata
      return { metadata: { creationTimestamp, name, namespace: place, resourceVersion, uid }, regarding: { uid: regarding?.uid }, note, series, eventTime, deprecatedLastTimestamp } as Event
    }
  })
  yield* Effect.acquireRelease(
    Effect.sync(() => informer.subscribe(({ object, type }) => void (type === "Deleted" || log.record(object)))),
    (stop) => Effect.sync(stop)
  )
  return log satisfies ObjectEvents
})
