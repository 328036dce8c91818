import { Effect } from "effect"
import { setImmediate } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { makeChecks } from "../src/Checks.ts"
import { faultKinds } from "../src/Faults.ts"
import { enoughFor, simulate, type SimulateOptions } from "../src/Simulate.ts"
import type { TaskPlan } from "../src/Workload.ts"

const options: SimulateOptions = { seed: 7, tasks: 60, transport: "in-process", nodes: 2, arrivalRate: 50, failureRate: 0.3, durationMax: 20_000, faults: [] }
const run = (change: Partial<SimulateOptions> = {}) => Effect.runPromise(simulate({ ...options, ...change }, () => setImmediate()))

describe("simulate", () => {
  it("keeps every promise, and tells what it saw", async () => {
    const report = await run()
    expect(report.verdict).toMatchObject({ outcome: "Passed", violations: [] })
    expect(report.verdict.observationCount).toBe(report.writes)
    expect(report.outcomes.succeeded + report.outcomes.failed).toBe(60)
    expect(report.outcomes.failed).toBeGreaterThan(0)
    // With failures there are more pods than tasks.
    expect(report.pods).toBeGreaterThan(60)
  })

  it("gives the same journal for the same seed, another for another", async () => {
    const [first, again, other] = [await run(), await run(), await run({ seed: 8 })]
    expect(again).toEqual(first)
    expect(other.journal).not.toBe(first.journal)
  })

  it("gives the same journal over objects and over bytes", async () => {
    const [objects, bytes] = [await run(), await run({ transport: "bytes" })]
    expect(bytes.journal).toBe(objects.journal)
    expect({ ...bytes, options: undefined, steps: 0 }).toEqual({ ...objects, options: undefined, steps: 0 })
  })

  it("spends four writes on the object of a task that succeeds, and one more when its start takes long", async () => {
    const report = await run({ failureRate: 0 })
    expect(report.pods).toBe(60)
    // Its creation, then finalizer, running, end and farewell; a start that takes longer than two seconds is told too.
    expect(report.writesByKind["taskactions"]).toBeGreaterThanOrEqual(60 * 5)
    expect(report.writesByKind["taskactions"]).toBeLessThanOrEqual(60 * 6)
  })

  it("keeps every promise when everything goes wrong, and tells what went wrong", async () => {
    const report = await run({ faults: faultKinds })
    expect(report.verdict).toMatchObject({ outcome: "Passed", violations: [] })
    for (const [fault, count] of Object.entries(report.faults)) expect([fault, count > 0]).toEqual([fault, true])
    expect(Object.keys(report.faults)).toEqual(["calls", "watches", "files", "engines killed", "pods taken", "history forgotten"])
  })

  it("gives the same journal under faults too, over objects and over bytes", async () => {
    const [objects, bytes] = [await run({ faults: faultKinds }), await run({ faults: faultKinds, transport: "bytes" })]
    expect(bytes.journal).toBe(objects.journal)
    expect(bytes.faults).toEqual(objects.faults)
  })

  it("waits for the last task, however long it was quiet before it came", async () => {
    const report = await run({ seed: 1, tasks: 5, arrivalRate: 0.001 })
    expect(report.verdict).toMatchObject({ outcome: "Passed", violations: [] })
  })

  it("does not stop a run for its length whose tasks come slowly or take long", () => {
    const [early, late] = [0, 8e9].map((arrival): TaskPlan => ({ name: "task-0", arrival, retries: 3, attempts: [], outcome: "Succeeded" }))
    expect(enoughFor([early!, late!], options)).toBeGreaterThan(late!.arrival + 5 * options.durationMax)
    expect(enoughFor([early!], { ...options, durationMax: 1e9 })).toBeGreaterThan(7e9)
  })

  it("notices when a task is lost", async () => {
    const checks = makeChecks([{ name: "task-0", arrival: 0, retries: 0, attempts: [], outcome: "Succeeded" }])
    expect(checks.flatMap((check) => check.finish?.(0) ?? [])).toEqual(["sim-task-0 never ended"])
  })
})
