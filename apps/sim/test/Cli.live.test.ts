import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"

const main = fileURLToPath(new URL("../bin/fairlead-sim.mjs", import.meta.url))

const fairleadSim = async (...args: ReadonlyArray<string>): Promise<{ code: number; stdout: string; stderr: string }> => {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [main, ...args])) }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

describe("fairlead-sim", () => {
  it("prints the seed first, the journal and the verdict, and exits with 0", async () => {
    const { code, stdout } = await fairleadSim("run", "--seed", "7", "--tasks", "20")
    expect(code).toBe(0)
    expect(stdout.split("\n")[0]).toContain("seed 7: fairlead-sim run --seed 7 --tasks 20")
    expect(stdout).toMatch(/^journal [0-9a-f]{16}$/m)
    expect(stdout).toMatch(/^every promise held over \d+ observations$/m)
  })

  it.each([
    [["run", "--tasks", "0"], /must be at least 1/],
    [["run", "--rate", "0.00001"], /must be at least 0.0001/],
    [["run", "--longest", "1000001"], /must be at most 1000000/],
    [["run", "--faults", "calls,rain"], /must be "all", "none", or some of calls, watches/],
    [["explore", "--seeds", "0"], /must be at least 1/],
    [["jump"], /jump/]
  ])("refuses %j with 2", async (args, message) => {
    const { code, stderr, stdout } = await fairleadSim(...args)
    expect(code).toBe(2)
    expect(stderr + stdout).toMatch(message)
  })

  it("explains itself", async () => {
    const { code, stdout } = await fairleadSim("run", "--help")
    expect(code).toBe(0)
    for (const flag of ["--seed", "--tasks", "--transport", "--nodes", "--rate", "--failures", "--longest", "--faults", "--output"]) expect(stdout).toContain(flag)
  })
})
