/** Which pod a node under pressure gives up first. Pure. */
import type { Pod } from "@fairlead/kube"
import { createdAt } from "./podFacts.ts"
import { podRequests } from "./podDemand.ts"

/** What a node runs out of. */
export type PressedResource = "memory" | "ephemeral-storage" | "pids"

/** The condition of the node that tells of it. */
export const pressureCondition: { readonly [resource in PressedResource]: { readonly type: string; readonly has: string; readonly lacks: string } } = {
  memory: { type: "MemoryPressure", has: "KubeletHasInsufficientMemory", lacks: "KubeletHasSufficientMemory" },
  "ephemeral-storage": { type: "DiskPressure", has: "KubeletHasDiskPressure", lacks: "KubeletHasNoDiskPressure" },
  pids: { type: "PIDPressure", has: "KubeletHasInsufficientPID", lacks: "KubeletHasSufficientPID" }
}

const isCritical = ({ spec }: Pod): boolean => (spec?.priority ?? 0) >= 2_000_000_000

/** Those that asked for nothing first, then the least important, then the youngest. Pods that the cluster needs are spared. */
export const evictionOrder = (pods: ReadonlyArray<Pod>, resource: PressedResource): ReadonlyArray<Pod> => {
  const requested = (pod: Pod): number => (resource === "pids" ? 0 : (podRequests(pod.spec!).get(resource) ?? 0))
  return pods.filter((it) => !isCritical(it))
    .sort((a, b) => Number(requested(a) > 0) - Number(requested(b) > 0) || (a.spec?.priority ?? 0) - (b.spec?.priority ?? 0) || createdAt(b) - createdAt(a))
}

/** What the status of an evicted pod says. */
export const evictionMessage = (resource: PressedResource): string => `The node was low on resource: ${resource}. `
