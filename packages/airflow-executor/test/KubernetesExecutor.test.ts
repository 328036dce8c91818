import { FakeCluster } from "@fairlead/fake-cluster"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { endsOf, inWorld, keyOf, linesOf, newWire, startExecutor, untilEnds, words } from "./support/world.ts"

describe("KubernetesExecutor", () => {
  it("runs commands as pods, tells how they ended and cleans up", () => {
    inWorld({ script: (pod) => ({ default: pod.metadata.annotations?.["task_id"] === "bad" ? { run: 500, exitCode: 3 } : { run: 1000 } }) }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({}, wire)
      for (const task of ["a", "b", "bad"]) executor.queueCommand(keyOf(task), words())
      expect(executor.queuedTasks()).toHaveLength(3)
      const events = yield* untilEnds(executor, 3)
      expect(endsOf(events).toSorted()).toEqual(["a: success", "b: success", "bad: failed"])
      expect(events.filter(({ state }) => state === "queued").map(({ info }) => info)).toEqual(["1", "1", "1"])
      expect(events.find(({ state }) => state === "failed")?.info).toContain("container base ended with 3 (Error)")
      expect(executor.running()).toEqual([])
      yield* Effect.sleep("10 seconds")
      yield* executor.sync
      const cluster = yield* FakeCluster
      expect(cluster.pods().map(({ metadata: { labels } }) => [labels?.["task_id"], labels?.["airflow_executor_done"]])).toEqual([["bad", "True"]])
      expect(linesOf(wire, "create pods")).toHaveLength(3)
      expect(executor.stats()).toMatchObject({ running: 0, chores: 0, reports: 0, waiting: 0 })
    }))
  })
})
