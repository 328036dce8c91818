import { describe, expect, it } from "vitest"
import { exitCode, hints, type TaskResult, toJson, toTable } from "../../src/run/Results.ts"

const good: TaskResult = { name: "sum", phase: "succeeded", attempts: 1, duration: 210, outputs: { total: 42n, text: "a b" }, error: undefined, log: [] }
const bad: TaskResult = {
  name: "broken",
  phase: "failed",
  attempts: 3,
  duration: 12_345,
  outputs: {},
  error: { code: "Error", kind: "USER", message: "\r\n[main] terminated with exit code (3). Reason [Error]. Message: \nno chart\n. (attempt 3 of 3)" },
  log: ["reading", "no chart"]
}

describe("toTable", () => {
  it("shows outputs, causes with the end of the log, and a summary", () => {
    expect(toTable([good, bad], 120)).toBe([
      "TASK    PHASE      ATTEMPTS  DURATION  OUTPUTS OR ERROR",
      "sum     succeeded  1         0.21s     total=42 text=a b",
      "broken  failed     3         12.3s     Error: attempt 3 of 3: container main ended with exit code 3: no chart",
      "",
      "broken failed: Error",
      "  attempt 3 of 3: container main ended with exit code 3:",
      "  no chart",
      "  the end of its log:",
      "  | reading",
      "  | no chart",
      "",
      "1 succeeded, 1 failed"
    ].join("\n"))
  })

  it("does not repeat a log that the message holds already", () => {
    expect(toTable([{ ...bad, log: ["no chart"] }], 120)).not.toContain("its log")
  })

  it("cuts lines at the edge of the terminal", () => {
    expect(toTable([bad], 40).split("\n")[1]).toHaveLength(40)
  })

  it("keeps rows on one line, whatever the outputs hold", () => {
    const rows = toTable([{ ...good, outputs: { text: "a\n\nb", list: [{ n: 1n }] } }], 100).split("\n")
    expect(rows[1]).toMatch(/text=a ⏎ b list=\[\{"n":1\}\]$/)
  })

  it("shows what tasks wrote without what it would do to a terminal", () => {
    const message = "\r\n[main] terminated with exit code (3). Reason [Error]. Message: \n10 %\r99 %\r\u001B[2J\u0007no \u001B[31mchart\u001B[0m\n."
    const text = "\u001B]0;title\u0007a\rb\u001B[1A\u009B"
    const table = toTable([{ ...good, outputs: { text } }, { ...bad, error: { ...bad.error!, message }, log: ["reading\u0000", "no \u001B[31mchart"] }], 120).split("\n")
    expect(table[1]).toMatch(/ text=b$/)
    expect(table[2]).toMatch(/code 3: no chart$/)
    expect(table.slice(4, -2)).toEqual(["broken failed: Error", "  container main ended with exit code 3:", "  no chart", "  the end of its log:", "  | reading", "  | no chart"])
  })

  it("counts what was aborted and what never started", () => {
    const aborted: TaskResult = { ...bad, phase: "aborted", error: { code: "Aborted", kind: "", message: "stopped" }, log: [] }
    expect(toTable([good, aborted, { ...aborted, phase: "waiting" }], 80).split("\n").at(-1)).toBe("1 succeeded, 1 aborted, 1 not started")
  })
})

describe("toJson", () => {
  it("is one document with a verdict", () => {
    expect(JSON.parse(toJson([good, bad]))).toMatchObject({ succeeded: false, tasks: [{ outputs: { total: 42 } }, { phase: "failed", error: { code: "Error" } }] })
  })

  it("keeps the digits of integers that a number cannot hold", () => {
    expect(JSON.parse(toJson([{ ...good, outputs: { big: 9_007_199_254_740_993n } }])).tasks[0].outputs.big).toBe("9007199254740993")
  })
})

describe("exitCode", () => {
  it("is 1 as soon as one task did not succeed", () => {
    expect([exitCode([good]), exitCode([good, bad])]).toEqual([0, 1])
  })
})

describe("hints", () => {
  const withFile: TaskResult = { ...good, outputs: { list: [{ note: "file:///tmp/run/data/note" }] } }

  it("says that files went with the folder, if outputs are files", () => {
    expect(hints([good, withFile], { folder: "/tmp/run", keep: false })).toEqual([expect.stringContaining("--keep")])
    expect(hints([good], { folder: "/tmp/run", keep: false })).toEqual([])
    expect(hints([withFile], { folder: "/tmp/other", keep: false })).toEqual([])
  })

  it("says where files are kept", () => {
    expect(hints([good], { folder: "/tmp/run", keep: true })).toEqual(["logs and files are kept in /tmp/run"])
  })
})
