import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe } from "vitest"
import { it, node, mainFile, root } from "./Program.ts"

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number }
      server.close(() => resolve(port))
    })
  })

interface Job {
  readonly id: string
  readonly key: string
  readonly deleted?: boolean
}

/** The example, at a port of its own and with less to do. */
const example = async (frames: number) => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-example-"))
  cpSync(join(root, "examples/webapi"), folder, { recursive: true })
  const port = String(await freePort())
  const rewrite = (name: string, change: (text: string) => string): void => writeFileSync(join(folder, name), change(readFileSync(join(folder, name), "utf8")))
  rewrite("service.yaml", (text) => text.replaceAll("8791", port))
  rewrite("frames.yaml", (text) => text.replace(/\[1,[\s\S]*?\]/, `[${Array.from({ length: frames }, (_, at) => at + 1).join(", ")}]`))
  const jobsFile = join(folder, "jobs.jsonl")
  // Read while it is written: what follows the last line end is no line yet.
  const jobs = (): ReadonlyArray<Job> => existsSync(jobsFile) ? readFileSync(jobsFile, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line) as Job) : []
  return { folder, jobs, ready: `http://127.0.0.1:${port}/healthz` }
}

const isUp = (url: string): Promise<boolean> => fetch(url).then(() => true, () => false)

describe("fairlead run with a service in another process", { timeout: 240_000 }, () => {
  it("has fifty jobs done, and no more, although it is killed in the middle", async ({ expect, live }) => {
    const { folder, jobs, ready } = await example(50)
    const state = join(folder, "state")
    const args = [mainFile, "run", folder, "--state", state, "--output", "json", "--parallel", "30"]
    const first = live.start(node, args)
    while (jobs().length < 17) await new Promise((resolve) => setTimeout(resolve, 50))
    first.child.kill("SIGKILL")
    await first.ended
    expect(jobs().length).toBeLessThan(50)
    expect(await isUp(ready)).toBe(true)
    const { code, stderr, stdout } = await live.start(node, args).ended
    expect(code, stderr).toBe(0)
    const { tasks } = JSON.parse(stdout) as { readonly tasks: ReadonlyArray<{ readonly phase: string; readonly outputs: unknown; readonly attempts: number }> }
    expect(tasks.filter((it) => it.phase === "succeeded" && it.attempts === 1)).toHaveLength(50)
    expect(tasks.every((it) => JSON.stringify(it.outputs) === "{\"pixels\":230400}")).toBe(true)
    expect(jobs()).toHaveLength(50)
    expect(new Set(jobs().map((it) => it.key)).size).toBe(50)
    expect(await isUp(ready)).toBe(false)
  })

  it("deletes the jobs of tasks that a Ctrl-C stops, and refuses a folder that another run works in", async ({ expect, live }) => {
    const { folder, jobs, ready } = await example(4)
    const args = [mainFile, "run", folder, "--state", join(folder, "state")]
    const first = live.start(node, args)
    while (jobs().length < 4) await new Promise((resolve) => setTimeout(resolve, 20))
    const second = await live.start(node, args).ended
    expect(second.code).toBe(2)
    expect(second.stderr).toContain("is at work there")
    first.child.kill("SIGINT")
    expect((await first.ended).code).toBe(130)
    expect(new Set(jobs().filter((it) => it.deleted === true).map((it) => it.id)).size).toBe(4)
    expect(await isUp(ready)).toBe(false)
  })

  it("tells what is wrong with the description of a service, with its line", async ({ expect, live }) => {
    const { folder } = await example(1)
    const file = join(folder, "service.yaml")
    writeFileSync(file, readFileSync(file, "utf8").replace("{{meta.id}}", "{{inputs.frame}}").replace("qps: 50", "qps: 0").replace("path: $.state", "path: $..state"))
    const { code, stderr } = await live.start(node, [mainFile, "run", folder]).ended
    expect(code).toBe(2)
    expect(stderr).toMatch(/service\.yaml:\d+.*spec\.service\.get\.path.*\{\{inputs\.frame\}\}/)
    expect(stderr).toMatch(/service\.yaml:\d+.*spec\.service\.status\.path/)
    expect(stderr).toMatch(/service\.yaml:\d+.*spec\.settings\.readRateLimiter\.qps.*is 0; it must be between 0\.001 and 100000/)
  })
})
