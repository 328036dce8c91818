/** An engine with pods in bad weather: calls that fail, hang or lose their answer, watches that break, engines that die, links that are cut. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { LeaderElection, type LeadershipLost, OwnWrites, Sharding } from "@fairlead/controller"
import { TaskActionCrd } from "@fairlead/core"
import { layerMemory } from "@fairlead/datastore"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { ObjectReader, ObjectRunner, PodPlugin } from "@fairlead/k8s-executor"
import { KubeClient, KubeError, type KubeObject, KubeResource, KubeTransport, type Pod } from "@fairlead/kube"
import { SeededRandom, Simulation } from "@fairlead/simulation"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, Logger } from "effect"
import { expect } from "vitest"
import { Engine, EventSinkMemory, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry, type Share, wholeShare } from "../src/index.ts"
import { abort, exists, phases, read, refusal, taskAction } from "./world.ts"

/** What a storm is like. */
export interface Storm {
  readonly seed: number
  readonly tasks: number
  /** With two, each of them works while it holds a lease. */
  readonly engines: 1 | 2
  /** With shares both work at the same time, each on those that fall to it. */
  readonly shares?: number
}

/** What becomes of actions, by turns. */
const kinds = ["succeeds", "succeeds", "fails once", "is lost once", "fails", "runs"] as const
type Kind = (typeof kinds)[number]
/** Pods that each of them takes, and how its history ends; one that runs is aborted. */
const fates: { readonly [K in Kind]: { readonly pods: number; readonly end: string } } = {
  succeeds: { pods: 1, end: "Completed" },
  "fails once": { pods: 2, end: "Completed" },
  "is lost once": { pods: 2, end: "Completed" },
  fails: { pods: 2, end: "PermanentFailure" },
  runs: { pods: 1, end: "" }
}
const indexOf = (action: string): number => Number(action.slice(1))
const kindOf = (action: string): Kind => kinds[indexOf(action) % kinds.length]!
const actionOf = (pod: KubeObject): string => pod.metadata.labels?.["action"] ?? "n0"

const scriptOf = (pod: Pod): PodRuntimeScripted.PodScript => {
  const action = actionOf(pod)
  const kind = kindOf(action)
  if (kind === "runs") return { default: { start: 100, run: "forever", stop: 300 } }
  const isFirst = pod.metadata.labels?.["attempt"] === "1"
  const isKilled = kind === "is lost once" && pod.metadata.annotations?.["flyte.org/launch"] === "0"
  const exitCode = isKilled ? 137 : kind === "fails" || (kind === "fails once" && isFirst) ? 1 : 0
  return { default: { start: 100, run: 200 * (indexOf(action) % 40), exitCode } }
}

/** The way between one engine and the server. */
interface Link {
  isStormy: boolean
  isCut: boolean
  /** Uids of objects whose create arrived long after everybody had given it up. */
  readonly late: Set<string>
}

const answers = [["Conflict", 409], ["TooManyRequests", 429], ["InternalError", 500], ["Timeout", 504]] as const
const broken = (description: string) => new KubeError.KubeError({ method: "test", reason: { _tag: "TransportFailed", description } })

const through = (link: Link, random: SeededRandom.SeededRandom): Layer.Layer<KubeTransport, never, KubeTransport> =>
  Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => ({
    watch: (request, onEvents) => Effect.suspend(() => {
      if (link.isCut) return Effect.fail(broken("the link is cut"))
      if (!link.isStormy) return inner.watch(request, onEvents)
      return Effect.timeoutOrElse(inner.watch(request, (events) => link.isCut || onEvents(events)), { duration: random.next() * 4000, orElse: () => Effect.void })
    }),
    request: (request) => Effect.suspend(() => {
      if (link.isCut) return Effect.andThen(Effect.sleep(500), Effect.fail(broken("the link is cut")))
      const chance = link.isStormy ? random.next() : 1
      if (chance > 0.17) return inner.request(request)
      const isCarriedOut = random.next() < 0.5
      // A call that hangs, and one whose connection breaks: nobody can know whether it was carried out.
      if (chance < 0.005) return isCarriedOut ? Effect.andThen(inner.request(request), Effect.never) : Effect.never
      // One that arrives long after everybody has given it up.
      if (chance < 0.015) {
        const arrives = Effect.map(inner.request(request), (answer) => void (request.verb === "create" && link.late.add((answer as KubeObject).metadata.uid ?? "")))
        const late = Effect.andThen(Effect.sleep(random.next() * 20_000), Effect.ignore(arrives))
        return Effect.andThen(Effect.forkDetach(late), Effect.fail(broken("no answer in time")))
      }
      if (chance < 0.03) return isCarriedOut ? Effect.andThen(inner.request(request), Effect.fail(broken("connection reset"))) : Effect.fail(broken("connection refused"))
      const [reason, code] = answers[Math.floor(random.next() * answers.length)]!
      const error = Effect.fail(refusal(reason, code))
      return isCarriedOut && code >= 500 ? Effect.andThen(inner.request(request), error) : error
    })
  })))

const config = makeConfig({
  dataRoot: "memory://data", requeueDuration: "5 seconds", reconcileTimeout: "15 seconds", shutdownGrace: "1 second", maxSystemFailures: 20, gcInterval: "0 seconds"
})

interface Election {
  readonly identity: string
  readonly lost: Deferred.Deferred<never, LeadershipLost>
  readonly shares: number | undefined
}

const lease = { namespace: "default", name: "engine", leaseDuration: "5 seconds", renewDeadline: "4 seconds", retryPeriod: "500 millis" } as const

const elect = ({ identity, shares }: Election, workOn: (share: Share) => Effect.Effect<never>) =>
  shares === undefined
    ? LeaderElection.run({ ...lease, identity }, workOn(wholeShare))
    : Sharding.run({ ...lease, identity, shards: shares }, (index) => workOn({ index, count: shares }))

/** An engine from nothing, as after a start: caches, memory and connections are new. */
const engine = (link: Link, random: SeededRandom.SeededRandom, election?: Election) => {
  const transport = Layer.provide(Layer.provide(LeaderElection.fence, through(link, random)), KubeTransportApiServer.layer)
  const own = Layer.provideMerge(OwnWrites.layer, Layer.provideMerge(KubeClient.layer, transport))
  const launched = Layer.provideMerge(LaunchedObjects.layer([KubeResource.pods]), own)
  const reader = Layer.unwrap(Effect.map(LaunchedObjects, ({ informers }) => ObjectReader.layerStores(informers.map((it) => [it.resource, it.store] as const))))
  const registry = PluginRegistry.layer(Effect.map(ObjectRunner.make(PodPlugin.make()), (plugin) => ({ plugins: [plugin] }))).pipe(Layer.provide(reader))
  const running = election === undefined
    ? Engine.layer(config)
    : Layer.unwrap(Effect.map(KubeClient, (kube) => Engine.layer(config, {
      lead: (workOn) => elect(election, workOn).pipe(
        Effect.provideService(KubeClient, kube),
        Effect.catch((error) => Deferred.fail(election.lost, error))
      )
    })))
  return Layer.provide(running, Layer.provideMerge(registry, launched))
}

/** One engine after the other, until interrupted: each is told to stop, or dies, or is cut off for so long that it loses its lease. */
const lives = (place: number, random: SeededRandom.SeededRandom, late: Set<string>, shares: number | undefined) =>
  Effect.gen(function*() {
    for (let life = 0; ; life++) {
      const link: Link = { isStormy: true, isCut: false, late }
      const lost = yield* Deferred.make<never, LeadershipLost>()
      const fate = random.next()
      const course = Effect.gen(function*() {
        yield* Effect.sleep(3000 + random.next() * 9000)
        if (fate < 0.3) return
        link.isCut = true
        if (fate < 0.6) yield* Effect.sleep(12_000)
      })
      const layer = engine(link, random, { identity: `engine-${place}-${life}`, lost, shares })
      yield* Effect.exit(Effect.provide(Effect.raceFirst(course, Deferred.await(lost)), layer, { local: true }))
      yield* Effect.sleep(random.next() * 2000)
    }
  })

const isEnd = (phase: string): boolean => phase === "SUCCEEDED" || phase === "ABORTED" || phase === "TIMED_OUT"
const nameOf = ({ metadata }: KubeObject): string => metadata.name ?? ""
const isOver = (pod: Pod | undefined): boolean =>
  pod === undefined || pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed"

/**
 * Lets a storm rage over many actions, and then looks whether every one of them ended once, with the pods that it needed and
 * no other. Answers how many have ended.
 */
export const weather = ({ engines, seed, shares, tasks }: Storm): number => {
  const simulation = Simulation.make({ seed, virtualTimeMax: "1 day" })
  const random = SeededRandom.make(seed)
  const runtime = PodRuntimeScripted.make({ script: scriptOf })
  const room = { cpu: "1000", memory: "4Ti", pods: "1000" }
  const world = Layer.mergeAll(
    Layer.provideMerge(FakeCluster.layer({ nodes: 15, runtime, allocatable: room }), FakeApiServer.layer),
    EventSinkMemory.layer,
    Layer.provide(LaunchFiles.layer, layerMemory),
    Logger.layer([])
  )
  const quiet = Layer.provideMerge(Layer.provide(KubeClient.layer, KubeTransportApiServer.layer), world)
  const names = Array.from({ length: tasks }, (_, index) => `n${index}`)
  const toAbort = names.filter((it) => kindOf(it) === "runs")

  const program = Effect.gen(function*() {
    const kube = yield* KubeClient
    const server = yield* FakeApiServer
    const journal = yield* EventSinkMemory.EventJournal
    const cluster = yield* FakeCluster
    const created = new Map<string, Array<KubeObject>>()
    const together: Array<readonly [KubeObject, KubeObject]> = []
    const late = new Set<string>()
    const writes: Array<string> = []
    server.onWrite(({ resource, event }) => {
      if (resource.plural !== "leases") writes.push(`${event.type} ${resource.plural} ${event.object.metadata.name}`)
      if (resource.plural !== "pods" || event.type !== "ADDED") return
      const action = actionOf(event.object)
      const before = created.get(action) ?? []
      together.push(...before.filter((it) => !isOver(cluster.pod("default", nameOf(it)))).map((it) => [event.object, it] as const))
      created.set(action, [...before, event.object])
    })
    const calm: Link = { isStormy: false, isCut: false, late }
    const stormy: Link = { isStormy: true, isCut: false, late }
    const withEngine = <A, E, R>(link: Link, effect: Effect.Effect<A, E, R>) => Effect.provide(effect, engine(link, random), { local: true })
    const forget = Effect.sync(() => server.compact(server.revision()))
    yield* kube.create(KubeResource.customResourceDefinitions, TaskActionCrd.definition as unknown as KubeObject)
    yield* Effect.sleep("1 second")
    for (const name of names) yield* kube.create(KubeResource.taskActions, taskAction(name, { task: { container: { image: "img" }, retries: 1 } }))
    const fibers = engines === 1 ? [] : yield* Effect.forEach([0, 1], (place) => Effect.forkChild(lives(place, random, late, shares)))
    for (let gust = 0; gust < 6; gust++) {
      if (random.next() < 0.5) journal.refuse(5)
      const gusty = Effect.andThen(Effect.sleep(random.next() * 5000), Effect.andThen(forget, Effect.sleep(random.next() * 5000)))
      yield* engines === 1 ? withEngine(stormy, gusty) : gusty
      if (gust === 3) for (const name of toAbort.filter((it) => indexOf(it) % 4 < 2)) yield* abort(name)
    }
    for (const name of toAbort) if (yield* exists(name)) yield* Effect.ignore(abort(name))
    yield* engines === 1 ? withEngine(stormy, Effect.sleep("2 minutes")) : Effect.sleep("2 minutes")
    yield* Effect.forEach(fibers, Fiber.interrupt, { concurrency: "unbounded" })
    yield* withEngine(calm, Effect.gen(function*() {
      yield* Effect.sleep("10 minutes")
      writes.length = 0
      yield* Effect.sleep("10 minutes")
      expect(writes).toEqual([])
    }))

    // Nobody can keep a call from arriving late; what it makes is not the engine's doing, but has to go.
    const isLate = ({ metadata }: KubeObject): boolean => late.has(metadata.uid ?? "")
    expect(together.filter((pair) => !pair.some(isLate)).map((pair) => pair.map(nameOf))).toEqual([])
    const inTime = [...created.values()].flat().filter((it) => !isLate(it)).map(nameOf)
    expect(inTime.length).toBe(new Set(inTime).size)
    const ended = Map.groupBy(journal.events.filter((it) => isEnd(it.phase) || (kindOf(it.id.action) === "fails" && it.phase === "FAILED" && it.attempt === 2)), (it) => it.id.action)
    for (const name of names) {
      const kind = kindOf(name)
      const ends = new Set((ended.get(name) ?? []).map((it) => `${it.phase}/${it.attempt}/${it.version}`))
      expect([name, kind, ends.size]).toEqual([name, kind, 1])
      const pods = [...new Set(created.get(name)?.map(nameOf))]
      if (kind === "runs") {
        expect(pods.length).toBeLessThanOrEqual(fates[kind].pods)
        expect([name, yield* exists(name)]).toEqual([name, false])
        continue
      }
      const action = yield* read(name)
      expect([name, phases(action).at(-1), pods.length]).toEqual([name, fates[kind].end, fates[kind].pods])
      expect(action.metadata.finalizers ?? []).toEqual([])
    }
    const left = cluster.pods()
    expect(left.filter((it) => it.status?.phase !== "Succeeded").map((it) => it.metadata.name)).toEqual([])
    expect(left).toHaveLength(names.filter((it) => fates[kindOf(it)].end === "Completed").length)
    return ended.size
  })
  const exit = simulation.run(Effect.scoped(Effect.provide(program, quiet, { local: true })) as Effect.Effect<number>)
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return exit.value
}
