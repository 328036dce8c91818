/** A cluster in memory under virtual time, with an executor on it and rules between them. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { KubeClient, KubeError, type KubeRequest, KubeTransport, type Pod, type WatchEvent } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer, Logger, Result, type Scope } from "effect"
import { type ExecutorEvent, KubeConfigContrib, KubeConfigProvider, KubernetesExecutor, type KubernetesExecutorOptions, type TaskCommand, TaskKey } from "../../src/index.ts"

/** What a test can look at and meddle with, on the way between executors and the server. */
export interface Wire {
  /** `create pods`, `patch pods`, …, in order, leases left out. */
  readonly calls: Array<{ readonly line: string; readonly request: KubeRequest }>
  /** Asked before each request. `lost: "Answer"` lets it be carried out first, `late` so many milliseconds later. */
  fault: (request: KubeRequest) => { readonly error: KubeError.KubeError; readonly lost?: "Answer"; readonly late?: number } | undefined
  /** Milliseconds that each request takes. */
  latency: (request: KubeRequest) => number
  /** Looks at events of the n-th watch before they arrive; may leave some out. */
  events: (events: ReadonlyArray<WatchEvent>, watch: number) => ReadonlyArray<WatchEvent>
  watches: number
}

export const newWire = (): Wire => ({ calls: [], fault: () => undefined, latency: () => 0, events: (events) => events, watches: 0 })

/** A transport with a wire of its own. */
export const wired = (wire: Wire, inner: KubeTransport["Service"]): KubeTransport["Service"] => ({
  watch: (request, onEvents) => Effect.suspend(() => {
    const watch = wire.watches++
    return inner.watch(request, (events) => {
      const passed = wire.events(events, watch)
      if (passed.length > 0) onEvents(passed)
    })
  }),
  request: (request) => Effect.suspend(() => {
    if (request.resource.plural !== "leases") wire.calls.push({ line: `${request.verb} ${request.resource.plural}`, request })
    const fault = wire.fault(request)
    const latency = wire.latency(request)
    const later = Effect.forkDetach(Effect.exit(Effect.andThen(Effect.sleep(fault?.late ?? 0), inner.request(request))))
    const carriedOut = fault === undefined ? inner.request(request) : fault.late !== undefined ? Effect.andThen(later, Effect.fail(fault.error)) : fault.lost === "Answer" ? Effect.andThen(Effect.exit(inner.request(request)), Effect.fail(fault.error)) : Effect.fail(fault.error)
    return latency > 0 ? Effect.andThen(Effect.sleep(latency), carriedOut) : carriedOut
  })
})

export const refusal = (code: number, reason: string, message = `${reason}, says the test`, retryAfterSeconds?: number): KubeError.KubeError =>
  KubeError.fromStatus("test", {
    kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, code, message,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } })
  })
export const lost: KubeError.KubeError = new KubeError.KubeError({ method: "test", reason: { _tag: "TransportFailed", description: "connection reset" } })
export const quotaRefusal: KubeError.KubeError = refusal(403, "Forbidden", `pods "x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=1, limited: pods=1`)

export type Services = KubeClient | KubeTransport | FakeApiServer | FakeCluster | Scope.Scope

export interface WorldOptions<Async extends boolean = false> {
  /** Promises are in play; the answer is one. */
  readonly isAsync?: Async
  readonly seed?: number
  readonly nodes?: number
  readonly script?: (pod: Pod) => PodRuntimeScripted.PodScript | undefined
}

/** Runs a test in a world of its own. Pods run for a second unless the script says otherwise. */
export const inWorld = <A, E, Async extends boolean = false>(
  options: WorldOptions<Async>,
  test: (simulation: Simulation.Simulation) => Effect.Effect<A, E, Services>
): Async extends true ? Promise<A> : A => {
  const simulation = Simulation.make({ seed: options.seed ?? 1, virtualTimeMax: "30 days" })
  const runtime = PodRuntimeScripted.make({ script: options.script, default: { start: 200, run: 1000 } })
  const cluster = FakeCluster.layer({ nodes: options.nodes ?? 3, runtime, allocatable: { cpu: "1000", memory: "1Ti", pods: "100000" } }).pipe(Layer.provideMerge(FakeApiServer.layer))
  const layer = KubeClient.layer.pipe(Layer.provideMerge(KubeTransportApiServer.layer), Layer.provideMerge(cluster), Layer.provideMerge(Logger.layer([])))
  const program = Effect.scoped(Effect.provide(test(simulation), layer, { local: true })) as Effect.Effect<A, E>
  const valueOf = (exit: Exit.Exit<A, E>): A => {
    if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
    return exit.value
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const value = options.isAsync === true ? simulation.runAsync(program, turn).then(valueOf) : valueOf(simulation.run(program))
  return value as Async extends true ? Promise<A> : A
}

type ConfigTexts = { readonly [option: string]: string }

export const providerConfig = (options: ConfigTexts = {}, core: ConfigTexts = {}): KubeConfigProvider.KubeConfigProvider =>
  Result.getOrThrow(KubeConfigProvider.fromSettings({ core, kubernetes_executor: { worker_container_repository: "airflow", worker_container_tag: "3", ...options } }))

export const contribConfig = (options: ConfigTexts = {}, core: ConfigTexts = {}): KubeConfigContrib.KubeConfigContrib =>
  Result.getOrThrow(KubeConfigContrib.fromSettings({
    core: { dags_folder: "/dags", base_log_folder: "/logs", airflow_home: "/home/airflow", ...core },
    kubernetes: { worker_container_repository: "airflow", worker_container_tag: "1.10.3", dags_in_image: "True", ...options }
  }))

/** An executor that is started, on a wire. It ends with the scope. */
export const startExecutor = (options: Partial<KubernetesExecutorOptions> = {}, wire: Wire = newWire()) =>
  Effect.gen(function*() {
    const executor = yield* KubernetesExecutor.make({ config: providerConfig(), worker: "1", ...options })
    const transport = wired(wire, yield* KubeTransport)
    const world = KubeClient.layer.pipe(Layer.provideMerge(Layer.succeed(KubeTransport, transport)))
    yield* Effect.provide(executor.start, world, { local: true })
    yield* Effect.addFinalizer(() => executor.terminate)
    return executor
  })

export const words = (...text: ReadonlyArray<string>): TaskCommand => ({ _tag: "Words", words: text.length === 0 ? ["airflow", "tasks", "run"] : text })
export const keyOf = (task: string, tryNumber = 1): TaskKey.TaskKey => TaskKey.taskKey("dag", task, "run", tryNumber)
export const dateKey = (task: string, tryNumber = 1): TaskKey.TaskKey => TaskKey.taskKey("dag", task, "2026-01-01T00:00:00+00:00", tryNumber)

/** Beats every 100 ms until `isEnough`, and answers all events. */
export const beatUntil = (executor: KubernetesExecutor.KubernetesExecutor, isEnough: (events: ReadonlyArray<ExecutorEvent>) => boolean, most = 10_000): Effect.Effect<ReadonlyArray<ExecutorEvent>> =>
  Effect.gen(function*() {
    const events: Array<ExecutorEvent> = []
    for (let beat = 0; beat < most; beat++) {
      yield* executor.heartbeat
      events.push(...executor.getEventBuffer())
      if (isEnough(events)) return events
      yield* Effect.sleep(100)
    }
    throw new Error(`not enough after ${most} beats: ${JSON.stringify(events.slice(-20))}, ${JSON.stringify(executor.stats())}`)
  })

/** `task: state` of the events that end something, in order. */
export const endsOf = (events: ReadonlyArray<ExecutorEvent>): ReadonlyArray<string> =>
  events.filter(({ state }) => state !== "queued" && state !== "running").map(({ key, state }) => `${key.taskId}: ${state}`)

export const untilEnds = (executor: KubernetesExecutor.KubernetesExecutor, count: number): Effect.Effect<ReadonlyArray<ExecutorEvent>> =>
  beatUntil(executor, (events) => endsOf(events).length >= count)

export const linesOf = ({ calls }: Wire, ...lines: ReadonlyArray<string>): ReadonlyArray<KubeRequest> => calls.filter((it) => lines.includes(it.line)).map((it) => it.request)
