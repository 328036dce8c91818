/** Launches: how often a run is launched, what a process after a crash knows of it, and pods that come late. */
import { FakeCluster } from "@fairlead/fake-cluster"
import { type CoreEvent, KubeClient, KubeResource, type Pod } from "@fairlead/kube"
import { Effect, Metric } from "effect"
import { describe, expect, it } from "vitest"
import { type AirflowDatabase, type KubernetesExecutor, TaskKey } from "../src/index.ts"
import { endsOf, inWorld, keyOf, linesOf, lost, newWire, providerConfig, refusal, startExecutor, untilEnds, type Wire, words } from "./support/world.ts"

const podsNow = Effect.map(FakeCluster, (cluster) => cluster.pods())
const ofTask = (task: string) => Effect.map(podsNow, (pods) => pods.filter((it) => it.metadata.annotations?.["task_id"] === task))
const database = (stateOf: () => string | undefined): AirflowDatabase => ({
  stateOf: () => Effect.sync(stateOf), instancesOn: () => Effect.succeed([]), queuedTaskInstances: Effect.succeed([]), setState: () => Effect.void
})
/** Sets what a kubelet would say of the pod of a task, and lets it be heard. */
const setStatus = (executor: KubernetesExecutor.KubernetesExecutor, task: string, status: object) => Effect.gen(function*() {
  const { name = "", namespace = "" } = executor.podOf(keyOf(task))!.metadata
  yield* (yield* KubeClient).patch(KubeResource.pods, { namespace, name, subresource: "status" }, "merge", { status })
  yield* Effect.sleep(50)
  yield* executor.sync
  yield* Effect.sleep("1 second")
})
const container = (state: object): object => ({ containerStatuses: [{ name: "base", image: "i", imageID: "", ready: false, restartCount: 0, state }] })
const evicted = { phase: "Failed", reason: "Evicted" }
const unstartable = { phase: "Pending", ...container({ waiting: { reason: "CreateContainerConfigError" } }) }
const creates = (wire: Wire): number => linesOf(wire, "create pods").length
const statesOf = (executor: KubernetesExecutor.KubernetesExecutor): ReadonlyArray<string> => endsOf(executor.getEventBuffer())

describe("a pod that fails before its task begins", () => {
  it("is launched again in the process after a crash as often as before it, and no more", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const first = yield* startExecutor({}, wire)
      first.executeAsync(keyOf("a"), words(), { runId: "r" })
      yield* Effect.sleep("1 second")
      yield* setStatus(first, "a", evicted)
      expect(creates(wire)).toBe(2)
      yield* first.terminate
      const second = yield* startExecutor({}, wire)
      second.executeAsync(keyOf("a"), words(), { runId: "r" })
      yield* setStatus(second, "a", evicted)
      expect([creates(wire), statesOf(second)]).toEqual([2, ["a: failed"]])
    }))
  })

  it("stays until the next one is there, so that a crash in between forgets nothing", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const first = yield* startExecutor({}, wire)
      first.executeAsync(keyOf("a"), words(), { runId: "r" })
      yield* Effect.sleep("1 second")
      wire.fault = ({ verb }) => (verb === "create" ? { error: refusal(503, "ServiceUnavailable") } : undefined)
      yield* setStatus(first, "a", evicted)
      yield* Effect.sleep("1 minute")
      expect((yield* ofTask("a")).map(({ metadata: { labels } }) => labels?.["airflow_executor_done"])).toEqual([undefined])
      yield* first.terminate
      wire.fault = () => undefined
      const second = yield* startExecutor({}, wire)
      second.executeAsync(keyOf("a"), words(), { runId: "r" })
      yield* Effect.sleep("1 second")
      yield* second.sync
      yield* Effect.sleep("1 second")
      expect((yield* ofTask("a")).map(({ metadata: { annotations, labels }, status }) => [status?.phase, annotations?.["fairlead.dev/airflow-launch-failures"], labels?.["airflow_executor_done"]])).toEqual([
        ["Failed", undefined, "True"], ["Pending", "1", undefined]
      ])
      yield* setStatus(second, "a", evicted)
      expect(statesOf(second)).toEqual(["a: failed"])
    }))
  })

  it("while there is no process counts all the same", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const first = yield* startExecutor({}, wire)
      first.executeAsync(keyOf("a"), words(), { runId: "r" })
      yield* Effect.sleep("1 second")
      yield* setStatus(first, "a", evicted)
      const { name = "" } = first.podOf(keyOf("a"))!.metadata
      yield* first.terminate
      yield* (yield* KubeClient).patch(KubeResource.pods, { namespace: "default", name, subresource: "status" }, "merge", { status: evicted })
      const second = yield* startExecutor({}, wire)
      second.executeAsync(keyOf("a"), words(), { runId: "r" })
      yield* Effect.sleep("1 second")
      yield* second.sync
      expect([creates(wire), statesOf(second)]).toEqual([2, ["a: failed"]])
    }))
  })

  it("is launched again although its process was another, once its command is handed in again", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const first = yield* startExecutor()
      for (const task of ["known", "unknown"]) first.executeAsync(keyOf(task), words(), { runId: task })
      yield* Effect.sleep("1 second")
      yield* first.terminate
      const wire = newWire()
      const second = yield* startExecutor({}, wire)
      second.executeAsync(keyOf("known"), words(), { runId: "known" })
      for (const task of ["known", "unknown"]) yield* setStatus(second, task, evicted)
      expect([statesOf(second), creates(wire), second.running().map(({ taskId }) => taskId)]).toEqual([["unknown: failed"], 1, ["known"]])
    }))
  })

  it("and could still begin is deleted at once, and the next one is created only then", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      let left = 2
      wire.fault = ({ verb }) => verb === "delete" && left-- > 0 ? { error: refusal(500, "InternalError") } : undefined
      const executor = yield* startExecutor({ finishedPodDelay: "1 hour" }, wire)
      executor.executeAsync(keyOf("a"), words())
      yield* Effect.sleep("1 second")
      yield* setStatus(executor, "a", unstartable)
      yield* Effect.sleep("1 minute")
      expect(linesOf(wire, "create pods", "delete pods").map(({ verb }) => verb)).toEqual(["create", "delete", "delete", "delete", "create"])
      expect(yield* ofTask("a")).toHaveLength(1)
    }))
  })

  it("although its task has told of success counts as success", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ database: database(() => "success") })
      executor.executeAsync(keyOf("a"), words())
      yield* Effect.sleep("1 second")
      yield* setStatus(executor, "a", { phase: "Failed", ...container({ terminated: { exitCode: 1, reason: "Error" } }) })
      expect([statesOf(executor), yield* podsNow]).toEqual([["a: success"], []])
    }))
  })
})

describe("a create that comes late", () => {
  it("makes a pod that is stopped before it runs when its run has ended", () => {
    inWorld({ script: () => ({ default: { start: 2000, run: 500 } }) }, () => Effect.gen(function*() {
      const wire = newWire()
      let left = 1
      wire.fault = ({ verb }) => verb === "create" && left-- > 0 ? { error: lost, late: 20_000 } : undefined
      const executor = yield* startExecutor({}, wire)
      executor.executeAsync(keyOf("a"), words())
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a: success"])
      yield* Effect.sleep("30 seconds")
      yield* executor.sync
      expect([statesOf(executor), yield* podsNow, new Set(linesOf(wire, "delete pods").map(({ name }) => name)).size]).toEqual([[], [], 1])
      expect(linesOf(wire, "delete pods")).toHaveLength(2)
    }))
  })

  it("after a takeover is stopped by its maker, unless the next owner has the pod", () => {
    inWorld({ script: () => ({ default: { run: "forever" } }) }, (simulation) => Effect.gen(function*() {
      const wire = newWire()
      const lease = { lease: { namespace: "default" } }
      const one = yield* startExecutor({ worker: "1", ...lease }, wire)
      const two = yield* startExecutor({ worker: "2", ...lease })
      yield* Effect.sleep("5 seconds")
      const wakesAt = simulation.elapsed() + 60_000
      wire.fault = ({ body, resource, verb }) => verb !== "create" || resource.plural !== "pods" ? undefined : { error: lost, late: (body as Pod).metadata.annotations?.["task_id"] === "wanted" ? 40_000 : 90_000 }
      for (const task of ["wanted", "unwanted", "later", "again"]) one.executeAsync(keyOf(task), words(), { runId: task })
      yield* Effect.sleep(100)
      wire.latency = () => Math.max(0, wakesAt - simulation.elapsed())
      yield* Effect.sleep("20 seconds")
      const left = yield* two.tryAdoptTaskInstances(["wanted", "unwanted", "later", "again"].map((task) => ({ key: keyOf(task), queuedBy: "1" })))
      expect(left.map(({ key }) => key.taskId)).toEqual(["wanted", "unwanted", "later", "again"])
      yield* Effect.sleep("24 seconds")
      two.executeAsync(keyOf("wanted"), words(), { runId: "wanted" })
      const podsBy = Effect.map(podsNow, (pods) => pods.map(({ metadata: { annotations, labels } }) => `${annotations?.["task_id"]} of ${labels?.["airflow-worker"]}`).sort())
      yield* Effect.sleep("2 minutes")
      expect(yield* podsBy).toEqual(["again of 1", "later of 1", "unwanted of 1", "wanted of 2"])
      one.executeAsync(keyOf("again"), words(), { runId: "again" })
      two.executeAsync(keyOf("later"), words(), { runId: "later" })
      yield* Effect.sleep("10 minutes")
      expect(yield* podsBy).toEqual(["again of 1", "later of 2", "wanted of 2"])
      expect([one.running().map(({ taskId }) => taskId), one.health(), two.running().map(({ taskId }) => taskId)]).toEqual([["again"], [], ["wanted", "later"]])
    }))
  })

  it("of an owner that is dead is found and stopped by the next one, in which its run has ended", () => {
    const seen = new Set<string>()
    // The first pod ends, the others would run on for nothing.
    const script = ({ metadata: { uid = "" } }: Pod) => ({ default: { run: seen.add(uid).values().next().value === uid ? 1000 : "forever" as const } })
    inWorld({ script }, () => Effect.gen(function*() {
      const wire = newWire()
      const lease = { lease: { namespace: "default" }, orphanedTasksCheckInterval: "1 minute" } as const
      const one = yield* startExecutor({ worker: "1", ...lease }, wire)
      yield* Effect.sleep("5 seconds")
      wire.fault = ({ verb }) => ({ error: lost, ...(verb === "create" ? { late: 200_000 } : {}) })
      one.executeAsync(keyOf("a"), words(), { runId: "ra" })
      yield* Effect.sleep(100)
      yield* one.terminate
      const two = yield* startExecutor({ worker: "2", ...lease })
      expect((yield* two.tryAdoptTaskInstances([{ key: keyOf("a"), queuedBy: "1" }])).length).toBe(1)
      two.executeAsync(keyOf("a"), words(), { runId: "ra" })
      expect(endsOf(yield* untilEnds(two, 1))).toEqual(["a: success"])
      yield* (yield* KubeClient).create(KubeResource.pods, { ...(linesOf(wire, "create pods")[0]!.body as Pod), metadata: { ...(linesOf(wire, "create pods")[0]!.body as Pod).metadata, name: "stranger", annotations: { "fairlead.dev/airflow-run": "other" } } })
      yield* Effect.sleep("5 minutes")
      expect((yield* podsNow).map(({ metadata }) => metadata.name)).toEqual(["stranger"])
    }))
  })
})

describe("taking back", () => {
  it("looks again when the pod changes between its mark and its deletion, and lets a task live that has begun", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      let state = "queued"
      const executor = yield* startExecutor({ database: database(() => state) }, wire)
      executor.executeAsync(keyOf("a"), words())
      yield* Effect.sleep("1 second")
      const client = yield* KubeClient
      const { name = "" } = executor.podOf(keyOf("a"))!.metadata
      yield* executor.revokeTask(keyOf("a"))
      // The kubelet starts the pod just now, and its task reports.
      wire.latency = ({ verb }) => (verb === "delete" ? 100 : 0)
      yield* Effect.sleep(50)
      state = "running"
      yield* client.patch(KubeResource.pods, { namespace: "default", name, subresource: "status" }, "merge", { status: { phase: "Running" } })
      yield* Effect.sleep("1 minute")
      expect(linesOf(wire, "delete pods").map(({ body }) => (body as { readonly preconditions: object }).preconditions)).toEqual([{ uid: expect.any(String), resourceVersion: expect.any(String) }])
      expect((yield* podsNow).map(({ metadata, status }) => [metadata.labels?.["airflow_pod_revoked"], metadata.deletionTimestamp, status?.phase])).toEqual([[undefined, undefined, "Running"]])
    }))
  })

  it("marks and deletes the pod as it is by then when its task has not begun", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      let left = 1
      wire.fault = ({ verb }) => verb === "delete" && left-- > 0 ? { error: refusal(409, "Conflict", "the object has been modified") } : undefined
      const executor = yield* startExecutor({}, wire)
      executor.executeAsync(keyOf("a"), words())
      yield* Effect.sleep("1 second")
      yield* executor.revokeTask(keyOf("a"))
      yield* Effect.sleep("1 minute")
      expect([linesOf(wire, "delete pods").length, yield* podsNow]).toEqual([2, []])
    }))
  })
})

describe("a pod that does not get on", () => {
  const limits = { pendingLimits: { scheduling: 300, image: 600, starting: 120 } }
  const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: "1970-01-01T00:05:00Z" }

  it.each([
    ["for a node", 300, { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes are available" }] }, /^the pod waits for a node for \d+ s, 300 at most: 0\/3 nodes are available; FailedMount: no such volume$/],
    ["for an image", 600, { phase: "Pending", ...container({ waiting: { reason: "ImagePullBackOff", message: "not found" } }) }, /^the pod waits for an image for \d+ s, 600 at most: container base waits \(ImagePullBackOff: not found\); FailedMount: no such volume$/],
    ["for its start", 120, { phase: "Pending", ...container({ waiting: { reason: "ContainerCreating" } }) }, /^the pod is on its node without starting for \d+ s, 120 at most: container base waits \(ContainerCreating\); FailedMount: no such volume$/]
  ])("%s is given up after the time for that, with what its events tell", (what, seconds, status, info) => {
    inWorld({ nodes: 0 }, (simulation) => Effect.gen(function*() {
      const executor = yield* startExecutor({ ...limits, auditInterval: "10 seconds" })
      executor.executeAsync(keyOf("a"), words())
      yield* Effect.sleep("1 second")
      const { name = "", uid } = executor.podOf(keyOf("a"))!.metadata
      const since = new Date(Date.parse(executor.podOf(keyOf("a"))!.metadata.creationTimestamp!) + 1000).toISOString()
      yield* (yield* KubeClient).create(KubeResource.coreEvents, {
        metadata: { name: "e", namespace: "default" }, involvedObject: { kind: "Pod", name, namespace: "default", uid }, type: "Warning", reason: "FailedMount", message: "no such volume"
      } as CoreEvent)
      yield* setStatus(executor, "a", what === "for a node" ? status : { conditions: [{ ...scheduled, lastTransitionTime: since }], ...status })
      const before = simulation.elapsed()
      yield* Effect.sleep((seconds - 20) * 1000)
      expect(statesOf(executor)).toEqual([])
      yield* Effect.sleep("40 seconds")
      expect(simulation.elapsed() - before).toBeLessThan((seconds + 30) * 1000)
      expect(executor.getEventBuffer().map((it) => it.info)).toEqual([expect.stringMatching(info)])
      yield* Effect.sleep("1 minute")
      expect(yield* podsNow).toEqual([])
    }))
  })
})

describe("many at once", () => {
  it("creates go on side by side up to the limit, and a DAG with many commands does not hold up another", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      wire.latency = ({ verb }) => (verb === "create" ? 1000 : 0)
      const executor = yield* startExecutor({ config: providerConfig({}, { parallelism: "100" }), concurrency: { start: 4, max: 4 } }, wire)
      for (let at = 0; at < 40; at++) executor.executeAsync(keyOf(`t${at}`), words())
      executor.executeAsync(TaskKey.taskKey("other", "late", "run"), words())
      yield* Effect.sleep("2500 millis")
      expect(creates(wire)).toBe(12)
      expect(executor.running().some(({ dagId }) => dagId === "other")).toBe(true)
      expect(linesOf(wire, "create pods").some(({ body }) => (body as Pod).metadata.annotations?.["task_id"] === "late")).toBe(true)
    }))
  })

  it("fewer go on at once while the server is overloaded, and more again afterwards", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      wire.latency = ({ verb }) => (verb === "create" ? 200 : 0)
      let isOverloaded = true
      wire.fault = ({ verb }) => verb === "create" && isOverloaded ? { error: refusal(429, "TooManyRequests") } : undefined
      const executor = yield* startExecutor({ config: providerConfig({}, { parallelism: "500" }), concurrency: { start: 32, max: 64 } }, wire)
      for (let at = 0; at < 400; at++) executor.executeAsync(keyOf(`t${at}`), words())
      yield* Effect.sleep("20 seconds")
      expect(executor.stats().concurrency).toBeLessThan(8)
      isOverloaded = false
      yield* Effect.sleep("90 seconds")
      expect([executor.stats().waiting, executor.stats().concurrency > 8]).toEqual([0, true])
    }))
  })

  it("waiting for a quota, commands keep their order, the urgent ones first", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      let room = 0
      wire.fault = ({ verb }) => verb === "create" && room-- <= 0 ? { error: refusal(403, "Forbidden", "exceeded quota: q") } : undefined
      const executor = yield* startExecutor({ concurrency: { start: 1, max: 1 } }, wire)
      for (let at = 0; at < 6; at++) executor.executeAsync(keyOf(`t${at}`), words())
      yield* Effect.sleep("1 minute")
      wire.calls.length = 0
      room = 6
      yield* Effect.sleep("2 minutes")
      expect(linesOf(wire, "create pods").slice(0, 6).map(({ body }) => (body as Pod).metadata.annotations?.["task_id"])).toEqual(["t0", "t1", "t2", "t3", "t4", "t5"])
    }))
  })

  it("a queue shows the age of its oldest command", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ config: providerConfig({}, { parallelism: "1" }) })
      for (const task of ["a", "b"]) executor.queueCommand(keyOf(task), words())
      yield* Effect.sleep("90 seconds")
      yield* executor.heartbeat
      yield* executor.heartbeat
      const gauge = (yield* Metric.snapshot).find(({ id }) => id === "executor.oldest_queued_seconds")
      expect(gauge?.state).toMatchObject({ value: 90 })
    }))
  })
})
