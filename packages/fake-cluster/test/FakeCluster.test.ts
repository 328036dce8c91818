import { adminUser, FakeApiServer, fetchHandler } from "@fairlead/api-server"
import { KubeClient, KubeResource, KubeTransportFetch, type Event, type Node } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster, PodRuntimeScripted } from "../src/index.ts"
import { createPod, find, findPod, podOf, recordWrites, scripted, simulate, type World } from "./world.ts"

/** The same program over bytes: requests are encoded, and time stands still while promises are under way. */
const simulateOverBytes = async <A, E>(program: Effect.Effect<A, E, World>): Promise<A> => {
  const simulation = Simulation.make({ seed: 1 })
  const bytes = Layer.unwrap(Effect.map(FakeApiServer, (server) => KubeTransportFetch.layer({ baseUrl: "http://cluster", fetch: fetchHandler(server), token: "t" })))
  const layer = FakeCluster.layerOver({ nodes: 1, runtime: PodRuntimeScripted.make() }).pipe(
    Layer.provideMerge(KubeClient.layer),
    Layer.provideMerge(bytes),
    Layer.provideMerge(FakeApiServer.layerWith({ tokens: { t: adminUser } }))
  )
  const effect = Effect.scoped(program).pipe(Effect.provide(layer)) as Effect.Effect<A, E>
  const exit = await simulation.runAsync(effect, () => new Promise((resolve) => setImmediate(resolve)))
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return exit.value
}

const script = { default: { run: "10 seconds" } } as const

/** What a small scenario leaves behind. */
const scenario = Effect.gen(function*() {
  const client = yield* KubeClient
  const writes = yield* recordWrites
  for (const name of ["a", "b", "c"]) yield* createPod(podOf(name, {}, scripted(script)))
  yield* Effect.sleep("5 seconds")
  yield* client.delete(KubeResource.pods, { namespace: "default", name: "b" })
  yield* Effect.sleep("20 seconds")
  const states = yield* Effect.forEach(["a", "b", "c"], (name) =>
    Effect.map(findPod(name), (pod) => {
      const { exitCode, finishedAt, startedAt } = pod?.status?.containerStatuses?.[0]?.state?.terminated ?? {}
      return [pod?.status?.phase, exitCode, startedAt, finishedAt]
    }))
  return { states, writes: writes.filter((it) => it.includes("pods/")).sort() }
})

describe("a cluster", () => {
  it("does the same over bytes as over objects", async () => {
    const objects = simulate(scenario)
    const success = ["Succeeded", 0, "2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z"]
    expect(objects.states).toEqual([success, [undefined, undefined, undefined, undefined], success])
    expect(await simulateOverBytes(scenario)).toEqual(objects)
  })

  it("has nodes that are ready, without taints, and offer what they were told to", () => {
    simulate(
      Effect.gen(function*() {
        const node = yield* find<Node>(KubeResource.nodes, "node-2")
        expect(node?.spec?.taints ?? []).toEqual([])
        expect(node?.metadata.labels).toMatchObject({ "kubernetes.io/hostname": "node-2", "kubernetes.io/os": "linux" })
        expect(node?.status?.allocatable).toMatchObject({ cpu: "3", pods: "110" })
        expect(node?.status?.addresses?.[0]).toEqual({ type: "InternalIP", address: "10.0.0.2" })
        expect(node?.status?.conditions?.find((it) => it.type === "Ready")).toMatchObject({ status: "True", reason: "KubeletReady" })
      }),
      { nodes: 2, allocatable: { cpu: "3" } }
    )
  })

  it("renews the leases of its nodes only if it is told to", () => {
    const lease = find(KubeResource.leases, "node-1", "kube-node-lease")
    simulate(
      Effect.gen(function*() {
        yield* Effect.sleep("1 second")
        const first = yield* lease
        expect(first).toMatchObject({ spec: { holderIdentity: "node-1", renewTime: "2026-01-01T00:00:00.000000Z" } })
        yield* Effect.sleep("10 seconds")
        expect(yield* lease).toMatchObject({ spec: { renewTime: "2026-01-01T00:00:10.000000Z" } })
      }),
      { heartbeat: "10 seconds" }
    )
    simulate(Effect.gen(function*() {
      yield* Effect.sleep("1 minute")
      expect(yield* lease).toBeUndefined()
    }))
  })

  it("shows its pods as a table", () => {
    simulate(Effect.gen(function*() {
      const cluster = yield* FakeCluster
      yield* createPod(podOf("runs", {}, scripted({ default: { run: "forever" } })))
      yield* createPod(podOf("init", { initContainers: [{ name: "i", image: "i" }] }, scripted({ default: { run: "forever" } })))
      yield* createPod(podOf("crashes", { restartPolicy: "Always" }, scripted({ default: { run: 0, exitCode: 1 } })))
      yield* createPod(podOf("waits", { nodeSelector: { a: "b" } }))
      yield* Effect.sleep("150 seconds")
      expect((yield* cluster.podTable).split("\n")).toEqual([
        "NAMESPACE   NAME      READY   STATUS             RESTARTS   AGE     NODE",
        "default     crashes   0/1     CrashLoopBackOff   4          2m30s   node-1",
        "default     init      0/1     Init:0/1           0          2m30s   node-1",
        "default     runs      1/1     Running            0          2m30s   node-1",
        "default     waits     0/1     Pending            0          2m30s   <none>"
      ])
    }))
  })

  it("tells people what happens to pods only if it is told to", () => {
    const events = Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createPod(podOf("good"))
      yield* createPod(podOf("lost", { nodeSelector: { a: "b" } }))
      yield* createPod(podOf("bad", {}, scripted({ default: { startFailure: { reason: "ErrImagePull", message: "not found" } } })))
      yield* createPod(podOf("crash", { restartPolicy: "Always" }, scripted({ default: { run: 0, exitCode: 1 } })))
      yield* Effect.sleep("5 seconds")
      yield* client.delete(KubeResource.pods, { namespace: "default", name: "bad" })
      yield* Effect.sleep("5 seconds")
      const list = yield* client.list<Event>(KubeResource.events, "default")
      return list.items.map((it) => `${it.regarding?.name}: ${it.type} ${it.reason} ${it.note?.split(". ")[0]?.replace(/\(.*/, "")}`)
    })
    const told = simulate(events, { events: true })
    for (const line of [
      "good: Normal Scheduled Successfully assigned default/good to node-1",
      "good: Normal Started Container started",
      "lost: Warning FailedScheduling 0/1 nodes are available: 1 node",
      'bad: Warning Failed Failed to pull image "image": not found',
      "crash: Warning BackOff Back-off restarting failed container main in pod crash_default"
    ]) expect(told).toContain(line)
    expect(simulate(events)).toEqual([])
  })

  it("with nodes needs a runtime and says so", () => {
    expect(() => simulate(Effect.void, { runtime: undefined })).toThrow("a cluster with 1 nodes needs a runtime for their containers: give FakeCluster one as `runtime`")
  })
})
