/** Many commands on a cluster in memory, whose containers do nothing but take their time. */
import { KubernetesExecutor, KubeConfigProvider, TaskKey } from "@fairlead/airflow-executor"
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import { KubeClient, KubeTransport } from "@fairlead/kube"
import { Clock, Duration, Effect, Layer, Logger } from "effect"
import { ExitCode } from "../ExitCode.ts"
import { Machine } from "../Machine.ts"
import { refuse } from "../Refusal.ts"

/** How many commands, and on what. Times are in milliseconds. */
export interface SimulateOptions {
  readonly commands: number
  readonly parallelism: number
  readonly latency: number
  readonly run: number
  readonly failing: number
}

/** Longest time without news before the example gives up. */
const patience = 60_000
const nodes = 8
const day = 86_400_000

/** Runs the example and prints how it went; the exit code is 1 when a command did not end as it should. */
export const simulate = (options: SimulateOptions) =>
  Effect.scoped(Effect.gen(function*() {
    const problem = problemOf(options)
    if (problem !== undefined) return yield* refuse(problem)
    const { stopRequested } = yield* Machine
    const stopped = Effect.flatMap(stopRequested, ExitCode.set)
    yield* Effect.raceFirst(Effect.provide(run(options), world(options), { local: true }), stopped)
  })).pipe(Effect.provide(Logger.layer([])))

const problemOf = ({ commands, failing, latency, parallelism, run }: SimulateOptions): string | undefined => {
  if (commands < 1 || commands > 100_000) return `--commands ${commands}: give a number from 1 to 100000`
  if (parallelism < 1) return `--parallelism ${parallelism}: at least one task must be able to run`
  const long = Object.entries({ latency, run }).find(([, value]) => value > day)
  if (long !== undefined) return `--${long[0]} ${long[1]}: give milliseconds up to those of a day, ${day}`
  const negative = Object.entries({ failing, latency, run }).find(([, value]) => value < 0)
  return negative === undefined ? undefined : `--${negative[0]} ${negative[1]}: give 0 or more`
}

const isFailing = (task: string, every: number): boolean => every > 0 && Number(task.slice(1)) % every === 0

const world = ({ failing, latency, run }: SimulateOptions) => {
  const runtime = PodRuntimeScripted.make({
    script: ({ metadata }) => ({ default: { run, exitCode: isFailing(metadata.annotations?.["task_id"] ?? "", failing) ? 1 : 0 } })
  })
  const cluster = FakeCluster.layer({ nodes, runtime, allocatable: { cpu: "10000", memory: "100Ti", pods: "100000" } })
  const slow = Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => ({
    watch: inner.watch,
    request: (request) => (latency > 0 ? Effect.andThen(Effect.sleep(latency), inner.request(request)) : inner.request(request))
  })))
  return KubeClient.layer.pipe(
    Layer.provideMerge(slow.pipe(Layer.provide(KubeTransportApiServer.layer))),
    Layer.provideMerge(cluster),
    Layer.provideMerge(FakeApiServer.layer)
  )
}

const run = Effect.fnUntraced(function*({ commands, failing, latency, parallelism }: SimulateOptions) {
  const { writeOut } = yield* Machine
  const config = yield* Effect.fromResult(KubeConfigProvider.fromSettings({
    core: { parallelism: String(parallelism) },
    kubernetes_executor: { worker_container_repository: "airflow", worker_container_tag: "3", delete_worker_pods_on_failure: "True" }
  }))
  const executor = yield* KubernetesExecutor.make({ config, worker: "simulation" })
  yield* executor.start
  yield* Effect.addFinalizer(() => executor.terminate)
  const now = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)
  const startedAt = yield* now
  for (let at = 1; at <= commands; at++) executor.queueCommand(TaskKey.taskKey("example", `t${at}`, "run"), { _tag: "Words", words: ["airflow", "tasks", "run", "example", `t${at}`] })
  const ended = new Map<string, string>()
  let launched = 0
  let [lastLaunch, lastNews, syncLongest, shownAt] = [startedAt, startedAt, 0, 0]
  const stop = executor.subscribe(({ state }) => void (state === "launched" && launched++))
  while (ended.size < commands) {
    const before = yield* now
    yield* executor.heartbeat
    const after = yield* now
    syncLongest = Math.max(syncLongest, after - before)
    if (launched < commands) lastLaunch = after
    for (const { key, state } of executor.getEventBuffer()) {
      if (state === "queued") continue
      ended.set(key.taskId, String(state))
      lastNews = after
    }
    if (after - lastNews > patience) break
    if (after - shownAt > 1000) {
      shownAt = after
      const { concurrency, queued, running } = executor.stats()
      writeOut(`${seconds(after - startedAt)}  ${queued} queued, ${running} running, ${ended.size} ended; up to ${concurrency} creates at once\n`)
    }
    yield* Effect.sleep(20)
  }
  stop()
  const wrong = Array.from({ length: commands }, (_, at) => `t${at + 1}`).filter((task) => ended.get(task) !== (isFailing(task, failing) ? "failed" : "success"))
  const failed = [...ended.values()].filter((it) => it === "failed").length
  writeOut(`${commands} commands ended in ${seconds((yield* now) - startedAt)}: ${ended.size - failed} succeeded, ${failed} failed as they were meant to\n`)
  writeOut(`${(launched / ((lastLaunch - startedAt) / 1000)).toFixed(0)} pods a second with ${Duration.format(Duration.millis(latency))} for each call; the longest heartbeat took ${syncLongest.toFixed(1)} ms\n`)
  if (wrong.length === 0 && executor.stats().running === 0) return
  writeOut(`not as it should be: ${wrong.slice(0, 10).map((task) => `${task} ${ended.get(task) ?? "did not end"}`).join(", ") || "slots are still taken"}\n`)
  yield* ExitCode.set(1)
})

const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`
