import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe } from "vitest"
import { it, root } from "./Program.ts"

const sum = join(root, "fixtures/quickstart/sum.yaml")

/** A task with a file among its outputs, and one that reads the file. */
const notes = `
name: write
container: { image: local, command: [sh, -c], args: ['printf "one line\\n" > /var/flyte/outputs/note; echo ran >> "{{.inputs.trace}}"'] }
interface: { inputs: { trace: { type: string } }, outputs: { note: { type: blob } } }
inputs: { trace: TRACE }
cache: { version: "1" }
---
name: read
container: { image: local, command: [sh, -c], args: ["grep -c . /var/flyte/inputs/note > /var/flyte/outputs/lines"] }
interface: { inputs: { note: { type: blob } }, outputs: { lines: { type: integer } } }
inputs: { note: { from: write.note } }
`

describe.concurrent("the cache of `fairlead run`", { timeout: 120_000 }, () => {
  it("gives results of earlier runs, says how old they are, and can be looked at and emptied", async ({ expect, live }) => {
    const folder = live.folder()
    const cache = join(folder, "cache/catalog.db")
    const fairlead = (...args: ReadonlyArray<string>) => live.fairlead(args, { cwd: folder, env: { FAIRLEAD_CACHE: cache } }).ended
    const first = await fairlead("run", sum)
    expect(first.stdout).toMatch(/demo-sum +succeeded +1 +\S+ +total=42\n\n1 succeeded/)
    const second = await fairlead("run", sum)
    expect(second.stdout).toMatch(/total=42\n\nnot run again, because the result was in the cache:\n {2}demo-sum {2}\d+ s old {2}1\/quickstart\/development\/\S+-1\n\n1 succeeded/)
    const json = JSON.parse((await fairlead("run", sum, "--output", "json")).stdout) as { tasks: [{ cached: object }] }
    expect(json.tasks[0].cached).toMatchObject({ key: expect.stringMatching(/^1\/quickstart/) as string, age: expect.stringMatching(/ s$/) as string, madeBy: "demo" })
    expect((await fairlead("run", sum, "--no-cache")).stdout).not.toContain("in the cache")
    const listed = await fairlead("cache", "list")
    expect(listed.stdout).toMatch(/^TASK +AGE +SIZE +KEY\nsum +\d+ s +\d+ B +1\/quickstart\/\S+\n\n1 result, \d+ B\n$/)
    const got = JSON.parse((await fairlead("cache", "get", "1/quickstart")).stdout) as object
    expect(got).toMatchObject({ task: "sum", outputs: { total: 42 }, source: { labels: { "execution-name": "demo" } } })
    expect(JSON.parse((await fairlead("cache", "get", "sum")).stdout)).toEqual(expect.objectContaining({ task: "sum" }))
    const [{ outputUri }] = JSON.parse((await fairlead("cache", "list", "--output", "json")).stdout) as [{ outputUri: string }]
    writeFileSync(fileURLToPath(outputUri), Uint8Array.of(255, 255))
    const corrupt = await fairlead("cache", "get", "sum")
    expect(corrupt.stderr).toMatch(/^its outputs cannot be read: .*2 bytes are no core.LiteralMap/)
    expect(JSON.parse(corrupt.stdout)).toMatchObject({ task: "sum", outputUri })
    expect(await fairlead("cache", "list", "--project", "other")).toMatchObject({ code: 0, stdout: "no result is of this kind\n" })
    expect((await fairlead("cache", "evict")).code).toBe(2)
    expect(await fairlead("cache", "evict", "", "nothing")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^no result has the key , .*\nno result has the key nothing, and no task of this name/) as string })
    expect((await fairlead("cache", "evict", "--task", "sum")).stderr).toMatch(/^forgot sum, \d+ s old: 1\/quickstart/)
    expect(await fairlead("cache", "list")).toMatchObject({ code: 0, stdout: "nothing is remembered\n" })
    expect(await fairlead("cache", "get", "1/quickstart")).toMatchObject({ code: 1, stderr: expect.stringContaining("no result has the key 1/quickstart") as string })
    const mistyped = join(folder, "cache/catalogue.db")
    expect(await fairlead("cache", "list", "--cache", mistyped)).toMatchObject({ code: 0, stdout: "nothing is remembered\n", stderr: expect.stringContaining("there is no such file") as string })
    expect(existsSync(mistyped)).toBe(false)
  })

  it("keeps files among outputs, although the folder of the run goes", async ({ expect, live }) => {
    const folder = live.folder()
    writeFileSync(join(folder, "notes.yaml"), notes.replace("TRACE", join(folder, "trace")))
    const cache = join(folder, "cache/catalog.db")
    const run = () => live.fairlead(["run", join(folder, "notes.yaml"), "--cache", cache]).ended
    expect((await run()).stdout).toMatch(/read +succeeded .*lines=1/)
    expect((await run()).stdout).toMatch(/write +succeeded .*note=file:\/\/\S+\/cache\/outputs\/[\s\S]*read +succeeded .*lines=1[\s\S]*write {2}\d+ s old/)
    expect(readFileSync(join(folder, "trace"), "utf8")).toBe("ran\n")
    await live.fairlead(["cache", "evict", "--all", "--cache", cache]).ended
    const left = readdirSync(join(folder, "cache/outputs"), { recursive: true, withFileTypes: true }).filter((it) => it.isFile())
    expect(left).toEqual([])
  })

  it("that cannot be used fails no task, and says so", async ({ expect, live }) => {
    const folder = live.folder()
    mkdirSync(join(folder, "cache"))
    writeFileSync(join(folder, "cache/catalog.db"), "no database ".repeat(100))
    const cache = join(folder, "cache/catalog.db")
    const broken = await live.fairlead(["run", sum, "--cache", cache]).ended
    expect(broken).toMatchObject({ code: 0, stdout: expect.stringContaining("total=42") as string, stderr: expect.stringContaining("one task could not use the cache: file is not a database") as string })
    expect((await live.fairlead(["run", sum, "--cache", cache, "--log-level", "warn"]).ended).stderr).toContain("file is not a database")
    expect(await live.fairlead(["cache", "list", "--cache", cache]).ended).toMatchObject({ code: 1, stderr: expect.stringContaining("Catalog.list failed: Corrupt") as string })
    expect(await live.fairlead(["run", sum, "--cache", "redis://x"]).ended).toMatchObject({ code: 2, stderr: expect.stringContaining('--cache redis://x: this names no catalog; give a path,') as string })
    expect(existsSync(join(folder, "cache/outputs"))).toBe(false)
    // Nothing can be made in /proc, and Node's own way to make folders does not come back from there.
    const [proc, above] = existsSync("/proc/self") ? ["/proc", "no folder can be made in /proc"] : [join(cache, "folder"), "ENOTDIR"]
    const nowhere = await live.fairlead(["run", sum, "--cache", join(proc, "fairlead/catalog.db")]).ended
    expect(nowhere).toMatchObject({ code: 0, stderr: expect.stringContaining(`one task could not use the cache: ${above}`) as string })
    expect(nowhere.stderr).toContain("; --cache gives another place")
    const unreachable = await live.fairlead(["run", sum, "--cache", "postgres://somebody@127.0.0.1:1/x"]).ended
    expect(unreachable).toMatchObject({ code: 0, stderr: expect.stringMatching(/one task could not use the cache: .*ECONNREFUSED/) as string })
    expect(await live.fairlead(["cache", "list", "--cache", "postgres://127.0.0.1:1/x"]).ended).toMatchObject({ code: 2, stderr: expect.stringContaining("postgres://<user>@<host>/<database>") as string })
  })
})
