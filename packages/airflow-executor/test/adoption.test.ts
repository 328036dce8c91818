/** Pods that change hands between executors. */
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, KubeResource, type Pod } from "@fairlead/kube"
import { Effect, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import type { AirflowDatabase, KubernetesExecutor, TaskKey } from "../src/index.ts"
import { endsOf, inWorld, keyOf, linesOf, lost, newWire, providerConfig, refusal, startExecutor, untilEnds, words } from "./support/world.ts"

const candidate = (task: string, queuedBy: string | undefined): KubernetesExecutor.AdoptionCandidate => ({ key: keyOf(task), queuedBy })
const tasksOf = (keys: ReadonlyArray<TaskKey.TaskKey>): ReadonlyArray<string> => keys.map((it) => it.taskId)
const adopt = (executor: KubernetesExecutor.KubernetesExecutor, ...candidates: ReadonlyArray<KubernetesExecutor.AdoptionCandidate>) =>
  Effect.map(executor.tryAdoptTaskInstances(candidates), (left) => left.map((it) => it.key.taskId))
const forever = { script: () => ({ default: { run: "forever" as const } }) }
/** An executor that launched these tasks and ended without anybody telling how they end. */
const leaving = (worker: string, ...tasks: ReadonlyArray<string>) => Effect.gen(function*() {
  const executor = yield* startExecutor({ worker })
  for (const task of tasks) executor.executeAsync(keyOf(task), words())
  yield* Effect.sleep("500 millis")
  yield* executor.end
})
const lease = { lease: { namespace: "default" } }
/** What an executor does before it deletes a pod; then it dies. */
const markToGo = (task: string) => Effect.gen(function*() {
  const { name = "" } = (yield* FakeCluster).pods().find((it) => it.metadata.annotations?.["task_id"] === task)!.metadata
  yield* (yield* KubeClient).patch(KubeResource.pods, { namespace: "default", name }, "merge", { metadata: { labels: { airflow_pod_revoked: "True" } } })
})
const databaseSaying = (state: string | undefined): AirflowDatabase => ({
  stateOf: () => Effect.succeed(state), instancesOn: () => Effect.succeed([]), queuedTaskInstances: Effect.succeed([]), setState: () => Effect.void
})

describe("try adopt", () => {
  it("lists once for each owner, metadata alone, and patches the owner of the pods that are asked for", () => {
    inWorld(forever, () => Effect.gen(function*() {
      yield* leaving("1", "a", "b", "other")
      yield* leaving("2", "c")
      const wire = newWire()
      const executor = yield* startExecutor({ worker: "3" }, wire)
      wire.calls.length = 0
      const left = yield* adopt(executor, candidate("a", "1"), candidate("b", "1"), candidate("c", "2"), candidate("none", "2"), candidate("new", undefined))
      expect(left).toEqual(["none", "new"])
      expect(tasksOf(executor.running()).toSorted()).toEqual(["a", "b", "c"])
      const lists = linesOf(wire, "list pods")
      expect(lists.every((it) => it.metadataOnly === true)).toBe(true)
      expect(lists.map(({ query }) => [query?.["fieldSelector"], query?.["labelSelector"]])).toEqual([
        ["status.phase!=Succeeded", "kubernetes_executor=True,airflow-worker=1,airflow_executor_done!=True"],
        ["status.phase!=Succeeded", "kubernetes_executor=True,airflow-worker=2,airflow_executor_done!=True"],
        ["status.phase=Succeeded", "kubernetes_executor=True,airflow_executor_done!=True,airflow-worker,airflow-worker notin (3)"]
      ])
      const patches = linesOf(wire, "patch pods")
      expect(patches).toHaveLength(3)
      expect(patches[0]?.body).toEqual([
        { op: "test", path: "/metadata/uid", value: expect.any(String) },
        { op: "test", path: "/metadata/labels/airflow-worker", value: "1" },
        { op: "replace", path: "/metadata/labels/airflow-worker", value: "3" }
      ])
      expect(yield* adopt(executor, candidate("a", "1"))).toEqual([])
      expect(linesOf(wire, "patch pods")).toHaveLength(3)
    }))
  })

  it("a task whose pod may not be taken over comes back; one of whom nobody knows neither comes back nor runs here", () => {
    inWorld(forever, () => Effect.gen(function*() {
      yield* leaving("1", "a")
      const wire = newWire()
      const executor = yield* startExecutor({ worker: "2" }, wire)
      wire.fault = ({ verb }) => verb === "patch" ? { error: refusal(403, "Forbidden") } : undefined
      expect([yield* adopt(executor, candidate("a", "1")), executor.running()]).toEqual([["a"], []])
      wire.fault = ({ verb }) => verb === "list" ? { error: lost } : undefined
      expect([yield* adopt(executor, candidate("a", "1")), executor.running()]).toEqual([[], []])
    }))
  })

  it("a patch whose answer is lost is found out about", () => {
    inWorld(forever, () => Effect.gen(function*() {
      yield* leaving("1", "a")
      const wire = newWire()
      let left = 1
      wire.fault = ({ verb }) => verb === "patch" && left-- > 0 ? { error: lost, lost: "Answer" } : undefined
      const executor = yield* startExecutor({ worker: "2" }, wire)
      expect([yield* adopt(executor, candidate("a", "1")), tasksOf(executor.running())]).toEqual([[], ["a"]])
    }))
  })

  it("a pod that ended while nobody looked settles its task, once", () => {
    inWorld({}, () => Effect.gen(function*() {
      yield* leaving("1", "a")
      yield* Effect.sleep("1 minute")
      const executor = yield* startExecutor({ worker: "2" })
      expect(yield* adopt(executor, candidate("a", "1"))).toEqual([])
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a: success"])
      yield* Effect.sleep("1 minute")
      expect((yield* FakeCluster).pods()).toEqual([])
    }))
  })
})

describe("a pod that its owner had marked to go", () => {
  it("is deleted, and its task comes back instead of holding a slot for ever", () => {
    inWorld(forever, () => Effect.gen(function*() {
      yield* leaving("1", "a")
      yield* markToGo("a")
      const wire = newWire()
      const executor = yield* startExecutor({ worker: "2" }, wire)
      wire.fault = ({ verb }) => verb === "delete" ? { error: refusal(500, "InternalError") } : undefined
      expect([yield* adopt(executor, candidate("a", "1")), executor.running()]).toEqual([[], []])
      wire.fault = () => undefined
      expect([yield* adopt(executor, candidate("a", "1")), executor.running()]).toEqual([["a"], []])
      yield* Effect.sleep("1 minute")
      expect((yield* FakeCluster).pods()).toEqual([])
    }))
  })

  it("is adopted all the same when its task has begun, and its end is told", () => {
    inWorld({ script: () => ({ default: { start: 200, run: 20_000 } }) }, () => Effect.gen(function*() {
      yield* leaving("1", "a")
      yield* markToGo("a")
      let state: string | undefined = "running"
      const executor = yield* startExecutor({ worker: "2", database: { ...databaseSaying(undefined), stateOf: () => Effect.sync(() => state) } })
      expect([yield* adopt(executor, candidate("a", "1")), tasksOf(executor.running())]).toEqual([[], ["a"]])
      state = "success"
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a: success"])
    }))
  })

  it("and has ended settles nothing, and is cleaned up", () => {
    inWorld({}, () => Effect.gen(function*() {
      yield* leaving("1", "a")
      yield* markToGo("a")
      yield* Effect.sleep("5 seconds")
      const executor = yield* startExecutor({ worker: "2", ...lease, orphanedTasksCheckInterval: "1 minute" })
      expect([yield* adopt(executor, candidate("a", "1")), executor.running()]).toEqual([["a"], []])
      yield* Effect.sleep("5 minutes")
      expect((yield* FakeCluster).pods()).toEqual([])
    }))
  })

  it("is what its run asks for if that is handed in again under its own name and has begun", () => {
    inWorld({}, () => Effect.gen(function*() {
      const one = yield* startExecutor({ worker: "1" })
      one.executeAsync(keyOf("a"), words(), { runId: "r" })
      yield* Effect.sleep("500 millis")
      yield* one.end
      yield* markToGo("a")
      yield* Effect.sleep("10 seconds")
      const wire = newWire()
      const two = yield* startExecutor({ worker: "1" }, wire)
      two.executeAsync(keyOf("a"), words(), { runId: "r" })
      expect(endsOf(yield* untilEnds(two, 1))).toEqual(["a: success"])
      expect(linesOf(wire, "create pods")).toHaveLength(1)
    }))
  })

  it.each(["1", "2"])("and has ended before it began makes room for its run, handed in again to worker %s", (worker) => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      yield* leaving("1", "a")
      yield* markToGo("a")
      const [{ metadata: { annotations, name = "", uid } }] = (yield* FakeCluster).pods() as [Pod]
      yield* (yield* KubeClient).patch(KubeResource.pods, { namespace: "default", name, subresource: "status" }, "merge", { status: { phase: "Failed", reason: "Evicted" } })
      const executor = yield* startExecutor({ worker })
      executor.executeAsync(keyOf("a"), words(), { runId: annotations!["fairlead.dev/airflow-run"]! })
      yield* Effect.sleep("1 minute")
      const now = (yield* FakeCluster).pods()
      expect(now.map(({ metadata, status }) => [metadata.name, metadata.uid === uid, status?.phase])).toEqual([[name, false, "Pending"]])
    }))
  })
})

describe("many pods", () => {
  it("are taken over some at once, each by one call, while the executor goes on with its work", () => {
    inWorld({ ...forever, nodes: 20 }, () => Effect.gen(function*() {
      const tasks = Array.from({ length: 100 }, (_, at) => `t${at}`)
      const old = yield* startExecutor({ worker: "1", config: providerConfig({}, { parallelism: "200" }) })
      for (const task of tasks) old.executeAsync(keyOf(task), words())
      yield* Effect.sleep("5 seconds")
      yield* old.end
      const wire = newWire()
      let underWay = 0
      let most = 0
      wire.latency = ({ verb }) => {
        if (verb !== "patch") return 0
        most = Math.max(most, ++underWay)
        return 100
      }
      const executor = yield* startExecutor({ worker: "2", config: providerConfig({}, { parallelism: "200" }) }, wire)
      const counting = yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(100), Effect.sync(() => void (underWay = 0)))))
      const adopting = yield* Effect.forkScoped(adopt(executor, ...tasks.map((task) => candidate(task, "1"))))
      executor.executeAsync(keyOf("new"), words())
      yield* Effect.sleep("200 millis")
      yield* executor.heartbeat
      expect([linesOf(wire, "create pods").length, executor.podOf(keyOf("new")) === undefined]).toEqual([1, false])
      expect(yield* Fiber.join(adopting)).toEqual([])
      counting.interruptUnsafe()
      expect([most, linesOf(wire, "patch pods").length, executor.running().length]).toEqual([16, 100, 101])
      yield* adopt(executor, ...tasks.map((task) => candidate(task, "1")))
      expect(linesOf(wire, "patch pods")).toHaveLength(100)
    }))
  })
})

describe("leases", () => {
  it("pods of an executor that lives are not adopted, and its tasks do not come back", () => {
    inWorld(forever, () => Effect.gen(function*() {
      const one = yield* startExecutor({ worker: "1", ...lease })
      const two = yield* startExecutor({ worker: "2", ...lease })
      one.executeAsync(keyOf("a"), words())
      yield* Effect.sleep("10 seconds")
      expect([yield* adopt(two, candidate("a", "1")), tasksOf(one.running()), two.running()]).toEqual([[], ["a"], []])
    }))
  })

  it("pods of one that was killed are, once its lease has expired", () => {
    inWorld(forever, () => Effect.gen(function*() {
      const wire = newWire()
      const one = yield* startExecutor({ worker: "1", ...lease }, wire)
      one.executeAsync(keyOf("a"), words())
      yield* Effect.sleep("10 seconds")
      wire.fault = () => ({ error: lost })
      yield* one.terminate
      const two = yield* startExecutor({ worker: "2", ...lease })
      expect([yield* adopt(two, candidate("a", "1")), tasksOf(two.running())]).toEqual([[], ["a"]])
    }))
  })

  it("one that was paused writes nothing while others may have its tasks, and then gives them up", () => {
    inWorld(forever, (simulation) => Effect.gen(function*() {
      const wire = newWire()
      const one = yield* startExecutor({ worker: "1", ...lease }, wire)
      const two = yield* startExecutor({ worker: "2", ...lease })
      for (const task of ["a", "b"]) one.executeAsync(keyOf(task), words(), { runId: task })
      yield* Effect.sleep("5 seconds")
      const wakesAt = simulation.elapsed() + 60_000
      wire.latency = () => Math.max(0, wakesAt - simulation.elapsed())
      yield* Effect.sleep("5 seconds")
      one.executeAsync(keyOf("late"), words(), { runId: "late" })
      yield* Effect.sleep("15 seconds")
      expect(yield* adopt(two, candidate("a", "1"), candidate("b", "1"), candidate("late", "1"))).toEqual(["late"])
      two.executeAsync(keyOf("late"), words(), { runId: "late" })
      yield* Effect.sleep("2 minutes")
      for (const executor of [one, two]) yield* executor.sync
      expect([one.running(), tasksOf(two.running()).toSorted()]).toEqual([[], ["a", "b", "late"]])
      expect((yield* FakeCluster).pods().map(({ metadata }) => `${metadata.annotations?.["task_id"]} of ${metadata.labels?.["airflow-worker"]}`).toSorted()).toEqual(["a of 2", "b of 2", "late of 2"])
      // It takes part again.
      one.executeAsync(keyOf("new"), words())
      yield* Effect.sleep("10 seconds")
      expect([tasksOf(one.running()), one.health(), two.health()]).toEqual([["new"], [], []])
    }))
  })

  it("one that was paused tells nothing of a pod that came late, and says what it has let go", () => {
    const script = ({ metadata }: Pod) => ({ default: { start: 200, run: metadata.annotations?.["task_id"] === "short" ? 5000 : 100_000 } })
    inWorld({ script }, (simulation) => Effect.gen(function*() {
      const wire = newWire()
      const one = yield* startExecutor({ worker: "1", ...lease }, wire)
      const two = yield* startExecutor({ worker: "2", ...lease })
      const gone: Array<string> = []
      one.subscribe(({ key, state }) => void (state === "adopted" && gone.push(key.taskId)))
      yield* Effect.sleep("5 seconds")
      one.executeAsync(keyOf("kept"), words(), { runId: "kept" })
      yield* Effect.sleep("1 second")
      const wakesAt = simulation.elapsed() + 60_000
      wire.fault = ({ resource, verb }) => verb === "create" && resource.plural === "pods" ? { error: lost, late: 35_000 } : undefined
      for (const task of ["short", "long"]) one.executeAsync(keyOf(task), words(), { runId: task })
      one.queueCommand(keyOf("queued"), words(), { runId: "queued" })
      yield* Effect.sleep(100)
      wire.latency = () => Math.max(0, wakesAt - simulation.elapsed())
      yield* Effect.sleep("20 seconds")
      expect(yield* adopt(two, candidate("short", "1"), candidate("long", "1"), candidate("queued", "1"))).toEqual(["short", "long", "queued"])
      yield* Effect.sleep("50 seconds")
      one.getEventBuffer()
      expect([gone.toSorted(), tasksOf(one.running())]).toEqual([["long", "queued", "short"], ["kept"]])
      two.executeAsync(keyOf("short"), words(), { runId: "short" })
      expect(endsOf(yield* untilEnds(two, 1))).toEqual(["short: success"])
      expect(endsOf(yield* untilEnds(one, 1))).toEqual(["kept: success"])
      yield* Effect.sleep("2 minutes")
      yield* one.sync
      expect(endsOf(one.getEventBuffer())).toEqual([])
    }))
  })

  it("one whose lease expired without anybody taking it goes on as if nothing had been", () => {
    inWorld({}, (simulation) => Effect.gen(function*() {
      const wire = newWire()
      const one = yield* startExecutor({ worker: "1", ...lease }, wire)
      yield* Effect.sleep("5 seconds")
      const wakesAt = simulation.elapsed() + 40_000
      wire.latency = () => Math.max(0, wakesAt - simulation.elapsed())
      one.queueCommand(keyOf("a"), words())
      expect(endsOf(yield* untilEnds(one, 1))).toEqual(["a: success"])
    }))
  })

  it("finished pods that nobody answers for are cleaned up, those of executors that live are not touched", () => {
    inWorld({}, () => Effect.gen(function*() {
      yield* leaving("dead", "a", "b")
      const wire = newWire()
      const keeper = yield* startExecutor({ worker: "keeper", ...lease, finishedPodDelay: "1 day" })
      keeper.executeAsync(keyOf("kept"), words())
      yield* untilEnds(keeper, 1)
      const cleaner = yield* startExecutor({ worker: "cleaner", ...lease, orphanedTasksCheckInterval: "1 minute" }, wire)
      for (let minute = 0; minute < 4; minute++) {
        yield* Effect.sleep("1 minute")
        yield* cleaner.sync
      }
      yield* Effect.sleep("1 minute")
      expect((yield* FakeCluster).pods().map(({ metadata }) => metadata.annotations?.["task_id"])).toEqual(["kept"])
      expect(linesOf(wire, "patch pods")).toHaveLength(2)
      expect(linesOf(wire, "list pods").at(-1)?.query?.["labelSelector"]).toContain("notin (cleaner,keeper)")
      expect(endsOf(cleaner.getEventBuffer())).toEqual([])
    }))
  })

  it("a restart under the same name tells how pods ended while nobody was there, and not once more", () => {
    inWorld({ script: ({ metadata }) => ({ default: { run: 1000, exitCode: metadata.annotations?.["task_id"] === "bad" ? 1 : 0 } }) }, () => Effect.gen(function*() {
      yield* leaving("1", "good", "bad")
      yield* Effect.sleep("1 minute")
      const second = yield* startExecutor({ worker: "1" })
      expect(endsOf(yield* untilEnds(second, 2)).toSorted()).toEqual(["bad: failed", "good: success"])
      yield* Effect.sleep("5 seconds")
      yield* second.end
      const third = yield* startExecutor({ worker: "1" })
      yield* Effect.sleep("1 minute")
      yield* third.sync
      expect([endsOf(third.getEventBuffer()), third.running()]).toEqual([[], []])
    }))
  })

  it("a restart under the same name finds its pods again", () => {
    inWorld(forever, () => Effect.gen(function*() {
      const first = yield* startExecutor({ worker: "1", ...lease })
      first.executeAsync(keyOf("a"), words(), { runId: "ra" })
      yield* Effect.sleep("5 seconds")
      yield* first.end
      const second = yield* startExecutor({ worker: "1", ...lease })
      expect(second.runs().map(({ runId }) => runId)).toEqual(["ra"])
      second.executeAsync(keyOf("a"), words(), { runId: "ra" })
      yield* Effect.sleep("10 seconds")
      expect((yield* FakeCluster).pods()).toHaveLength(1)
      yield* (yield* KubeClient).delete(KubeResource.pods, { namespace: "default", name: second.podOf(keyOf("a"))!.metadata.name! })
      expect(endsOf(yield* untilEnds(second, 1))).toEqual(["a: failed"])
    }))
  })
})
