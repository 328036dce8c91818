import type { Pod } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { choosePreemption } from "../../src/internal/preemption.ts"

interface Sketch {
  readonly priority: number
  readonly size: number
  readonly guarded?: boolean
  readonly age?: number
}

const podOf = (name: string, { age = 0, priority }: Sketch): Pod => ({
  metadata: { name, namespace: "n", creationTimestamp: new Date(Date.UTC(2026, 0, 1) - age * 1000).toISOString() },
  spec: { containers: [], priority }
})

/** Nodes of size 10; who goes for a pod of that size and priority. */
const choose = (nodes: { readonly [node: string]: { readonly [pod: string]: Sketch } }, size: number, priority: number): string => {
  const sketches = new Map(Object.values(nodes).flatMap((pods) => Object.entries(pods)))
  const podsOn = (node: string): ReadonlyArray<Pod> => Object.entries(nodes[node]!).map(([name, it]) => podOf(name, it))
  const sizeOf = (pods: ReadonlyArray<Pod>): number => pods.reduce((sum, it) => sum + sketches.get(it.metadata.name!)!.size, 0)
  const found = choosePreemption({
    priority,
    nodes: Object.keys(nodes),
    podsOn,
    fits: (node, without) => sizeOf(podsOn(node)) - sizeOf(without) + size <= 10,
    violates: (pod) => sketches.get(pod.metadata.name!)!.guarded === true
  })
  return found === undefined ? "nobody" : `${found.node}: ${found.victims.map((it) => it.metadata.name).sort().join(" ")}`
}

describe("for a more important pod", () => {
  it.each([
    ["as few as needed go, the least important of them", { a: { x: { priority: 1, size: 5 }, y: { priority: 0, size: 5 } } }, 5, "a: y"],
    ["nobody goes who is as important", { a: { x: { priority: 10, size: 10 } } }, 5, "nobody"],
    ["nobody goes if that does not help", { a: { x: { priority: 10, size: 8 }, y: { priority: 0, size: 2 } } }, 5, "nobody"],
    ["budgets count more than importance", { a: { x: { priority: 0, size: 10, guarded: true } }, b: { y: { priority: 5, size: 10 } } }, 5, "b: y"],
    ["the node goes whose most important victim matters least", { a: { x: { priority: 3, size: 10 } }, b: { y: { priority: 2, size: 10 } } }, 5, "b: y"],
    ["fewer victims are better", { a: { x: { priority: 1, size: 5 }, y: { priority: 1, size: 5 } }, b: { z: { priority: 1, size: 10 } } }, 10, "b: z"],
    ["the younger ones go", { a: { x: { priority: 1, size: 10, age: 100 } }, b: { y: { priority: 1, size: 10, age: 10 } } }, 10, "b: y"]
  ] as ReadonlyArray<readonly [string, { readonly [node: string]: { readonly [pod: string]: Sketch } }, number, string]>)("%s", (_, nodes, size, expected) => {
    expect(choose(nodes, size, 10)).toBe(expected)
  })
})
