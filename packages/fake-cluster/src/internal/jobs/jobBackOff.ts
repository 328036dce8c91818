/** How long a job waits before it replaces failed pods: 10 s, doubled by every further failure, 10 minutes at most. */
import type { Pod } from "@fairlead/kube"

/** Failures since the last success. */
export interface BackOff {
  readonly failures: number
  /** Milliseconds since the epoch. */
  readonly lastFailureAt: number | undefined
}

export const noBackOff: BackOff = { failures: 0, lastFailureAt: undefined }

const first = 10_000
const most = 600_000

/** After these pods have ended. */
export const nextBackOff = (before: BackOff, succeeded: ReadonlyArray<Pod>, failed: ReadonlyArray<Pod>, now: number): BackOff => {
  if (succeeded.length === 0 && failed.length === 0) return before
  const lastSuccess = succeeded.length === 0 ? undefined : Math.max(...succeeded.map((it) => endedAt(it, now)))
  const after = failed.map((it) => endedAt(it, now)).filter((it) => lastSuccess === undefined || it > lastSuccess)
  if (lastSuccess !== undefined && after.length === 0) return noBackOff
  return { failures: (lastSuccess === undefined ? before.failures : 0) + after.length, lastFailureAt: Math.max(before.lastFailureAt ?? 0, ...after) }
}

/** Milliseconds until the next pod may be made. */
export const remaining = ({ failures, lastFailureAt }: BackOff, now: number): number => {
  if (failures === 0 || lastFailureAt === undefined) return 0
  const delay = Math.min(first * 2 ** Math.min(failures - 1, 20), most)
  return Math.max(0, lastFailureAt + delay - now)
}

/** The end of its last container, or whatever comes near to it. */
export const endedAt = (pod: Pod, now: number): number => {
  const ends = (pod.status?.containerStatuses ?? []).map((it) => it.state?.terminated?.finishedAt)
  if (ends.length > 0 && ends.every((it) => it !== undefined)) return Math.max(...ends.map((it) => Date.parse(it!)))
  const ready = pod.status?.conditions?.find((it) => it.type === "Ready" && it.reason === "PodFailed")?.lastTransitionTime
  if (ready != null) return Date.parse(ready)
  return pod.metadata.deletionTimestamp === undefined ? now : Date.parse(pod.metadata.deletionTimestamp)
}
