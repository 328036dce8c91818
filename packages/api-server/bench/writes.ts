/** Creates and patches a second, in process. */
import { bestOf, report } from "./support/measure.ts"
import { configMap, configMaps, create, makeServer, pod, pods, withServiceAccount } from "./support/objects.ts"

const count = 5000
const perSecond = (milliseconds: number): number => count / (milliseconds / 1000)

const creates = (name: string, atLeast: number, where: typeof configMaps | typeof pods, make: (i: number) => object): void => {
  let server = makeServer()
  let bodies: ReadonlyArray<object> = []
  const prepare = (): void => {
    server = withServiceAccount(makeServer())
    bodies = Array.from({ length: count }, (_, i) => make(i))
    globalThis.gc?.()
  }
  const best = bestOf(6, () => {
    for (const body of bodies) create(server, where, body)
  }, prepare)
  report(name, perSecond(best), "creates/s", { atLeast, jsonBytes: JSON.stringify(make(1)).length })
}

creates("create of a configmap of 1 KB", 20_000, configMaps, configMap)
creates("create of a pod with defaults, checks and managedFields", 8000, pods, pod)

const time = "2026-01-01T00:00:00Z"
const running = {
  status: {
    phase: "Running",
    startTime: time,
    podIP: "10.0.0.1",
    podIPs: [{ ip: "10.0.0.1" }],
    conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({ type, status: "True", lastProbeTime: null, lastTransitionTime: time })),
    containerStatuses: [{ name: "main", image: "x", imageID: "x", ready: true, restartCount: 0, lastState: {}, started: true, state: { running: { startedAt: time } } }]
  }
}

const patches = (): void => {
  let server = makeServer()
  const best = bestOf(6, () => {
    for (let i = 0; i < count; i++) {
      const answer = server.handle({ verb: "patch", patchType: "strategic", ...pods, name: `run-${i}`, subresource: "status", body: structuredClone(running), userAgent: "kubelet/1" })
      if (answer.code !== 200) throw new Error(JSON.stringify(answer.body))
    }
  }, () => {
    server = withServiceAccount(makeServer())
    for (let i = 0; i < count; i++) create(server, pods, pod(i))
    globalThis.gc?.()
  })
  report("strategic patch of a pod's status", perSecond(best), "patches/s")
}
patches()
