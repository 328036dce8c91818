import type { TaskAction } from "@fairlead/core"
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { EventSinkMemory } from "../src/index.ts"
import { onCluster } from "./clusterWorld.ts"
import { abort, conditionOf, create, exists, phases, taskAction, untilConcluded } from "./world.ts"

const writes = (calls: ReadonlyArray<string>): ReadonlyArray<string> => calls.filter((it) => it !== "get taskactions")

const retried = (retries: number): Partial<TaskAction.TaskActionSpec> => ({ task: { container: { image: "img", command: ["run"] }, retries } })

describe("the engine with pods", () => {
  it("succeeds with five writes and no reads", () => {
    onCluster({}, (calls) => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      const action = yield* untilConcluded("a0")
      expect(phases(action)).toEqual(["Queued", "Initializing", "Executing", "Completed"])
      expect(writes(calls)).toEqual(["create taskactions", "patch taskactions", "create pods", "patch taskactions/status", "patch taskactions/status", "patch taskactions"])
      expect((yield* FakeCluster).pods().map((it) => it.metadata.name)).toEqual(["run-a0-0"])
    }))
  })

  it("fails with the exit code and the last words of the container", () => {
    onCluster({ a0: { default: { run: 100, exitCode: 7, message: "out of paper" } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      const action = yield* untilConcluded("a0")
      expect(conditionOf(action, "Failed")).toMatchObject({ status: "True", reason: "PermanentFailure" })
      expect(action.status?.errorState?.message).toMatch(/7.*out of paper|out of paper.*7/s)
    }))
  })

  it("tries again in a pod of its own and succeeds", () => {
    onCluster({ a0: (attempt) => attempt < 3 ? { default: { start: 100, run: 100, exitCode: 1 } } : undefined }, () => Effect.gen(function*() {
      yield* create(taskAction("a0", retried(3)))
      const action = yield* untilConcluded("a0")
      expect(conditionOf(action, "Succeeded")).toMatchObject({ status: "True" })
      expect(action.status?.attempts).toBe(3)
      expect(phases(action).filter((it) => it === "RetryableFailure")).toHaveLength(2)
      yield* Effect.sleep("1 minute")
      expect((yield* FakeCluster).pods().map((it) => it.metadata.name)).toEqual(["run-a0-2"])
    }))
  })

  it("gives up when the attempts are used up, and leaves no pod", () => {
    onCluster({ a0: { default: { run: 100, exitCode: 1 } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0", retried(2)))
      const action = yield* untilConcluded("a0")
      expect(action.status).toMatchObject({ attempts: 3 })
      yield* Effect.sleep("1 minute")
      expect((yield* FakeCluster).pods()).toEqual([])
      expect((yield* EventSinkMemory.EventJournal).events.filter((it) => it.phase === "FAILED").map((it) => it.attempt)).toEqual([1, 2, 3])
    }))
  })

  it("launches another pod when somebody deletes the first", () => {
    onCluster({ a0: { default: { run: "20 seconds" } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("3 seconds")
      yield* (yield* KubeClient).delete(KubeResource.pods, { namespace: "default", name: "run-a0-0" })
      const action = yield* untilConcluded("a0")
      expect(conditionOf(action, "Succeeded")).toMatchObject({ status: "True" })
      expect(action.status).toMatchObject({ attempts: 1, launches: 1, systemFailures: 1 })
      expect((yield* FakeCluster).pods().map((it) => it.metadata.name)).toEqual(["run-a0-0r1"])
    }))
  })

  it("stops the pod of an action that is deleted", () => {
    onCluster({ a0: { default: { start: 200, run: "forever", stop: 500 } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("5 seconds")
      yield* abort("a0")
      yield* Effect.sleep("2 seconds")
      expect(yield* exists("a0")).toBe(false)
      expect((yield* FakeCluster).pods()).toEqual([])
      expect((yield* EventSinkMemory.EventJournal).events.map((it) => it.phase)).toEqual(["QUEUED", "INITIALIZING", "RUNNING", "ABORTED"])
    }))
  })

  it("refuses an action that makes no pod", () => {
    onCluster({}, (calls) => Effect.gen(function*() {
      yield* create(taskAction("a0", { task: {} }))
      expect(conditionOf(yield* untilConcluded("a0"), "Failed")).toMatchObject({ reason: "InvalidSpec" })
      expect(writes(calls)).toEqual(["create taskactions", "patch taskactions/status", "patch taskactions"])
    }))
  })
})
