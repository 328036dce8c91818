import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { KubeClient, KubeResource, type KubeTransport, type Pod, type PodSpec } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Effect, Exit, Layer, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster, type FakeClusterOptions, PodRuntimeScripted } from "../src/index.ts"

const world = Layer.merge(KubeClient.layer.pipe(Layer.provideMerge(KubeTransportApiServer.layer)), Layer.empty).pipe(Layer.provideMerge(FakeApiServer.layer))

type Needs = FakeCluster | KubeClient | KubeTransport | FakeApiServer

const simulate = <A, E>(options: FakeClusterOptions, program: Effect.Effect<A, E, Needs | Scope.Scope>): A => {
  const simulation = Simulation.make({ seed: 1 })
  const layer = FakeCluster.layer(options).pipe(Layer.provideMerge(world))
  const exit = simulation.run(Effect.scoped(program).pipe(Effect.provide(layer)) as Effect.Effect<A, E>)
  if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  return exit.value
}

const podOf = (name: string, spec: Partial<PodSpec> = {}, annotations: Record<string, string> = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", annotations },
  spec: { restartPolicy: "Never", containers: [{ name: "main", image: "i" }], ...spec }
})

describe("a cluster", () => {
  it("schedules a pod, runs it and reports its end", () => {
    simulate({ nodes: 1, runtime: PodRuntimeScripted.make() }, Effect.gen(function*() {
      const client = yield* KubeClient
      const cluster = yield* FakeCluster
      yield* client.create(KubeResource.pods, podOf("p"))
      yield* Effect.sleep(10)
      expect(cluster.pod("default", "p")?.status?.phase).toBe("Running")
      yield* Effect.sleep(2000)
      expect(cluster.pod("default", "p")?.status?.phase).toBe("Succeeded")
      console.log(yield* cluster.podTable, JSON.stringify(cluster.pod("default", "p"), null, 1))
    }))
  })
})
