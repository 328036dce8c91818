/** A cluster under virtual time, for tests. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { type CoreEvent, KubeClient, type KubeObject, KubeResource, type KubeTransport, type Pod, type PodSpec } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer, type Scope } from "effect"
import { FakeCluster, type FakeClusterOptions, PodRuntimeScripted } from "../src/index.ts"

/** What programs in such a cluster may use. */
export type World = FakeCluster | KubeClient | KubeTransport | FakeApiServer | Scope.Scope

const server = KubeClient.layer.pipe(Layer.provideMerge(KubeTransportApiServer.layer), Layer.provideMerge(FakeApiServer.layerWith({ freeze: true })))

/** Runs a program to its end; fails with what went wrong. */
export const simulate = <A, E>(program: Effect.Effect<A, E, World>, options: Partial<FakeClusterOptions> = {}): A => {
  const simulation = Simulation.make({ seed: 1 })
  const layer = FakeCluster.layer({ nodes: 1, runtime: PodRuntimeScripted.make(), ...options }).pipe(Layer.provideMerge(server))
  const exit = simulation.run(Effect.scoped(program).pipe(Effect.provide(layer)) as Effect.Effect<A, E>)
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return exit.value
}

/** A pod with one container, before it is created. */
export const podOf = (name: string, spec: Partial<PodSpec> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", ...metadata },
  spec: { restartPolicy: "Never", containers: [{ name: "main", image: "image" }], ...spec }
})

/** The annotation with a script for the runtime. */
export const scripted = (script: PodRuntimeScripted.PodScript): Partial<Pod["metadata"]> => ({ annotations: { [PodRuntimeScripted.scriptAnnotation]: JSON.stringify(script) } })

export const createPod = (pod: Pod) => Effect.flatMap(KubeClient, (client) => client.create<Pod>(KubeResource.pods, pod))

/** The object as the server has it now; `undefined` when it is not there. */
export const find = <A extends KubeObject>(resource: KubeResource.KubeResource, name: string, namespace: string | undefined = "default") =>
  Effect.flatMap(KubeClient, (client) =>
    client.get<A>(resource, { namespace: resource.namespaced ? namespace : undefined, name }).pipe(
      Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.undefined)
    ))

export const findPod = (name: string) => find<Pod>(KubeResource.pods, name)

/** Every committed write from now on, as `ADDED pods/p`. */
export const recordWrites = Effect.map(FakeApiServer, (it) => {
  const writes: Array<string> = []
  it.onWrite((write) => void writes.push(`${write.event.type} ${write.resource.plural}/${write.event.object.metadata.name}`))
  return writes
})

/** The core events of an object, as `Normal Created Created pod`. */
export const eventsOf = (kind: string, name: string) =>
  Effect.flatMap(KubeClient, (client) =>
    Effect.map(client.list<CoreEvent>(KubeResource.coreEvents, undefined), ({ items }) =>
      items.filter((it) => it.involvedObject.kind === kind && it.involvedObject.name === name)
        .sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
        .map((it) => `${it.type} ${it.reason} ${it.message}${(it.count ?? 1) > 1 ? ` x${it.count}` : ""}`)))
