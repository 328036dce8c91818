import { KubeClient, type KubeObject, KubeResource, type Pod, type PodSpec } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { FakeCluster, type Nodes } from "../src/index.ts"
import { createPod, findPod, podOf, scripted, simulate } from "./world.ts"

const zoned = (name: string, zone: string, cpu = "4"): Nodes.NodeTemplate => ({ name, labels: { zone }, allocatable: { cpu } })
const four = [zoned("a", "x"), zoned("b", "x"), zoned("c", "y"), zoned("d", "y")]
const pod = (name: string, labels: { readonly [key: string]: string }, spec: Partial<PodSpec> = {}) => createPod(podOf(name, spec, { labels, ...scripted({ default: { run: "forever" } }) }))
const placesOf = (all: ReadonlyArray<Pod>) => Object.fromEntries(all.map((it) => [it.metadata.name, it.spec?.nodeName]))
const places = Effect.map(FakeCluster, (cluster) => placesOf(cluster.pods()))
const message = (name: string) => Effect.map(findPod(name), (it) => it?.status?.conditions?.find((condition) => condition.type === "PodScheduled")?.message)

const near = (app: string, topologyKey: string) => [{ labelSelector: { matchLabels: { app } }, topologyKey }]
const withFriends = (app: string, key: string): Partial<PodSpec> => ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: near(app, key) } } })
const withoutFoes = (app: string, key: string): Partial<PodSpec> => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: near(app, key) } } })

describe("pods that care about others", () => {
  it("come near to those that they like, and wait for them", () => {
    simulate(
      Effect.gen(function*() {
        yield* pod("late", { app: "cache" }, withFriends("web", "zone"))
        yield* Effect.sleep("1 second")
        expect(yield* message("late")).toBe("0/4 nodes are available: 4 node(s) didn't match pod affinity rules. no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.")
        yield* pod("web", { app: "web" }, { nodeSelector: { zone: "y" } })
        yield* Effect.sleep("1 second")
        expect(["c", "d"]).toContain((yield* places)["late"])
      }),
      { nodes: four }
    )
  })

  it("of one group may start anywhere and then stay together", () => {
    simulate(
      Effect.gen(function*() {
        for (const name of ["1", "2", "3"]) yield* pod(name, { app: "g" }, withFriends("g", "kubernetes.io/hostname"))
        yield* Effect.sleep("1 second")
        expect(new Set(Object.values(yield* places)).size).toBe(1)
      }),
      { nodes: four }
    )
  })

  it("keep apart from those that they dislike, who keep apart from them", () => {
    simulate(
      Effect.gen(function*() {
        for (const name of ["1", "2", "3"]) yield* pod(name, { app: "db" }, withoutFoes("db", "zone"))
        yield* Effect.sleep("1 second")
        const found = yield* places
        expect([found["1"], found["2"]].map((it) => (it === "a" || it === "b" ? "x" : "y")).sort()).toEqual(["x", "y"])
        expect(found["3"]).toBeUndefined()
        expect(yield* message("3")).toBe("0/4 nodes are available: 4 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, preemption: 0/4 nodes are available: 4 No preemption victims found for incoming pod.")
        yield* pod("plain", { app: "db" })
        yield* Effect.sleep("1 second")
        expect(yield* message("plain")).toContain("4 node(s) didn't satisfy existing pods anti-affinity rules")
      }),
      { nodes: four }
    )
  })

  it("spread evenly", () => {
    simulate(
      Effect.gen(function*() {
        const topologySpreadConstraints = [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: { app: "s" } } }]
        for (const name of ["1", "2", "3", "4", "5", "6"]) yield* pod(name, { app: "s" }, { topologySpreadConstraints })
        yield* Effect.sleep("1 second")
        const zones = Object.values(yield* places).map((it) => (it === "a" ? "x" : it === "c" ? "y" : "none")).sort().join("")
        expect(zones).toBe("xxxyyy")
        yield* pod("7", { app: "s" }, { topologySpreadConstraints, nodeSelector: { zone: "y" } })
        yield* pod("8", { app: "s" }, { topologySpreadConstraints: topologySpreadConstraints.map((it) => ({ ...it, topologyKey: "rack" })) })
        yield* Effect.sleep("1 second")
        expect(yield* message("8")).toContain("2 node(s) didn't match pod topology spread constraints (missing required label)")
      }),
      { nodes: [zoned("a", "x"), zoned("c", "y")] }
    )
  })
})

describe("a more important pod", () => {
  const classes = Effect.flatMap(KubeClient, (client) =>
    Effect.forEach([["high", "PreemptLowerPriority"], ["polite", "Never"]] as const, ([name, preemptionPolicy]) =>
      client.create(KubeResource.make("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false), {
        apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value: 1000, preemptionPolicy
      } as KubeObject)))
  const asking = (cpu: string, more: Partial<PodSpec> = {}): Partial<PodSpec> => ({ containers: [{ name: "main", image: "i", resources: { requests: { cpu } } }], ...more })
  const two = [zoned("a", "x", "2"), zoned("b", "x", "2")]

  it("has as few others as possible deleted, and waits for their end", () => {
    simulate(
      Effect.gen(function*() {
        yield* classes
        yield* createPod(podOf("small", asking("500m", { nodeName: "a" }), scripted({ default: { run: "forever", stop: "5 seconds" } })))
        yield* createPod(podOf("big", asking("1500m", { nodeName: "a" }), scripted({ default: { run: "forever", stop: "5 seconds" } })))
        yield* createPod(podOf("vip", asking("2", { nodeName: "b", priorityClassName: "high" }), scripted({ default: { run: "forever" } })))
        yield* Effect.sleep("2 seconds")
        yield* pod("urgent", {}, asking("1500m", { priorityClassName: "high" }))
        yield* Effect.sleep("2 seconds")
        const waiting = yield* findPod("urgent")
        expect(waiting?.status?.nominatedNodeName).toBe("a")
        expect(yield* message("urgent")).toBe("0/2 nodes are available: 2 Insufficient cpu.")
        const victim = yield* findPod("big")
        expect(victim?.metadata.deletionTimestamp).toBeDefined()
        expect(victim?.status?.conditions?.find((it) => it.type === "DisruptionTarget")).toMatchObject({
          status: "True", reason: "PreemptionByScheduler", message: "default-scheduler: preempting to accommodate a higher priority pod"
        })
        // Its room is kept: nobody less important slips in.
        yield* pod("sly", {}, asking("1"))
        yield* Effect.sleep("10 seconds")
        expect(yield* places).toEqual({ small: "a", urgent: "a", vip: "b", sly: undefined })
      }),
      { nodes: two }
    )
  })

  it("that may not preempt waits", () => {
    simulate(
      Effect.gen(function*() {
        yield* classes
        for (const node of ["a", "b"]) yield* createPod(podOf(`low-${node}`, asking("2", { nodeName: node }), scripted({ default: { run: "forever" } })))
        yield* pod("polite", {}, asking("1", { priorityClassName: "polite" }))
        yield* Effect.sleep("2 seconds")
        expect(yield* message("polite")).toBe("0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.")
      }),
      { nodes: two }
    )
  })

  it("spares pods with a disruption budget as far as it can", () => {
    simulate(
      Effect.gen(function*() {
        const client = yield* KubeClient
        yield* classes
        yield* client.create(KubeResource.make("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"), {
          apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "b", namespace: "default" }, spec: { minAvailable: 1, selector: { matchLabels: { app: "a" } } }
        } as KubeObject)
        yield* pod("guarded", { app: "a" }, asking("2", { nodeName: "a" }))
        yield* pod("free", { app: "b" }, asking("2", { nodeName: "b" }))
        yield* Effect.sleep("5 seconds")
        yield* pod("urgent", {}, asking("1", { priorityClassName: "high" }))
        yield* Effect.sleep("5 seconds")
        expect(yield* places).toEqual({ guarded: "a", urgent: "b" })
      }),
      { nodes: two }
    )
  })
})
