import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Copilot, Literals, LiteralValues, TaskTemplates } from "@fairlead/core"
import { Result } from "effect"
import { describe } from "vitest"
import { it } from "./Program.ts"

const template = Result.getOrThrow(TaskTemplates.fromTask({
  container: { image: "local" },
  interface: {
    inputs: { harbour: { type: "string" }, ships: { type: "integer" }, chart: { type: "blob" } },
    outputs: { total: { type: "integer" }, report: { type: "blob" } }
  }
}, { project: "p", domain: "d", name: "n" }))
const plan = Copilot.plan({
  ...template,
  target: template.target.case === "container" ? { ...template.target, value: { ...template.target.value, dataConfig: Copilot.dataConfig() } } : template.target
})!
const inputs = plan.interface.inputs!

describe.concurrent("fairlead copilot, as a process of its own", { timeout: 180_000 }, () => {
  it("download brings every input as a file, blobs included, and the summary", async ({ expect, live }) => {
    const folder = live.folder()
    writeFileSync(join(folder, "chart.txt"), "shallow here\n")
    const values = Literals.literalMap({
      harbour: Literals.string("Ystad"),
      ships: Literals.integer(4),
      chart: Literals.blob(`file://${folder}/chart.txt`)
    })
    writeFileSync(join(folder, "inputs.pb"), Literals.encodeMap(values))
    const args = Copilot.downloadArguments({
      fromRemote: `file://${folder}/inputs.pb`,
      toOutputPrefix: `file://${folder}/out`,
      toLocalDir: join(folder, "in"),
      format: "JSON",
      layout: "DIRECT",
      interface: inputs
    })
    const { code, stderr } = await live.run("copilot", ...args)
    expect(code, stderr).toBe(0)
    const read = (name: string): string => readFileSync(join(folder, "in", name), "utf8")
    expect([read("harbour"), read("ships"), read("chart")]).toEqual(["Ystad", "4", "shallow here\n"])
    expect(JSON.parse(read("inputs.json"))).toMatchObject({ harbour: "Ystad", ships: 4 })
    expect(existsSync(join(folder, "out/error.pb"))).toBe(false)
  })

  it("download leaves an error where the engine reads it, and says it", async ({ expect, live }) => {
    const folder = live.folder()
    const args = ["--from-remote", `file://${folder}/none.pb`, "--to-output-prefix", `file://${folder}/out`, "--to-local-dir", join(folder, "in")]
    const { code, stderr } = await live.run("copilot", "download", ...args)
    expect(code).toBe(1)
    expect(stderr).toContain("none.pb")
    expect(existsSync(join(folder, "out/error.pb"))).toBe(true)
  })

  it("sidecar waits for SIGTERM, then takes the outputs from files", async ({ expect, live }) => {
    const folder = live.folder()
    mkdirSync(join(folder, "work"))
    const args = Copilot.sidecarArguments({
      toOutputPrefix: `file://${folder}/out`,
      toRawOutput: `file://${folder}/raw`,
      fromLocalDir: join(folder, "work"),
      timeoutMillis: 60_000,
      interface: plan.interface
    })
    const sidecar = live.fairlead(["copilot", ...args])
    await sidecar.until(/^waiting for the end of the task, whose outputs will be in .*\/work$/m)
    expect(sidecar.isOver).toBe(false)
    writeFileSync(join(folder, "work/total"), "42\n")
    writeFileSync(join(folder, "work/report.md"), "# all well\n")
    sidecar.child.kill("SIGTERM")
    const { code, stderr } = await sidecar.ended
    expect(code, stderr).toBe(0)
    const outputs = LiteralValues.mapToValue(Result.getOrThrow(Literals.decodeMap(readFileSync(join(folder, "out/outputs.pb")))))
    expect(outputs["total"]).toBe(42)
    expect(readFileSync(new URL(String(outputs["report"])), "utf8")).toBe("# all well\n")
  })

  it("bad arguments end with 2 and say which", async ({ expect, live }) => {
    const { code, stderr } = await live.run("copilot", "download", "--from-remote", "x")
    expect([code, stderr]).toEqual([2, expect.stringContaining("copilot: download: --to-output-prefix is required")])
  })

  it("--help shows the arguments of both commands", async ({ expect, live }) => {
    const { code, stdout } = await live.run("copilot", "--help")
    expect(code).toBe(0)
    for (const word of ["download --from-remote", "--input-interface", "sidecar", "--to-raw-output", "--from-local-dir"]) expect(stdout).toContain(word)
  })
})
