/** Runs the API server and engines as processes of their own, for tests of what happens between processes. */
import type { KubeObject, KubeResource } from "@fairlead/kube"
import { KubeResource as Kinds } from "@fairlead/kube"
import { TaskActionCrd } from "@fairlead/core"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { parseAllDocuments } from "yaml"
import { makeKubeconfig } from "../../src/dev/Kubeconfig.ts"

const here = import.meta.dirname
export const deployFolder = join(here, "../../deploy")

/** Objects of a manifest of `deploy`. */
export const manifest = (file: string): ReadonlyArray<KubeObject> =>
  parseAllDocuments(readFileSync(join(deployFolder, file), "utf8")).map((it) => it.toJS() as KubeObject)

const until = async <A>(what: string, seconds: number, look: () => A | undefined | Promise<A | undefined>): Promise<A> => {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`${what} did not come about within ${seconds} s`)
    await new Promise((done) => setTimeout(done, 20))
  }
}
export { until }

/** A process and what it said, line by line. */
export interface Running {
  readonly child: ChildProcess
  readonly lines: Array<string>
  readonly exited: Promise<number | null>
}

/** Runs a program in a process of its own. */
export const run = (args: ReadonlyArray<string>, env: Record<string, string>): Running => {
  // Code that was compiled once need not be compiled again for every process.
  const usual = { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") }
  const child = spawn(process.execPath, args, { env: { ...usual, ...env }, stdio: ["pipe", "pipe", "pipe"] })
  const lines: Array<string> = []
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", (line) => void lines.push(line))
  return { child, lines, exited: new Promise((done) => child.once("exit", (code) => done(code))) }
}

/** A cluster in a process of its own, with the definition of TaskAction. */
export interface Cluster {
  readonly url: string
  readonly folder: string
  readonly call: (method: string, path: string, body?: unknown) => Promise<Response>
  readonly create: (resource: KubeResource.KubeResource, object: KubeObject) => Promise<void>
  readonly submit: (names: ReadonlyArray<string>) => Promise<void>
  /** Names of actions in the order in which they ended. */
  readonly ended: () => ReadonlyArray<string>
  /** Pods by the action that they were created for. */
  readonly podsOf: () => ReadonlyMap<string, ReadonlyArray<string>>
  /** Freezes the server for so long: it takes connections, and answers nothing. */
  readonly freeze: (millis: number) => Promise<void>
  /** Starts an engine; settings are given as variables, without their prefix. */
  readonly engine: (settings?: { readonly [variable: string]: string }, token?: string) => Running
  readonly close: () => Promise<void>
}

export const startCluster = async (podMillis: number): Promise<Cluster> => {
  const server = run([join(here, "clusterServer.ts"), String(podMillis)], {})
  const folder = mkdtempSync(join(tmpdir(), "fairlead-start-"))
  const said = (): ReadonlyArray<{ readonly url?: string; readonly pod?: string; readonly action?: string; readonly ended?: string }> =>
    server.lines.filter((it) => it.startsWith("{")).map((it) => JSON.parse(it) as object)
  const url = await until("a server", 30, () => said().find((it) => it.url !== undefined)?.url)
  const engines: Array<Running> = []
  const call: Cluster["call"] = (method, path, body) =>
    fetch(`${url}${path}`, {
      method,
      headers: { authorization: "Bearer admin", "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  const create: Cluster["create"] = async (resource, object) => {
    const answer = await call("POST", Kinds.pathOf(resource, { namespace: object.metadata.namespace }), object)
    if (answer.status >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${await answer.text()}`)
    await answer.body?.cancel()
  }
  await create(Kinds.customResourceDefinitions, TaskActionCrd.definition as unknown as KubeObject)
  return {
    url,
    folder,
    call,
    create,
    submit: async (names) => {
      for (const name of names) await create(Kinds.taskActions, taskAction(name))
    },
    ended: () => said().flatMap((it) => (it.ended === undefined ? [] : [it.ended])),
    podsOf: () => Map.groupBy(said().filter((it) => it.pod !== undefined), (it) => it.action ?? "") as unknown as ReadonlyMap<string, ReadonlyArray<string>>,
    freeze: async (millis) => {
      server.child.kill("SIGSTOP")
      await new Promise((done) => setTimeout(done, millis))
      server.child.kill("SIGCONT")
    },
    engine: (settings = {}, token = "admin") => {
      const kubeconfig = join(folder, `kubeconfig-${engines.length}`)
      writeFileSync(kubeconfig, makeKubeconfig({ server: url, ca: undefined, token, namespace: "default" }))
      const variables = { ...usual(folder), ...settings }
      const engine = run(
        [join(here, "../../bin/fairlead.mjs"), "start", "--kubeconfig", kubeconfig],
        Object.fromEntries(Object.entries(variables).map(([name, value]) => [`FAIRLEAD_${name}`, value]))
      )
      engines.push(engine)
      return engine
    },
    close: async () => {
      for (const { child, exited } of [...engines, server]) {
        child.kill("SIGKILL")
        await exited
      }
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Short times, so that a test need not wait long for a lease to expire. */
const usual = (folder: string): { readonly [variable: string]: string } => ({
  ENGINE_DATA_ROOT: `file://${folder}/data`,
  ENGINE_GC_INTERVAL: "0 seconds",
  DATASTORE_FILE_ROOT: folder,
  SERVER_HOST: "127.0.0.1",
  SERVER_PORT: "0",
  LEADER_ELECTION_LEASE_DURATION: "5 seconds",
  LEADER_ELECTION_RENEW_DEADLINE: "4 seconds",
  LEADER_ELECTION_RETRY_PERIOD: "500 millis",
  EVENTS_SINK: "none"
})

export const taskAction = (name: string, namespace = "default"): KubeObject =>
  ({
    apiVersion: "flyte.org/v1",
    kind: "TaskAction",
    metadata: { name: `run-${name}`, namespace, labels: {} },
    spec: { runName: "run", project: "proj", domain: "dev", actionName: name, task: { container: { image: "img", command: ["run"] } } }
  }) as unknown as KubeObject

/** The parsed log of an engine. */
export const logOf = (engine: Running): ReadonlyArray<{ readonly level: string; readonly message: string }> =>
  engine.lines.map((line) => JSON.parse(line) as { level: string; message: string })

/** Waits for a line of the log. */
export const untilLogged = (engine: Running, words: string, seconds = 30): Promise<string> =>
  until(`a log line with "${words}" in\n${engine.lines.join("\n")}\n`, seconds, () => engine.lines.find((it) => it.includes(words)))

/** Address of an engine's health and metrics, as its log tells. */
export const statusUrl = async (engine: Running): Promise<string> => /metrics: (http:\S+?)"/.exec(await untilLogged(engine, "health and metrics"))![1]!
