import { describe, expect, it } from "vitest"
import { failedParent, failsNow, parentUids } from "../../src/internal/orphans.ts"
import type { CachedAction } from "../../src/TaskActionReconciler.ts"
import { taskAction } from "../world.ts"

const ended = (type: "Failed" | "Succeeded") => ({ conditions: [{ type, status: "True" as const, reason: type, message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }] })
const parent = (uid: string, status?: CachedAction["status"]): CachedAction => {
  const action = taskAction("root")
  return { ...action, metadata: { ...action.metadata, uid }, ...(status === undefined ? {} : { status }) }
}
const child = (reference: object = {}): CachedAction => {
  const action = taskAction("c0")
  const owner = { apiVersion: "flyte.org/v1", kind: "TaskAction", name: "run-root", uid: "uid-1", ...reference }
  return { ...action, metadata: { ...action.metadata, ownerReferences: [owner] } }
}
const storeWith = (...actions: ReadonlyArray<CachedAction>) => ({
  get: (namespace: string | undefined, name: string) => actions.find((it) => it.metadata.name === name && it.metadata.namespace === namespace)
})

describe("failedParent", () => {
  it.each([
    ["a parent that failed", child(), parent("uid-1", ended("Failed")), true],
    ["a parent that runs", child(), parent("uid-1"), false],
    ["a parent that succeeded", child(), parent("uid-1", ended("Succeeded")), false],
    ["another action of the parent's name", child(), parent("uid-2", ended("Failed")), false],
    ["an owner of another kind", child({ kind: "Job", apiVersion: "batch/v1" }), parent("uid-1", ended("Failed")), false],
    ["no owner", taskAction("c0"), parent("uid-1", ended("Failed")), false]
  ])("%s", (_, action, other, expected) => {
    expect(failedParent(storeWith(other), action) !== undefined).toBe(expected)
  })

  it("is unknown while the parent is not in the cache", () => expect(failedParent(storeWith(), child())).toBeUndefined())
})

it("parentUids files an action under its parent alone", () => {
  expect(parentUids(child())).toEqual(["uid-1"])
  expect(parentUids(child({ kind: "Job" }))).toEqual([])
  expect(parentUids(taskAction("c0"))).toEqual([])
})

it("failsNow is true for the one change by which an action failed", () => {
  const before = parent("uid-1")
  const after = parent("uid-1", ended("Failed"))
  expect(failsNow({ type: "Updated", object: after, previous: before })).toBe(true)
  expect(failsNow({ type: "Updated", object: after, previous: after })).toBe(false)
  expect(failsNow({ type: "Updated", object: parent("uid-1", ended("Succeeded")), previous: before })).toBe(false)
})
