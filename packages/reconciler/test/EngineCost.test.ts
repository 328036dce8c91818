import { FakeCluster } from "@fairlead/fake-cluster"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Engine } from "../src/index.ts"
import { onCluster, type Scripts } from "./clusterWorld.ts"
import { conditionOf, create, taskAction, untilConcluded } from "./world.ts"

const namesOf = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `n${index}`)

/** Requests of engine and executor for all tasks, by verb, resource and, for those that failed, status code. */
const costOf = (scripts: Scripts, names = Object.keys(scripts)): { readonly [request: string]: number } =>
  onCluster(scripts, (calls) => Effect.gen(function*() {
    yield* create(...names.map((name) => taskAction(name, { task: { container: { image: "img" }, retries: 1 } })))
    // Nobody looks on while the tasks run, so that every request is the engine's own.
    yield* Effect.sleep("5 minutes")
    const counts: { [request: string]: number } = {}
    for (const call of calls) if (call !== "create taskactions") counts[call] = (counts[call] ?? 0) + 1
    for (const name of names) expect(conditionOf(yield* untilConcluded(name), "Succeeded")).toBeDefined()
    expect((yield* FakeCluster).pods()).toHaveLength(names.length)
    expect((yield* Engine).remembered()).toBe(0)
    return counts
  }), { gcInterval: "0 seconds" }, roomyCluster)

/** Room for all tasks at once: a task that has to queue for long is shown as queued, which is a write more. */
const roomyCluster = 34

const instant = { default: { start: 0, run: 0 } }

describe("requests for many tasks at once", () => {
  it("are 4 for a task that ended before it was seen running: no read, nothing refused", () => {
    const names = namesOf(500)
    expect(costOf(Object.fromEntries(names.map((name) => [name, instant])))).toEqual({ "patch taskactions": 1000, "create pods": 500, "patch taskactions/status": 500 })
  })

  it("are 5 for a task that was seen running", () => {
    const names = namesOf(100)
    const cost = costOf(Object.fromEntries(names.map((name) => [name, { default: { start: 100, run: "20 seconds" } }])))
    expect(cost).toEqual({ "patch taskactions": 200, "create pods": 100, "patch taskactions/status": 200 })
  })

  it("are 3 more for a launch that failed: its status, the end of its pod, the next pod", () => {
    const failsOnce: Scripts[string] = (attempt) => (attempt === 1 ? { default: { start: 0, run: 0, exitCode: 1 } } : instant)
    const cost = costOf(Object.fromEntries(namesOf(500).map((name, index) => [name, index % 10 === 0 ? failsOnce : instant])))
    expect(cost).toEqual({ "patch taskactions": 1000, "create pods": 550, "patch taskactions/status": 550, "delete pods": 50 })
  })
})

it("tasks that only run cost no request at all", () => {
  onCluster(Object.fromEntries(namesOf(100).map((name) => [name, { default: { start: 100, run: "forever" } }])), (calls) => Effect.gen(function*() {
    yield* create(...namesOf(100).map((name) => taskAction(name)))
    yield* Effect.sleep("1 minute")
    const before = calls.length
    yield* Effect.sleep("10 minutes")
    expect(calls.slice(before)).toEqual([])
  }), { gcInterval: "0 seconds" }, roomyCluster)
})
