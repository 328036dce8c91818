import type { Deployment, ReplicaSet } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { fenceposts } from "../../src/internal/deployments/deploymentFacts.ts"
import { proportional, rollingStep } from "../../src/internal/deployments/deploymentScaling.ts"

type Part = number | string
const deployment = (replicas: number, maxSurge: Part = "25%", maxUnavailable: Part = "25%"): Deployment => ({
  metadata: { name: "d", namespace: "n" },
  spec: { replicas, selector: {}, template: {}, strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } } }
})
const set = (name: string, replicas: number, available = replicas, most = 0): ReplicaSet => ({
  metadata: { name, namespace: "n", creationTimestamp: `2026-01-01T00:00:0${name.charCodeAt(0) - 97}Z`, annotations: { "deployment.kubernetes.io/max-replicas": String(most) } },
  spec: { replicas, selector: {} },
  status: { replicas, availableReplicas: available }
})
const said = (resizes: ReadonlyArray<{ readonly set: ReplicaSet; readonly replicas: number }>) => resizes.map((it) => `${it.set.metadata.name}:${it.replicas}`).join(" ")

describe("fenceposts", () => {
  it.each([
    [4, "25%", "25%", 1, 1], [3, "25%", "25%", 1, 0], [10, "30%", "20%", 3, 2], [5, 0, 0, 0, 1], [1, 0, "50%", 0, 1], [2, 3, 5, 3, 2], [0, "25%", "25%", 0, 0]
  ])("of %i with %s and %s are %i and %i", (replicas, surge, unavailable, more, fewer) => {
    expect(fenceposts(deployment(replicas, surge, unavailable))).toEqual({ surge: more, unavailable: fewer })
  })
})

describe("a step of a rolling update", () => {
  it.each([
    ["grows the new set by the surge", deployment(4), set("z", 0), [set("a", 4)], "z:1"],
    ["shrinks the old one when the new one cannot grow", deployment(4), set("z", 1), [set("a", 4)], "a:2"],
    ["waits for new pods to be available", deployment(4, 1, 0), set("z", 1, 0), [set("a", 4)], ""],
    ["takes unhealthy old pods first", deployment(4, 1, 1), set("z", 1, 0), [set("a", 2, 0), set("b", 2)], "a:1"],
    ["takes the oldest set first", deployment(4, 1, 1), set("z", 1), [set("a", 1), set("b", 3)], "a:0 b:2"],
    ["shrinks a new set that is too big", deployment(2), set("z", 3), [], "z:2"]
  ])("%s", (_, it, newest, old, expected) => {
    expect(said(rollingStep(it, newest, old))).toBe(expected)
  })
})

describe("a new size in the middle of an update", () => {
  it.each([
    ["goes to the only set", deployment(7), set("z", 4), [set("a", 0)], "z:7"],
    ["is shared by the sets in proportion", deployment(20, 0, 1), set("z", 5, 5, 10), [set("a", 5, 5, 10)], "z:10 a:10"],
    ["leaves odd ones with the biggest", deployment(5, 0, 1), set("z", 2, 2, 3), [set("a", 1, 1, 3)], "z:3 a:2"]
  ])("%s", (_, it, newest, old, expected) => {
    expect(said(proportional(it, newest, old))).toBe(expected)
  })
})
