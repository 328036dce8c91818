import type { StoreWrite } from "@fairlead/api-server"
import { Checker } from "@fairlead/simulation"
import { describe, expect, it } from "vitest"
import { makeChecks } from "../src/Checks.ts"
import type { TaskPlan } from "../src/Workload.ts"

const plan: TaskPlan = { name: "task-0", arrival: 0, retries: 0, attempts: [{ startup: 1, duration: 1, exitCode: 0 }], outcome: "Succeeded" }

const write = (plural: string, type: StoreWrite["event"]["type"], object: object): StoreWrite => ({
  resource: { group: plural === "pods" ? "" : "flyte.org", plural },
  event: { type, revision: 1, namespace: "simulation", name: "x", object: { metadata: {}, ...object } as never, previous: undefined }
})
const action = (condition: "Succeeded" | "Failed" | undefined, finalizers: ReadonlyArray<string> = []) =>
  write("taskactions", "MODIFIED", {
    metadata: { name: "sim-task-0", finalizers },
    status: { conditions: condition === undefined ? [] : [{ type: condition, status: "True" }] }
  })
const pod = (name: string, phase: string, type: "ADDED" | "MODIFIED" = "ADDED") =>
  write("pods", type, { metadata: { name, ownerReferences: [{ name: "sim-task-0", uid: "u" }] }, status: { phase } })

const verdictOf = (...writes: ReadonlyArray<StoreWrite>) => {
  const checkers = Checker.make(makeChecks([plan]), () => 0)
  writes.forEach(checkers.observe)
  const { outcome, violations } = checkers.finish()
  return { outcome, messages: violations.map((it) => it.message) }
}

describe("the checks of a run", () => {
  it("pass when a task ends once and leaves nothing", () => {
    expect(verdictOf(pod("p-0", "Pending"), pod("p-0", "Succeeded", "MODIFIED"), action("Succeeded"))).toEqual({ outcome: "Passed", messages: [] })
  })

  it.each([
    ["a task that never ends", [action(undefined)], "sim-task-0 never ended"],
    ["a task that ends otherwise than its attempts say", [action("Failed")], "sim-task-0 ended as Failed, but its attempts make it Succeeded"],
    ["a task that changes its end", [action("Succeeded"), action("Failed")], "sim-task-0 had ended as Succeeded and became Failed"],
    ["a pod made twice", [pod("p-0", "Succeeded"), pod("p-0", "Succeeded"), action("Succeeded")], "the pod p-0 was created twice"],
    ["two attempts at once", [pod("p-0", "Running"), pod("p-1", "Running"), action("Succeeded")], "sim-task-0 runs p-1 while p-0 is still there"]
  ])("call %s unsafe", (_, writes, message) => {
    const verdict = verdictOf(...writes)
    expect(verdict.outcome).toBe("Safety")
    expect(verdict.messages).toContain(message)
  })

  it.each([
    ["a pod still at work", [action("Succeeded"), pod("p-0", "Running")], "pods/p-0 is still Running"],
    ["a finalizer", [action("Succeeded", ["flyte.org/plugin-finalizer"])], "taskactions/sim-task-0 still holds flyte.org/plugin-finalizer"]
  ])("call %s left over", (_, writes, message) => {
    expect(verdictOf(...writes)).toEqual({ outcome: "Liveness", messages: [message] })
  })
})
