import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { KubeClient, type KubeError, KubeResource, type Pod, type PodSpec } from "@fairlead/kube"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll } from "vitest"
import { FakeCluster } from "../src/index.ts"
import { PodRuntimeProcess } from "../src/node.ts"
import { createPod, find, findPod, podOf, type World } from "./world.ts"

const root = mkdtempSync(join(tmpdir(), "fairlead-cluster-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const server = KubeClient.layer.pipe(Layer.provideMerge(KubeTransportApiServer.layer), Layer.provideMerge(FakeApiServer.layer))

/** A cluster of real processes and real time. */
const live = <A, E>(program: Effect.Effect<A, E, World>): Effect.Effect<A, E | KubeError.KubeError> =>
  Effect.scoped(Effect.gen(function*() {
    const env = { PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` }
    const runtime = yield* PodRuntimeProcess.make({ root, workingDirectory: root, env })
    const cluster = FakeCluster.layer({ nodes: 1, runtime }).pipe(Layer.provideMerge(server))
    return yield* Effect.scoped(program).pipe(Effect.provide(Layer.fresh(cluster)))
  }))

const shell = (text: string, spec: Partial<PodSpec> = {}): Partial<PodSpec> => ({ containers: [{ name: "main", image: "any", command: ["sh", "-c", text] }], ...spec })

const until = <A, E>(look: Effect.Effect<A | undefined, E, World>, holds: (it: A | undefined) => boolean): Effect.Effect<A | undefined, E, World> =>
  Effect.gen(function*() {
    for (let i = 0; i < 1000; i++) {
      const it = yield* look
      if (holds(it)) return it
      yield* Effect.sleep(5)
    }
    return yield* Effect.die(new Error("waited in vain"))
  })

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const ended = (name: string) => until(findPod(name), (it) => it?.status?.phase === "Succeeded" || it?.status?.phase === "Failed")

const logOf = (pod: string, container = "main") => Effect.flatMap(FakeCluster, (it) => it.logs("default", pod, { container }))

describe("a cluster of processes", () => {
  it.live("runs a pod as a process, with what it refers to, and keeps its log", () =>
    live(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* client.create(KubeResource.configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name: "c" }, data: { k: "from the map" } } as Pod)
      yield* createPod(podOf("p", {
        containers: [{
          name: "main",
          image: "any",
          command: ["sh", "-c", "cat /etc/fake/k; echo; echo $(GREETING) $POD; sleep 0.05"],
          env: [{ name: "GREETING", value: "hello" }, { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
          volumeMounts: [{ name: "v", mountPath: "/etc/fake" }]
        }],
        volumes: [{ name: "v", configMap: { name: "c" } }]
      }))
      const running = yield* until(findPod("p"), (it) => it?.status?.phase === "Running")
      expect(running?.status?.containerStatuses?.[0]).toMatchObject({ ready: true, containerID: expect.stringMatching(/^process:\/\/\d+$/) })
      expect((yield* ended("p"))?.status?.phase).toBe("Succeeded")
      expect(yield* logOf("p")).toBe("from the map\nhello p\n")
    })))

  it.live("reports a command that is not there as a real node does", () =>
    live(Effect.gen(function*() {
      yield* createPod(podOf("p", { containers: [{ name: "main", image: "any", command: ["no-such-command"] }] }))
      const pod = yield* ended("p")
      expect(pod?.status?.phase).toBe("Failed")
      expect(pod?.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
        exitCode: 128,
        reason: "StartError",
        startedAt: "1970-01-01T00:00:00Z",
        message: expect.stringContaining('exec: "no-such-command": executable file not found in $PATH')
      })
    })))

  it.live("hands files from an init container to the main one and on to a sidecar that is stopped last", () =>
    live(Effect.gen(function*() {
      const volumeMounts = [{ name: "work", mountPath: "/fake/work" }]
      yield* createPod(podOf("p", {
        volumes: [{ name: "work", emptyDir: {} }],
        initContainers: [
          { name: "upload", image: "any", restartPolicy: "Always", volumeMounts, command: ["sh", "-c", "trap 'cat /fake/work/out; exit 0' TERM; sleep 100 & wait"] },
          { name: "download", image: "any", volumeMounts, command: ["sh", "-c", "echo 20 > /fake/work/in"] }
        ],
        containers: [{ name: "main", image: "any", volumeMounts, command: ["sh", "-c", "echo $(($(cat /fake/work/in) + 1)) > /fake/work/out"] }]
      }))
      const pod = yield* ended("p")
      expect(pod?.status?.phase).toBe("Succeeded")
      expect(yield* logOf("p", "upload")).toBe("21\n")
    })))

  it.live("ends a pod with SIGTERM when it is deleted, and forgets its folder", () =>
    live(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* createPod(podOf("p", shell("trap 'exit 0' TERM; echo ready; sleep 100 & wait")))
      yield* until(logOf("p"), (it) => it === "ready\n")
      yield* client.delete(KubeResource.pods, { namespace: "default", name: "p" })
      yield* until(find(KubeResource.pods, "p"), (it) => it === undefined)
      yield* until(Effect.sync(() => readdirSync(join(root, "pods")).some((it) => it.startsWith("default_p_"))), (it) => it === false)
    })))

  it.live("starts the first process a moment after its pod was created", () =>
    live(Effect.gen(function*() {
      const begin = performance.now()
      yield* createPod(podOf("p", shell("true")))
      yield* ended("p")
      expect(performance.now() - begin).toBeLessThan(500)
    })))

  it.live("takes its processes with it when it is closed", () =>
    Effect.gen(function*() {
      const pid = yield* live(Effect.gen(function*() {
        yield* createPod(podOf("p", shell("trap '' TERM; echo $$; while :; do sleep 0.1; done")))
        return Number(yield* until(logOf("p"), (it) => it !== undefined && it !== ""))
      }))
      for (let i = 0; i < 100 && isAlive(pid); i++) yield* Effect.sleep(10)
      expect(isAlive(pid)).toBe(false)
    }))
})
