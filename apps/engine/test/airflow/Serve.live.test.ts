/** `fairlead airflow serve` as its users have it: a process with a port, on a cluster that is another process. */
import { writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { describe } from "vitest"
import { makeKubeconfig } from "../../src/dev/Kubeconfig.ts"
import { it, type Live, type Program } from "../live/Program.ts"
import { type Cluster, startCluster, until } from "../start/processes.ts"

interface Run {
  readonly id: string
  readonly state: string
  readonly final: boolean
  readonly info?: string
}

const token = "a token of the test"
const runOf = (id: string, rest: object = { command: ["airflow", "tasks", "run"] }) => ({ id, key: { dag_id: "dag", task_id: id, run_id: "run" }, ...rest })

/** Starts the service; its token and configuration are files of the test's own. */
const start = (live: Live, cluster: Cluster, ...more: ReadonlyArray<string>): Program => {
  const folder = live.folder()
  const kubeconfig = join(folder, "kubeconfig")
  writeFileSync(kubeconfig, makeKubeconfig({ server: cluster.url, ca: undefined, token: "admin", namespace: "default" }))
  writeFileSync(join(folder, "token"), `${token}\n`)
  writeFileSync(join(folder, "airflow.cfg"), "[core]\nparallelism = 40\n[kubernetes_executor]\nworker_container_repository = airflow\nworker_container_tag = 3\n")
  return live.fairlead(["airflow", "serve", "--port", "0", "--kubeconfig", "kubeconfig", "--token-file", "token", "--airflow-config", "airflow.cfg", ...more], { cwd: folder })
}

const urlOf = async (program: Program): Promise<string> => (await program.until(/^ready: (http:\S+)$/m))[1]!

type Call = (method: string, path: string, body?: unknown, headers?: { readonly [name: string]: string }) => Promise<{ readonly status: number; readonly body: { readonly runs: ReadonlyArray<Run>; readonly error?: { readonly message: string } } & Run }>

const caller = (url: string): Call => async (method, path, body, headers = {}) => {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
  })
  return { status: answer.status, body: await answer.json() as never }
}

/** States by id, as the stream tells them; ends with the service. */
const follow = async (url: string) => {
  const states = new Map<string, Array<string>>()
  const answer = await fetch(`${url}/v1/changes`, { headers: { authorization: `Bearer ${token}` } })
  const read = async (): Promise<void> => {
    let text = ""
    for await (const piece of answer.body!) {
      text += new TextDecoder().decode(piece)
      const lines = text.split("\n")
      text = lines.pop()!
      for (const line of lines) {
        const { id, state } = JSON.parse(line) as Run
        if (id !== undefined) states.set(id, [...(states.get(id) ?? []), state])
      }
    }
  }
  return { states, ended: read().catch(() => undefined) }
}

/** What comes back for bytes that no client library would send. */
const raw = (url: string, text: string): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname, () => socket.write(text))
    let answer = ""
    socket.setEncoding("utf8").on("data", (piece) => (answer += piece)).on("close", () => resolve(answer)).on("error", () => resolve(answer))
  })

const ids = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, at) => `r${at}`)

describe.concurrent("fairlead airflow serve", { timeout: 120_000 }, () => {
  it("runs what it is handed, tells how it goes, takes runs back, and goes on after a restart without losing or doubling any", async ({ expect, live }) => {
    const cluster = await startCluster(1500)
    try {
      const first = start(live, cluster)
      const url = await urlOf(first)
      const call = caller(url)
      const stream = await follow(url)
      const handIn = { runs: ids(8).map((id) => runOf(id)) }
      expect((await call("POST", "/v1/runs", handIn)).body.runs.map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => "waiting"))
      await until("running pods", 20, async () => (await call("GET", "/v1/runs?state=running")).body.runs.length === 8 || undefined)
      expect((await call("DELETE", "/v1/runs/r0")).body).toMatchObject({ state: "revoked", final: true })
      expect((await call("GET", "/healthz", undefined, { authorization: "" })).status).toBe(200)
      first.child.kill("SIGTERM")
      const { code } = await first.ended
      await stream.ended
      expect([code, stream.states.get("r0"), stream.states.get("r7")]).toEqual([
        0, ["waiting", "queued", "launched", "running", "revoked"], ["waiting", "queued", "launched", "running"]
      ])
      const second = start(live, cluster)
      const again = caller(await urlOf(second))
      // The Python executor does so when it sees that the service has begun anew.
      await again("POST", "/v1/runs", { runs: ids(8).slice(1).map((id) => runOf(id)) })
      await again("POST", "/v1/runs", { runs: [runOf("r1"), runOf("new", { workload: { token: "hush" } })] })
      const ended = await until("the ends", 30, async () => {
        const { runs } = (await again("GET", "/v1/runs")).body
        return runs.length === 8 && runs.every((it) => it.final) ? runs : undefined
      })
      expect(ended.map(({ id, state }) => `${id}: ${state}`).sort()).toEqual(["new: success", ...ids(8).slice(1).map((id) => `${id}: success`)])
      expect(cluster.podsOf().get("")).toHaveLength(9)
      second.child.kill("SIGINT")
      expect((await second.ended).code).toBe(0)
    } finally {
      await cluster.close()
    }
  })

  it("refuses whom it does not know and what it cannot read, and goes on", async ({ expect, live }) => {
    const cluster = await startCluster(100)
    try {
      const service = start(live, cluster)
      const url = await urlOf(service)
      const call = caller(url)
      const refused = async (...given: Parameters<Call>) => {
        const { body, status } = await call(...given)
        return `${status} ${body.error?.message}`
      }
      expect(await refused("GET", "/v1/runs", undefined, { authorization: "Bearer wrong" })).toMatch(/^401 .*token of the service/)
      expect(await refused("GET", "/v1/runs", undefined, { authorization: "" })).toMatch(/^401/)
      expect(await refused("POST", "/v1/runs", "{")).toMatch(/^400 the body is no JSON/)
      expect(await refused("POST", "/v1/runs", { runs: [{ id: "a" }] })).toMatch(/^400 runs\[0\]\.key must be an object/)
      expect(await refused("POST", "/v1/runs", `{"runs": "${"x".repeat(65 * 2 ** 20)}"}`)).toMatch(/^413 the body has/)
      expect(await refused("GET", "/v1/runs/%E0%A4%A")).toMatch(/^404/)
      expect(await refused("GET", "/v1/changes?after=yesterday")).toMatch(/^410 .*begin without one/)
      expect(await raw(url, "TRACE /v1/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 .*"BadRequest"/s)
      expect(await raw(url, "GET /v1/runs HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/)
      expect(await raw(url, "nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/)
      const bad = (await call("POST", "/v1/runs", { runs: [runOf("bad", { command: ["x"], executor_config: { pod_override: { spec: { containers: 1 } } } }), runOf("good")] })).body.runs
      expect(bad.map(({ info, state }) => `${state} ${info ?? ""}`)).toEqual([expect.stringMatching(/^failed .*containers must be a list, but is 1/), "waiting "])
      await until("its end", 20, async () => (await call("GET", "/v1/runs/good")).body.final || undefined)
      service.child.kill("SIGTERM")
      await service.ended
    } finally {
      await cluster.close()
    }
  })

  it("runs processes of this machine without a cluster, and leaves nothing", async ({ expect, live }) => {
    const folder = live.folder()
    const service = live.fairlead(["airflow", "serve", "--embedded", "--port", "0"], { cwd: folder })
    const call = caller(await urlOf(service))
    const image = "local"
    await call("POST", "/v1/runs", { runs: [runOf("good", { command: ["sh", "-c", `echo done > ${folder}/out`], image }), runOf("bad", { command: ["sh", "-c", "exit 3"], image }), runOf("long", { command: ["sleep", "100"], image })] })
    const [good, bad] = await Promise.all(["good", "bad"].map((id) => until(id, 20, async () => {
      const { body } = await call("GET", `/v1/runs/${id}`)
      return body.final ? body : undefined
    })))
    expect([good?.state, bad?.state, bad?.info]).toEqual(["success", "failed", expect.stringMatching(/ended with 3/)])
    service.child.kill("SIGTERM")
    await service.ended
    expect(service.folders).toEqual([])
  })

  it("says what is wrong with how it is started", async ({ expect, live }) => {
    const folder = live.folder()
    writeFileSync(join(folder, "empty"), "\n")
    writeFileSync(join(folder, "bad.cfg"), "[kubernetes_executor]\nworker_pods_creation_batch_size = many\n")
    writeFileSync(join(folder, "bad.yaml"), "metadata: {}\n")
    const busy = createServer().listen(0, "127.0.0.1")
    await new Promise((done) => busy.once("listening", done))
    const { port } = busy.address() as { readonly port: number }
    const said = async (...flags: ReadonlyArray<string>): Promise<string> => {
      const { code, stderr, stdout } = await live.fairlead(["airflow", "serve", "--embedded", ...flags], { cwd: folder }).ended
      return `${code} ${stdout}${stderr}`
    }
    const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
      [["--help"], /^0 [\s\S]*--token-file[\s\S]*EXAMPLES[\s\S]*fairlead airflow serve --embedded/],
      [["--host", "0.0.0.0"], /^2 .*give it --token-file/],
      [["--token-file", "none"], /^2 none cannot be read/],
      [["--token-file", "empty"], /^2 the file empty holds no token/],
      [["--airflow-config", "bad.cfg"], /^2 \[kubernetes_executor\] worker_pods_creation_batch_size is "many": it must be a whole number/],
      [["--pod-template", "bad.yaml"], /^2 bad\.yaml holds no pod: it needs a spec/],
      [["--port", String(port)], /^1 [\s\S]*cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*choose another port/]
    ]
    await Promise.all(wrong.map(async ([flags, expected]) => expect(await said(...flags)).toMatch(expected)))
    busy.close()
  })
})
