/** Pods that take too long to start: for how long, where they are stuck, and what stands in the way. Pure. */
import type { CoreEvent, Pod } from "@fairlead/kube"
import type { PendingLimits } from "../KubernetesExecutorOptions.ts"

/** A pod that is pending for longer than it may be. */
export interface Overdue {
  readonly stage: string
  readonly seconds: number
  readonly limit: number
}

const imageReasons = new Set(["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"])
const secondsSince = (time: string | null | undefined, wallMillis: number): number => (wallMillis - Date.parse(time ?? "")) / 1000

/** The first limit that the pod is over: for its stage, counted from the time that it reached the node, or for all together. */
export const overdueOf = (pod: Pod, limits: PendingLimits, wallMillis: number): Overdue | undefined => {
  const { metadata, status } = pod
  if (status?.phase !== "Pending") return undefined
  const age = secondsSince(metadata.creationTimestamp, wallMillis)
  const scheduled = status.conditions?.find(({ type }) => type === "PodScheduled")
  const isOnNode = scheduled?.status === "True"
  const atNode = isOnNode ? secondsSince(scheduled.lastTransitionTime ?? metadata.creationTimestamp, wallMillis) : age
  const isForImage = waitingOf(pod).some(({ reason }) => imageReasons.has(reason))
  const [stage, limit]: readonly [string, number | undefined] = !isOnNode
    ? ["waits for a node", limits.scheduling]
    : isForImage ? ["waits for an image", limits.image] : ["is on its node without starting", limits.starting]
  if (limit !== undefined && atNode > limit) return { stage, seconds: atNode, limit }
  return limits.total !== undefined && age > limits.total ? { stage: "is pending", seconds: age, limit: limits.total } : undefined
}

/** In words, with what the conditions, the waiting containers and the events of the pod tell. */
export const textOfOverdue = ({ limit, seconds, stage }: Overdue, pod: Pod, events: ReadonlyArray<CoreEvent>): string =>
  `the pod ${stage} for ${Math.floor(seconds)} s, ${limit} at most: ${[...new Set([pendingReason(pod), ...warningsOf(events)])].filter((it) => it !== "").join("; ") || "nobody says why"}`

/** What stands in the way, as the conditions and the waiting containers tell; empty when they say nothing. */
export const pendingReason = (pod: Pod): string => {
  const conditions = (pod.status?.conditions ?? []).filter((it) => it.status !== "True" && it.message !== undefined).map((it) => it.message!)
  return [...waitingOf(pod).map(({ message, name, reason }) => `container ${name} waits (${reason}${message === undefined ? "" : `: ${message}`})`), ...conditions].join("; ")
}

const waitingOf = ({ status }: Pod): ReadonlyArray<{ readonly name: string; readonly reason: string; readonly message: string | undefined }> =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(({ name, state }) =>
    state?.waiting?.reason === undefined ? [] : [{ name, reason: state.waiting.reason, message: state.waiting.message }])

/** The last three different warnings: a volume that cannot be mounted is told of nowhere else. */
const warningsOf = (events: ReadonlyArray<CoreEvent>): ReadonlyArray<string> =>
  [...new Set(events.filter(({ type }) => type === "Warning").map(({ message = "", reason = "" }) => `${reason}: ${message}`))].slice(-3)
