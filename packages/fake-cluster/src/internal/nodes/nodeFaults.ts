/** What can happen to the nodes of a cluster: they are lost, come back, and run out of things. */
import { KubeClient, KubeError, KubeResource, KubeTime, type Node } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import type { Kubelet } from "../../Kubelet.ts"
import { type PressedResource, pressureCondition } from "../evictionRank.ts"

/** Which nodes are lost, and since when. */
export class LostNodes {
  readonly #since = new Map<string, number>()

  readonly isLost = (node: string): boolean => this.#since.has(node)

  since(node: string): number | undefined {
    return this.#since.get(node)
  }

  lose(node: string, now: number): void {
    this.#since.set(node, now)
  }

  restore(node: string): void {
    this.#since.delete(node)
  }
}

const setConditions = (client: KubeClient["Service"], node: string, conditions: ReadonlyArray<object>): Effect.Effect<void, KubeError.KubeError> =>
  Effect.asVoid(client.patch<Node>(KubeResource.nodes, { name: node, subresource: "status" }, "strategic", { status: { conditions } }))

const condition = (type: string, status: string, reason: string, message: string, now: number): object => ({
  type, status, reason, message, lastHeartbeatTime: KubeTime.format(now), lastTransitionTime: KubeTime.format(now)
})

/** Says that everything is well with the node, as its kubelet does when it is there again. */
export const postReady = Effect.fnUntraced(function*(client: KubeClient["Service"], node: string): Effect.fn.Return<void, KubeError.KubeError> {
  const now = yield* Clock.currentTimeMillis
  const well = Object.values(pressureCondition).map(({ lacks, type }) => condition(type, "False", lacks, wellText(type), now))
  yield* setConditions(client, node, [...well, condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now)])
})

const wellText = (type: string): string =>
  type === "DiskPressure" ? "kubelet has no disk pressure" : `kubelet has sufficient ${type === "MemoryPressure" ? "memory" : "PID"} available`

/** Marks the node as short of something and has one pod evicted; answers it. */
export const press = Effect.fnUntraced(function*(client: KubeClient["Service"], kubelet: Kubelet, node: string, resource: PressedResource): Effect.fn.Return<string | undefined, KubeError.KubeError> {
  const now = yield* Clock.currentTimeMillis
  const { has, type } = pressureCondition[resource]
  const text = type === "DiskPressure" ? "kubelet has disk pressure" : `kubelet has insufficient ${type === "MemoryPressure" ? "memory" : "PID"} available`
  yield* setConditions(client, node, [condition(type, "True", has, text, now)])
  return kubelet.evict(node, resource)
})

/** Marks the node as well supplied again. */
export const relieve = Effect.fnUntraced(function*(client: KubeClient["Service"], node: string, resource: PressedResource): Effect.fn.Return<void, KubeError.KubeError> {
  const { lacks, type } = pressureCondition[resource]
  yield* setConditions(client, node, [condition(type, "False", lacks, wellText(type), yield* Clock.currentTimeMillis)])
})
