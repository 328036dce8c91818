import { describe, expect, it } from "vitest"
import { exitCodeOf, replayCommand, toJson, toLines } from "../src/Report.ts"
import type { SimulateReport } from "../src/Simulate.ts"

const report = (outcome: "Passed" | "Safety" | "Liveness"): SimulateReport => ({
  options: { seed: 7, tasks: 2, transport: "bytes", nodes: 3, arrivalRate: 100, failureRate: 0.1, durationMax: 60_000, faults: ["calls", "pods"] },
  journal: "00ff",
  writes: 12,
  writesByKind: { pods: 5, taskactions: 7 },
  pods: 2,
  outcomes: { succeeded: 1, failed: 1 },
  faults: { calls: 3, "pods taken": 1 },
  elapsed: 61_500,
  steps: 99,
  verdict: {
    outcome,
    violations: outcome === "Passed" ? [] : [{ checker: "one pod for each launch", kind: "Safety", time: 1500, message: "the pod p was created twice" }],
    violationCount: outcome === "Passed" ? 0 : 1,
    observationCount: 12
  }
})
const usage = { wall: 1200, processor: 1100, memoryMost: 90_000_000 }

describe("Report", () => {
  it("exitCodeOf tells unsafe from stuck", () => {
    expect((["Passed", "Safety", "Liveness"] as const).map((it) => exitCodeOf(report(it)))).toEqual([0, 10, 11])
  })

  it("toLines shows the journal, and for a broken promise where and how to replay", () => {
    expect(toLines(report("Passed"), usage)).toContain("journal 00ff")
    expect(toLines(report("Safety"), usage).slice(-3)).toEqual([
      "Safety: 1 broken promises",
      "  at 1.500 s, one pod for each launch: the pod p was created twice",
      `to replay: ${replayCommand(report("Safety").options)}`
    ])
  })

  it("replayCommand names everything that was drawn or chosen", () => {
    expect(replayCommand(report("Passed").options)).toBe(
      "fairlead-sim run --seed 7 --tasks 2 --nodes 3 --rate 100 --failures 0.1 --longest 60 --faults calls,pods --transport bytes"
    )
  })

  it("toJson is one document", () => {
    expect(JSON.parse(toJson(report("Passed"), usage))).toMatchObject({ journal: "00ff", usage, replay: replayCommand(report("Passed").options) })
  })
})
