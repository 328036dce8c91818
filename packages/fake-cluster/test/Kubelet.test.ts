import { FakeApiServer, type LogStream } from "@fairlead/api-server"
import { KubeClient, KubeResource, type Pod } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster, PodRuntimeFunction, PodRuntimeScripted } from "../src/index.ts"
import { createPod, findPod, podOf, recordWrites, scripted, simulate } from "./world.ts"

const stateOf = (pod: Pod | undefined, name = "main"): string => {
  const status = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])].find((it) => it.name === name)
  const { running, terminated, waiting } = status?.state ?? {}
  return waiting?.reason ?? (running !== undefined ? "running" : terminated === undefined ? "none" : `${terminated.exitCode} ${terminated.reason}`)
}

describe("a pod", () => {
  it("costs four writes from its creation to its end", () => {
    simulate(Effect.gen(function*() {
      yield* Effect.sleep(1)
      const writes = yield* recordWrites
      yield* createPod(podOf("p", {}, scripted({ default: { run: "10 seconds" } })))
      yield* Effect.sleep("5 seconds")
      expect((yield* findPod("p"))?.status).toMatchObject({ phase: "Running", hostIP: "10.0.0.1", startTime: "2026-01-01T00:00:00Z" })
      yield* Effect.sleep("10 seconds")
      const pod = yield* findPod("p")
      expect(pod?.status?.phase).toBe("Succeeded")
      expect(pod?.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:10Z" })
      expect(writes).toEqual(["ADDED pods/p", "MODIFIED pods/p", "MODIFIED pods/p", "MODIFIED pods/p"])
    }))
  })

  it("that ends in the moment of its start goes straight to its end", () => {
    simulate(Effect.gen(function*() {
      const writes = yield* recordWrites
      yield* createPod(podOf("p", {}, scripted({ default: { run: 0, exitCode: 4 } })))
      yield* Effect.sleep("5 seconds")
      expect((yield* findPod("p"))?.status?.phase).toBe("Failed")
      expect(writes.filter((it) => it.endsWith("/p")).length).toBe(3)
    }))
  })

  it("waits in ContainerCreating while its image is pulled", () => {
    simulate(Effect.gen(function*() {
      yield* createPod(podOf("p", {}, scripted({ default: { start: "30 seconds" } })))
      yield* Effect.sleep("10 seconds")
      const pod = yield* findPod("p")
      expect(pod?.status?.phase).toBe("Pending")
      expect(stateOf(pod)).toBe("ContainerCreating")
      expect(pod?.status?.conditions?.find((it) => it.type === "Ready")).toMatchObject({ status: "False", reason: "ContainersNotReady" })
      yield* Effect.sleep("20 seconds")
      expect((yield* findPod("p"))?.status?.phase).toBe("Running")
    }))
  })

  it("whose image cannot be pulled goes between ErrImagePull and ImagePullBackOff until it can", () => {
    simulate(Effect.gen(function*() {
      let tries = 0
      const script = { containers: { main: { startFailure: { reason: "ErrImagePull", message: "not found" } } } }
      yield* createPod(podOf("p", {}, scripted(script)))
      yield* Effect.sleep(500)
      expect(stateOf(yield* findPod("p"))).toBe("ErrImagePull")
      yield* Effect.sleep("5 seconds")
      const pod = yield* findPod("p")
      expect(stateOf(pod)).toBe("ImagePullBackOff")
      expect(pod?.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('Back-off pulling image "image": ErrImagePull: not found')
      for (let second = 6; second < 120; second++) {
        if (stateOf(yield* findPod("p")) === "ErrImagePull") tries++
        yield* Effect.sleep("1 second")
      }
      expect(tries).toBe(3)
    }))
  })

  it("with a broken script stays in ContainerCreating", () => {
    simulate(Effect.gen(function*() {
      yield* createPod(podOf("p", {}, { annotations: { [PodRuntimeScripted.scriptAnnotation]: "{" } }))
      yield* Effect.sleep("5 seconds")
      expect(stateOf(yield* findPod("p"))).toBe("ContainerCreating")
    }))
  })

  it("restarts by its policy with one script for each run", () => {
    simulate(Effect.gen(function*() {
      const script: PodRuntimeScripted.PodScript = { containers: { main: [{ run: "1 second", exitCode: 1 }, { run: "1 second", exitCode: 2 }, { run: "1 second", exitCode: 0 }] } }
      yield* createPod(podOf("p", { restartPolicy: "OnFailure" }, scripted(script)))
      yield* Effect.sleep("4 seconds")
      expect(stateOf(yield* findPod("p"))).toBe("CrashLoopBackOff")
      yield* Effect.sleep("10 seconds")
      const pod = yield* findPod("p")
      expect(pod?.status?.phase).toBe("Succeeded")
      expect(pod?.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 2, lastState: { terminated: { exitCode: 2 } } })
    }))
  })

  it("runs its init containers first, and its sidecars until the others have ended", () => {
    simulate(Effect.gen(function*() {
      const initContainers = [{ name: "side", image: "i", restartPolicy: "Always" }, { name: "init", image: "i" }]
      yield* createPod(podOf("p", { initContainers }, scripted({ default: { run: "2 seconds" }, containers: { side: { run: "forever", stop: "3 seconds", stopExitCode: 0 } } })))
      yield* Effect.sleep("1 second")
      const first = yield* findPod("p")
      expect([stateOf(first, "side"), stateOf(first, "init"), stateOf(first)]).toEqual(["running", "running", "PodInitializing"])
      yield* Effect.sleep("2 seconds")
      expect(stateOf(yield* findPod("p"))).toBe("running")
      yield* Effect.sleep("2 seconds")
      const third = yield* findPod("p")
      expect([stateOf(third, "side"), stateOf(third), third?.status?.phase]).toEqual(["running", "0 Completed", "Running"])
      yield* Effect.sleep("3 seconds")
      const last = yield* findPod("p")
      expect([stateOf(last, "side"), last?.status?.phase]).toEqual(["0 Completed", "Succeeded"])
    }))
  })

  it("fails at its deadline with the reason of the original", () => {
    simulate(Effect.gen(function*() {
      yield* createPod(podOf("p", { activeDeadlineSeconds: 60 }, scripted({ default: { run: "forever" } })))
      yield* Effect.sleep("59 seconds")
      expect((yield* findPod("p"))?.status?.phase).toBe("Running")
      yield* Effect.sleep("2 seconds")
      const pod = yield* findPod("p")
      expect(pod?.status).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" })
      expect(stateOf(pod)).toBe("143 Error")
    }))
  })
})

describe("deleting a pod", () => {
  const remove = (name: string, gracePeriodSeconds?: number) =>
    Effect.flatMap(KubeClient, (client) =>
      client.delete(KubeResource.pods, { namespace: "default", name }, gracePeriodSeconds === undefined ? undefined : { gracePeriodSeconds }))

  it("lets it end within its grace period, reports that, and only then removes it", () => {
    simulate(Effect.gen(function*() {
      yield* createPod(podOf("p", { terminationGracePeriodSeconds: 20 }, scripted({ default: { run: "forever", stop: "10 seconds", stopExitCode: 3 } })))
      yield* Effect.sleep("1 second")
      const seen: Array<Pod> = []
      const cluster = yield* FakeCluster
      yield* remove("p")
      for (let second = 0; second < 12; second++) {
        const pod = cluster.pod("default", "p")
        if (pod !== undefined) seen.push(pod)
        yield* Effect.sleep("1 second")
      }
      expect(seen[5]?.status?.phase).toBe("Running")
      expect(yield* findPod("p")).toBeUndefined()
      expect(seen.length).toBe(10)
    }))
  })

  it("kills it when the grace period is over", () => {
    simulate(Effect.gen(function*() {
      const writes = yield* recordWrites
      yield* createPod(podOf("p", { terminationGracePeriodSeconds: 5 }, scripted({ default: { run: "forever", stop: "1 hour" } })))
      yield* Effect.sleep("1 second")
      yield* remove("p")
      yield* Effect.sleep("4 seconds")
      expect(yield* findPod("p")).toBeDefined()
      yield* Effect.sleep("2 seconds")
      expect(yield* findPod("p")).toBeUndefined()
      expect(writes.at(-1)).toBe("DELETED pods/p")
    }))
  })

  it("can be made quicker by a second, shorter request", () => {
    simulate(Effect.gen(function*() {
      yield* createPod(podOf("p", { terminationGracePeriodSeconds: 3600 }, scripted({ default: { run: "forever", stop: "2 hours" } })))
      yield* Effect.sleep("1 second")
      yield* remove("p")
      yield* Effect.sleep("10 seconds")
      yield* remove("p", 15)
      yield* Effect.sleep("4 seconds")
      expect(yield* findPod("p")).toBeDefined()
      yield* Effect.sleep("3 seconds")
      expect(yield* findPod("p")).toBeUndefined()
    }))
  })

  it("keeps its object for finalizers, with the final status", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createPod(podOf("p", {}, { ...scripted({ default: { run: "forever" } }), finalizers: ["example.com/keep"] }))
      yield* Effect.sleep("1 second")
      yield* remove("p")
      yield* Effect.sleep("1 minute")
      const pod = yield* findPod("p")
      expect(pod?.status?.phase).toBe("Failed")
      expect(stateOf(pod)).toBe("143 Error")
      yield* client.patch(KubeResource.pods, { namespace: "default", name: "p" }, "merge", { metadata: { finalizers: null } })
      expect(yield* findPod("p")).toBeUndefined()
    }))
  })

  it("by force ends its containers soon after, and a new pod of the same name waits for that", () => {
    simulate(Effect.gen(function*() {
      const cluster = yield* FakeCluster
      yield* createPod(podOf("p", {}, scripted({ default: { run: "forever", stop: "1 hour", log: "old" } })))
      yield* Effect.sleep("1 second")
      yield* remove("p", 0)
      yield* createPod(podOf("p", {}, scripted({ default: { run: "forever", log: "new" } })))
      yield* Effect.sleep(500)
      expect(yield* cluster.logs("default", "p", { container: "main" })).toBe("old")
      yield* Effect.sleep("2 seconds")
      expect(yield* cluster.logs("default", "p", { container: "main" })).toBe("new")
      expect((yield* findPod("p"))?.status?.phase).toBe("Running")
    }))
  })
})

describe("logs", () => {
  it("are there from the start of a container until its pod is gone", () => {
    simulate(Effect.gen(function*() {
      const cluster = yield* FakeCluster
      yield* createPod(podOf("p", {}, scripted({ default: { log: "one\ntwo\nthree\n" } })))
      expect(yield* cluster.logs("default", "p", { container: "main" })).toBeUndefined()
      yield* Effect.sleep("5 seconds")
      expect(yield* cluster.logs("default", "p", { container: "main", tailLines: 2 })).toBe("two\nthree\n")
      expect(yield* cluster.logs("default", "p", { container: "other" })).toBeUndefined()
      yield* Effect.flatMap(KubeClient, (client) => client.delete(KubeResource.pods, { namespace: "default", name: "p" }))
      yield* Effect.sleep("5 seconds")
      expect(yield* cluster.logs("default", "p", { container: "main" })).toBeUndefined()
    }))
  })
})

describe("the log subresource", () => {
  const ask = (server: FakeApiServer["Service"], name: string, query: Record<string, string> = {}) =>
    server.handle({ verb: "get", group: "", version: "v1", plural: "pods", namespace: "default", name, subresource: "log", query })

  it("answers what a container has written, and follows it to its end", () => {
    const programs = PodRuntimeFunction.make({
      images: {
        image: ({ log }) =>
          Effect.gen(function*() {
            for (const line of ["one", "two", "three", "four"]) {
              yield* log(line)
              yield* Effect.sleep("1 second")
            }
          })
      }
    })
    simulate(
      Effect.gen(function*() {
        const server = yield* FakeApiServer
        yield* createPod(podOf("p"))
        yield* Effect.sleep(1500)
        expect(ask(server, "p").text).toBe("one\ntwo\n")
        expect(ask(server, "p", { tailLines: "1" }).text).toBe("two\n")
        const pieces: Array<string> = []
        const stream = ask(server, "p", { follow: "true", tailLines: "1" }).text as LogStream
        stream({ write: (piece) => pieces.push(piece), end: () => pieces.push("end") })
        const stop = (ask(server, "p", { follow: "true" }).text as LogStream)({ write: () => {}, end: () => pieces.push("not reached") })
        stop()
        yield* Effect.sleep("1 second")
        expect(pieces).toEqual(["two\n", "three\n"])
        yield* Effect.sleep("5 seconds")
        expect(pieces).toEqual(["two\n", "three\n", "four\n", "end"])
      }),
      { runtime: programs }
    )
  })

  it("refuses as a kubelet does what is not there", () => {
    simulate(Effect.gen(function*() {
      const server = yield* FakeApiServer
      yield* createPod(podOf("p", {}, scripted({ default: { start: "1 minute" } })))
      yield* Effect.sleep("1 second")
      const refusal = (query?: Record<string, string>) => (ask(server, "p", query).body as { readonly message?: string }).message
      expect(ask(server, "p").code).toBe(400)
      expect(refusal()).toBe('container "main" in pod "p" is waiting to start: ContainerCreating')
      expect(refusal({ previous: "true" })).toBe('previous terminated container "main" in pod "p" not found')
    }))
  })
})

describe("drain", () => {
  it("ends all pods within the shorter grace period and lets none start", () => {
    simulate(Effect.gen(function*() {
      const cluster = yield* FakeCluster
      yield* createPod(podOf("quick", {}, scripted({ default: { run: "forever", stop: "2 seconds", stopExitCode: 0 } })))
      yield* createPod(podOf("stubborn", { terminationGracePeriodSeconds: 3600 }, scripted({ default: { run: "forever", stop: "1 hour" } })))
      yield* createPod(podOf("done", {}, scripted({ default: { run: "1 second" } })))
      yield* Effect.sleep("5 seconds")
      const before = yield* Clock.currentTimeMillis
      expect(yield* cluster.drain("10 seconds")).toEqual(["default/quick", "default/stubborn"])
      expect((yield* Clock.currentTimeMillis) - before).toBe(10_000)
      yield* createPod(podOf("late"))
      yield* Effect.sleep("5 seconds")
      const states = cluster.pods().map((it) => `${it.metadata.name} ${it.status?.phase} ${it.status?.reason ?? ""} ${stateOf(it)}`)
      expect(states.sort()).toEqual([
        "done Succeeded  0 Completed", "late Failed Terminated 137 ContainerStatusUnknown", "quick Failed Terminated 0 Completed", "stubborn Failed Terminated 137 Error"
      ])
      expect(yield* cluster.drain("10 seconds")).toEqual([])
    }))
  })
})

describe("a kubelet that finds pods of an earlier one", () => {
  it("counts what ran as lost and goes on by the restart policy", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      const running = { name: "main", state: { running: { startedAt: "2025-12-31T00:00:00Z" } }, lastState: {}, ready: true, restartCount: 1, image: "image", imageID: "" }
      for (const restartPolicy of ["Never", "Always"]) {
        const name = restartPolicy.toLowerCase()
        // Created on a node of another kubelet, then moved over by a status that says it ran.
        yield* createPod(podOf(name, { restartPolicy, schedulerName: "nobody" }, scripted({ default: { run: "forever" } })))
        yield* client.patch(KubeResource.pods, { namespace: "default", name, subresource: "status" }, "merge", {
          status: { phase: "Running", startTime: "2025-12-31T00:00:00Z", containerStatuses: [running] }
        })
        const binding = { apiVersion: "v1", kind: "Binding", metadata: { name }, target: { kind: "Node", name: "node-1" } }
        yield* client.createSubresource(KubeResource.pods, { namespace: "default", name, subresource: "binding" }, binding)
      }
      yield* Effect.sleep("1 second")
      const never = yield* findPod("never")
      expect([never?.status?.phase, stateOf(never)]).toEqual(["Failed", "137 ContainerStatusUnknown"])
      const always = yield* findPod("always")
      expect(always?.status).toMatchObject({ phase: "Running", startTime: "2025-12-31T00:00:00Z" })
      expect(always?.status?.containerStatuses?.[0]?.restartCount).toBe(2)
    }))
  })
})
