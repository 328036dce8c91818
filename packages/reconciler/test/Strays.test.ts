import { create as create_ } from "@bufbuild/protobuf"
import { Idl, TaskTemplates } from "@fairlead/core"
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, KubeResource, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { onCluster, type Scripts } from "./clusterWorld.ts"
import { abort, conditionOf, create, read, taskAction, untilConcluded } from "./world.ts"

const retries = (count: number) => ({ task: { container: { image: "img" }, retries: count } })
const podNames = Effect.map(FakeCluster, (cluster) => cluster.pods().filter((it) => it.metadata.deletionTimestamp === undefined).map((it) => it.metadata.name).toSorted())

/** Lets the create of an earlier pod arrive once more, as a call does that was given up long ago. */
const arriveLate = ({ metadata, spec }: Pod) => {
  const { annotations, labels, name, namespace, ownerReferences } = metadata
  const { nodeName: _, ...unbound } = spec!
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { annotations, labels, name, namespace, ownerReferences }, spec: unbound } as Pod
  return Effect.flatMap(KubeClient, (kube) => kube.create(KubeResource.pods, pod))
}
const podOf = (name: string) => Effect.map(FakeCluster, (cluster) => cluster.pod("default", name)!)

const failsThen = (later: ReturnType<Extract<Scripts[string], Function>>): Scripts[string] => (attempt) => attempt === 1 ? { default: { run: "3 seconds", exitCode: 1 } } : later

describe("a pod of a launch that is over", () => {
  it.each([
    ["the next attempt runs", { default: { run: "forever" } }, ["run-a0-1"]],
    ["the next attempt has succeeded", { default: { run: 100 } }, ["run-a0-1"]],
    ["the action has failed", { default: { run: 100, exitCode: 1 } }, []]
  ] as const)("is removed when it turns up while %s, and nothing else is", (_, later, left) => {
    onCluster({ a0: failsThen(later) }, (calls) => Effect.gen(function*() {
      yield* create(taskAction("a0", retries(1)))
      yield* Effect.sleep("2 seconds")
      const first = yield* podOf("run-a0-0")
      yield* Effect.sleep("10 seconds")
      expect(yield* podNames).toEqual(left)
      const before = calls.length
      yield* arriveLate(first)
      yield* Effect.sleep("1 second")
      expect(yield* podNames).toEqual(left)
      expect(calls.slice(before).filter((it) => !it.startsWith("create"))).toEqual(["delete pods"])
      yield* Effect.sleep("1 minute")
      expect(yield* podNames).toEqual(left)
    }))
  })

  it("is removed while the next attempt has to wait, although its number is not stored yet", () => {
    const template = create_(Idl.TaskTemplateSchema, {
      type: "container",
      target: { case: "container", value: { image: "img" } },
      metadata: { retries: { retries: 1, backoff: { base: { seconds: 60n } } } }
    })
    const spec = { taskType: "container", taskTemplate: TaskTemplates.encodeBase64(template), inputUri: "memory://data/in", runOutputBase: "memory://data/out" }
    onCluster({ a0: failsThen({ default: { run: "forever" } }) }, () => Effect.gen(function*() {
      yield* create(taskAction("a0", spec))
      yield* Effect.sleep("2 seconds")
      const first = yield* podOf("run-a0-0")
      yield* Effect.sleep("10 seconds")
      expect((yield* read("a0")).status).toMatchObject({ pluginPhase: "PhaseRetryableFailure", attempts: 1 })
      yield* arriveLate(first)
      yield* Effect.sleep("20 seconds")
      expect(yield* podNames).toEqual([])
      yield* Effect.sleep("1 minute")
      expect(yield* podNames).toEqual(["run-a0-1"])
      yield* abort("a0")
      yield* Effect.sleep("1 minute")
      expect(yield* podNames).toEqual([])
    }))
  })

  it("is told from pods that others made for the action", () => {
    onCluster({ a0: { default: { run: 100 } } }, () => Effect.gen(function*() {
      yield* create(taskAction("a0"))
      yield* Effect.sleep("2 seconds")
      const own = yield* podOf("run-a0-0")
      const { "flyte.org/launch": _, ...annotations } = own.metadata.annotations!
      yield* arriveLate({ ...own, metadata: { ...own.metadata, name: "helper", annotations } })
      yield* arriveLate({ ...own, metadata: { ...own.metadata, name: "namesake", ownerReferences: [{ ...own.metadata.ownerReferences![0]!, uid: "earlier" }], labels: { ...own.metadata.labels, attempt: "0" } } })
      yield* Effect.sleep("5 seconds")
      expect(yield* podNames).toContain("helper")
      expect(conditionOf(yield* untilConcluded("a0"), "Succeeded")).toMatchObject({ status: "True" })
      expect(yield* podNames).toContain("run-a0-0")
    }))
  })
})
