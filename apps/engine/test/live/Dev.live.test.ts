import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { request } from "node:https"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe } from "vitest"
import { parse } from "yaml"
import { it, leftOf, type Live, root } from "./Program.ts"

const token = "a-token-for-tests"
const startDev = async (live: Live, ...args: ReadonlyArray<string>) => {
  const folder = live.folder()
  const program = live.fairlead(["dev", "--token", token, ...args], { cwd: folder })
  const [, url = ""] = await program.until(/^ready: (https?:\/\/\S+)$/m)
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
    fetch(`${url}${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
  return { program, folder, url, call }
}

const actions = "/apis/flyte.org/v1/namespaces/default/taskactions"

interface WatchEvent {
  readonly type: string
  readonly object: { readonly metadata: { readonly name: string }; readonly status?: { readonly conditions?: ReadonlyArray<{ type: string; status: string; message?: string }> } }
}

/** Reads a watch until an event satisfies, and answers all events so far. */
const watchUntil = async (response: Response, isEnd: (event: WatchEvent) => boolean): Promise<ReadonlyArray<WatchEvent>> => {
  const events: Array<WatchEvent> = []
  const decoder = new TextDecoder()
  let rest = ""
  for await (const piece of response.body!) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n")
    rest = lines.pop()!
    for (const line of lines) {
      events.push(JSON.parse(line) as WatchEvent)
      if (isEnd(events.at(-1)!)) return events
    }
  }
  throw new Error(`the watch ended after ${JSON.stringify(events.map((it) => it.type))}`)
}

const isSucceeded = ({ object }: WatchEvent): boolean => object.status?.conditions?.some((it) => it.type === "Succeeded" && it.status === "True") ?? false

describe.concurrent("fairlead dev", { timeout: 180_000 }, () => {
  it("over plain HTTP: lets in who has the token, and runs what is posted", async ({ expect, live }) => {
    const { call, folder, program } = await startDev(live, "--http")
    expect(program.stdout).toMatch(/^kubeconfig: .*\/\.fairlead\/kubeconfig\nready: http:\/\/127\.0\.0\.1:\d+\n$/)
    expect((await call("GET", actions, undefined, { authorization: "Bearer wrong" })).status).toBe(401)
    expect((await call("GET", actions, undefined, {})).status).toBe(403)
    expect((await call("GET", "/readyz")).status).toBe(200)
    expect(await (await call("GET", actions)).json()).toMatchObject({ kind: "TaskActionList", items: [] })

    const watch = await call("GET", `${actions}?watch=true&resourceVersion=0`)
    const sum = readFileSync(join(root, "fixtures/quickstart/sum.yaml"), "utf8")
    const created = await call("POST", actions, sum, { authorization: `Bearer ${token}`, "content-type": "application/yaml" })
    expect(created.status).toBe(201)
    const events = await watchUntil(watch, isSucceeded)
    expect(events[0]).toMatchObject({ type: "ADDED", object: { metadata: { name: "demo-sum" } } })
    expect(events.at(-1)?.type).toBe("MODIFIED")

    const log = await call("GET", "/api/v1/namespaces/default/pods/demo-sum-0/log?container=demo-sum-0")
    expect([log.status, await log.text()]).toEqual([200, ""])
    program.child.kill("SIGINT")
    const ended = await program.ended
    expect(ended.stderr).toMatch(/stopped; nothing is left\n$/)
    expect(ended.stderr).toContain("quickstart/development/demo/sum attempt 1 SUCCEEDED")
    expect(ended.code).toBe(0)
    expect(program.folders).toEqual([])
    expect(existsSync(join(folder, ".fairlead/kubeconfig"))).toBe(true)
  })

  it("shares remembered results with `run`", async ({ expect, live }) => {
    const file = join(root, "fixtures/quickstart/sum.yaml")
    const cache = join(live.folder(), "catalog.db")
    expect((await live.fairlead(["run", file, "--cache", cache]).ended).code).toBe(0)
    const { call, program } = await startDev(live, "--http", "--cache", cache)
    const watch = await call("GET", `${actions}?watch=true&resourceVersion=0`)
    await call("POST", actions, readFileSync(file, "utf8"), { authorization: `Bearer ${token}`, "content-type": "application/yaml" })
    const { object } = (await watchUntil(watch, isSucceeded)).at(-1)!
    expect(object.status?.conditions?.find((it) => it.type === "Succeeded")?.message).toMatch(/found in the cache, \d+ m?s old, made by run demo/)
    program.child.kill("SIGINT")
    expect((await program.ended).code).toBe(0)
    expect(await live.fairlead(["dev", "--cache", "redis://x"]).ended).toMatchObject({ code: 2, stderr: expect.stringContaining("this names no catalog") as string })
  })

  it("over HTTPS: the kubeconfig, which only its owner may read, leads to the server and its authority", async ({ expect, live }) => {
    const folder = live.folder()
    const file = join(folder, "deep/kubeconfig")
    const { call, url } = await startDev(live, "--kubeconfig", file, "--nodes", "0")
    expect(url).toMatch(/^https:/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { clusters: [{ cluster }], users: [{ user }] } = parse(readFileSync(file, "utf8"))
    expect([cluster.server, user.token]).toEqual([url, token])
    // Nobody trusts the authority by chance, and with it no name needs to be ignored.
    await expect(call("GET", "/version")).rejects.toThrow("fetch failed")
    const version = await new Promise<string>((resolve, reject) => {
      const ca = Buffer.from(cluster["certificate-authority-data"], "base64")
      request(`${url}/version`, { ca, headers: { authorization: `Bearer ${user.token}` } }, (response) => {
        response.setEncoding("utf8").on("data", (text: string) => resolve(text))
      }).on("error", reject).end()
    })
    expect(JSON.parse(version)).toMatchObject({ major: "1" })
  })

  it("--nodes 0 leaves pods pending; a kubeconfig that was there gets its mode anew", async ({ expect, live }) => {
    const folder = live.folder()
    const file = join(folder, "kubeconfig")
    writeFileSync(file, "old", { mode: 0o644 })
    const { call } = await startDev(live, "--http", "--nodes", "0", "--kubeconfig", file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "local", command: ["true"] }] } }
    expect((await call("POST", "/api/v1/namespaces/default/pods", pod)).status).toBe(201)
    expect(await (await call("GET", "/api/v1/nodes")).json()).toMatchObject({ items: [] })
    // A task goes through the engine, whose pod then waits for a node like any other.
    await call("POST", actions, readFileSync(join(root, "fixtures/quickstart/sum.yaml"), "utf8"), { authorization: `Bearer ${token}`, "content-type": "application/yaml" })
    const pods = await call("GET", "/api/v1/namespaces/default/pods?watch=true&resourceVersion=0")
    const events = await watchUntil(pods, ({ object }) => object.metadata.name === "demo-sum-0")
    expect(events.map(({ object }) => object.status)).toEqual(events.map(() => expect.objectContaining({ phase: "Pending" })))
    expect(await (await call("GET", "/api/v1/namespaces/default/pods/p")).json()).toMatchObject({ status: { phase: "Pending" }, spec: expect.not.objectContaining({ nodeName: expect.anything() }) })
  })

  it("keeps an engine of `start` waiting, and leaves the work to it when it is to run none", async ({ expect, live }) => {
    const file = join(live.folder(), "kubeconfig")
    const startEngine = () => live.fairlead(["start", "--kubeconfig", file], { env: { FAIRLEAD_SERVER_PORT: "0", FAIRLEAD_DATASTORE_FILE_ROOT: "/tmp", FAIRLEAD_ENGINE_DATA_ROOT: `file://${live.folder()}` } })
    const { program } = await startDev(live, "--kubeconfig", file)
    await startEngine().until(/ waits for the lease default\/fairlead-engine: fairlead dev holds it/)
    program.child.kill("SIGTERM")
    await program.ended

    const { call } = await startDev(live, "--http", "--kubeconfig", file, "--no-engine")
    const watch = await call("GET", `${actions}?watch=true&resourceVersion=0`)
    await call("POST", actions, readFileSync(join(root, "fixtures/quickstart/sum.yaml"), "utf8"), { authorization: `Bearer ${token}`, "content-type": "application/yaml" })
    const engine = startEngine()
    await engine.until(/ holds the lease default\/fairlead-engine/)
    const events = await watchUntil(watch, isSucceeded)
    expect(events[0]!.object.status).toBeUndefined()
    engine.child.kill("SIGTERM")
    expect((await engine.ended).code).toBe(0)
  })

  it("pods get their grace period when it ends", async ({ expect, live }) => {
    const { call, folder, program } = await startDev(live, "--http")
    const script = `trap 'sleep 0.3; echo saved > ${folder}/saved; exit 0' TERM; echo $$ > ${folder}/pid; while :; do sleep 0.05; done`
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "polite" }, spec: { containers: [{ name: "c", image: "local", command: ["sh", "-c", script] }] } }
    const watch = await call("GET", "/api/v1/namespaces/default/pods?watch=true&resourceVersion=0")
    await call("POST", "/api/v1/namespaces/default/pods", pod)
    await watchUntil(watch, ({ object }) => (object.status as { phase?: string } | undefined)?.phase === "Running")
    while (!existsSync(join(folder, "pid"))) await new Promise((resolve) => setTimeout(resolve, 20))
    program.child.kill("SIGTERM")
    const { code, stderr } = await program.ended
    expect(stderr).toMatch(/stopping 1 pod, each within its grace period[\s\S]*stopped with one pod; nothing is left\n$/)
    expect(code).toBe(0)
    expect(readFileSync(join(folder, "saved"), "utf8")).toBe("saved\n")
    expect(await leftOf([Number(readFileSync(join(folder, "pid"), "utf8"))])).toEqual([])
  })

  it("a port in use is told with a way out", async ({ expect, live }) => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
    const { port } = taken.address() as { port: number }
    const { code, stderr, stdout } = await live.fairlead(["dev", "--http", "--nodes", "0", "--port", String(port)], { cwd: live.folder() }).ended
    taken.close()
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toMatch(new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE.*; choose another port, or 0 for any\n$`))
  })
})
