import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { EventSinkMemory } from "../src/index.ts"
import { onCluster, type Scripts } from "./clusterWorld.ts"
import { abort, conditionOf, create, read, taskAction } from "./world.ts"
import type { CachedAction } from "../src/TaskActionReconciler.ts"

/** A root, three children, two grandchildren each: by name, with the parent. */
const tree: ReadonlyArray<readonly [string, string | undefined]> = [
  ["root", undefined],
  ...[0, 1, 2].flatMap((child) => [[`c${child}`, "root"], [`c${child}x`, `c${child}`], [`c${child}y`, `c${child}`]] as const)
]
const names = tree.map(([name]) => name)
const runsForEver = Object.fromEntries(names.map((name) => [name, { default: { start: 100, run: "forever", stop: 200 } }] as const))

const childOf = (name: string, parent: CachedAction, spec: Parameters<typeof taskAction>[1] = {}): CachedAction => {
  const action = taskAction(name, spec)
  const reference = { apiVersion: "flyte.org/v1", kind: "TaskAction", name: parent.metadata.name ?? "", uid: parent.metadata.uid ?? "", controller: true, blockOwnerDeletion: true }
  return { ...action, metadata: { ...action.metadata, ownerReferences: [reference] } }
}
const plant = Effect.forEach(tree, ([name, parent]) =>
  Effect.flatMap(parent === undefined ? Effect.succeed(taskAction(name)) : Effect.map(read(parent), (it) => childOf(name, it)), (it) => create(it)), { discard: true })

const podNames = Effect.map(FakeCluster, (cluster) => cluster.pods().map((it) => it.metadata.name).sort())
const ends = Effect.map(EventSinkMemory.EventJournal, ({ events }) =>
  events.filter((it) => ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"].includes(it.phase)).map((it) => `${it.id.action} ${it.phase}`).sort())
const actions = Effect.map(Effect.flatMap(KubeClient, (kube) => kube.list<CachedAction>(KubeResource.taskActions, "default")), ({ items }) => items)

describe("a tree of actions", () => {
  it("that is aborted from its root leaves no pod and no action, and every abort is told once", () => {
    onCluster(runsForEver, () => Effect.gen(function*() {
      yield* plant
      yield* Effect.sleep("5 seconds")
      expect(yield* podNames).toHaveLength(names.length)
      yield* abort("root")
      yield* Effect.sleep("1 minute")
      expect(yield* podNames).toEqual([])
      expect(yield* actions).toEqual([])
      expect(yield* ends).toEqual(names.map((name) => `${name} ABORTED`).sort())
    }))
  })

  it("whose root fails for good is aborted below it, and keeps its records", () => {
    onCluster({ ...runsForEver, root: { default: { start: 100, run: "10 seconds", exitCode: 3 } } }, () => Effect.gen(function*() {
      yield* plant
      yield* Effect.sleep("5 seconds")
      expect(yield* podNames).toHaveLength(names.length)
      yield* Effect.sleep("10 seconds")
      expect(yield* podNames).toEqual([])
      expect(yield* ends).toEqual(names.map((name) => `${name} ${name === "root" ? "FAILED" : "ABORTED"}`).sort())
      for (const name of names) {
        const action = yield* read(name)
        expect([name, action.metadata.finalizers ?? []]).toEqual([name, []])
        expect(conditionOf(action, "Failed")).toMatchObject({ status: "True", reason: name === "root" ? "PermanentFailure" : "Aborted" })
      }
      expect(conditionOf(yield* read("c1x"), "Failed")?.message).toBe("aborted because run-c1, to which it belongs, failed")
    }))
  })

  it("may be configured to run on below a root that failed", () => {
    onCluster({ ...runsForEver, root: { default: { run: 100, exitCode: 3 } } }, () => Effect.gen(function*() {
      yield* plant
      yield* Effect.sleep("15 seconds")
      expect(yield* podNames).toHaveLength(names.length - 1)
      expect(yield* ends).toEqual(["root FAILED"])
    }), { abortOrphans: false })
  })

  it("gets no child that comes after the failure of its parent, not even one that waits for a person", () => {
    onCluster({ root: { default: { run: 100, exitCode: 3 } } }, () => Effect.gen(function*() {
      yield* create(taskAction("root"))
      yield* Effect.sleep("5 seconds")
      const root = yield* read("root")
      const { task: _, ...place } = taskAction("asks").spec
      yield* create(childOf("late", root), { ...childOf("asks", root), spec: { ...place, actionType: "condition", conditionSpec: "CgFh" } })
      yield* Effect.sleep("5 seconds")
      expect(yield* podNames).toEqual([])
      for (const name of ["late", "asks"]) expect(conditionOf(yield* read(name), "Failed")).toMatchObject({ reason: "Aborted" })
    }))
  })

  it("goes on while its root is only tried again", () => {
    const root: Scripts[string] = (attempt) => ({ default: attempt === 1 ? { run: "3 seconds", exitCode: 3 } : { run: "forever" } })
    onCluster({ ...runsForEver, root }, () => Effect.gen(function*() {
      yield* create(taskAction("root", { task: { container: { image: "img" }, retries: 1 } }))
      yield* create(childOf("c0", yield* read("root")))
      yield* Effect.sleep("20 seconds")
      expect(yield* podNames).toEqual(["run-c0-0", "run-root-1"])
    }))
  })
})
