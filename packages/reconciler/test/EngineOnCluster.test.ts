import { KubeTransportApiServer, FakeApiServer } from "@fairlead/api-server"
import { OwnWrites } from "@fairlead/controller"
import { type TaskAction, TaskActionCrd } from "@fairlead/core"
import { layerMemory } from "@fairlead/datastore"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { ObjectReader, ObjectRunner, PodPlugin } from "@fairlead/k8s-executor"
import { KubeClient, type KubeObject, KubeResource, KubeTransport } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { describe, expect, it } from "vitest"
import { Engine, EventSinkMemory, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry } from "../src/index.ts"
import { abort, conditionOf, create, exists, phases, taskAction, untilConcluded } from "./world.ts"

type Scripts = { readonly [action: string]: PodRuntimeScripted.PodScript | ((attempt: number) => PodRuntimeScripted.PodScript | undefined) }

const scriptOf = (scripts: Scripts, labels: { readonly [key: string]: string } = {}): PodRuntimeScripted.PodScript | undefined => {
  const script = scripts[labels["action"] ?? ""]
  return typeof script === "function" ? script(Number(labels["attempt"])) : script
}

/** The engine with the real executor on a cluster in memory; `calls` are the requests of engine and executor. */
const onCluster = <A, E>(scripts: Scripts, test: (calls: ReadonlyArray<string>) => Effect.Effect<A, E, KubeClient | FakeCluster | EventSinkMemory.EventJournal | Engine>): A => {
  const simulation = Simulation.make({ seed: 3, virtualTimeMax: "1 day" })
  const calls: Array<string> = []
  const counting = Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => ({
    watch: inner.watch,
    request: (request) => {
      calls.push(`${request.verb} ${request.resource.plural}${request.subresource === undefined ? "" : `/${request.subresource}`}`)
      return inner.request(request)
    }
  })))
  const server = FakeApiServer.layer
  const runtime = PodRuntimeScripted.make({ script: (pod) => scriptOf(scripts, pod.metadata.labels), default: { start: 200, run: 1000 } })
  const cluster = FakeCluster.layer({ nodes: 3, runtime }).pipe(Layer.provideMerge(server))
  const own = Layer.provideMerge(OwnWrites.layer, KubeClient.layer).pipe(Layer.provideMerge(counting.pipe(Layer.provide(KubeTransportApiServer.layer))), Layer.provide(server))
  const launched = LaunchedObjects.layer([KubeResource.pods]).pipe(Layer.provideMerge(own))
  const reader = Layer.unwrap(Effect.map(LaunchedObjects, ({ informers }) => ObjectReader.layerStores(informers.map((it) => [it.resource, it.store] as const))))
  const registry = PluginRegistry.layer(Effect.map(ObjectRunner.make(PodPlugin.make()), (plugin) => ({ plugins: [plugin] }))).pipe(Layer.provide(reader))
  const files = LaunchFiles.layer.pipe(Layer.provide(layerMemory))
  const engine = Engine.layer(makeConfig({ dataRoot: "memory://data", systemFailureWindow: "10 seconds" }))
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

const writes = (calls: ReadonlyArray<string>): ReadonlyArray<string> => calls.filter((it) => it !== "get taskactions")

const retried = (retries: number): Partial<TaskAction.TaskActionSpec> => ({ task: { container: { image: "img", command: ["run"] }, retries } })

describe("the engine with pods", () => {
  it("succeeds with five writes and no reads", () => {
    onCluster({}, (calls) => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      const action = yield* untilConcluded("a0")
      expect(phases(action)).toEqual(["Queued", "Initializing", "Executing", "Completed"])
      expect(writes(calls)).toEqual(["create taskactions", "patch taskactions", "create pods", "patch taskactions/status", "patch taskactions/status", "patch taskactions"])
      expect((yield* FakeCluster).pods().map((it) => it.metadata.name)).toEqual(["run-a0-0"])
    }))
  })

  it("fails with the exit code and the last words of the container", () => {
    onCluster({ a0: { default: { run: 100, exitCode: 7, message: "out of paper" } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      const action = yield* untilConcluded("a0")
      expect(conditionOf(action, "Failed")).toMatchObject({ status: "True", reason: "PermanentFailure" })
      expect(action.status?.errorState?.message).toMatch(/7.*out of paper|out of paper.*7/s)
    }))
  })

  it("tries again in a pod of its own and succeeds", () => {
    onCluster({ a0: (attempt) => attempt < 3 ? { default: { start: 100, run: 100, exitCode: 1 } } : undefined }, () => Effect.gen(function*() {
      yield* create(taskAction("a0", retried(3)))
      const action = yield* untilConcluded("a0")
      expect(conditionOf(action, "Succeeded")).toMatchObject({ status: "True" })
      expect(action.status?.attempts).toBe(3)
      expect(phases(action).filter((it) => it === "RetryableFailure")).toHaveLength(2)
      yield* Effect.sleep("1 minute")
      expect((yield* FakeCluster).pods().map((it) => it.metadata.name)).toEqual(["run-a0-2"])
    }))
  })

  it("gives up when the attempts are used up, and leaves no pod", () => {
    onCluster({ a0: { default: { run: 100, exitCode: 1 } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0", retried(2)))
      const action = yield* untilConcluded("a0")
      expect(action.status).toMatchObject({ attempts: 3 })
      yield* Effect.sleep("1 minute")
      expect((yield* FakeCluster).pods()).toEqual([])
      expect((yield* EventSinkMemory.EventJournal).events.filter((it) => it.phase === "FAILED").map((it) => it.attempt)).toEqual([1, 2, 3])
    }))
  })

  it("launches another pod when somebody deletes the first", () => {
    onCluster({ a0: { default: { run: "20 seconds" } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("3 seconds")
      yield* (yield* KubeClient).delete(KubeResource.pods, { namespace: "default", name: "run-a0-0" })
      const action = yield* untilConcluded("a0")
      expect(conditionOf(action, "Succeeded")).toMatchObject({ status: "True" })
      expect(action.status).toMatchObject({ attempts: 1, launches: 1, systemFailures: 1 })
      expect((yield* FakeCluster).pods().map((it) => it.metadata.name)).toEqual(["run-a0-0r1"])
    }))
  })

  it("stops the pod of an action that is deleted", () => {
    onCluster({ a0: { default: { start: 200, run: "forever", stop: 500 } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("5 seconds")
      yield* abort("a0")
      yield* Effect.sleep("2 seconds")
      expect(yield* exists("a0")).toBe(false)
      expect((yield* FakeCluster).pods()).toEqual([])
      expect((yield* EventSinkMemory.EventJournal).events.map((it) => it.phase)).toEqual(["QUEUED", "INITIALIZING", "RUNNING", "ABORTED"])
    }))
  })

  it("refuses an action that makes no pod", () => {
    onCluster({}, (calls) => Effect.gen(function*() {
      yield* create(taskAction("a0", { task: {} }))
      expect(conditionOf(yield* untilConcluded("a0"), "Failed")).toMatchObject({ reason: "InvalidSpec" })
      expect(writes(calls)).toEqual(["create taskactions", "patch taskactions/status", "patch taskactions"])
    }))
  })

  it("keeps its budget of writes when 200 tasks come at once", () => {
    onCluster(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`n${index}`, { default: { run: 0 } }])), (calls) => Effect.gen(function*() {
      yield* create(...Array.from({ length: 200 }, (_, index) => taskAction(`n${index}`)))
      for (let index = 0; index < 200; index++) expect(conditionOf(yield* untilConcluded(`n${index}`), "Succeeded")).toBeDefined()
      const engine = writes(calls).filter((it) => it !== "create taskactions")
      expect(engine.filter((it) => it.startsWith("get"))).toEqual([])
      expect(engine.length / 200).toBeLessThanOrEqual(5)
      expect((yield* Engine).remembered()).toBe(0)
    }))
  })
})
