/**
 * Pods that are created in a second when each create takes its time, against a loop that waits for each and against batches
 * that wait for their slowest; then what 10,000 commands cost in memory, and how long a heartbeat takes. Prints one JSON line for each.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { KubeClient, type KubeObject, KubeResource, KubeTransport, type Pod, type WatchEvent } from "@fairlead/kube"
import { Effect, Layer, Logger, Result } from "effect"
import { KubeConfigProvider, KubernetesExecutor, PodFactory, TaskKey } from "../src/index.ts"

interface Measure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly baseline?: number
  readonly atLeast?: number
  readonly atMost?: number
}

const tell = (measure: Measure): void => console.log(JSON.stringify({ ...measure, value: Number(measure.value.toPrecision(4)) }))
const config = Result.getOrThrow(KubeConfigProvider.fromSettings({ core: { parallelism: "100000" }, kubernetes_executor: { worker_container_repository: "a", worker_container_tag: "1" } }))
const command = { _tag: "Words", words: ["airflow", "tasks", "run", "dag", "task", "run"] } as const
const keyOf = (at: number): TaskKey.TaskKey => TaskKey.taskKey(`dag_${at % 10}`, `task_${at}`, "scheduled__2026-01-01T00:00:00+00:00")

const delaying = (latency: number): Layer.Layer<KubeTransport, never, KubeTransport> =>
  Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => ({
    watch: inner.watch,
    request: (request) => request.verb === "create" && request.resource.plural === "pods" ? Effect.andThen(Effect.sleep(latency), inner.request(request)) : inner.request(request)
  })))

/** An API server without nodes, each create as slow as told. */
const onServer = <A>(latency: number, run: Effect.Effect<A, unknown, KubeClient | KubeTransport>): Promise<A> => {
  const transport = delaying(latency).pipe(Layer.provide(KubeTransportApiServer.layer), Layer.provide(FakeApiServer.layer))
  return Effect.runPromise(Effect.provide(run, KubeClient.layer.pipe(Layer.provideMerge(transport), Layer.provideMerge(Logger.layer([]))), { local: true }) as Effect.Effect<A>)
}

const podOf = (at: number): Pod => PodFactory.buildPod({
  config, worker: "1", airflowVersion: "3", naming: "provider", template: () => PodFactory.templateDefault, mutationHook: undefined, workloadCommand: []
}, { job: { key: keyOf(at), command, podOverride: undefined, podTemplateFile: undefined, executorConfig: undefined, image: undefined, queue: "", priority: 0 }, runId: `r${at}`, number: 0 })

const perSecond = (count: number, startedAt: number): number => count / ((performance.now() - startedAt) / 1000)

/** As the provider does by default: build, create, wait. */
const serial = (latency: number, count: number): Promise<number> => onServer(latency, Effect.gen(function*() {
  const client = yield* KubeClient
  const startedAt = performance.now()
  for (let at = 0; at < count; at++) yield* client.create(KubeResource.pods, podOf(at))
  return perSecond(count, startedAt)
}))

/** As its concurrent mode does: build 32, create 32 at once, wait for all, one batch right after the other. */
const batched = (latency: number, batches: number): Promise<number> => onServer(latency, Effect.gen(function*() {
  const client = yield* KubeClient
  const startedAt = performance.now()
  for (let batch = 0; batch < batches; batch++) {
    const pods = Array.from({ length: 32 }, (_, at) => podOf(batch * 32 + at))
    yield* Effect.forEach(pods, (pod) => client.create(KubeResource.pods, pod), { concurrency: 32, discard: true })
  }
  return perSecond(32 * batches, startedAt)
}))

/** This executor with its defaults, from the first command on: it begins with 32 at once and finds out how many the server bears. */
const executor = (latency: number, count: number): Promise<number> => onServer(latency, Effect.gen(function*() {
  const it = yield* KubernetesExecutor.make({ config, worker: "1" })
  yield* it.start
  let launched = 0
  it.subscribe(({ state }) => void (state === "launched" && launched++))
  const startedAt = performance.now()
  for (let at = 0; at < count; at++) it.queueCommand(keyOf(at), command)
  while (launched < count) {
    yield* it.heartbeat
    yield* Effect.sleep(20)
  }
  const value = perSecond(count, startedAt)
  yield* it.terminate
  return value
}))

for (const latency of [100, 300]) {
  const one = await serial(latency, latency === 100 ? 30 : 10)
  const concurrent = await batched(latency, latency === 100 ? 15 : 5)
  const ours = await executor(latency, latency === 100 ? 5000 : 3000)
  tell({ name: `pods created at ${latency} ms each`, value: ours, unit: "pods/s", baseline: one })
  tell({ name: `times a serial loop at ${latency} ms`, value: ours / one, unit: "x", atLeast: 10 })
  tell({ name: `times batches of 32 at once at ${latency} ms`, value: ours / concurrent, unit: "x", atLeast: 3 })
}

/** A cluster that takes no memory: pods run to their end at once, and their only trace is the event. */
const weightless = (): KubeTransport["Service"] => {
  let version = 1
  let emit: (events: ReadonlyArray<WatchEvent>) => void = () => undefined
  const pods = new Map<string, Pod>()
  return {
    watch: (_, onEvents) => Effect.andThen(Effect.sync(() => void (emit = onEvents)), Effect.never),
    request: (request) => Effect.sync(() => {
      if (request.verb === "list") return { metadata: { resourceVersion: String(version) }, items: [] }
      const name = request.name ?? (request.body as KubeObject).metadata.name!
      if (request.verb === "create") {
        const body = request.body as Pod
        const pod: Pod = { ...body, metadata: { ...body.metadata, uid: `uid-${name}`, resourceVersion: String(++version) }, status: { phase: "Pending" } }
        const ended: Pod = { ...pod, metadata: { ...pod.metadata, resourceVersion: String(++version) }, status: { phase: "Succeeded" } }
        pods.set(name, ended)
        emit([{ type: "ADDED", object: pod }, { type: "MODIFIED", object: ended }])
        return pod
      }
      const pod = pods.get(name)!
      pods.delete(name)
      emit([{ type: "DELETED", object: { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z", resourceVersion: String(++version) } } }])
      return pod
    })
  }
}

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void
const heap = (): number => {
  collect()
  return process.memoryUsage().heapUsed
}

const count = 10_000
const costs = await Effect.runPromise(Effect.provide(Effect.gen(function*() {
  const it = yield* KubernetesExecutor.make({ config: { ...config, parallelism: 500 }, worker: "1" })
  yield* it.start
  // What is compiled and grown once is not counted.
  for (let at = 0; at < count; at++) it.queueCommand(keyOf(count + at), command)
  for (let ended = 0; ended < count; ended += it.getEventBuffer().filter(({ state }) => state === "success").length) yield* Effect.andThen(it.heartbeat, Effect.sleep(1))
  while (it.stats().chores + it.stats().reports > 0) yield* Effect.andThen(it.heartbeat, Effect.sleep(10))
  const before = heap()
  for (let at = 0; at < count; at++) it.queueCommand(keyOf(at), { _tag: "Words", words: [...command.words, String(at)] })
  const queued = heap()
  let [ended, longest, processor] = [0, 0, process.cpuUsage()]
  while (ended < count) {
    const started = process.cpuUsage()
    yield* it.heartbeat
    const { system, user } = process.cpuUsage(started)
    longest = Math.max(longest, (system + user) / 1000)
    ended += it.getEventBuffer().filter(({ state }) => state === "success").length
    yield* Effect.sleep(1)
  }
  processor = process.cpuUsage(processor)
  // Pods are deleted behind the events.
  while (it.stats().chores + it.stats().reports > 0) yield* Effect.andThen(it.heartbeat, Effect.sleep(10))
  const after = heap()
  yield* it.terminate
  return { queued: (queued - before) / count, left: (after - before) / count, longest, micros: (processor.user + processor.system) / count }
}), KubeClient.layer.pipe(Layer.provideMerge(Layer.sync(KubeTransport, weightless)), Layer.provideMerge(Logger.layer([])))))

tell({ name: "memory of a queued command, of 10,000", value: costs.queued, unit: "bytes", atMost: 2000 })
tell({ name: "memory left of a command that has ended", value: costs.left, unit: "bytes", atMost: 200 })
tell({ name: "processor time of a command from queue to end", value: costs.micros, unit: "us", atMost: 1000 })
tell({ name: "longest heartbeat over 10,000 commands, processor time", value: costs.longest, unit: "ms", atMost: 50 })
