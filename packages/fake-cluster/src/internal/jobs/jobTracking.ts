/** Counts ended pods exactly once: first their uids are noted in the status, then their finalizers go, then they are counted. Pure. */
import type { Pod } from "@fairlead/kube"
import { format, indexOf } from "./jobIndexes.ts"
import { failureVerdict, hasFailed } from "./jobPolicies.ts"
import { type JobCondition, type JobStatus, type JobView, isIndexed, isTracked, makeCondition } from "./jobView.ts"

/** The status to write before finalizers are removed, and the pods to let go. */
export interface Tracking {
  readonly status: JobStatus
  readonly release: ReadonlyArray<Pod>
}

/** Pods that are let go in one round at most; the job's turn comes again. */
const roundMost = 500

/** Notes what has ended. `status` holds what the round has found out so far. */
export const track = (view: JobView, before: JobStatus, finish: JobCondition | undefined): Tracking => {
  const { indexes, job, spec } = view
  const held = new Set(view.pods.filter(isTracked).map((it) => it.metadata.uid!))
  const cleaned = count(before, held)
  const uncounted = { succeeded: [...(cleaned.uncountedTerminatedPods?.succeeded ?? [])], failed: [...(cleaned.uncountedTerminatedPods?.failed ?? [])] }
  const release: Array<Pod> = []
  for (const pod of view.pods) {
    if (release.length >= roundMost) break
    const failed = hasFailed(spec, pod)
    if (!isTracked(pod) || !mayLetGo(view, pod, failed, finish)) continue
    release.push(pod)
    const uid = pod.metadata.uid!
    const isKnown = uncounted.failed.includes(uid) || uncounted.succeeded.includes(uid)
    const counts = indexes === undefined || (indexOf(pod) ?? Infinity) < (spec.completions ?? 0)
    if (pod.status?.phase === "Succeeded") {
      if (!isKnown && indexes === undefined) uncounted.succeeded.push(uid)
    } else if (!isKnown && counts && (failed || finish?.type === "FailureTarget") && failureVerdict(spec, pod).action !== "Ignore") {
      uncounted.failed.push(uid)
    }
  }
  const isListed = job.status?.conditions?.some((it) => it.type === finish?.type) ?? false
  const status: JobStatus = {
    ...cleaned,
    uncountedTerminatedPods: lists(uncounted),
    ...(isIndexed(spec) ? indexFields(view) : {}),
    ...(finish === undefined || isListed ? {} : { conditions: [...(cleaned.conditions ?? []), finish] })
  }
  return { status, release }
}

const indexFields = ({ indexes }: JobView): Partial<JobStatus> => ({
  ...(indexes!.succeeded.size === 0 ? {} : { succeeded: indexes!.succeeded.size, completedIndexes: format(indexes!.succeeded) }),
  ...(indexes!.failed === undefined ? {} : { failedIndexes: format(indexes!.failed) })
})

const mayLetGo = ({ indexes, job }: JobView, pod: Pod, failed: boolean, finish: JobCondition | undefined): boolean => {
  if (job.metadata.deletionTimestamp !== undefined || finish !== undefined || pod.status?.phase === "Succeeded") return true
  return failed && indexes?.kept.get(indexOf(pod) ?? -1)?.metadata.uid !== pod.metadata.uid
}

/** Counts those whose finalizers are gone. */
export const count = (status: JobStatus, held: ReadonlySet<string>): JobStatus => {
  const { failed = [], succeeded = [] } = status.uncountedTerminatedPods ?? {}
  const left = { succeeded: succeeded.filter((it) => held.has(it)), failed: failed.filter((it) => held.has(it)) }
  const counted = { succeeded: (status.succeeded ?? 0) + succeeded.length - left.succeeded.length, failed: (status.failed ?? 0) + failed.length - left.failed.length }
  return {
    ...status,
    ...(counted.succeeded === 0 ? {} : { succeeded: counted.succeeded }),
    ...(counted.failed === 0 ? {} : { failed: counted.failed }),
    uncountedTerminatedPods: lists(left)
  }
}

const lists = ({ failed, succeeded }: { readonly failed: ReadonlyArray<string>; readonly succeeded: ReadonlyArray<string> }) => ({
  ...(succeeded.length === 0 ? {} : { succeeded }),
  ...(failed.length === 0 ? {} : { failed })
})

/** The final condition, once every pod is counted and gone; `undefined` before. */
export const finalCondition = (status: JobStatus, finish: JobCondition, terminating: number, now: number): JobCondition | undefined => {
  const { failed = [], succeeded = [] } = status.uncountedTerminatedPods ?? {}
  if (failed.length + succeeded.length > 0 || terminating > 0) return undefined
  return makeCondition(finish.type === "FailureTarget" ? "Failed" : "Complete", "True", finish.reason ?? "", finish.message ?? "", now)
}
