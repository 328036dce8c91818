/** Runs the pods of jobs to their end and counts them. */
import { Controller, Result, Source } from "@fairlead/controller"
import { type Job, jsonEqual, KubeError, KubeResource, KubeTime, type Pod } from "@fairlead/kube"
import { Clock, Effect } from "effect"
import { type BackOff, noBackOff } from "../internal/jobs/jobBackOff.ts"
import { nextPod, planPods } from "../internal/jobs/jobPods.ts"
import { count, finalCondition, track } from "../internal/jobs/jobTracking.ts"
import {
  completionOf, deadlineOf, isFinished, isSuspended, isTracked, type JobCondition, type JobStatus, type JobView, makeCondition, trackingFinalizer, viewOf
} from "../internal/jobs/jobView.ts"
import { createPod, deletePod, type PodControl, podFromTemplate } from "../internal/podControl.ts"
import { isReady } from "../internal/podFacts.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

const resource = KubeResource.jobs
const ours = "kubernetes.io/job-controller"

interface Jobs extends PodControl {
  readonly setting: ControllerSetting
  readonly backOffs: Map<string, BackOff>
}

/**
 * Runs until interrupted.
 *
 * Flow: pods carry a finalizer until they are counted. A round fits the number of pods to what is left to do, notes ended pods in the
 * status, removes their finalizers and counts them. A job that is over gets `SuccessCriteriaMet` or `FailureTarget` first, and `Complete` or
 * `Failed` when its last pod is gone.
 */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const jobs = setting.follow<Job>(resource)
  const control: Jobs = { setting, client: setting.client, resource, tell: setting.tellAs("job-controller"), backOffs: new Map() }
  return Controller.run({
    name: "job",
    workers: 5,
    shutdownTimeout: 0,
    queue,
    sources: [Source.of(jobs), Source.owned(setting.pods, { group: "batch", kind: "Job" })],
    reconcile: ({ name, namespace }) => {
      const job = jobs.store.get(namespace, name)
      if (job !== undefined) return sync(control, job)
      control.backOffs.delete(`${namespace}/${name}`)
      return Effect.as(releaseOrphans(control, namespace ?? "", name), Result.done)
    }
  })
}

const sync = Effect.fnUntraced(function*(control: Jobs, job: Job): Effect.fn.Return<Result, KubeError.KubeError> {
  if ((job.spec?.managedBy ?? ours) !== ours) return Result.done
  const pods = control.setting.podIndex.ofController(job.metadata.uid!)
  const key = `${job.metadata.namespace}/${job.metadata.name}`
  if (isFinished(job)) {
    control.backOffs.delete(key)
    yield* release(control, pods.filter(isTracked))
    return Result.done
  }
  const now = yield* Clock.currentTimeMillis
  const started = startOf(job, now)
  const view = viewOf(started, pods, control.backOffs.get(key) ?? noBackOff, now)
  control.backOffs.set(key, view.backOff)
  const managed = yield* manage(control, view)
  const status = { ...statusOf(view, managed), ...(yield* suspension(control, view, managed.finish)) }
  yield* conclude(control, view, status, managed)
  if (managed.failure !== undefined) return yield* managed.failure
  const deadline = deadlineOf({ ...started, status })
  const waits = [managed.wait, deadline === undefined || managed.finish !== undefined ? undefined : deadline - now].filter((it) => it !== undefined)
  return waits.length === 0 ? Result.done : Result.requeueAfter(Math.max(1, Math.min(...waits)))
})

/** The job with the time of its start. */
const startOf = (job: Job, now: number): Job =>
  job.status?.startTime !== undefined || isSuspended(job.spec!) ? job : { ...job, status: { ...job.status, startTime: KubeTime.format(now) } }

/** What a round has done to the pods. */
interface Managed {
  readonly active: number
  readonly ready: number
  readonly terminating: number
  readonly finish: JobCondition | undefined
  readonly wait: number | undefined
  readonly failure: KubeError.KubeError | undefined
}

const manage = Effect.fnUntraced(function*(control: Jobs, view: JobView): Effect.fn.Return<Managed> {
  const { active, finish, job, ready, terminating } = view
  const still: Managed = { active: active.length, ready, terminating, finish, wait: undefined, failure: undefined }
  if (finish !== undefined) {
    const { deleted, failure } = yield* removeAll(control, view, active, false)
    return { ...afterDeletion(still, deleted), finish: deleted.length === active.length ? finish : undefined, failure }
  }
  if (job.metadata.deletionTimestamp !== undefined) return still
  const plan = planPods(view)
  let next = still
  if (plan._tag === "Wait") next = { ...still, wait: plan.millis }
  if (plan._tag === "Delete") {
    const { deleted, failure } = yield* removeAll(control, view, plan.pods, true)
    next = { ...afterDeletion(still, deleted), failure }
  }
  if (plan._tag === "Create") {
    const { created, failure } = yield* createAll(control, view, plan.indexes)
    next = { ...still, active: still.active + created, failure }
  }
  return { ...next, finish: completionOf(view, next.active) }
})

const afterDeletion = (before: Managed, deleted: ReadonlyArray<Pod>): Managed => ({
  ...before,
  active: before.active - deleted.length,
  ready: before.ready - deleted.filter(isReady).length,
  terminating: before.terminating + deleted.length
})

/** Stops at the first failure: the others would fail alike. */
const createAll = Effect.fnUntraced(function*(control: Jobs, view: JobView, indexes: ReadonlyArray<number | undefined>) {
  let created = 0
  for (const index of indexes) {
    const { metadata, template } = nextPod(view, index)
    const outcome = yield* Effect.result(createPod(control, view.job, podFromTemplate(resource, view.job, template, metadata)))
    if (outcome._tag === "Failure") return { created, failure: outcome.failure }
    if (outcome.success !== undefined) created++
  }
  return { created, failure: undefined }
})

const removeAll = Effect.fnUntraced(function*(control: Jobs, view: JobView, pods: ReadonlyArray<Pod>, uncounted: boolean) {
  const deleted: Array<Pod> = []
  for (const pod of pods) {
    const remove = Effect.andThen(uncounted ? release(control, [pod]) : Effect.void, deletePod(control, view.job, pod))
    const outcome = yield* Effect.result(remove)
    if (outcome._tag === "Failure") return { deleted, failure: outcome.failure }
    deleted.push(pod)
  }
  return { deleted, failure: undefined }
})

const statusOf = ({ job }: JobView, { active, ready, terminating }: Managed): JobStatus => {
  const { active: _, ...before } = job.status ?? {}
  return { ...before, ...(active === 0 ? {} : { active }), ready, terminating, uncountedTerminatedPods: before.uncountedTerminatedPods ?? {} }
}

/** Says when a job is suspended and when it goes on, which starts its time anew. */
const suspension = Effect.fnUntraced(function*({ tell }: Jobs, { job, now, spec }: JobView, finish: JobCondition | undefined): Effect.fn.Return<Partial<JobStatus>> {
  if (finish !== undefined || job.metadata.deletionTimestamp !== undefined) return {}
  const conditions = job.status?.conditions ?? []
  const before = conditions.find((it) => it.type === "Suspended")
  const replaced = (condition: JobCondition): Partial<JobStatus> => ({ conditions: [...conditions.filter((it) => it !== before), condition] })
  if (isSuspended(spec)) {
    if (before?.status === "True") return {}
    yield* tell(resource, job, "Normal", "Suspended", "Job suspended")
    return replaced(makeCondition("Suspended", "True", "JobSuspended", "Job suspended", now))
  }
  if (before === undefined || before.status === "False") return {}
  yield* tell(resource, job, "Normal", "Resumed", "Job resumed")
  return { ...replaced(makeCondition("Suspended", "False", "JobResumed", "Job resumed", now)), startTime: KubeTime.format(now) }
})

/** Writes down what has ended, lets it go, counts it, and ends the job when nothing is left. */
const conclude = Effect.fnUntraced(function*(control: Jobs, view: JobView, status: JobStatus, { finish, terminating }: Managed): Effect.fn.Return<void, KubeError.KubeError> {
  const { job, now, pods } = view
  const tracking = track(view, status, finish)
  // The start alone is in `job` too, although nobody has written it.
  let stored: Job | undefined = control.setting.follow<Job>(resource).store.get(job.metadata.namespace, job.metadata.name!) ?? job
  const write = Effect.fnUntraced(function*(next: JobStatus): Effect.fn.Return<void, KubeError.KubeError> {
    if (stored === undefined || jsonEqual(stored.status ?? {}, next)) return
    stored = yield* unlessGone(control.client.update<Job>(resource, { ...stored, status: next }, { subresource: "status" }))
  })
  yield* write(tracking.status)
  yield* release(control, tracking.release)
  const released = new Set(tracking.release.map((it) => it.metadata.uid))
  const counted = count(tracking.status, new Set(pods.filter((it) => isTracked(it) && !released.has(it.metadata.uid)).map((it) => it.metadata.uid!)))
  const final = finish === undefined ? undefined : finalCondition(counted, finish, terminating, now)
  if (final === undefined) return yield* write(counted)
  const completion = final.type === "Complete" ? { completionTime: KubeTime.format(now) } : {}
  yield* write({ ...counted, ...completion, conditions: [...(counted.conditions ?? []), final] })
  yield* final.type === "Complete"
    ? control.tell(resource, job, "Normal", "Completed", "Job completed")
    : control.tell(resource, job, "Warning", final.reason ?? "", final.message ?? "")
})

/** Takes the finalizer away. */
const release = (control: Jobs, pods: ReadonlyArray<Pod>): Effect.Effect<void, KubeError.KubeError> =>
  Effect.forEach(pods.filter(isTracked), ({ metadata: { name, namespace, uid } }) =>
    unlessGone(control.client.patch(KubeResource.pods, { namespace, name: name! }, "strategic", {
      metadata: { uid, "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] }
    })), { discard: true })

/** Pods whose job is gone have nobody else who would let them go. */
const releaseOrphans = (control: Jobs, namespace: string, name: string): Effect.Effect<void, KubeError.KubeError> =>
  release(control, control.setting.podIndex.ofNamespace(namespace).filter((pod) =>
    isTracked(pod) && pod.metadata.ownerReferences?.some((it) => it.controller === true && it.kind === "Job" && it.name === name) === true))
