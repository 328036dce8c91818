/** The same program on every runtime: its own demo is what they have to do. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Effect } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { demo } from "../demo.ts"

const here = fileURLToPath(new URL("..", import.meta.url))
const installed = fileURLToPath(new URL("../../../.cache/external/runtimes", import.meta.url))
const program = (name: string): string => `${installed}/node_modules/.bin/${name}`
const isMissing = !existsSync(`${installed}/ready`)
const whyNot = isMissing ? " (skipped: npm run external runtimes)" : ""
const call = promisify(execFile)
const limit = { timeout: 60_000, killSignal: "SIGKILL" } as const
const closers: Array<() => unknown> = []
afterAll(async () => {
  for (const close of closers.toReversed()) await close()
})

const asPromised = [
  { name: "count", ended: "Succeeded", attempts: 1 },
  { name: "upload", ended: "Succeeded", attempts: 2 },
  { name: "burn", ended: "Failed", attempts: 2, error: expect.stringContaining("the disk is on fire") }
]

/** Starts workerd with the bundle of a worker and answers its address. */
const serveWorker = async (): Promise<string> => {
  const folder = await mkdtemp(`${tmpdir()}/fairlead-worker-`)
  closers.push(() => rm(folder, { recursive: true }))
  await call(program("bun"), ["build", "--target=browser", `--outfile=${folder}/worker.js`, "worker.ts"], { cwd: here, ...limit })
  await writeFile(`${folder}/worker.capnp`, `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker", esModule = embed "worker.js")], compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
`)
  const worker: ChildProcess = spawn(program("workerd"), ["serve", "--control-fd=3", `${folder}/worker.capnp`], { stdio: ["ignore", "inherit", "inherit", "pipe"] })
  closers.push(() => worker.kill("SIGKILL"))
  for await (const line of createInterface({ input: worker.stdio[3] as NodeJS.ReadableStream })) {
    const { event, port } = JSON.parse(line) as { readonly event: string; readonly port: number }
    if (event === "listen") return `http://127.0.0.1:${port}`
  }
  throw new Error("workerd ended before it listened")
}

describe("an engine inside a program", () => {
  it("runs on Node", async () => expect(await Effect.runPromise(demo)).toEqual(asPromised))

  it.skipIf(isMissing)(`runs on Deno${whyNot}`, async () => {
    const { stdout } = await call(program("deno"), ["run", "--no-lock", "--node-modules-dir=manual", "main.ts"], { cwd: here, ...limit })
    expect(JSON.parse(stdout)).toEqual(asPromised)
  })

  it.skipIf(isMissing)(`runs on Bun${whyNot}`, async () => {
    const { stdout } = await call(program("bun"), ["main.ts"], { cwd: here, ...limit })
    expect(JSON.parse(stdout)).toEqual(asPromised)
  })

  it.skipIf(isMissing)(`runs on workerd, which serves Kubernetes as well${whyNot}`, async () => {
    const url = await serveWorker()
    const get = async (path: string, init: RequestInit = {}) =>
      (await fetch(`${url}${path}`, { ...init, headers: { authorization: "Bearer admin-token", "content-type": "application/json" } })).json() as Promise<never>
    expect(await get("/demo")).toEqual(asPromised)
    const body = JSON.stringify({ metadata: { name: "a" }, data: { at: "the edge" } })
    await get("/api/v1/namespaces/default/configmaps", { method: "POST", body })
    expect(await get("/api/v1/namespaces/default/configmaps")).toMatchObject({ kind: "ConfigMapList", items: [{ metadata: { name: "a" }, data: { at: "the edge" } }] })
  })
}, 120_000)
