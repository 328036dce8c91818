import { Effect } from "effect"
import { setImmediate } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { explore, smaller } from "../src/Explore.ts"
import { faultKinds } from "../src/Faults.ts"
import { Machine } from "../src/Machine.ts"
import type { SimulateOptions } from "../src/Simulate.ts"

const options: SimulateOptions = { seed: 1, tasks: 40, transport: "in-process", nodes: 2, arrivalRate: 50, failureRate: 0.3, durationMax: 20_000, faults: faultKinds }
const machine = Machine.of({ drawSeed: () => 1, settle: () => setImmediate(), startMeasuring: () => () => ({ wall: 0, processor: 0, memoryMost: 0 }) })

describe("explore", () => {
  it("answers 0 when every promise holds in every world", async () => {
    const worlds = [11, 12, 13].map((seed) => ({ ...options, seed }))
    expect(await Effect.runPromise(Effect.provideService(explore(worlds), Machine, machine))).toBe(0)
  })
})

describe("smaller", () => {
  it("takes away tasks first, then one kind of fault at a time", () => {
    const some = smaller({ ...options, faults: ["calls", "pods"] })
    expect(some.map(({ faults, tasks }) => [tasks, ...faults])).toEqual([
      [4, "calls", "pods"],
      [20, "calls", "pods"],
      [36, "calls", "pods"],
      [40, "pods"],
      [40, "calls"]
    ])
  })

  it("ends at one task without faults", () => {
    expect(smaller({ ...options, tasks: 1, faults: [] })).toEqual([])
  })
})
