/** Objects for tests, and a run under virtual time. */
import { Cause, Effect, Exit, Layer, Logger, type Scope } from "effect"
import { type KubeObject, KubeClient, KubeResource, type KubeTransport } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { OwnWrites } from "../../src/index.ts"
import { ClusterFake } from "./clusterFake.ts"

export interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number }
  readonly status?: { readonly done?: boolean }
}

export const widgets = KubeResource.make("example.org", "v1", "widgets", "Widget")
export const parts = KubeResource.make("example.org", "v1", "parts", "Part")

export const widget = (name: string, fields: Partial<Widget["metadata"]> = {}, rest: Omit<Widget, "metadata"> = {}): Widget => ({
  apiVersion: "example.org/v1",
  kind: "Widget",
  metadata: { name, namespace: "default", ...fields },
  ...rest
})

export const partOf = (owner: KubeObject, name: string): KubeObject => ({
  apiVersion: "example.org/v1",
  kind: "Part",
  metadata: {
    name,
    namespace: owner.metadata.namespace!,
    ownerReferences: [{ apiVersion: "example.org/v1", kind: "Widget", name: owner.metadata.name!, uid: owner.metadata.uid ?? "", controller: true }]
  }
})

/** Runs `body` with a fake cluster under virtual time; what is logged is collected. */
export const simulate = <A, E>(
  body: (cluster: ClusterFake, logs: ReadonlyArray<string>) => Effect.Effect<A, E, KubeTransport | KubeClient | Scope.Scope>,
  seed = 1
): A => {
  const cluster = new ClusterFake()
  const logs: Array<string> = []
  const logger = Logger.layer([Logger.make(({ message }) => {
    logs.push(String(Array.isArray(message) ? message.join(" ") : message))
  })])
  const client = KubeClient.layer.pipe(Layer.provideMerge(cluster.layer))
  const exit = Simulation.make({ seed }).run(Effect.scoped(body(cluster, logs)).pipe(Effect.provide(Layer.mergeAll(client, logger))))
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return exit.value
}

/** Makes the client record its writes, as an application does with `OwnWrites.layer`. */
export const recording = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, KubeClient> | KubeClient> => Effect.provide(effect, OwnWrites.layer)
