import { describe, expect, it } from "vitest"
import { weather } from "./storm.ts"

/** `FAIRLEAD_CHAOS_SEEDS=1-100` runs each scenario from these seeds, `FAIRLEAD_CHAOS_TASKS=1000` with so many tasks. */
const environment = (globalThis as { readonly process?: { readonly env: { readonly [name: string]: string | undefined } } }).process?.env ?? {}
const [first, last] = (environment["FAIRLEAD_CHAOS_SEEDS"] ?? "").split("-").map(Number)
const seedsOr = (usual: ReadonlyArray<number>): ReadonlyArray<number> =>
  first === undefined || !(first > 0) ? usual : Array.from({ length: (last ?? first) - first + 1 }, (_, index) => first + index)
const tasksOr = (usual: number): number => Number(environment["FAIRLEAD_CHAOS_TASKS"] ?? usual)

describe("an engine with pods among faults, lost watches and restarts", () => {
  it.each(seedsOr([1, 2, 3]))("ends every action once and creates no pod twice, seed %i", (seed) => {
    const tasks = tasksOr(seed === 1 ? 300 : 150)
    expect(weather({ seed, tasks, engines: 1 })).toBe(tasks)
  })
})

describe("two engines, of which one works while it holds a lease", () => {
  it.each(seedsOr([1, 2]))("hand over among deaths, cut links and faults without doing anything twice, seed %i", (seed) => {
    const tasks = tasksOr(60)
    expect(weather({ seed, tasks, engines: 2 })).toBe(tasks)
  })
})

describe("two engines that share the actions", () => {
  it.each(seedsOr([1, 2]))("work side by side, and pass shares on among deaths, cut links and faults without doing anything twice, seed %i", (seed) => {
    const tasks = tasksOr(60)
    expect(weather({ seed, tasks, engines: 2, shares: 5 })).toBe(tasks)
  })
})
