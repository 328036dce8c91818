import { Effect, Exit, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { FakeApiServer } from "@fairlead/api-server"
import { type ConfigMap, type Event, KubeClient, KubeError, type KubeObject, KubeResource, type Lease, type Pod } from "@fairlead/kube"
import { Controller, EventRecorder, Finalizer, Informer, LeaderElection, OwnerReferences, Result, Source } from "../src/index.ts"
import { type Chaos, simulateServer } from "./support/apiServer.ts"

const calm: Chaos = { before: 0, after: 0, watch: 0, latencyMillis: 0 }
const finalizer = "example.org/pods"

const parent = (name: string): ConfigMap => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name } })

const podOf = (owner: KubeObject, attempt: number): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    namespace: "default",
    name: `${owner.metadata.name}-${attempt}`,
    labels: { parent: owner.metadata.name! },
    ownerReferences: [OwnerReferences.to(KubeResource.configMaps, owner)]
  },
  spec: { containers: [{ name: "main", image: "local" }] }
})

/**
 * For every ConfigMap one pod; when the pod is gone the next one, three in all. Nothing is remembered but in the
 * cluster, and no AlreadyExists is needed: what the informers show is up to date with what this controller wrote.
 */
const engine = Effect.gen(function*() {
  const client = yield* KubeClient
  const parents = yield* Informer.make<ConfigMap>({ resource: KubeResource.configMaps, namespace: "default" })
  const pods = yield* Informer.make<Pod>({
    resource: KubeResource.pods, namespace: "default", labelSelector: "parent", indexes: { parent: (it) => [it.metadata.labels!["parent"]!] }
  })
  const creates: Array<string> = []
  const doubles: Array<string> = []
  const apply = Effect.fnUntraced(function*(object: ConfigMap) {
    const attempt = Number(object.data?.["attempt"] ?? 0)
    const name = object.metadata.name!
    if (pods.store.get("default", `${name}-${attempt}`) !== undefined) return Result.done
    if (pods.store.byIndex("parent", name).length > 0) return Result.requeueAfter("1 second")
    if (object.data?.["started"] !== "true") {
      creates.push(`${name}-${attempt}`)
      yield* Effect.catchIf(client.create(KubeResource.pods, podOf(object, attempt)), (error) => KubeError.isReason(error, "AlreadyExists"), () =>
        Effect.sync(() => doubles.push(name)))
      yield* client.patch(KubeResource.configMaps, { namespace: "default", name }, "merge", { data: { started: "true", attempt: String(attempt) } })
      return Result.done
    }
    if (attempt < 2) yield* client.patch(KubeResource.configMaps, { namespace: "default", name }, "merge", { data: { started: "false", attempt: String(attempt + 1) } })
    return Result.done
  })
  const controller = Controller.run({
    name: "parents",
    sources: [
      Source.of(parents, { predicate: ({ object }) => object.metadata.name !== "kube-root-ca.crt" }),
      Source.owned(pods, { group: "", kind: "ConfigMap" })
    ],
    reconcile: ({ name, namespace }) => {
      const object = parents.store.get(namespace, name)
      if (object === undefined) return Effect.succeed(Result.done)
      return Finalizer.run({
        resource: KubeResource.configMaps, finalizer, object, apply,
        cleanup: (it) => Effect.gen(function*() {
          const rest = pods.store.byIndex("parent", it.metadata.name!)
          for (const pod of rest) yield* client.delete(KubeResource.pods, { namespace: "default", name: pod.metadata.name! }, { gracePeriodSeconds: 0 })
          return rest.length === 0 ? Result.done : Result.requeueAfter("1 second")
        })
      })
    }
  })
  return { controller, creates, doubles }
})

const deletePods = (client: KubeClient["Service"]) => Effect.gen(function*() {
  const { items } = yield* client.list<Pod>(KubeResource.pods, "default")
  for (const pod of items) yield* client.delete(KubeResource.pods, { namespace: "default", name: pod.metadata.name! }, { gracePeriodSeconds: 0 })
}).pipe(Effect.retry({ times: 200 }))

/** Creates, lets every parent have three pods one after the other, deletes; under faults until the last phase. */
const scenario = (count: number, chaos: Chaos, restarts: boolean) => Effect.gen(function*() {
  const client = yield* KubeClient
  const server = yield* FakeApiServer
  const { controller, creates, doubles } = yield* engine
  const names = Array.from({ length: count }, (_, i) => `task-${i}`)
  let running = yield* Effect.forkScoped(controller)
  for (const name of names) yield* Effect.retry(client.create(KubeResource.configMaps, parent(name)), { times: 50, while: (it) => !KubeError.isReason(it, "AlreadyExists") }).pipe(Effect.ignore)
  for (let round = 0; round < 3; round++) {
    yield* Effect.sleep("1 minute")
    yield* deletePods(client)
    server.compact(server.revision())
    if (restarts) {
      // A restart: the new controller knows nothing but the caches.
      yield* Fiber.interrupt(running)
      running = yield* Effect.forkScoped(controller)
    }
  }
  Object.assign(chaos, calm)
  for (let round = 0; round < 3; round++) {
    yield* Effect.sleep("10 minutes")
    yield* deletePods(client)
  }
  yield* Effect.sleep("10 minutes")
  const { items } = yield* client.list<ConfigMap>(KubeResource.configMaps, "default")
  const states = items.filter((it) => names.includes(it.metadata.name!)).map((it) => `${it.data?.["attempt"]} ${it.metadata.finalizers}`)
  for (const name of names) yield* client.delete(KubeResource.configMaps, { namespace: "default", name })
  yield* Effect.sleep("10 minutes")
  const left = yield* client.list<ConfigMap>(KubeResource.configMaps, "default")
  const podsLeft = yield* client.list<Pod>(KubeResource.pods, "default")
  return { states, creates, doubles, left: left.items.filter((it) => names.includes(it.metadata.name!)).length + podsLeft.items.length }
})

describe("a controller against the API server", () => {
  it("in a calm cluster makes every pod once, without a conflict, with the fewest writes", () => {
    const { value, journal, logs } = simulateServer(1, { ...calm }, scenario(20, { ...calm }, false))
    expect(new Set(value.states)).toEqual(new Set([`2 ${finalizer}`]))
    expect(value.creates).toHaveLength(60)
    expect(new Set(value.creates).size).toBe(60)
    expect(value.left).toBe(0)
    expect(logs.filter((it) => it.includes("failed"))).toEqual([])
    const writesOf = (kind: string): number => journal.filter((it) => it.includes(`"kind":"${kind}"`) || it.includes(`"plural":"${kind}"`)).length
    expect(writesOf("ConfigMap") + writesOf("Pod")).toBeGreaterThan(0)
  })

  it.each([1, 2, 3, 4, 5, 6])("under faults and restarts ends in the same state (seed %d)", (seed) => {
    const chaos: Chaos = { before: 0.15, after: 0.1, watch: 0.1, latencyMillis: 200 }
    const { value } = simulateServer(seed, chaos, scenario(15, chaos, true))
    expect(new Set(value.states)).toEqual(new Set([`2 ${finalizer}`]))
    expect(value.left).toBe(0)
  })

  it.each([1, 2, 3])("under faults never makes again what it has made, also when the answer was lost (seed %d)", (seed) => {
    const chaos: Chaos = { before: 0.1, after: 0.2, watch: 0.1, latencyMillis: 200 }
    const { value } = simulateServer(seed, chaos, scenario(15, chaos, false))
    expect(new Set(value.states)).toEqual(new Set([`2 ${finalizer}`]))
    expect(value.doubles).toEqual([])
    expect(value.creates.length).toBeGreaterThan(45)
  })

  it("does the same again from the same seed, and something else from another", () => {
    const run = (seed: number): string => {
      const chaos: Chaos = { before: 0.1, after: 0.1, watch: 0.1, latencyMillis: 100 }
      return simulateServer(seed, chaos, scenario(5, chaos, true)).journal.join("\n")
    }
    const first = run(7)
    expect(run(7)).toBe(first)
    expect(run(8)).not.toBe(first)
  })
})

describe("the API server accepts", () => {
  it.each([false, true])("lists and watches of informers (watchList: %s)", (watchList) => {
    simulateServer(1, { ...calm }, Effect.gen(function*() {
      const client = yield* KubeClient
      const server = yield* FakeApiServer
      for (let i = 0; i < 5; i++) yield* client.create(KubeResource.configMaps, parent(`a${i}`))
      const informer = yield* Informer.make<ConfigMap>({ resource: KubeResource.configMaps, namespace: "default", watchList, pageSize: 2 })
      yield* informer.synced
      yield* client.create(KubeResource.configMaps, parent("late"))
      yield* Effect.sleep(10)
      const names = (): ReadonlyArray<string> => informer.store.list().map((it) => it.metadata.name!).filter((it) => !it.startsWith("kube")).sort()
      expect(names()).toEqual(["a0", "a1", "a2", "a3", "a4", "late"])
      yield* Effect.sleep("1 hour")
      server.compact(server.revision())
      yield* client.delete(KubeResource.configMaps, { namespace: "default", name: "a0" })
      yield* Effect.sleep("1 hour")
      expect(names()).not.toContain("a0")
      expect(informer.stats().failures).toBe(0)
    }))
  })

  it("leases of candidates", () => {
    simulateServer(1, { ...calm }, Effect.gen(function*() {
      const client = yield* KubeClient
      const leaders: Array<string> = []
      const candidate = (identity: string) => LeaderElection.run({ namespace: "default", name: "engine", identity }, Effect.andThen(Effect.sync(() => leaders.push(identity)), Effect.never))
      const a = yield* Effect.forkScoped(candidate("a"))
      yield* Effect.sleep("1 minute")
      yield* Effect.forkScoped(candidate("b"))
      yield* Effect.sleep("1 minute")
      yield* Fiber.interrupt(a)
      yield* Effect.sleep("10 seconds")
      expect(leaders).toEqual(["a", "b"])
      const lease = yield* client.get<Lease>(KubeResource.leases, { namespace: "default", name: "engine" })
      expect(lease.spec?.holderIdentity).toBe("b")
    }))
  })

  it("events and their series", () => {
    simulateServer(1, { ...calm }, Effect.gen(function*() {
      const client = yield* KubeClient
      const { record } = yield* EventRecorder
      const regarding = yield* client.create(KubeResource.configMaps, parent("a"))
      for (let i = 0; i < 3; i++) {
        yield* record({ regarding, type: "Normal", reason: "Done", note: "all is well" })
        yield* Effect.sleep("4 minutes")
      }
      const { items } = yield* client.list<Event>(KubeResource.events, "default")
      expect(items).toMatchObject([{ reason: "Done", series: { count: 3 }, regarding: { kind: "ConfigMap", name: "a", uid: regarding.metadata.uid } }])
    }).pipe(Effect.provide(EventRecorder.layer({ reportingController: "example.org/test", reportingInstance: "test-0" }))))
  })

  it("finalizers added and removed by tested patches, and refuses outdated ones", () => {
    simulateServer(1, { ...calm }, Effect.gen(function*() {
      const client = yield* KubeClient
      const object = yield* client.create(KubeResource.configMaps, parent("a"))
      const run = (it: ConfigMap) => Finalizer.run({ resource: KubeResource.configMaps, finalizer, object: it, apply: () => Effect.succeed(Result.done), cleanup: () => Effect.succeed(Result.done) })
      yield* run(object)
      expect(Exit.isFailure(yield* Effect.exit(run(object)))).toBe(true)
      yield* client.delete(KubeResource.configMaps, { namespace: "default", name: "a" })
      yield* run(yield* client.get<ConfigMap>(KubeResource.configMaps, { namespace: "default", name: "a" }))
      const gone = yield* Effect.flip(client.get(KubeResource.configMaps, { namespace: "default", name: "a" }))
      expect(gone.reason._tag).toBe("NotFound")
    }))
  })
})
