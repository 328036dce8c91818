import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "fairlead-cli-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fairlead = (args: ReadonlyArray<string>, env: { readonly [name: string]: string } = {}) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, "../../bin/fairlead.mjs"), ...args], { cwd: folder, env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...env }, encoding: "utf8" })
  return { status, stderr, stdout }
}

describe("fairlead start and fairlead config", () => {
  it("start --help tells the flags", () => {
    const { status, stdout } = fairlead(["start", "--help"])
    expect(status).toBe(0)
    for (const words of ["Run the engine against a cluster", "--config", "--kubeconfig", "--context", "fairlead start --config fairlead.yaml"]) expect(stdout).toContain(words)
  }, 30_000)

  it("config shows values, defaults and origins, without secrets", () => {
    writeFileSync(join(folder, "good.yaml"), "engine:\n  workers: 3\nevents:\n  sink: flyte\n  url: http://events\n  headers: {authorization: hush}\n")
    const { status, stdout } = fairlead(["config", "--config", "good.yaml", "--output", "json"], { FAIRLEAD_LOGS_LEVEL: "debug" })
    expect(status).toBe(0)
    const lines = JSON.parse(stdout) as ReadonlyArray<{ readonly setting: string }>
    expect(lines.find((it) => it.setting === "engine.workers")).toEqual({ setting: "engine.workers", value: 3, default: 64, origin: "good.yaml:2", variable: "FAIRLEAD_ENGINE_WORKERS" })
    expect(lines.find((it) => it.setting === "logs.level")).toMatchObject({ value: "debug", origin: "FAIRLEAD_LOGS_LEVEL" })
    expect(stdout).not.toContain("hush")
  }, 30_000)

  it("both refuse bad settings with exit code 2, with the file from the environment too", () => {
    writeFileSync(join(folder, "bad.yaml"), "engine:\n  worker: 3\n")
    for (const command of ["config", "start"]) {
      const { status, stderr, stdout } = fairlead([command], { FAIRLEAD_CONFIG: "bad.yaml" })
      expect([command, status, stdout, stderr]).toEqual([command, 2, "", "bad.yaml:2: engine.worker: is not a setting; did you mean workers?\n"])
    }
  }, 30_000)

  it("start without a cluster says where it looked", () => {
    const { status, stderr } = fairlead(["start"])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^no cluster found: neither --kubeconfig nor KUBECONFIG is given/)
  }, 30_000)
})
