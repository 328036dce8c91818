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
import { Effect, Layer, Logger } from "effect"
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
    AIRFLOW__LOGGING__LOGGING_LEVEL: "WARNING"
  }
  const runtime = yield* PodRuntimeProcess.make({ root: join(home, "pods"), workingDirectory: home, env: shared })
  const cluster = FakeCluster.layer({ nodes: 1, runtime, allocatable: { cpu: "1000", memory: "1Ti", pods: "1000" } })
  const world = Layer.mergeAll(KubeClient.layer.pipe(Layer.provideMerge(KubeTransportApiServer.layer)), cluster).pipe(Layer.provideMerge(FakeApiServer.layer))
  return yield* Effect.provide(Effect.gen(function*() {
    // Two at once: more only compete for the processors of a small machine.
    const executor = yield* KubernetesExecutor.make({ config: providerConfig({ worker_container_repository: "airflow", worker_container_tag: "3" }, { parallelism: "3" }), worker: "service" })
    yield* executor.start
    yield* Effect.addFinalizer(() => executor.end)
    yield* Effect.forkScoped(ExecutorHttp.beat(executor))
    const { url } = yield* listen(yield* ExecutorHttp.make({ executor, token }))
    const python = yield* Effect.promise(() => runPython([`${root}integrations/airflow/test/run_dag.py`, "twenty", "240"], {
      ...shared, AIRFLOW__FAIRLEAD__URL: url, AIRFLOW__FAIRLEAD__TOKEN: token
    }))
    const pods = (yield* FakeCluster).pods()
    const secrets = (yield* (yield* KubeClient).list(KubeResource.secrets, "default")).items
    return { ...python, pods, secrets, stats: executor.stats() }
  }), world, { local: true })
})

it.skipIf(!isInstalled)("the Python executor bears a service that is away, forgets, refuses and repeats itself (needs: npm run external airflow)", { timeout: 120_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), "fairlead-airflow-"))
  try {
    const { code, out } = await runPython([`${root}integrations/airflow/test/test_executor.py`], {
      PATH: process.env["PATH"] ?? "", HOME: home, AIRFLOW_HOME: home, PYTHONPATH: `${root}integrations/airflow`, PYTHONDONTWRITEBYTECODE: "1",
      AIRFLOW__API_AUTH__JWT_SECRET: "a secret of the test that is long enough to sign with"
    })
    expect(out).toMatch(/Ran 14 tests/)
    if (code !== 0) throw new Error(out)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

it.skipIf(!isInstalled)(`a DAG of 20 tasks runs through a real Airflow (needs: npm run external airflow)`, { timeout: 300_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), "fairlead-airflow-"))
  try {
    const { code, out, pods, secrets, stats } = await Effect.runPromise(Effect.scoped(Effect.provide(run(home, await freePort()), Logger.layer([]))))
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
    // No token stands where those read it that may list pods.
    expect(pods.every((it) => !JSON.stringify(it).includes("eyJ"))).toBe(true)
    expect(secrets.length).toBeLessThanOrEqual(pods.length)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
