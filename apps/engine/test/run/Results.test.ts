import { describe, expect, it } from "vitest"
import { exitCode, type TaskResult, toJson, toTable } from "../../src/run/Results.ts"

const good: TaskResult = { name: "sum", phase: "succeeded", attempts: 1, duration: 210, outputs: { total: 42n, text: "a b" }, error: undefined, log: [] }
const bad: TaskResult = {
  name: "broken",
  phase: "failed",
  attempts: 3,
  duration: 12_345,
  outputs: {},
  error: { code: "Error", kind: "USER", message: "\r\n[main] terminated with exit code (3). Reason [Error]." },
  log: ["reading", "no such file"]
}

describe("Results", () => {
  it("toTable shows outputs, causes with the end of the log, and a summary", () => {
    expect(toTable([good, bad], 100)).toBe([
      "TASK    PHASE      ATTEMPTS  DURATION  OUTPUTS OR ERROR",
      "sum     succeeded  1         0.21s     total=42 text=a b",
      "broken  failed     3         12.3s     Error: [main] terminated with exit code (3). Reason [Error].",
      "",
      "broken failed: Error",
      "  [main] terminated with exit code (3). Reason [Error].",
      "  the end of its log:",
      "  | reading",
      "  | no such file",
      "",
      "1 succeeded, 1 failed"
    ].join("\n"))
  })

  it("toTable cuts lines at the edge of the terminal", () => {
    expect(toTable([bad], 40).split("\n")[1]).toHaveLength(40)
  })

  it("toJson is one document with a verdict; large integers keep their digits", () => {
    expect(JSON.parse(toJson([good, bad]))).toMatchObject({ succeeded: false, tasks: [{ outputs: { total: "42" } }, { phase: "failed" }] })
  })

  it("exitCode is 1 as soon as one task did not succeed", () => {
    expect([exitCode([good]), exitCode([good, bad])]).toEqual([0, 1])
  })
})
