/** Following pods: what is seen, what is not seen twice, and what becomes of slots. */
import { FakeApiServer } from "@fairlead/api-server"
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, type KubeError, KubeResource, KubeTransport, type Pod, type Status } from "@fairlead/kube"
import { Effect, Layer, Metric } from "effect"
import { describe, expect, it } from "vitest"
import { type AirflowDatabase, AirflowKubernetesScheduler, getTaskLog, injectSecrets, KubernetesExecutor, KubernetesJobWatcher, PodFactory, TaskKey } from "../src/index.ts"
import { beatUntil, contribConfig, dateKey, endsOf, inWorld, keyOf, linesOf, lost, newWire, providerConfig, refusal, startExecutor, untilEnds, wired, words } from "./support/world.ts"

const database = (state: string | undefined, written: Array<string> = []): AirflowDatabase => ({
  stateOf: () => Effect.succeed(state),
  instancesOn: () => Effect.succeed([]),
  queuedTaskInstances: Effect.succeed([dateKey("launched"), dateKey("lost")]),
  setState: (key, to) => Effect.sync(() => void written.push(`${key.taskId}: ${to}`))
})

/** Sets what a kubelet would say of a pod. */
const setStatus = (executor: KubernetesExecutor.KubernetesExecutor, key: TaskKey.TaskKey, status: object) =>
  Effect.gen(function*() {
    const { name = "", namespace = "" } = executor.podOf(key)!.metadata
    yield* (yield* KubeClient).patch(KubeResource.pods, { namespace, name, subresource: "status" }, "merge", { status })
    yield* Effect.sleep(50)
    yield* executor.sync
  })
const terminated = (exitCode: number, reason: string): object => ({ containerStatuses: [{ name: "base", image: "i", imageID: "", ready: false, restartCount: 0, state: { terminated: { exitCode, reason } } }] })
const waiting = (reason?: string, message?: string): object => ({
  phase: "Pending", containerStatuses: [{ name: "base", image: "i", imageID: "", ready: false, restartCount: 0, state: { waiting: { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) } } }]
})
const launch = (executor: KubernetesExecutor.KubernetesExecutor, ...keys: ReadonlyArray<TaskKey.TaskKey>) => Effect.suspend(() => {
  for (const key of keys) executor.executeAsync(key, words())
  return Effect.andThen(Effect.sleep(200), Effect.sync(() => void executor.getEventBuffer()))
})
const statesOf = (executor: KubernetesExecutor.KubernetesExecutor): ReadonlyArray<string> => executor.getEventBuffer().map(({ key, state }) => `${key.taskId}: ${state}`)
/** The scheduler alone, on a wire. */
const makeScheduler = (wire: ReturnType<typeof newWire>) => Effect.gen(function*() {
  const config = providerConfig()
  const transport = Layer.succeed(KubeTransport, wired(wire, yield* KubeTransport))
  const pods = { config, worker: "1", airflowVersion: "3", naming: "provider" as const, template: () => PodFactory.templateDefault, mutationHook: undefined, workloadCommand: [] }
  const options = { config, worker: "1", pods, requestTimeout: "30 seconds" as const, instancesOn: () => Effect.succeed([]), onNews: () => undefined }
  return yield* Effect.provide(AirflowKubernetesScheduler.make(options), KubeClient.layer.pipe(Layer.provideMerge(transport)), { local: true })
})
const podsNow = Effect.map(FakeCluster, (cluster) => cluster.pods())

describe("what is watched", () => {
  it("selects the executor's own pods, in the provider those that are not done", () => {
    expect(KubernetesJobWatcher.watchSelector("provider", "5")).toBe("airflow-worker=5,airflow_executor_done!=True")
    expect(KubernetesJobWatcher.watchSelector("contrib", "5")).toBe("airflow-worker=5")
  })

  it("an expired version means to begin anew, any other error is one", () => {
    const status = (code: number): Status => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason: "Why", message: "words" })
    expect(KubernetesJobWatcher.processError(status(410))).toBe("0")
    expect((KubernetesJobWatcher.processError(status(500)) as KubernetesJobWatcher.WatchFailed).message).toBe("Kubernetes failure for Why with code 500 and message: words")
  })

  it("one watcher for each listed namespace, one for all where none is listed", () => {
    const watched = (options: { readonly [option: string]: string }) => inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      yield* startExecutor({ config: providerConfig(options) }, wire)
      return linesOf(wire, "list pods").map((it) => it.namespace)
    }))
    expect(watched({ multi_namespace_mode: "True", multi_namespace_mode_namespace_list: "a,b,c" })).toEqual(["a", "b", "c"])
    expect(watched({ multi_namespace_mode: "True", multi_namespace_mode_namespace_list: "a, b,\n  a, " })).toEqual(["a", "b"])
    expect(watched({ multi_namespace_mode: "True" })).toEqual([undefined])
  })

  it("nothing is told twice: not after a quiet hour, a broken watch, or an expired version; nor is a version forgotten", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({ config: providerConfig({ delete_worker_pods: "False" }), finishedPodDelay: "1 day" }, wire)
      yield* launch(executor, keyOf("bad"), keyOf("live"))
      yield* setStatus(executor, keyOf("bad"), { phase: "Failed", ...terminated(1, "Error") })
      expect(statesOf(executor)).toEqual(["bad: failed"])
      yield* Effect.sleep("1 hour")
      yield* executor.sync
      expect(statesOf(executor)).toEqual([])
      const server = yield* FakeApiServer
      server.compact(server.revision())
      yield* Effect.sleep("5 minutes")
      yield* executor.sync
      expect([statesOf(executor), executor.running().map((it) => it.taskId), executor.health()]).toEqual([[], ["live"], []])
    }))
  })

  it("pods without annotations, labels of ours on pods of others, and waiting without a reason stop nothing", () => {
    inWorld({}, () => Effect.gen(function*() {
      const client = yield* KubeClient
      const executor = yield* startExecutor()
      const alien = (name: string, annotations: { readonly [name: string]: string } | undefined): Pod => ({
        metadata: { name, namespace: "default", labels: { "airflow-worker": "1", kubernetes_executor: "True" }, ...(annotations === undefined ? {} : { annotations }) },
        spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] }
      }) as Pod
      yield* client.create(KubeResource.pods, alien("none", undefined))
      yield* client.create(KubeResource.pods, alien("half", { dag_id: "d", task_id: "t" }))
      yield* client.create(KubeResource.pods, alien("strange", { dag_id: "d", task_id: "t", try_number: "x" }))
      yield* client.create(KubeResource.pods, alien("unknown", { dag_id: "d", task_id: "t", try_number: "1", run_id: "r" }))
      executor.executeAsync(keyOf("good"), words())
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["good: success"])
      yield* Effect.sleep("5 seconds")
      yield* executor.sync
      expect(statesOf(executor)).toEqual([])
    }))
  })
})

describe("calls", () => {
  it("deleting what is gone, or another pod by now, is done; a delete that is refused is an error", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const scheduler = yield* makeScheduler(wire)
      const pod = { namespace: "default", name: "p", uid: "u" }
      yield* scheduler.deletePod(pod)
      wire.fault = ({ verb }) => verb === "delete" ? { error: refusal(409, "Conflict", "the UID in the precondition does not match") } : undefined
      yield* scheduler.deletePod(pod)
      wire.fault = ({ verb }) => verb === "delete" ? { error: refusal(400, "BadRequest") } : undefined
      expect((yield* Effect.flip(scheduler.deletePod(pod))).code).toBe(400)
      expect(linesOf(wire, "delete pods")[0]?.body).toMatchObject({ preconditions: { uid: "u" } })
    }))
  })

  it("a watcher whose server fails says so, begins anew by itself, and knows one version, whoever asks", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const scheduler = yield* makeScheduler(wire)
      yield* Effect.sleep("1 second")
      expect(scheduler.healthCheckKubeWatchers()).toEqual([])
      wire.fault = ({ verb }) => verb === "list" ? { error: refusal(500, "InternalError") } : undefined
      const broken = yield* makeScheduler(wire)
      yield* Effect.sleep("1 minute")
      expect(broken.healthCheckKubeWatchers()).toEqual(["the watcher of namespace default has not read its first list"])
      wire.fault = () => undefined
      yield* Effect.sleep("1 minute")
      expect(broken.healthCheckKubeWatchers()).toEqual([])
      expect(broken.kubeWatchers[0]?.informer.store.version).toBe(scheduler.kubeWatchers[0]?.informer.store.version)
    }))
  })
})

describe("states", () => {
  it("the provider: success deletes once and frees the slot; a failed pod stays, marked; a running one keeps its slot", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({}, wire)
      yield* launch(executor, keyOf("good"), keyOf("bad"), keyOf("live"))
      yield* setStatus(executor, keyOf("live"), { phase: "Running" })
      expect([statesOf(executor), executor.running()]).toEqual([[], [keyOf("good"), keyOf("bad"), keyOf("live")]])
      yield* setStatus(executor, keyOf("good"), { phase: "Succeeded" })
      yield* setStatus(executor, keyOf("bad"), { phase: "Failed", ...terminated(1, "Error") })
      yield* Effect.sleep("1 second")
      expect(statesOf(executor)).toEqual(["good: success", "bad: failed"])
      expect(executor.running()).toEqual([keyOf("live")])
      expect(linesOf(wire, "delete pods")).toHaveLength(1)
      expect(linesOf(wire, "patch pods").map(({ body }) => body)).toEqual([{ metadata: { labels: { airflow_executor_done: "True" }, uid: expect.any(String) } }])
    }))
  })

  it("the provider: failed pods go too if told so; nothing goes if deletion is off; the database decides what success is", () => {
    const after = (options: { readonly [option: string]: string }, state: string | undefined) => inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ config: providerConfig(options), database: database(state) })
      yield* launch(executor, keyOf("good"), keyOf("bad"))
      yield* setStatus(executor, keyOf("good"), { phase: "Succeeded" })
      yield* setStatus(executor, keyOf("bad"), { phase: "Failed", ...terminated(1, "Error") })
      yield* Effect.sleep("1 second")
      return [...statesOf(executor), `${(yield* podsNow).length} pods`]
    }))
    expect(after({ delete_worker_pods_on_failure: "True" }, undefined)).toEqual(["good: success", "bad: failed", "0 pods"])
    expect(after({ delete_worker_pods: "False" }, undefined)).toEqual(["good: success", "bad: failed", "2 pods"])
    expect(after({}, "failed")).toEqual(["good: failed", "bad: failed", "1 pods"])
  })

  it("Airflow 1.10: success is None, a failure is written to the database, both are deleted unless told otherwise", () => {
    const after = (options: { readonly [option: string]: string }) => inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const written: Array<string> = []
      const executor = yield* startExecutor({ config: contribConfig(options), database: database(undefined, written) })
      yield* launch(executor, dateKey("good"), dateKey("bad"))
      yield* setStatus(executor, dateKey("good"), { phase: "Succeeded" })
      yield* setStatus(executor, dateKey("bad"), { phase: "Failed", ...terminated(1, "Error") })
      yield* Effect.sleep("1 second")
      // Somebody's label on a pod that has ended is no news.
      const client = yield* KubeClient
      for (const { metadata: { name = "" } } of yield* podsNow) yield* client.patch(KubeResource.pods, { namespace: "default", name }, "merge", { metadata: { labels: { seen: "yes" } } })
      yield* Effect.sleep("1 second")
      yield* executor.sync
      return [...statesOf(executor), ...written, `${(yield* podsNow).length} pods`]
    }))
    expect(after({})).toEqual(["good: null", "bad: failed", "bad: failed", "0 pods"])
    expect(after({ delete_worker_pods: "False" })).toEqual(["good: null", "bad: failed", "bad: failed", "2 pods"])
  })

  it("a pod that cannot start is launched again as often as configured, then the task fails; what waits for other reasons waits", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const executor = yield* startExecutor()
      yield* launch(executor, keyOf("a"))
      const first = executor.podOf(keyOf("a"))!.metadata.name
      for (const status of [waiting(), waiting("ImagePullBackOff"), waiting("ErrImagePull", "pull QPS exceeded")]) yield* setStatus(executor, keyOf("a"), status)
      expect([statesOf(executor), executor.podOf(keyOf("a"))?.metadata.name]).toEqual([[], first])
      yield* setStatus(executor, keyOf("a"), waiting("InvalidImageName"))
      yield* Effect.sleep("1 second")
      const second = executor.podOf(keyOf("a"))!.metadata.name
      expect([second === first, (yield* podsNow).map(({ metadata }) => metadata.name)]).toEqual([false, [second]])
      yield* setStatus(executor, keyOf("a"), waiting("InvalidImageName"))
      const [event] = executor.getEventBuffer()
      expect([event?.state, event?.info]).toEqual(["failed", "the pod could not start: container base waits (InvalidImageName)"])
      yield* Effect.sleep("1 second")
      expect(yield* podsNow).toEqual([])
    }))
  })

  it("a task that began is not launched again, nor is one whose failure the configuration counts as its own", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({ config: providerConfig({ pod_launch_failure_excluded_container_reasons: "Error,Evil" }) }, wire)
      yield* launch(executor, keyOf("ran"), keyOf("evil"))
      yield* setStatus(executor, keyOf("ran"), { phase: "Failed", ...terminated(137, "OOMKilled") })
      yield* setStatus(executor, keyOf("evil"), { phase: "Failed", initContainerStatuses: (terminated(1, "Evil") as { containerStatuses: object }).containerStatuses })
      expect(statesOf(executor)).toEqual(["ran: failed", "evil: failed"])
      expect(linesOf(wire, "create pods")).toHaveLength(2)
    }))
  })

  it("an old pod of the same key never touches the new run; the new run waits for it", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ finishedPodDelay: "1 hour" })
      yield* launch(executor, keyOf("deferred"))
      const old = executor.podOf(keyOf("deferred"))!
      executor.executeAsync(keyOf("deferred"), words(), { runId: "second" })
      yield* Effect.sleep("1 second")
      expect((yield* podsNow)).toHaveLength(1)
      executor.getEventBuffer()
      yield* setStatus(executor, keyOf("deferred"), { phase: "Succeeded" })
      yield* Effect.sleep("1 second")
      expect([statesOf(executor), executor.running()]).toEqual([[], [keyOf("deferred")]])
      const now = executor.podOf(keyOf("deferred"))!
      expect(now.metadata.uid).not.toBe(old.metadata.uid)
      yield* (yield* KubeClient).patch(KubeResource.pods, { namespace: "default", name: old.metadata.name!, subresource: "status" }, "merge", { status: { phase: "Failed" } })
      yield* Effect.sleep(100)
      yield* executor.sync
      expect([statesOf(executor), executor.running()]).toEqual([[], [keyOf("deferred")]])
      yield* setStatus(executor, keyOf("deferred"), { phase: "Succeeded" })
      expect(statesOf(executor)).toEqual(["deferred: success"])
    }))
  })

  it("a pod that is out of sight is asked for: gone, somebody else's, or still ours", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const client = yield* KubeClient
      const executor = yield* startExecutor({ config: providerConfig({ pod_launch_failure_retries: "0" }) })
      yield* launch(executor, keyOf("gone"), keyOf("taken"), keyOf("ours"))
      const nameOf = (task: string): string => executor.podOf(keyOf(task))!.metadata.name!
      const label = (name: string, value: string) => client.patch(KubeResource.pods, { namespace: "default", name }, "merge", { metadata: { labels: { "airflow-worker": value } } })
      const [taken, ours] = [nameOf("taken"), nameOf("ours")]
      yield* client.delete(KubeResource.pods, { namespace: "default", name: nameOf("gone") }, { gracePeriodSeconds: 0 })
      yield* label(taken, "2")
      yield* label(ours, "2")
      yield* label(ours, "1")
      const events = yield* beatUntil(executor, () => executor.running().length === 1)
      expect(endsOf(events)).toEqual(["gone: failed"])
      expect(events.find(({ state }) => state === "failed")?.info).toBe("the pod was deleted before it could start")
      expect(executor.running()).toEqual([keyOf("ours")])
    }))
  })

  it("a slot whose pod nobody can see go is freed by the audit, with a reason", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const client = yield* KubeClient
      yield* client.create(KubeResource.namespaces, { metadata: { name: "unwatched" } })
      yield* Effect.sleep("1 second")
      const executor = yield* startExecutor()
      executor.executeAsync(keyOf("a"), words(), { executorConfig: { pod_override: { metadata: { namespace: "unwatched" }, spec: {} } } })
      yield* Effect.sleep("1 minute")
      executor.getEventBuffer()
      const pod = (yield* podsNow).find(({ metadata }) => metadata.namespace === "unwatched")
      expect([executor.running(), pod === undefined]).toEqual([[keyOf("a")], false])
      yield* client.delete(KubeResource.pods, { namespace: "unwatched", name: pod!.metadata.name! }, { gracePeriodSeconds: 0 })
      yield* Effect.sleep("1 minute")
      expect(executor.getEventBuffer().map(({ info, state }) => [state, info])).toEqual([["failed", "the pod was deleted before its task ended"]])
      expect(executor.running()).toEqual([])
    }))
  })

  it("a watch that is open but deaf is replaced in time, and nothing is lost meanwhile", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      wire.events = (events, watch) => (watch === 0 ? [] : events)
      const executor = yield* startExecutor({}, wire)
      for (const task of ["a", "b"]) executor.executeAsync(keyOf(task), words())
      yield* Effect.sleep("1 minute")
      yield* executor.sync
      expect(endsOf(executor.getEventBuffer())).toEqual([])
      yield* Effect.sleep("6 minutes")
      yield* executor.sync
      expect([endsOf(executor.getEventBuffer()).toSorted(), executor.running()]).toEqual([["a: success", "b: success"], []])
    }))
  })

  it("a namespace that is deleted ends its tasks and no others", () => {
    inWorld({ script: () => ({ default: { run: "forever" } }) }, () => Effect.gen(function*() {
      const client = yield* KubeClient
      yield* client.create(KubeResource.namespaces, { metadata: { name: "doomed" } })
      yield* Effect.sleep("1 second")
      const executor = yield* startExecutor({ config: providerConfig({ multi_namespace_mode: "True", pod_launch_failure_retries: "0" }) })
      const inDoomed = { executorConfig: { pod_override: { metadata: { namespace: "doomed" }, spec: {} } } }
      executor.executeAsync(keyOf("in"), words(), inDoomed)
      executor.executeAsync(keyOf("out"), words())
      yield* Effect.sleep("5 seconds")
      yield* client.delete(KubeResource.namespaces, { name: "doomed" })
      yield* Effect.sleep("2 minutes")
      executor.executeAsync(keyOf("late"), words(), inDoomed)
      const events = yield* untilEnds(executor, 2)
      expect(endsOf(events).toSorted()).toEqual(["in: failed", "late: failed"])
      expect(events.find(({ key, state }) => key.taskId === "late" && state === "failed")?.info).toMatch(/namespaces "doomed" not found/)
      expect(executor.running()).toEqual([keyOf("out")])
    }))
  })

  it("a delete that is never allowed blocks nothing, and is tried again ever more seldom", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      wire.fault = ({ name, verb }) => verb === "delete" && name?.includes("stuck") === true ? { error: refusal(403, "Forbidden") } : undefined
      const executor = yield* startExecutor({}, wire)
      for (const task of ["stuck", "a", "b"]) executor.executeAsync(keyOf(task), words())
      expect(endsOf(yield* untilEnds(executor, 3)).toSorted()).toEqual(["a: success", "b: success", "stuck: success"])
      yield* Effect.sleep("10 minutes")
      expect((yield* podsNow)).toHaveLength(1)
      expect(executor.stats().chores).toBe(1)
      expect(linesOf(wire, "delete pods").length).toBeLessThan(60)
    }))
  })

  it("finished pods wait for their logs, but not for ever", () => {
    inWorld({}, () => Effect.gen(function*() {
      const shipped = new Set<string>()
      const executor = yield* startExecutor({ logsShipped: (pod) => Effect.succeed(shipped.has(pod.metadata.annotations!["task_id"]!)), logsWait: "30 seconds" })
      for (const task of ["a", "b"]) executor.executeAsync(keyOf(task), words())
      yield* untilEnds(executor, 2)
      yield* Effect.sleep("10 seconds")
      expect((yield* podsNow)).toHaveLength(2)
      shipped.add("a")
      yield* Effect.sleep("3 seconds")
      expect((yield* podsNow).map(({ metadata }) => metadata.annotations?.["task_id"])).toEqual(["b"])
      yield* Effect.sleep("30 seconds")
      expect(yield* podsNow).toEqual([])
    }))
  })

  it("one sync takes so many reports and no more, and what has ended is cleaned up some at once", () => {
    inWorld({ nodes: 20 }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({ config: providerConfig({}, { parallelism: "200" }), syncReportsMax: 100, choresConcurrency: 5 }, wire)
      wire.latency = ({ verb }) => (verb === "delete" ? 1000 : 0)
      yield* launch(executor, ...Array.from({ length: 150 }, (_, at) => keyOf(`t${at}`)))
      yield* Effect.sleep("5 seconds")
      expect(executor.stats().reports).toBe(150)
      yield* executor.sync
      expect([statesOf(executor).length, executor.stats().reports]).toEqual([100, 50])
      yield* executor.sync
      expect([statesOf(executor).length, executor.stats().reports]).toEqual([50, 0])
      yield* Effect.sleep("9900 millis")
      expect(linesOf(wire, "delete pods")).toHaveLength(50)
      yield* Effect.sleep("25 seconds")
      expect(yield* podsNow).toEqual([])
    }))
  })

  it("pods tell their ids as they are, so that no report asks the database", () => {
    inWorld({}, () => Effect.gen(function*() {
      let searches = 0
      const executor = yield* startExecutor({ config: contribConfig(), database: { ...database(undefined), instancesOn: () => Effect.sync(() => (searches++, [])) } })
      executor.executeAsync(dateKey("a task / with blanks"), words())
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a task / with blanks: null"])
      expect(searches).toBe(0)
    }))
  })

  it("a pod that is pending for too long fails its task and says what stood in the way", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ config: providerConfig({ worker_pods_pending_timeout: "300" }) })
      yield* launch(executor, keyOf("a"))
      yield* setStatus(executor, keyOf("a"), { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes are available" }] })
      yield* Effect.sleep("6 minutes")
      expect(executor.getEventBuffer()[0]?.info).toMatch(/pending for \d+ s, 300 at most: 0\/3 nodes are available/)
      expect(yield* podsNow).toEqual([])
    }))
  })
})

describe("ends that are told although", () => {
  it("the pod is in a namespace that nobody watches", () => {
    inWorld({}, () => Effect.gen(function*() {
      yield* (yield* KubeClient).create(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } })
      const executor = yield* startExecutor()
      executor.executeAsync(keyOf("a"), words(), { executorConfig: { pod_override: { metadata: { namespace: "other" } } } })
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a: success"])
      yield* Effect.sleep("1 second")
      expect(yield* podsNow).toEqual([])
    }))
  })

  it.each([[0, "success"], [1, "failed"]])("the database of Airflow is away when the pod ends with %i", (exitCode, state) => {
    inWorld({ script: () => ({ default: { start: 200, run: 1000, exitCode } }) }, () => Effect.gen(function*() {
      let losses = 5
      const stateOf = () => Effect.suspend(() => losses-- > 0 ? Effect.die(new Error("no connection")) : Effect.undefined)
      const executor = yield* startExecutor({ database: { ...database(undefined), stateOf } })
      executor.executeAsync(keyOf("a"), words())
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual([`a: ${state}`])
    }))
  })

  it("what makes the workload of one task breaks, with its words", () => {
    inWorld({}, () => Effect.gen(function*() {
      const workload = (json: string, { job }: { readonly job: { readonly key: TaskKey.TaskKey } }) => job.key.taskId === "bad" ? Effect.die(new Error("no token")) : Effect.succeed(json)
      const executor = yield* startExecutor({ workload })
      for (const task of ["bad", "good"]) executor.executeAsync(keyOf(task), { _tag: "Workload", json: "{}" })
      const events = yield* untilEnds(executor, 2)
      expect([endsOf(events), events.find(({ state }) => state === "failed")?.info]).toEqual([["bad: failed", "good: success"], expect.stringContaining("no token")])
    }))
  })

  it("Airflow sets no limit for its tasks", () => {
    inWorld({}, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ config: providerConfig({}, { parallelism: "0" }) })
      for (const task of ["a", "b"]) executor.queueCommand(keyOf(task), words())
      expect(executor.slotsAvailable()).toBeGreaterThan(1e6)
      expect(endsOf(yield* untilEnds(executor, 2)).toSorted()).toEqual(["a: success", "b: success"])
    }))
  })
})

describe("taking back and ending", () => {
  it("a revoked task is gone from the books, its pod marked once and deleted once, and nothing is told", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({}, wire)
      yield* launch(executor, keyOf("a"))
      executor.queueCommand(keyOf("queued"), words())
      expect([yield* executor.revokeTask(keyOf("a")), yield* executor.revokeTask(keyOf("queued")), yield* executor.revokeTask(keyOf("x"))]).toEqual([true, true, false])
      expect([executor.hasTask(keyOf("a")), executor.hasTask(keyOf("queued"))]).toEqual([false, false])
      yield* Effect.sleep("1 minute")
      yield* executor.sync
      expect(linesOf(wire, "patch pods", "delete pods").map(({ verb }) => verb)).toEqual(["patch", "delete"])
      expect(linesOf(wire, "patch pods")[0]?.body).toMatchObject({ metadata: { labels: { airflow_pod_revoked: "True" } } })
      expect([statesOf(executor), (yield* podsNow).length]).toEqual([[], 0])
    }))
  })

  it("a pod is deleted although the database, or whoever knows of logs, is away at first", () => {
    inWorld({}, () => Effect.gen(function*() {
      let losses = -1
      const away = <A>(then: A) => Effect.suspend(() => losses-- > 0 ? Effect.die(new Error("no connection")) : Effect.succeed(then))
      const executor = yield* startExecutor({ database: { ...database(undefined), stateOf: () => away(undefined) }, logsShipped: () => away(true) })
      yield* launch(executor, keyOf("a"))
      const revoking = executor.revokeTask(keyOf("a"))
      losses = 0
      yield* revoking
      losses = 2
      yield* Effect.sleep("1 minute")
      expect(yield* podsNow).toEqual([])
      executor.executeAsync(keyOf("b"), words())
      yield* untilEnds(executor, 1)
      losses = 2
      yield* Effect.sleep("1 minute")
      expect(yield* podsNow).toEqual([])
    }))
  })

  it("a task that has begun meanwhile is not revoked; one whose pod is being created loses it", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      wire.latency = ({ verb }) => (verb === "create" ? 5000 : 0)
      const executor = yield* startExecutor({}, wire)
      executor.executeAsync(keyOf("late"), words())
      yield* Effect.sleep("1 second")
      yield* executor.revokeTask(keyOf("late"))
      yield* Effect.sleep("1 minute")
      expect(yield* podsNow).toEqual([])
      const running = yield* startExecutor({ worker: "2", database: database("running") })
      yield* launch(running, keyOf("began"))
      expect([yield* running.revokeTask(keyOf("began")), running.running()]).toEqual([false, [keyOf("began")]])
    }))
  })

  it("end returns in time with queued work, hanging creates and a dead server; before start and a second time it does nothing", () => {
    inWorld({ nodes: 0 }, (simulation) => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({ endTimeout: "20 seconds", config: providerConfig({}, { parallelism: "3" }) }, wire)
      wire.latency = () => 3_600_000
      for (let at = 0; at < 10; at++) executor.queueCommand(keyOf(`t${at}`), words())
      yield* executor.heartbeat
      yield* Effect.sleep("1 second")
      const before = simulation.elapsed()
      yield* executor.end
      expect(simulation.elapsed() - before).toBeLessThanOrEqual(20_000)
      yield* executor.end
      expect(simulation.elapsed() - before).toBeLessThanOrEqual(20_000)
      const idle = yield* KubernetesExecutor.make({ config: providerConfig(), worker: "x" })
      yield* idle.end
      expect(idle.health()).toEqual(["the executor is not started"])
    }).pipe(Effect.timeout("1 hour")))
  })

  it("shows open slots, queued and running tasks as metrics", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ config: providerConfig({}, { parallelism: "3" }) })
      for (let at = 0; at < 5; at++) executor.queueCommand(keyOf(`t${at}`), words(), { priority: at })
      yield* executor.heartbeat
      expect(executor.running().map((it) => it.taskId)).toEqual(["t4", "t3", "t2"])
      yield* executor.heartbeat
      const metrics = yield* Metric.snapshot
      const value = (id: string) => (metrics.find((it) => it.id === id)?.state as { readonly value?: number })?.value
      expect([value("executor.open_slots"), value("executor.queued_tasks"), value("executor.running_tasks")]).toEqual([0, 2, 3])
    }))
  })
})

describe("Airflow 1.10 at its start", () => {
  it("makes queued tasks ready again that were never launched, and leaves those that were", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const written: Array<string> = []
      const first = yield* startExecutor({ config: contribConfig(), worker: "uuid" })
      yield* launch(first, dateKey("launched"))
      yield* first.end
      const executor = yield* startExecutor({ config: contribConfig(), worker: "uuid", database: database(undefined, written) })
      expect((yield* executor.clearNotLaunchedQueuedTasks).map((it) => it.taskId)).toEqual(["lost"])
      expect(written).toEqual(["lost: null"])
      expect(executor.running()).toEqual([dateKey("launched")])
      // The pod that is there is what a command for it asks for.
      executor.executeAsync(dateKey("launched"), words())
      yield* Effect.sleep("1 second")
      expect(yield* podsNow).toHaveLength(1)
    }))
  })

  it("brings keys of service accounts as Secrets, replaces what is there, and refuses what it cannot read", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const inject = (gcpServiceAccountKeys: string, text: string) => injectSecrets({ gcpServiceAccountKeys, namespace: "default", readKey: (path) => Effect.succeed(`${text} of ${path}`) })
      expect(yield* inject("a=/keys/a.json, b:/keys/b.json", "first")).toEqual(["a", "b"])
      yield* inject("a=/keys/a.json", "second")
      const client = yield* KubeClient
      const read = (name: string) => Effect.map(client.get(KubeResource.secrets, { namespace: "default", name }), (it) => atob((it as unknown as { data: { "key.json": string } }).data["key.json"]))
      expect([yield* read("a"), yield* read("b")]).toEqual(["second of /keys/a.json", "first of /keys/b.json"])
      const problem = yield* Effect.flip(inject("nonsense", ""))
      expect(problem.message).toMatch(/"nonsense": each item must be name=path/)
    }))
  })
})

describe("logs of tasks", () => {
  it("come from the one pod of the task, container base; everything else is a message", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const client = yield* KubeClient
      const calls: Array<unknown> = []
      const read = (task: string, error?: KubeError.KubeError) => getTaskLog({
        key: keyOf(task), namespace: "default", tailLines: 100,
        readLog: (...call) => Effect.suspend(() => {
          calls.push(call)
          return error === undefined ? Effect.succeed("one\ntwo\n") : Effect.fail(error)
        })
      })
      const pod = (name: string, task: string): Pod => ({ metadata: { name, namespace: "default", labels: { ...TaskKey.providerLabels({ ...keyOf(task), worker: "9" }) } }, spec: { containers: [{ name: "base", image: "i" }] } }) as Pod
      yield* client.create(KubeResource.pods, pod("p1", "a"))
      expect((yield* read("a")).log).toEqual(["one\ntwo"])
      expect(calls).toEqual([["default", "p1", "base", 100]])
      expect(yield* read("a", lost)).toMatchObject({ log: [], messages: [expect.stringContaining("connection reset")] })
      expect(yield* read("none")).toMatchObject({ log: [], messages: [expect.stringContaining("no pod has the labels")] })
      yield* client.create(KubeResource.pods, pod("p2", "a"))
      expect(yield* read("a")).toMatchObject({ log: [], messages: [expect.stringContaining("2 pods have the labels")] })
    }))
  })
})
