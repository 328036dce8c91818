import { type Container, KubeClient, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { PodRuntimeScripted } from "../src/index.ts"
import { KubeResource } from "@fairlead/kube"
import { createPod, findPod, podOf, scripted, simulate } from "./world.ts"

const httpGet = { path: "/", port: 8080 }
const serving = (container: Partial<Container>, script: PodRuntimeScripted.ContainerScript, spec: object = {}) =>
  createPod(podOf("p", { restartPolicy: "Always", containers: [{ name: "main", image: "i", ...container }], ...spec }, scripted({ containers: { main: { run: "forever", ...script } } })))

const stateOf = (pod: Pod | undefined) => {
  const status = pod?.status?.containerStatuses?.[0]
  const ready = pod?.status?.conditions?.find((it) => it.type === "Ready")?.status
  return `${status?.started === true ? "started " : ""}${status?.ready === true ? "ready " : ""}x${status?.restartCount} pod ${ready}`
}
const state = Effect.map(findPod("p"), stateOf)
/** What events said, with how often. */
const events = Effect.flatMap(KubeClient, (client) =>
  Effect.map(client.list<{ metadata: object; reason: string; note: string }>(KubeResource.events, "default"), ({ items }) => items.map((it) => `${it.reason}: ${it.note}`)))

describe("a probe", () => {
  it("of readiness keeps the pod from being ready until it succeeds, and takes that away after three failures", () => {
    simulate(Effect.gen(function*() {
      yield* serving({ readinessProbe: { httpGet, periodSeconds: 5 } }, { ready: "12 seconds", alive: "30 seconds" })
      yield* Effect.sleep("1 second")
      expect(yield* state).toBe("started x0 pod False")
      yield* Effect.sleep("13 seconds")
      expect(yield* state).toBe("started x0 pod False")
      yield* Effect.sleep("2 seconds")
      expect(yield* state).toBe("started ready x0 pod True")
      // Failures at 30 s, 35 s and 40 s.
      yield* Effect.sleep("23 seconds")
      expect(yield* state).toBe("started ready x0 pod True")
      yield* Effect.sleep("2 seconds")
      expect(yield* state).toBe("started x0 pod False")
    }))
  })

  it("of liveness has the container restarted, which then waits ever longer", () => {
    simulate(
      Effect.gen(function*() {
        yield* serving({ livenessProbe: { httpGet, periodSeconds: 10, failureThreshold: 2 } }, { alive: "15 seconds", stop: "3 seconds" })
        // Failures at 20 s and 30 s; it takes 3 s to end.
        yield* Effect.sleep("32 seconds")
        expect(yield* state).toBe("started ready x0 pod True")
        yield* Effect.sleep("2 seconds")
        expect(yield* state).toBe("started ready x1 pod True")
        expect((yield* findPod("p"))?.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 143, reason: "Error" })
        yield* Effect.sleep("40 seconds")
        expect((yield* findPod("p"))?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("CrashLoopBackOff")
        const told = yield* events
        expect(told).toContain("Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 503")
        expect(told).toContain("Killing: Container main failed liveness probe, will be restarted")
      }),
      { events: true }
    )
  })

  it("of the start holds the others back, and restarts what never gets there", () => {
    simulate(Effect.gen(function*() {
      const probes = { startupProbe: { httpGet, periodSeconds: 5, failureThreshold: 4 }, livenessProbe: { httpGet, failureThreshold: 1 }, readinessProbe: { httpGet } }
      yield* serving(probes, { startup: "8 seconds" })
      yield* Effect.sleep("9 seconds")
      expect(yield* state).toBe("x0 pod False")
      yield* Effect.sleep("2 seconds")
      expect(yield* state).toBe("started ready x0 pod True")
    }))
    simulate(Effect.gen(function*() {
      yield* serving({ startupProbe: { httpGet, periodSeconds: 5, failureThreshold: 4 } }, { startup: "never" })
      yield* Effect.sleep("14 seconds")
      expect(yield* state).toBe("x0 pod False")
      yield* Effect.sleep("3 seconds")
      expect(yield* state).toBe("x1 pod False")
    }))
  })

  it("of a sidecar's start holds the main containers back", () => {
    simulate(Effect.gen(function*() {
      const side: Container = { name: "side", image: "i", restartPolicy: "Always", startupProbe: { httpGet, periodSeconds: 1, failureThreshold: 60 } }
      const script = { containers: { side: { run: "forever", startup: "7500 millis" } }, default: { run: "5 seconds" } } as const
      yield* createPod(podOf("p", { initContainers: [side] }, scripted(script)))
      yield* Effect.sleep("7 seconds")
      const before = yield* findPod("p")
      expect(before?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("PodInitializing")
      expect(before?.status?.conditions?.find((it) => it.type === "Initialized")).toMatchObject({ status: "False", message: "containers with incomplete status: [side]" })
      expect(before?.status?.initContainerStatuses?.[0]).toMatchObject({ started: false, ready: false })
      yield* Effect.sleep("2 seconds")
      const after = yield* findPod("p")
      expect(after?.status?.phase).toBe("Running")
      expect(after?.status?.containerStatuses?.[0]?.state?.running?.startedAt).toBe("2026-01-01T00:00:08Z")
      yield* Effect.sleep("10 seconds")
      expect((yield* findPod("p"))?.status?.phase).toBe("Succeeded")
    }))
  })

  it("that fails for a container which may not be restarted ends the pod", () => {
    simulate(Effect.gen(function*() {
      yield* serving({ livenessProbe: { httpGet, periodSeconds: 1, failureThreshold: 1 } }, { alive: "3 seconds" }, { restartPolicy: "Never" })
      yield* Effect.sleep("10 seconds")
      expect((yield* findPod("p"))?.status?.phase).toBe("Failed")
    }))
  })
})

describe("a hook before the end", () => {
  const stopping = Effect.gen(function*() {
    const client = yield* KubeClient
    yield* Effect.sleep("5 seconds")
    yield* client.delete(KubeResource.pods, { namespace: "default", name: "p" })
  })

  it("runs within the grace period, and the container is asked to end after it", () => {
    simulate(Effect.gen(function*() {
      yield* serving({ lifecycle: { preStop: { sleep: { seconds: 10 } } } }, { stop: "5 seconds" })
      yield* stopping
      yield* Effect.sleep("14 seconds")
      expect(stateOf(yield* findPod("p"))).toContain("started")
      yield* Effect.sleep("2 seconds")
      expect(yield* findPod("p")).toBeUndefined()
    }))
  })

  it("that takes too long leaves two seconds", () => {
    simulate(Effect.gen(function*() {
      yield* serving({ lifecycle: { preStop: { exec: { command: ["sleep"] } } } }, { hook: "10 minutes", stop: "1 minute" }, { terminationGracePeriodSeconds: 20 })
      yield* stopping
      yield* Effect.sleep("21 seconds")
      expect(yield* findPod("p")).toBeDefined()
      yield* Effect.sleep("2 seconds")
      expect(yield* findPod("p")).toBeUndefined()
    }))
  })
})
