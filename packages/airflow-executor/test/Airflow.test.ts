/** A real Airflow 3 whose scheduler hands its tasks to this executor; their pods are processes on the in-memory cluster. */
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { FakeCluster } from "@fairlead/fake-cluster"
import { PodRuntimeProcess } from "@fairlead/fake-cluster/node"
import { KubeClient, KubeResource } from "@fairlead/kube"
import { Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import { expect, it } from "vitest"
import { ExecutorHttp, KubernetesExecutor } from "../src/index.ts"
import { listen } from "../src/node.ts"
import { providerConfig } from "./support/world.ts"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const installed = `${root}.cache/external/airflow`
const isInstalled = existsSync(`${installed}/ready`)

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

interface Outcome {
  readonly run: string
  readonly slots: number
  /** Task → state, tries, whether the executor gave it an id. */
  readonly tasks: { readonly [task: string]: readonly [string, number, boolean] }
}

const runPython = (args: ReadonlyArray<string>, env: { readonly [name: string]: string }): Promise<{ readonly code: number | null; readonly out: string }> =>
  new Promise((resolve) => {
    const child = spawn(`${installed}/python/bin/python`, args, { env, stdio: ["ignore", "pipe", "pipe"] })
    let out = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (out += text.toString()))
    child.on("close", (code) => resolve({ code, out }))
  })

const run = (home: string, apiPort: number) => Effect.gen(function*() {
  const token = "a token of the test"
  const shared = {
    PATH: `${installed}/python/bin:${process.env["PATH"] ?? ""}`,
    HOME: home,
    AIRFLOW_HOME: home,
    PYTHONPATH: `${root}integrations/airflow`,
    PYTHONDONTWRITEBYTECODE: "1",
    AIRFLOW__CORE__DAGS_FOLDER: `${root}integrations/airflow/test/dags`,
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    AIRFLOW__CORE__EXECUTOR: "fairlead_executor.FairleadExecutor",
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${apiPort}/execution/`,
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS: "True",
    AIRFLOW__API_AUTH__JWT_SECRET: "a secret of the test that is long enough to sign with",
    AIRFLOW__LOGGING__LOGGING_LEVEL: "WARNING",
    // Workers wait 5 seconds for an answer and give up after five: on a busy machine the scheduler's process needs longer for its first one.
    AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT: "120",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `sqlite:///${home}/airflow.db?timeout=120`
  }
  const runtime = yield* PodRuntimeProcess.make({ root: join(home, "pods"), workingDirectory: home, env: shared })
  const cluster = FakeCluster.layer({ nodes: 1, runtime, allocatable: { cpu: "1000", memory: "1Ti", pods: "1000" } })
  const world = Layer.mergeAll(KubeClient.layer.pipe(Layer.provideMerge(KubeTransportApiServer.layer)), cluster).pipe(Layer.provideMerge(FakeApiServer.layer))
  return yield* Effect.provide(Effect.gen(function*() {
    const cluster = yield* FakeCluster
    const changes: Array<string> = []
    /** The service, until its scope closes: it leaves all as it is then, as after a kill. Few tasks at once: more only compete for the processors of a small machine. */
    const service = (port: number, process: string) => Effect.gen(function*() {
      const executor = yield* KubernetesExecutor.make({ config: providerConfig({ worker_container_repository: "airflow", worker_container_tag: "3", delete_worker_pods: "False" }, { parallelism: "3" }), worker: "service" })
      yield* executor.start
      yield* Effect.addFinalizer(() => executor.terminate)
      executor.subscribe(({ info, key, pod, state }) => changes.push([process, key.taskId, key.tryNumber, state, pod?.name, info].join(" ")))
      yield* Effect.forkScoped(ExecutorHttp.beat(executor))
      const { port: bound } = yield* listen(yield* ExecutorHttp.make({ executor, token }), { port })
      return { executor, port: bound }
    })
    const first = yield* Scope.make()
    const { port } = yield* Scope.provide(service(0, "first"), first)
    const isInTheMiddle = Effect.sync(() => cluster.pods().filter(({ status }) => status?.phase === "Succeeded").length > 4)
    const second = yield* Effect.forkScoped(Effect.gen(function*() {
      yield* Effect.repeat(Effect.delay(isInTheMiddle, "100 millis"), { until: (is) => is })
      yield* Scope.close(first, Exit.void)
      yield* Effect.sleep("2 seconds")
      return yield* service(port, "second")
    }))
    const python = yield* Effect.promise(() => runPython([`${root}integrations/airflow/test/run_dag.py`, "twenty", "240"], {
      ...shared, AIRFLOW__FAIRLEAD__URL: `http://127.0.0.1:${port}`, AIRFLOW__FAIRLEAD__TOKEN: token
    }))
    if (second.pollUnsafe() === undefined) throw new Error(`the service was never restarted:\n${python.out.slice(-6000)}\n${changes.join("\n")}`)
    const { executor } = yield* Fiber.join(second)
    const pods = cluster.pods()
    const secrets = (yield* (yield* KubeClient).list(KubeResource.secrets, "default")).items
    return { ...python, pods, secrets, stats: executor.stats(), changes }
  }), world, { local: true })
})

it.skipIf(!isInstalled)("the Python executor bears a service that is away, forgets, refuses and repeats itself (needs: npm run external airflow)", { timeout: 120_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), "fairlead-airflow-"))
  try {
    const { code, out } = await runPython([`${root}integrations/airflow/test/test_executor.py`], {
      PATH: process.env["PATH"] ?? "", HOME: home, AIRFLOW_HOME: home, PYTHONPATH: `${root}integrations/airflow`, PYTHONDONTWRITEBYTECODE: "1",
      AIRFLOW__API_AUTH__JWT_SECRET: "a secret of the test that is long enough to sign with"
    })
    expect(out).toMatch(/Ran 18 tests/)
    if (code !== 0) throw new Error(out)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

it.skipIf(!isInstalled)(`a DAG of 20 tasks runs through a real Airflow, and over a restart of the service (needs: npm run external airflow)`, { timeout: 300_000 }, async ({ onTestFailed }) => {
  const home = mkdtempSync(join(tmpdir(), "fairlead-airflow-"))
  try {
    const { changes, code, out, pods, secrets, stats } = await Effect.runPromise(Effect.scoped(Effect.provide(run(home, await freePort()), Logger.layer([]))))
    onTestFailed(() => void process.stderr.write(`${changes.join("\n")}\n`))
    const line = out.split("\n").find((it) => it.startsWith("OUTCOME "))
    if (line === undefined || code !== 0) throw new Error(`the scheduler ended with ${code}:\n${out.slice(-6000)}`)
    const outcome = JSON.parse(line.slice("OUTCOME ".length)) as Outcome
    const goods = Array.from({ length: 13 }, (_, at) => [`good_${at}`, ["success", 1, true]])
    const bads = Array.from({ length: 3 }, (_, at) => [`bad_${at}`, ["failed", 1, true]])
    expect(outcome.tasks).toEqual(Object.fromEntries([
      ...goods, ...bads, ["flaky", ["success", 2, true]], ["add_up", ["success", 1, true]], ["last", ["success", 1, true]], ["after_bad", ["upstream_failed", 0, false]]
    ]))
    expect(outcome).toMatchObject({ run: "failed", slots: 0 })
    expect(stats).toMatchObject({ running: 0, queued: 0 })
    // 13 good, 3 bad, 2 tries of the flaky one, and the two behind them: none was lost, none ran twice, and the second process had a share.
    expect(pods.map(({ metadata: { annotations } }) => `${annotations?.["task_id"]} ${annotations?.["try_number"]}`).sort()).toEqual(
      [...Object.keys(outcome.tasks).filter((it) => it !== "after_bad").map((it) => `${it} 1`), "flaky 2"].sort()
    )
    expect(changes.filter((it) => it.startsWith("second ") && it.includes(" success ")).length).toBeGreaterThan(0)
    // No token stands where those read it that may list pods.
    expect(pods.every((it) => !JSON.stringify(it).includes("eyJ"))).toBe(true)
    expect(secrets.length).toBeLessThanOrEqual(pods.length)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
