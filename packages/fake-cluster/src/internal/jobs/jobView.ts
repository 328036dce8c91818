/** Where a job stands: its counts and whether it has come to its end. Pure. */
import { type Job, KubeTime, type Pod } from "@fairlead/kube"
import { hasEnded, isActive, isReady, isTerminating } from "../podFacts.ts"
import { type BackOff, nextBackOff } from "./jobBackOff.ts"
import { indexOf, parse } from "./jobIndexes.ts"
import { failureVerdict, hasFailed, metSuccessRule } from "./jobPolicies.ts"

export type JobSpec = Exclude<Job["spec"], undefined>
export type JobStatus = Exclude<Job["status"], undefined>
export type JobCondition = Exclude<JobStatus["conditions"], undefined>[number]

/** Keeps a pod until it is counted. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking"
export const failureCountKey = "batch.kubernetes.io/job-index-failure-count"
export const ignoredFailureCountKey = "batch.kubernetes.io/job-index-ignored-failure-count"

/** A job and what is known of its pods. */
export interface JobView {
  readonly job: Job
  readonly spec: JobSpec
  readonly now: number
  readonly pods: ReadonlyArray<Pod>
  readonly active: ReadonlyArray<Pod>
  readonly terminating: number
  readonly ready: number
  /** Ended pods included that are not in the status yet. */
  readonly succeeded: number
  readonly failed: number
  readonly backOff: BackOff
  /** Of an indexed job. */
  readonly indexes: JobIndexView | undefined
  /** Why and how the job ends; the type is `FailureTarget` or `SuccessCriteriaMet`. */
  readonly finish: JobCondition | undefined
}

/** The indexes of an indexed job. */
export interface JobIndexView {
  /** As the status has them. */
  readonly before: ReadonlySet<number>
  readonly succeeded: ReadonlySet<number>
  /** With a back-off limit for each index. */
  readonly failed: ReadonlySet<number> | undefined
  /** By index: the failed pod that is kept until its successor has taken its count over. */
  readonly kept: ReadonlyMap<number, Pod>
}

export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false
export const isIndexed = (spec: JobSpec): boolean => spec.completionMode === "Indexed"
export const isSuspended = (spec: JobSpec): boolean => spec.suspend === true
export const statusCondition = ({ status }: Job, type: string): JobCondition | undefined => status?.conditions?.find((it) => it.type === type && it.status === "True")
export const isFinished = (job: Job): boolean => statusCondition(job, "Complete") !== undefined || statusCondition(job, "Failed") !== undefined

export const makeCondition = (type: string, status: "True" | "False", reason: string, message: string, now: number): JobCondition =>
  ({ type, status, lastProbeTime: KubeTime.format(now), lastTransitionTime: KubeTime.format(now), reason, message })

/** Looks at a job and its pods. */
export const viewOf = (job: Job, pods: ReadonlyArray<Pod>, before: BackOff, now: number): JobView => {
  const spec = job.spec!
  const status = job.status ?? {}
  const uncounted = { succeeded: new Set(status.uncountedTerminatedPods?.succeeded), failed: new Set(status.uncountedTerminatedPods?.failed) }
  const isCountable = (pod: Pod): boolean => isTracked(pod) && (!isIndexed(spec) || isInRange(spec, indexOf(pod)))
  const newSucceeded = pods.filter((it) => isCountable(it) && it.status?.phase === "Succeeded" && !uncounted.succeeded.has(it.metadata.uid!))
  const newFailed = pods.filter((it) => isCountable(it) && hasFailed(spec, it) && !uncounted.failed.has(it.metadata.uid!))
  const counted = newFailed.filter((it) => failureVerdict(spec, it).action !== "Ignore")
  const active = pods.filter(isActive)
  const indexes = isIndexed(spec) ? indexView(job, spec, pods) : undefined
  const view: JobView = {
    job, spec, now, pods, active, indexes,
    terminating: pods.filter((it) => isTerminating(it) && !hasEnded(it)).length,
    ready: active.filter(isReady).length,
    succeeded: indexes?.succeeded.size ?? (status.succeeded ?? 0) + uncounted.succeeded.size + newSucceeded.length,
    failed: (status.failed ?? 0) + uncounted.failed.size + counted.length,
    backOff: nextBackOff(before, newSucceeded, newFailed, now),
    finish: undefined
  }
  return { ...view, finish: finishOf(view) }
}

const isInRange = (spec: JobSpec, index: number | undefined): boolean => index !== undefined && index < (spec.completions ?? 0)

const indexView = (job: Job, spec: JobSpec, pods: ReadonlyArray<Pod>): JobIndexView => {
  const end = spec.completions ?? 0
  const before = parse(job.status?.completedIndexes, end)
  const tracked = pods.filter((it) => isTracked(it) && isInRange(spec, indexOf(it)))
  const succeeded = new Set([...before, ...tracked.filter((it) => it.status?.phase === "Succeeded").map((it) => indexOf(it)!)])
  if (spec.backoffLimitPerIndex === undefined) return { before, succeeded, failed: undefined, kept: new Map() }
  const failed = new Set(parse(job.status?.failedIndexes, end))
  for (const pod of tracked) if (hasFailed(spec, pod) && !succeeded.has(indexOf(pod)!) && failsIndex(spec, pod)) failed.add(indexOf(pod)!)
  return { before, succeeded, failed, kept: keptPods(spec, tracked, succeeded, failed) }
}

const failsIndex = (spec: JobSpec, pod: Pod): boolean => {
  const { action } = failureVerdict(spec, pod)
  if (action === "FailIndex") return true
  return action !== "Ignore" && numberIn(pod, failureCountKey) >= spec.backoffLimitPerIndex!
}

/** A count that a pod carries from those that failed before it. */
export const numberIn = (pod: Pod, key: string): number => Number(pod.metadata.annotations?.[key] ?? 0) || 0

const keptPods = (spec: JobSpec, tracked: ReadonlyArray<Pod>, succeeded: ReadonlySet<number>, failed: ReadonlySet<number>): ReadonlyMap<number, Pod> => {
  const taken = new Set([...succeeded, ...failed, ...tracked.filter(isActive).map((it) => indexOf(it)!)])
  const kept = new Map<number, Pod>()
  for (const pod of tracked) {
    const index = indexOf(pod)!
    if (taken.has(index) || !hasFailed(spec, pod)) continue
    const other = kept.get(index)
    const weight = (it: Pod): number => numberIn(it, failureCountKey) + numberIn(it, ignoredFailureCountKey)
    if (other === undefined || weight(pod) > weight(other)) kept.set(index, pod)
  }
  return kept
}

/** The end that the job has come to, by the rules in their order. */
const finishOf = (view: JobView): JobCondition | undefined => {
  const { indexes, job, now, pods, spec } = view
  const standing = statusCondition(job, "FailureTarget") ?? statusCondition(job, "SuccessCriteriaMet")
  if (standing !== undefined) return standing
  const fail = (reason: string, message: string): JobCondition => makeCondition("FailureTarget", "True", reason, message, now)
  const ruled = pods.filter((it) => hasFailed(spec, it)).map((it) => failureVerdict(spec, it)).find((it) => it.action === "FailJob")
  if (ruled !== undefined) return fail("PodFailurePolicy", ruled.message!)
  if (view.failed > (spec.backoffLimit ?? 6) || restartsTooOften(view)) return fail("BackoffLimitExceeded", "Job has reached the specified backoff limit")
  const deadline = deadlineOf(job)
  if (deadline !== undefined && now >= deadline) return fail("DeadlineExceeded", "Job was active longer than specified deadline")
  if (indexes === undefined) return undefined
  const failed = indexes.failed?.size ?? 0
  if (spec.maxFailedIndexes !== undefined && failed > spec.maxFailedIndexes) {
    return fail("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
  }
  if (failed > 0 && failed + indexes.succeeded.size >= (spec.completions ?? 0)) return fail("FailedIndexes", "Job has failed indexes")
  const met = metSuccessRule(spec, indexes.succeeded)
  return met === undefined ? undefined : makeCondition("SuccessCriteriaMet", "True", "SuccessPolicy", met, now)
}

/** When the job has been active for too long; not while it is suspended. */
export const deadlineOf = ({ spec, status }: Job): number | undefined =>
  spec?.activeDeadlineSeconds === undefined || status?.startTime === undefined || isSuspended(spec)
    ? undefined
    : Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000

/** Containers that are restarted in place count by their restarts. */
const restartsTooOften = ({ pods, spec }: JobView): boolean => {
  if (spec.template.spec?.restartPolicy !== "OnFailure") return false
  const restarts = pods.flatMap((it) => (hasEnded(it) ? [] : [...(it.status?.initContainerStatuses ?? []), ...(it.status?.containerStatuses ?? [])]))
    .reduce((sum, it) => sum + it.restartCount, 0)
  const limit = spec.backoffLimit ?? 6
  return limit === 0 ? restarts > 0 : restarts >= limit
}

/** The end of a job that has done what was asked of it. */
export const completionOf = (view: JobView, active: number): JobCondition | undefined => {
  const { now, spec, succeeded } = view
  const isComplete = spec.completions === undefined ? succeeded > 0 && active === 0 : succeeded >= spec.completions && active === 0
  return isComplete ? makeCondition("SuccessCriteriaMet", "True", "CompletionsReached", "Reached expected number of succeeded pods", now) : undefined
}
