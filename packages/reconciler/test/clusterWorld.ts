/** The engine with the real executor on a cluster in memory, under virtual time. */
import { KubeTransportApiServer, FakeApiServer } from "@fairlead/api-server"
import { OwnWrites } from "@fairlead/controller"
import { TaskActionCrd } from "@fairlead/core"
import { layerMemory } from "@fairlead/datastore"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { ObjectReader, ObjectRunner, PodPlugin } from "@fairlead/k8s-executor"
import { KubeClient, type KubeError, type KubeObject, KubeResource, KubeTransport } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { Engine, EventSinkMemory, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry } from "../src/index.ts"

/** What the pods of an action do: always the same, or by attempt. */
export type Scripts = { readonly [action: string]: PodRuntimeScripted.PodScript | ((attempt: number) => PodRuntimeScripted.PodScript | undefined) }

const scriptOf = (scripts: Scripts, labels: { readonly [key: string]: string } = {}): PodRuntimeScripted.PodScript | undefined => {
  const script = scripts[labels["action"] ?? ""]
  return typeof script === "function" ? script(Number(labels["attempt"])) : script
}

const codeOf = ({ reason }: KubeError.KubeError): string => (reason._tag === "TransportFailed" ? "no answer" : "status" in reason ? String(reason.status.code) : reason._tag)

/** `calls` are the requests of engine and executor as `patch taskactions/status`; those that failed have their code behind them. */
export const onCluster = <A, E>(
  scripts: Scripts,
  test: (calls: ReadonlyArray<string>) => Effect.Effect<A, E, KubeClient | FakeCluster | EventSinkMemory.EventJournal | Engine>,
  settings: Parameters<typeof makeConfig>[0] = {},
  nodes = 3,
  allocatable?: { readonly [resource: string]: string }
): A => {
  const simulation = Simulation.make({ seed: 3, virtualTimeMax: "1 day" })
  const calls: Array<string> = []
  const counting = Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => ({
    watch: inner.watch,
    request: (request) => {
      const at = calls.push(`${request.verb} ${request.resource.plural}${request.subresource === undefined ? "" : `/${request.subresource}`}`) - 1
      return Effect.tapError(inner.request(request), (error) => Effect.sync(() => void (calls[at] += ` ${codeOf(error)}`)))
    }
  })))
  const server = FakeApiServer.layer
  const runtime = PodRuntimeScripted.make({ script: (pod) => scriptOf(scripts, pod.metadata.labels), default: { start: 200, run: 1000 } })
  const cluster = FakeCluster.layer({ nodes, runtime, allocatable }).pipe(Layer.provideMerge(server))
  const own = Layer.provideMerge(OwnWrites.layer, KubeClient.layer).pipe(Layer.provideMerge(counting.pipe(Layer.provide(KubeTransportApiServer.layer))), Layer.provide(server))
  const launched = LaunchedObjects.layer([KubeResource.pods]).pipe(Layer.provideMerge(own))
  const reader = Layer.unwrap(Effect.map(LaunchedObjects, ({ informers }) => ObjectReader.layerStores(informers.map((it) => [it.resource, it.store] as const))))
  const registry = PluginRegistry.layer(Effect.map(ObjectRunner.make(PodPlugin.make()), (plugin) => ({ plugins: [plugin] }))).pipe(Layer.provide(reader))
  const files = LaunchFiles.layer.pipe(Layer.provide(layerMemory))
  const engine = Engine.layer(makeConfig({ dataRoot: "memory://data", systemFailureWindow: "10 seconds", ...settings }))
  const layer = engine.pipe(Layer.provideMerge(Layer.mergeAll(registry, files, EventSinkMemory.layer)), Layer.provideMerge(launched), Layer.provideMerge(cluster), Layer.provideMerge(Logger.layer([])))
  const program = Effect.gen(function*() {
    yield* (yield* KubeClient).create(KubeResource.customResourceDefinitions, TaskActionCrd.definition as unknown as KubeObject)
    yield* Effect.sleep("1 second")
    calls.length = 0
    return yield* test(calls)
  })
  const exit = simulation.run(Effect.scoped(Effect.provide(program, layer, { local: true })) as Effect.Effect<A, E>)
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return exit.value
}
