import { Literals } from "@fairlead/core"
import { TaskFiles } from "@fairlead/datastore"
import { Effect, Option, Schema, Stream } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ConnectorConfig, type ConnectorMeta, makeConnector, WebApiPlugin } from "../src/index.ts"
import { ConnectorClientGrpc } from "../src/node.ts"
import { abort, action, create, inRealTime, list, phases, secretPrefix, stateOf, until, untilConcluded, untilGone, withEngine } from "./support/world.ts"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const installed = join(root, ".cache/external/flyte-connector")
const isInstalled = existsSync(join(installed, "ready"))
const why = isInstalled ? "" : " (skipped: run `npm run external flyte-connector` to install Flyte's Python package)"

const journalFile = join(mkdtempSync(join(tmpdir(), "fairlead-connector-")), "journal.jsonl")
const journal = (op: string, name: string): ReadonlyArray<{ readonly [key: string]: unknown }> =>
  (existsSync(journalFile) ? readFileSync(journalFile, "utf8").trim().split("\n") : [])
    .map((line) => JSON.parse(line) as { readonly [key: string]: unknown })
    .filter((line) => line["op"] === op && String(line["name"] ?? line["job"]).startsWith(name))

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number }
      server.close(() => resolve(port))
    })
  })

let port = 0
let service: ChildProcess | undefined
let said = ""

beforeAll(async () => {
  if (!isInstalled) return
  port = await freePort()
  service = spawn(join(installed, "python/bin/python"), ["serve.py", String(port), String(await freePort())], {
    cwd: join(root, "external/flyte-connector"),
    env: { ...process.env, CONNECTOR_JOURNAL: journalFile, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "pipe", "pipe"]
  })
  for (const stream of [service.stdout!, service.stderr!]) stream.on("data", (text: Buffer) => void (said += text.toString()))
}, 60_000)

afterAll(() => void service?.kill())

const config = () => Schema.decodeSync(ConnectorConfig)({
  defaultConnector: { endpoint: `dns:///127.0.0.1:${port}`, insecure: true },
  webApi: { resourceQuotas: { default: 1000 }, readRateLimiter: { qps: 50, burst: 100 } },
  pollInterval: "1 second"
})

const connector = Effect.suspend(() => Effect.gen(function*() {
  const plugin = yield* makeConnector({ config: config(), open: ConnectorClientGrpc.open })
  // Python takes its time to come up.
  for (let wait = 0; wait < 300 && plugin.registry().taskTypes.length === 0; wait++) yield* Effect.sleep(100)
  if (plugin.registry().taskTypes.length === 0) throw new Error(`the connector service did not come up: ${said}`)
  return plugin
}))

const plugins = Effect.flatMap(connector, (plugin) => Effect.map(WebApiPlugin.makeAsync({ id: "connector-service", taskTypes: ["python-job"] }, plugin), (made) => [made]))
const job = (name: string, settings: { readonly [key: string]: string } = {}, more: object = {}) =>
  action(name, { type: "python-job", name, config: settings, interface: { inputs: { text: { type: "string" } }, outputs: { length: { type: "integer" } } }, inputs: { text: "hello" }, custom: { secrets: { token: "warehouse/token" } }, ...more })
const secrets = { [`${secretPrefix}WAREHOUSE_TOKEN`]: "very-secret-token" }

describe.skipIf(!isInstalled)(`A connector written with Flyte's own Python package${why}`, { timeout: 180_000 }, () => {
  test("runs tasks end to end: success with outputs, failures of both kinds, a retry, an abort", async () => {
    const log: Array<string> = []
    await inRealTime({ secrets, log }, withEngine(plugins, Effect.gen(function*() {
      yield* create(
        job("good"),
        job("bad", { end: "FAILED" }),
        job("flaky", { end: "RETRYABLE_FAILED,SUCCEEDED" }, { retries: 1 }),
        job("refused", { refuse: "yes" }),
        job("endless", { seconds: "600" })
      )
      yield* until("endless", (it) => it.status?.pluginPhase === "PhaseRunning")
      const good = yield* untilConcluded("good")
      expect(phases(good).at(-1)).toBe("Completed")
      const [began] = journal("create", "good")
      expect(began).toMatchObject({ attempt: 0, inputs: { text: "hello" }, token: "very-secret-token", labels: { project: "proj" }, env: { RUN_NAME: "run" } })
      const outputs = yield* TaskFiles.readOutputs(String(began!["prefix"]))
      expect(Option.getOrThrow(outputs).literals["length"]).toMatchObject(Literals.integer(5))

      const bad = yield* untilConcluded("bad")
      expect(bad.status?.errorState).toMatchObject({ code: "TaskFailedWithError", kind: "USER", message: "failed to run the job: it ended as FAILED" })
      const flaky = yield* untilConcluded("flaky")
      expect(phases(flaky)).toContain("RetryableFailure")
      expect(journal("create", "flaky").map((it) => it["attempt"])).toEqual([0, 1])
      expect(flaky.status?.conditions?.find((it) => it.type === "Succeeded")?.status).toBe("True")
      const refused = yield* untilConcluded("refused")
      expect(refused.status?.errorState).toMatchObject({ code: "TaskFailedWithError", kind: "USER", message: expect.stringContaining("the job was refused") })

      yield* abort("endless")
      yield* untilGone("endless")
      expect(journal("delete", "endless-0")).toMatchObject([{ token: "very-secret-token" }])
      expect(journal("delete", "good")).toEqual([])
      expect(journal("create", "endless")).toHaveLength(1)
      // The secret reaches the connector with every call, and nothing else.
      expect(journal("get", "good").every((it) => it["token"] === "very-secret-token")).toBe(true)
      const stored = JSON.stringify([yield* list, (yield* list).map(stateOf), log])
      expect(stored).toContain("warehouse/token")
      expect(stored).not.toContain("very-secret-token")
    })))
  })

  test("says what it supports, and tells logs and metrics of a task", async () => {
    await inRealTime({ secrets }, Effect.scoped(Effect.gen(function*() {
      const plugin = yield* connector
      expect(plugin.registry().taskTypes).toEqual(["python-job"])
      expect(plugin.registry().route("any", "where", { name: "python-job", version: 0 })).toEqual({ id: "defaultConnector", isDiscovered: true })
      const text = JSON.stringify({ job: "x-0", since: 0, seconds: 1, end: "SUCCEEDED", text: "" })
      const meta: ConnectorMeta = { connector: "defaultConnector", resourceMeta: Buffer.from(text).toString("base64"), type: "python-job", version: 0, outputPrefix: "", project: "", domain: "", connection: { taskType: "", secrets: {}, configs: {} } }
      const lines = yield* Stream.runCollect(plugin.logs(meta, { lines: 10, token: "" }))
      expect(Array.from(lines, (it) => it.part.case)).toEqual(["body", "header"])
      const { results } = yield* plugin.metrics(meta, ["cpu"])
      expect(results.map((it) => it.metric)).toEqual(["cpu"])
      const error = yield* Effect.flip(plugin.get({ key: "", meta: { ...meta, type: "other" }, secrets: { get: () => Effect.die("none") } }))
      expect(error).toMatchObject({ fault: "NotFound" })
    })))
  })
})
