import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { OwnWrites } from "@fairlead/controller"
import { TaskActionCrd } from "@fairlead/core"
import { layerMemory } from "@fairlead/datastore"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { ObjectReader, ObjectRunner, PodPlugin } from "@fairlead/k8s-executor"
import { KubeClient, type KubeObject, KubeResource, KubeTransport } from "@fairlead/kube"
import { SeededRandom, Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { describe, expect, it } from "vitest"
import { Engine, EventSinkMemory, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry } from "../src/index.ts"
import { abort, exists, phases, read, refusal, taskAction } from "./world.ts"

const count = 200
const answers = [["Conflict", 409], ["TooManyRequests", 429], ["InternalError", 500], ["Timeout", 504]] as const
/** Of five actions two succeed, one succeeds at its second attempt, one fails for good, and one runs until it is aborted. */
const kinds = ["succeeds", "succeeds", "fails once", "fails", "runs"] as const
const kindOf = (index: number) => kinds[index % kinds.length]!
const indexOf = (action: string) => Number(action.slice(1))

const scriptOf = (action: string, attempt: number): PodRuntimeScripted.PodScript => {
  const kind = kindOf(indexOf(action))
  if (kind === "runs") return { default: { start: 100, run: "forever", stop: 300 } }
  const exitCode = kind === "fails" || (kind === "fails once" && attempt === 1) ? 1 : 0
  return { default: { start: 100, run: 200 * (indexOf(action) % 40), exitCode } }
}

/** Faults on the way between the engine and the server, while `isOn`. */
interface Weather {
  isOn: boolean
}

const through = (weather: Weather, random: SeededRandom.SeededRandom): Layer.Layer<KubeTransport, never, KubeTransport> =>
  Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => ({
    watch: (request, onEvents) => Effect.suspend(() => {
      if (!weather.isOn) return inner.watch(request, onEvents)
      return Effect.timeoutOrElse(inner.watch(request, onEvents), { duration: random.next() * 4000, orElse: () => Effect.void })
    }),
    request: (request) => Effect.suspend(() => {
      if (!weather.isOn || random.next() > 0.15) return inner.request(request)
      const [reason, code] = answers[Math.floor(random.next() * answers.length)]!
      const isCarriedOut = code >= 500 && random.next() < 0.5
      const error = Effect.fail(refusal(reason, code))
      return isCarriedOut ? Effect.andThen(inner.request(request), error) : error
    })
  })))

const config = makeConfig({ dataRoot: "memory://data", requeueDuration: "5 seconds", maxSystemFailures: 20, gcInterval: "0 seconds" })

/** An engine from nothing, as after a restart: caches, memory and connections are new. */
const engine = (weather: Weather, random: SeededRandom.SeededRandom) => {
  const transport = Layer.provide(through(weather, random), KubeTransportApiServer.layer)
  const own = Layer.provideMerge(OwnWrites.layer, Layer.provideMerge(KubeClient.layer, transport))
  const launched = Layer.provideMerge(LaunchedObjects.layer([KubeResource.pods]), own)
  const reader = Layer.unwrap(Effect.map(LaunchedObjects, ({ informers }) => ObjectReader.layerStores(informers.map((it) => [it.resource, it.store] as const))))
  const registry = PluginRegistry.layer(Effect.map(ObjectRunner.make(PodPlugin.make()), (plugin) => ({ plugins: [plugin] }))).pipe(Layer.provide(reader))
  return Layer.provide(Engine.layer(config), Layer.provideMerge(registry, launched))
}

const isEnd = (phase: string): boolean => phase === "SUCCEEDED" || phase === "ABORTED" || phase === "TIMED_OUT"

describe("an engine with pods among faults, lost watches and restarts", () => {
  it.each([1, 2, 3, 4, 5])("ends every action once and creates no pod twice, seed %i", (seed) => {
    const simulation = Simulation.make({ seed, virtualTimeMax: "1 day" })
    const random = SeededRandom.make(seed)
    const weather: Weather = { isOn: true }
    const runtime = PodRuntimeScripted.make({ script: (pod) => scriptOf(pod.metadata.labels?.["action"] ?? "n0", Number(pod.metadata.labels?.["attempt"])) })
    const world = Layer.mergeAll(
      Layer.provideMerge(FakeCluster.layer({ nodes: 15, runtime }), FakeApiServer.layer),
      EventSinkMemory.layer,
      Layer.provide(LaunchFiles.layer, layerMemory),
      Logger.layer([])
    )
    const quiet = Layer.provideMerge(Layer.provide(KubeClient.layer, KubeTransportApiServer.layer), world)
    const names = Array.from({ length: count }, (_, index) => `n${index}`)

    const program = Effect.gen(function*() {
      const kube = yield* KubeClient
      const server = yield* FakeApiServer
      const journal = yield* EventSinkMemory.EventJournal
      const created: Array<string> = []
      server.onWrite(({ resource, event }) => {
        if (resource.plural === "pods" && event.type === "ADDED") created.push(event.object.metadata.name ?? "")
      })
      const withEngine = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, engine(weather, random), { local: true })
      yield* kube.create(KubeResource.customResourceDefinitions, TaskActionCrd.definition as unknown as KubeObject)
      yield* Effect.sleep("1 second")
      for (const name of names) yield* kube.create(KubeResource.taskActions, taskAction(name, { task: { container: { image: "img" }, retries: 1 } }))
      for (let restart = 0; restart < 6; restart++) {
        if (random.next() < 0.5) journal.refuse(5)
        yield* withEngine(Effect.andThen(Effect.sleep(random.next() * 5000), Effect.sync(() => server.compact(server.revision()))).pipe(Effect.andThen(Effect.sleep(random.next() * 5000))))
      }
      for (const name of names) if (kindOf(indexOf(name)) === "runs") yield* abort(name)
      yield* withEngine(Effect.sleep("2 minutes"))
      weather.isOn = false
      yield* withEngine(Effect.sleep("10 minutes"))

      expect(created.length).toBe(new Set(created).size)
      for (const name of names) {
        const kind = kindOf(indexOf(name))
        const ends = new Set(journal.events.filter((it) => it.id.action === name && (isEnd(it.phase) || (kind === "fails" && it.phase === "FAILED" && it.attempt === 2))).map((it) => `${it.phase}/${it.attempt}/${it.version}`))
        expect([name, kind, ends.size]).toEqual([name, kind, 1])
        if (kind === "runs") {
          expect(yield* exists(name)).toBe(false)
          continue
        }
        const action = yield* read(name)
        expect([name, phases(action).at(-1)]).toEqual([name, kind === "fails" ? "PermanentFailure" : "Completed"])
        expect(action.metadata.finalizers ?? []).toEqual([])
        expect(created.filter((it) => it === `run-${name}-0` || it === `run-${name}-1`)).toHaveLength(kind === "succeeds" ? 1 : 2)
      }
      const pods = (yield* FakeCluster).pods()
      expect(pods.filter((it) => it.status?.phase !== "Succeeded").map((it) => it.metadata.name)).toEqual([])
      expect(pods).toHaveLength(names.filter((it) => kindOf(indexOf(it)).startsWith("succeeds") || kindOf(indexOf(it)) === "fails once").length)
    })
    const exit = simulation.run(Effect.scoped(Effect.provide(program, quiet, { local: true })) as Effect.Effect<void>)
    if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  })
})
