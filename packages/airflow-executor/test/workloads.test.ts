/** Workloads and their Secrets: there before the pod, the pod's from then on, and never left behind. */
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, type KubeObject, KubeResource, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { TaskCommand } from "../src/index.ts"
import { endsOf, inWorld, keyOf, linesOf, lost, newWire, providerConfig, refusal, startExecutor, untilEnds } from "./support/world.ts"

const workload = (json = `{"token":"hush"}`): TaskCommand => ({ _tag: "Workload", json })
const secretsNow = Effect.flatMap(KubeClient, (client) => Effect.map(client.list<KubeObject>(KubeResource.secrets, "default"), ({ items }) => items))
const textOf = (secret: KubeObject | undefined): string => atob((secret as unknown as { readonly data: { readonly [name: string]: string } }).data["workload.json"] ?? "")
const podsNow = Effect.map(FakeCluster, (cluster) => cluster.pods())
const order = (wire: ReturnType<typeof newWire>) => wire.calls.filter(({ line }) => /(pods|secrets)$/.test(line) && !line.startsWith("list")).map(({ line }) => line)

describe("the Secret of a workload", () => {
  it("is there before its pod, belongs to it from then on, and goes with it", () => {
    inWorld({}, () => Effect.gen(function*() {
      const wire = newWire()
      const executor = yield* startExecutor({ finishedPodDelay: "1 minute" }, wire)
      executor.executeAsync(keyOf("a"), workload())
      expect(endsOf(yield* untilEnds(executor, 1))).toEqual(["a: success"])
      expect(order(wire)).toEqual(["create secrets", "create pods", "patch secrets"])
      const [pod] = yield* podsNow
      const [secret] = yield* secretsNow
      expect([textOf(secret), secret?.metadata.ownerReferences]).toEqual([`{"token":"hush"}`, [{ apiVersion: "v1", kind: "Pod", name: pod?.metadata.name, uid: pod?.metadata.uid }]])
      yield* Effect.sleep("3 minutes")
      expect([yield* podsNow, yield* secretsNow]).toEqual([[], []])
    }))
  })

  it("goes when its pod is refused for good, or its command is taken back; without it no pod is asked for", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      wire.fault = ({ body, resource, verb }) => {
        if (verb !== "create") return undefined
        const task = (body as Pod).metadata.annotations?.["task_id"] ?? (body as Pod).metadata.name!
        if (resource.plural === "pods" && task === "bad") return { error: refusal(422, "Invalid", "spec is wrong") }
        if (resource.plural === "pods" && task === "slow") return { error: refusal(503, "ServiceUnavailable") }
        return resource.plural === "secrets" && task.includes("secretless") ? { error: refusal(403, "Forbidden", "no Secrets here") } : undefined
      }
      const executor = yield* startExecutor({}, wire)
      for (const task of ["bad", "slow", "secretless"]) executor.executeAsync(keyOf(task), workload())
      yield* Effect.sleep("5 seconds")
      yield* executor.revokeTask(keyOf("slow"))
      yield* Effect.sleep("5 seconds")
      expect(executor.getEventBuffer().filter(({ state }) => state === "failed").map(({ info, key }) => `${key.taskId}: ${info}`).sort()).toEqual([
        "bad: the pod could not be created: Invalid: spec is wrong", "secretless: the pod could not be created: Forbidden: no Secrets here"
      ])
      expect([yield* secretsNow, yield* podsNow, linesOf(wire, "create pods").some(({ body }) => (body as Pod).metadata.annotations?.["task_id"] === "secretless")]).toEqual([[], [], false])
    }))
  })

  it("is one, with the newest workload, whatever answers are lost", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      let left = 3
      wire.fault = ({ verb }) => (verb === "create" || verb === "patch") && left-- > 0 ? { error: lost, lost: "Answer" } : undefined
      let minted = 0
      const executor = yield* startExecutor({ workload: (json, { number }) => Effect.sync(() => `${json} ${number} ${++minted}`) }, wire)
      executor.executeAsync(keyOf("a"), workload("w"))
      yield* Effect.sleep("1 minute")
      const secrets = yield* secretsNow
      expect([secrets.length, yield* Effect.map(podsNow, (pods) => pods.length), secrets[0]?.metadata.ownerReferences?.length]).toEqual([1, 1, 1])
      expect(textOf(secrets[0])).toBe(`w 0 ${minted}`)
    }))
  })

  it("of executors that died is swept: with its pod it gets an owner, without one it goes; a young one, and one that has an owner, stay", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      wire.fault = ({ body, resource, verb }) => {
        const isLost = verb === "patch" || verb === "delete" || (verb === "create" && resource.plural === "pods" && (body as Pod).metadata.annotations?.["task_id"] === "podless")
        return isLost ? { error: lost } : undefined
      }
      const dead = yield* startExecutor({ worker: "dead" }, wire)
      for (const task of ["podless", "ownerless"]) dead.executeAsync(keyOf(task), workload())
      yield* Effect.sleep("1 second")
      yield* dead.terminate
      expect((yield* secretsNow).map(({ metadata }) => metadata.ownerReferences)).toEqual([undefined, undefined])
      const living = yield* startExecutor({ worker: "living", orphanedTasksCheckInterval: "4 minutes" })
      living.executeAsync(keyOf("other"), workload())
      yield* Effect.sleep("9 minutes")
      expect(yield* secretsNow).toHaveLength(3)
      yield* Effect.sleep("5 minutes")
      expect((yield* secretsNow).map(({ metadata }) => [metadata.name?.includes("podless"), metadata.ownerReferences?.[0]?.name === metadata.name])).toEqual([[false, true], [false, true]])
      expect(yield* Effect.map(secretsNow, (secrets) => secrets.map(textOf))).toEqual([`{"token":"hush"}`, `{"token":"hush"}`])
    }))
  })

  it("is swept, too, by an executor with a lease that has no workloads itself", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      wire.fault = ({ resource, verb }) => verb === "create" && resource.plural === "pods" ? { error: lost } : undefined
      const dead = yield* startExecutor({ worker: "dead" }, wire)
      dead.executeAsync(keyOf("a"), workload())
      yield* Effect.sleep("1 second")
      yield* dead.terminate
      yield* startExecutor({ worker: "living", lease: { namespace: "default" } })
      yield* Effect.sleep("9 minutes")
      expect(yield* secretsNow).toHaveLength(1)
      yield* Effect.sleep("7 minutes")
      expect(yield* secretsNow).toEqual([])
    }))
  })

  it("is made again if somebody has cleaned it up before its pod was there", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const wire = newWire()
      wire.latency = ({ resource, verb }) => (verb === "create" && resource.plural === "pods" ? 5000 : 0)
      const executor = yield* startExecutor({}, wire)
      executor.executeAsync(keyOf("a"), workload())
      yield* Effect.sleep("2 seconds")
      const [secret] = yield* secretsNow
      yield* (yield* KubeClient).delete(KubeResource.secrets, { namespace: "default", name: secret!.metadata.name! })
      yield* Effect.sleep("10 seconds")
      const [again] = yield* secretsNow
      expect([textOf(again), again?.metadata.ownerReferences?.length]).toEqual([`{"token":"hush"}`, 1])
    }))
  })
})

describe("a workload", () => {
  it("is asked for at each launch, so that its token is as old as its pod and not as its place in the queue", () => {
    inWorld({ nodes: 0 }, () => Effect.gen(function*() {
      const minted: Array<string> = []
      const executor = yield* startExecutor({
        config: providerConfig({}, { parallelism: "1" }),
        workload: (json, { job, number }) => Effect.sync(() => `${json}-${minted.push(`${job.key.taskId} ${number}`)}`)
      })
      for (const task of ["a", "b"]) executor.queueCommand(keyOf(task), workload("w"), { priority: task === "a" ? 1 : 0 })
      yield* executor.heartbeat
      yield* Effect.sleep("1 hour")
      expect(minted).toEqual(["a 0"])
      yield* executor.revokeTask(keyOf("a"))
      yield* Effect.sleep("1 second")
      yield* executor.heartbeat
      yield* Effect.sleep("1 second")
      expect(minted).toEqual(["a 0", "b 0"])
      expect((yield* secretsNow).map(textOf)).toEqual(["w-2"])
    }))
  })
})
