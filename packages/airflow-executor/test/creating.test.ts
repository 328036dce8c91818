/** Creating pods under refusals, lost answers, quotas and bad input. */
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, type KubeError, KubeResource, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { PublishError } from "../src/index.ts"
import { nameOfLaunch } from "../src/PodFactory.ts"
import { contribConfig, dateKey, endsOf, inWorld, keyOf, linesOf, lost, newWire, providerConfig, quotaRefusal, refusal, startExecutor, untilEnds, words } from "./support/world.ts"

const podsNow = Effect.map(FakeCluster, (cluster) => cluster.pods())
const one = { task_publish_max_retries: "1" }

describe("publish errors", () => {
  it("what cannot pass fails its task at once, with the server's words, and nothing else", () => {
    const errors: ReadonlyArray<readonly [string, KubeError.KubeError]> = [
      ["400", refusal(400, "BadRequest", "nonsense")],
      ["401", refusal(401, "Unauthorized", "who are you")],
      ["403", refusal(403, "Forbidden", "may not")],
      ["404", refusal(404, "NotFound", `namespaces "default" not found`)],
      ["422", refusal(422, "Invalid", "spec.containers[0].image: Required value")],
      ["418", refusal(418, "Teapot", "short and stout")]
    ]
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      const errorOf = new Map(errors)
      wire.fault = ({ body, resource, verb }) => {
        const error = verb === "create" && resource.plural === "pods" ? errorOf.get((body as Pod).metadata.annotations!["task_id"]!) : undefined
        return error === undefined ? undefined : { error }
      }
      const executor = yield* startExecutor({ config: providerConfig(one) }, wire)
      for (const task of [...errorOf.keys(), "good"]) executor.executeAsync(keyOf(task), words())
      const events = yield* untilEnds(executor, 7)
      expect(endsOf(events).toSorted()).toEqual([...errors.map(([name]) => `${name}: failed`), "good: success"].toSorted())
      for (const [task, error] of errors) {
        expect(events.find(({ key, state }) => key.taskId === task && state === "failed")?.info).toContain(PublishError.messageOf(error))
      }
      expect(linesOf(wire, "create pods")).toHaveLength(7)
    }))
  })

  it.each([["apart from quotas", false], ["a full quota", true]])("what may pass is tried again as often as configured, %s: then the task succeeds, or fails", (_, isQuota) => {
    const errors: ReadonlyArray<readonly [string, KubeError.KubeError]> = isQuota ? [["quota-403", quotaRefusal]] : [
      ["modified-409", refusal(409, "Conflict", "the object has been modified; please apply your changes to the latest version")],
      ["too-old-410", refusal(410, "Expired", "too old resource version: 1 (2)")],
      ["429", refusal(429, "TooManyRequests")],
      ["empty-500", refusal(500, "InternalError", "")],
      ["no-json-502", refusal(502, "Unknown", "<html>bad gateway</html>")],
      ["503", refusal(503, "ServiceUnavailable")],
      ["504", refusal(504, "Timeout")],
      ["lost", lost]
    ]
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      const left = new Map(errors.flatMap(([name]) => [[`${name}-once`, 1], [`${name}-twice`, 2]]))
      wire.fault = ({ body, resource, verb }) => {
        if (verb !== "create" || resource.plural !== "pods") return undefined
        const task = (body as Pod).metadata.annotations!["task_id"]!
        const count = left.get(task) ?? 0
        left.set(task, count - 1)
        return count > 0 ? { error: errors.find(([name]) => task.startsWith(name))![1] } : undefined
      }
      const executor = yield* startExecutor({ config: providerConfig(one, { parallelism: "100" }) }, wire)
      for (const task of left.keys()) executor.executeAsync(keyOf(task), words())
      const expected = errors.flatMap(([name]) => [`${name}-once: success`, `${name}-twice: failed`])
      expect(endsOf(yield* untilEnds(executor, expected.length)).toSorted()).toEqual(expected.toSorted())
    }))
  })

  it("creates nothing before Retry-After is over, and then all of the batch", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      let left = 1
      wire.fault = ({ verb }) => verb === "create" && left-- > 0 ? { error: refusal(429, "TooManyRequests", "slow", 7) } : undefined
      const executor = yield* startExecutor({ concurrency: { start: 1, max: 1 } }, wire)
      for (const task of ["a", "b", "c"]) executor.executeAsync(keyOf(task), words())
      yield* Effect.sleep("6900 millis")
      expect(linesOf(wire, "create pods")).toHaveLength(1)
      expect(endsOf(yield* untilEnds(executor, 3)).toSorted()).toEqual(["a: success", "b: success", "c: success"])
      expect(linesOf(wire, "create pods")).toHaveLength(4)
    }))
  })

  it("by default nothing that may pass fails a task, however often it happens", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      let left = 40
      wire.fault = ({ verb }) => verb === "create" && left-- > 0 ? { error: refusal(503, "ServiceUnavailable") } : undefined
      const executor = yield* startExecutor({}, wire)
      for (const task of ["a", "b"]) executor.executeAsync(keyOf(task), words())
      expect(endsOf(yield* untilEnds(executor, 2)).toSorted()).toEqual(["a: success", "b: success"])
    }))
  })
})

describe("quota", () => {
  it("Airflow 1.10 with its own pace: a full quota keeps the task over two syncs, the third one empties the queue", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      let isFull = true
      wire.fault = ({ verb }) => verb === "create" && isFull ? { error: quotaRefusal } : undefined
      const executor = yield* startExecutor({ config: contribConfig(), pace: "Batch" }, wire)
      executor.executeAsync(dateKey("a"), words())
      expect(linesOf(wire, "create pods")).toHaveLength(0)
      for (let sync = 0; sync < 2; sync++) {
        yield* executor.sync
        yield* Effect.sleep("40 seconds")
        expect(linesOf(wire, "create pods")).toHaveLength(sync + 1)
        expect(executor.stats()).toMatchObject({ waiting: 1, running: 1 })
      }
      isFull = false
      yield* executor.sync
      yield* Effect.sleep("40 seconds")
      expect(executor.stats().waiting).toBe(0)
    }))
  })

  it("a real quota of two pods takes 30 commands through, in few calls, without an event too many", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      const client = yield* KubeClient
      const quotas = { group: "", version: "v1", plural: "resourcequotas", kind: "ResourceQuota", namespaced: true }
      yield* client.create(quotas, { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "two", namespace: "default" }, ...{ spec: { hard: { pods: "2" } } } })
      yield* Effect.sleep("1 second")
      const executor = yield* startExecutor({}, wire)
      for (let at = 0; at < 30; at++) executor.executeAsync(keyOf(`t${at}`), words())
      const ends = endsOf(yield* untilEnds(executor, 30))
      expect(new Set(ends).size).toBe(30)
      expect(ends.every((it) => it.endsWith("success"))).toBe(true)
      expect(executor.stats()).toMatchObject({ waitingForQuota: 0, waiting: 0, running: 0 })
      expect(linesOf(wire, "create pods").length).toBeLessThan(160)
    }))
  })
})

describe("a quota that opens", () => {
  it("lets everybody in although the answer to the one who tried was lost", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({}, wire)
      let isFull = true
      let losses = 1
      wire.fault = ({ verb }) => {
        if (verb !== "create") return undefined
        return isFull ? { error: quotaRefusal } : losses-- > 0 ? { error: lost, lost: "Answer" } : undefined
      }
      for (const task of ["a", "b", "c", "d"]) executor.executeAsync(keyOf(task), words())
      yield* Effect.sleep("10 seconds")
      isFull = false
      yield* Effect.sleep("2 minutes")
      expect([(yield* podsNow).length, executor.stats().waitingForQuota]).toEqual([4, 0])
    }))
  })

  it("lets everybody in although one that waited twice was taken back meanwhile", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({}, wire)
      let isFull = true
      let losses = 1
      wire.fault = ({ verb }) => {
        if (verb !== "create") return undefined
        return losses-- > 0 ? { error: lost, late: 8000 } : isFull ? { error: quotaRefusal } : undefined
      }
      executor.executeAsync(keyOf("late"), words())
      yield* Effect.sleep("50 millis")
      for (const task of ["b", "c"]) executor.executeAsync(keyOf(task), words())
      yield* Effect.sleep("9 seconds")
      const { name = "", namespace = "" } = (yield* podsNow)[0]!.metadata
      yield* (yield* KubeClient).patch(KubeResource.pods, { namespace, name, subresource: "status" }, "merge", { status: { phase: "Failed", reason: "Evicted" } })
      yield* Effect.sleep("50 millis")
      yield* executor.sync
      yield* Effect.sleep("1 second")
      yield* executor.revokeTask(keyOf("late"))
      isFull = false
      yield* Effect.sleep("2 minutes")
      executor.executeAsync(keyOf("next"), words())
      yield* Effect.sleep("2 minutes")
      expect([executor.stats().waitingForQuota, (yield* podsNow).map(({ metadata: { annotations } }) => annotations?.["task_id"])]).toEqual([0, ["late", "b", "c", "next"]])
    }))
  })
})

describe("lost answers", () => {
  it("a create that was carried out although nobody heard of it yields one pod", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      let left = 3
      wire.fault = ({ verb }) => verb === "create" && left-- > 0 ? { error: lost, lost: "Answer" } : undefined
      const executor = yield* startExecutor({}, wire)
      for (const task of ["a", "b", "c"]) executor.executeAsync(keyOf(task), words())
      const seen = new Set<string>()
      const watching = yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.map(podsNow, (pods) => pods.forEach((it) => seen.add(it.metadata.uid!))), Effect.sleep(50))))
      expect(endsOf(yield* untilEnds(executor, 3)).toSorted()).toEqual(["a: success", "b: success", "c: success"])
      watching.interruptUnsafe()
      expect(seen.size).toBe(3)
    }))
  })

  it("so does one whose watch is silent, because the name is the same", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      wire.events = () => []
      let left = 1
      wire.fault = ({ verb }) => verb === "create" && left-- > 0 ? { error: lost, lost: "Answer" } : undefined
      const executor = yield* startExecutor({}, wire)
      executor.executeAsync(keyOf("a"), words())
      yield* Effect.sleep("5 seconds")
      expect((yield* podsNow)).toHaveLength(1)
      expect(linesOf(wire, "create pods", "get pods").map(({ verb }) => verb)).toEqual(["create", "create", "get"])
      expect(executor.podOf(keyOf("a")) === undefined && executor.stats().waiting === 0).toBe(true)
    }))
  })

  it("a create that fails for good after an unknown one leaves no pod behind", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      let creates = 0
      wire.events = () => []
      wire.fault = ({ verb }) => verb !== "create" ? undefined : ++creates === 1 ? { error: lost, lost: "Answer" } : { error: refusal(422, "Invalid") }
      const executor = yield* startExecutor({}, wire)
      executor.executeAsync(keyOf("a"), words())
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a: failed"])
      yield* Effect.sleep("60 seconds")
      expect((yield* podsNow)).toEqual([])
    }))
  })

  it("a pod of somebody else under the name is left alone, and the next name is taken", () => {
    inWorld({}, () => Effect.gen(function*() {
      const client = yield* KubeClient
      const launch = { job: { key: keyOf("a") }, runId: "r1", number: 0 } as never
      yield* client.create(KubeResource.pods, { apiVersion: "v1", kind: "Pod", metadata: { name: nameOfLaunch("provider", launch), namespace: "default" }, ...{ spec: { containers: [{ name: "c", image: "i" }] } } })
      const executor = yield* startExecutor()
      executor.executeAsync(keyOf("a"), words(), { runId: "r1" })
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a: success"])
      yield* Effect.sleep("1 second")
      expect((yield* podsNow).map(({ metadata }) => metadata.labels)).toEqual([undefined])
    }))
  })
})

describe("bad input", () => {
  it("a mutation hook that breaks is called once, no pod is created, the task fails with its words", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      let calls = 0
      const executor = yield* startExecutor({
        mutationHook: (pod) => {
          if (pod.metadata.annotations?.["task_id"] !== "bad") return pod
          calls++
          throw new Error("not on my cluster")
        }
      }, wire)
      for (const task of ["bad", "good"]) executor.executeAsync(keyOf(task), words())
      const events = yield* untilEnds(executor, 2)
      expect(endsOf(events)).toEqual(["bad: failed", "good: success"])
      expect(events.find(({ state }) => state === "failed")?.info).toContain("not on my cluster")
      expect(calls).toBe(1)
      expect(linesOf(wire, "create pods")).toHaveLength(1)
    }))
  })

  it("an override that cannot be merged, or a template that is not there, fails its task when it is handed in, and nothing else", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({}, wire)
      const hand = (task: string, executorConfig: object) => executor.queueCommand(keyOf(task), words(), { executorConfig })
      expect(hand("bad", { pod_override: { metadata: {}, spec: { containers: "none" } } })).toContain(`containers must be a list, but is "none"`)
      expect(hand("none", { pod_template_file: "/none.yaml" })).toContain(`there is no pod template "/none.yaml"`)
      executor.executeAsync(keyOf("good"), words())
      const events = yield* untilEnds(executor, 3)
      expect(endsOf(events)).toEqual(["bad: failed", "none: failed", "good: success"])
      expect(linesOf(wire, "create pods")).toHaveLength(1)
    }))
  })

  it("an executor_config that cannot be used is refused when it is handed in", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const executor = yield* startExecutor()
      const bad = [{ metadata: {}, spec: { containers: [] } }, { KubernetesExecutor: { image: "i" }, pod_override: { metadata: {} } }, { KubernetesExecutor: { image: "i" } }, { pod_overide: {} }, "text"]
      bad.forEach((executorConfig, at) => {
        executor.executeAsync(keyOf(`a${at}`), words(), { executorConfig })
        executor.queueCommand(keyOf(`q${at}`), words(), { executorConfig })
      })
      const told = executor.getEventBuffer()
      expect(told).toHaveLength(10)
      expect(new Set(told.map(({ info, state }) => `${state}: ${info}`))).toEqual(new Set(["failed: Invalid executor_config passed"]))
      expect(executor.stats()).toMatchObject({ running: 0, queued: 0 })
    }))
  })

  it("a name that an override gives two tasks is the first one's, and no harm comes to it by the second", () => {
    inWorld({ script: () => ({ default: { run: 20_000 } }) }, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({}, wire)
      const hand = (task: string): void => void executor.executeAsync(keyOf(task), words(), { executorConfig: { pod_override: { metadata: { name: "fixed" } } } })
      hand("first")
      yield* Effect.sleep("1 second")
      hand("second")
      yield* Effect.sleep("1 second")
      const faults = [{ error: lost }, { error: refusal(403, "Forbidden") }]
      wire.fault = ({ verb }) => (verb === "create" ? faults.shift() : undefined)
      hand("third")
      expect(endsOf(yield* untilEnds(executor, 3))).toEqual(["second: failed", "third: failed", "first: success"])
      expect(linesOf(wire, "create pods")).toHaveLength(4)
    }))
  })

  it.each([["annotations", { annotations: { team: "x" } }], ["labels", { labels: { team: "x" } }]])("a mutation hook that puts %s of its own in the place of ours does not keep the end of the task from being told", (_, metadata) => {
    inWorld({}, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ mutationHook: (pod) => ({ ...pod, metadata: { ...pod.metadata, ...metadata } }) })
      executor.executeAsync(keyOf("a"), words())
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a: success"])
    }))
  })

  it("commands that are handed in twice run once", () => {
    inWorld({ nodes: 20, script: () => ({ default: { run: 100 } }) }, () => Effect.gen(function*() {
      const executor = yield* startExecutor({ config: providerConfig({}, { parallelism: "10" }) })
      for (let at = 0; at < 200; at++) executor.queueCommand(keyOf(`t${at % 100}`), words(), { runId: `r${at % 100}` })
      expect(executor.queuedTasks()).toHaveLength(100)
      const events = yield* untilEnds(executor, 100)
      expect(new Set(endsOf(events)).size).toBe(100)
      executor.executeAsync(keyOf("x"), words(), { runId: "x1" })
      executor.executeAsync(keyOf("x"), words(), { runId: "x1" })
      expect(executor.running()).toHaveLength(1)
    }))
  })
})
