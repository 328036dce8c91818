/** Starts jobs by the clock. */
import { Controller, OwnerReferences, Result, Source } from "@fairlead/controller"
import { type CronJob, type Job, jsonEqual, KubeClient, KubeError, KubeResource, KubeTime, type ObjectMeta } from "@fairlead/kube"
import { Clock, Effect, Result as Outcome } from "effect"
import type { Tell } from "../internal/coreEvents.ts"
import { dueOf, endOf, forgettable, lastSuccess } from "../internal/cronJobs/cronPlan.ts"
import { parse } from "../internal/cronJobs/cronSchedule.ts"
import { statusText } from "../internal/podControl.ts"
import { unlessGone } from "../internal/unlessGone.ts"
import { type ControllerSetting, queue } from "./ControllerSetting.ts"

const resource = KubeResource.cronJobs
type CronJobStatus = Exclude<CronJob["status"], undefined>
type Reference = Exclude<CronJobStatus["active"], undefined>[number]

interface Cron {
  readonly client: KubeClient["Service"]
  readonly tell: Tell
}

/** Runs until interrupted. */
export const run = (setting: ControllerSetting): Effect.Effect<never> => {
  const cronJobs = setting.follow<CronJob>(resource)
  const jobs = setting.follow<Job>(KubeResource.jobs)
  const cron: Cron = { client: setting.client, tell: setting.tellAs("cronjob-controller") }
  return Controller.run({
    name: "cronjob",
    workers: 5,
    shutdownTimeout: 0,
    queue,
    sources: [Source.of(cronJobs), Source.owned(jobs, { group: "batch", kind: "CronJob" })],
    reconcile: ({ name, namespace }) => {
      const cronJob = cronJobs.store.get(namespace, name)
      if (cronJob === undefined) return Effect.succeed(Result.done)
      const { uid } = cronJob.metadata
      return sync(cron, cronJob, jobs.store.list().filter((it) => it.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true))
    }
  })
}

const sync = Effect.fnUntraced(function*(cron: Cron, cronJob: CronJob, jobs: ReadonlyArray<Job>): Effect.fn.Return<Result, KubeError.KubeError> {
  const forgotten = cronJob.metadata.deletionTimestamp === undefined ? forgettable(cronJob, jobs) : []
  for (const job of forgotten) yield* remove(cron, cronJob, job)
  const active = yield* stillActive(cron, cronJob, jobs)
  const before: CronJobStatus = withActive({ ...cronJob.status, ...successOf(cronJob, jobs) }, active)
  const { result, status } = cronJob.metadata.deletionTimestamp === undefined ? yield* startDue(cron, cronJob, before, jobs) : { result: Result.done, status: before }
  if (!jsonEqual(cronJob.status ?? {}, status)) yield* unlessGone(cron.client.update<CronJob>(resource, { ...cronJob, status }, { subresource: "status" }))
  return result
})

const successOf = (cronJob: CronJob, jobs: ReadonlyArray<Job>): Partial<CronJobStatus> => {
  const time = lastSuccess(cronJob, jobs)
  return time === undefined ? {} : { lastSuccessfulTime: time }
}

const withActive = ({ active: _, ...status }: CronJobStatus, active: ReadonlyArray<Reference>): CronJobStatus => (active.length === 0 ? status : { ...status, active })

/** Takes jobs that have ended or are gone out of the list. */
const stillActive = Effect.fnUntraced(function*({ tell }: Cron, cronJob: CronJob, jobs: ReadonlyArray<Job>): Effect.fn.Return<ReadonlyArray<Reference>> {
  const active: Array<Reference> = []
  for (const reference of cronJob.status?.active ?? []) {
    const job = jobs.find((it) => it.metadata.uid === reference.uid)
    const end = job === undefined ? undefined : endOf(job)
    if (job === undefined) yield* tell(resource, cronJob, "Normal", "MissingJob", `Active job went missing: ${reference.name}`)
    else if (end !== undefined) yield* tell(resource, cronJob, "Normal", "SawCompletedJob", `Saw completed job: ${job.metadata.name}, condition: ${end}`)
    else active.push(reference)
  }
  return active
})

interface Started {
  readonly status: CronJobStatus
  readonly result: Result
}

const startDue = Effect.fnUntraced(function*(cron: Cron, cronJob: CronJob, status: CronJobStatus, jobs: ReadonlyArray<Job>): Effect.fn.Return<Started, KubeError.KubeError> {
  const { concurrencyPolicy, schedule: text, startingDeadlineSeconds, suspend, timeZone } = cronJob.spec!
  if (suspend === true) return { status, result: Result.done }
  const schedule = parse(text, timeZone)
  if (Outcome.isFailure(schedule)) {
    yield* cron.tell(resource, cronJob, "Warning", "UnparseableSchedule", `unparseable schedule: ${text} : ${schedule.failure.message}`)
    return { status, result: Result.done }
  }
  const now = yield* Clock.currentTimeMillis
  const { nextAt, scheduledAt, tooManyMissed } = dueOf(cronJob, schedule.success, now)
  const result = nextAt === undefined ? Result.done : Result.requeueAfter(nextAt - now)
  if (tooManyMissed) {
    yield* cron.tell(resource, cronJob, "Warning", "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
  }
  if (scheduledAt === undefined) return { status, result }
  if (startingDeadlineSeconds !== undefined && scheduledAt + startingDeadlineSeconds * 1000 < now) {
    yield* cron.tell(resource, cronJob, "Warning", "MissSchedule", `Missed scheduled time to start a job: ${goTime(scheduledAt)}`)
    return { status, result }
  }
  const active = status.active ?? []
  if (concurrencyPolicy === "Forbid" && active.length > 0) {
    yield* cron.tell(resource, cronJob, "Normal", "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid")
    return { status, result }
  }
  const replaced = concurrencyPolicy === "Replace" ? active : []
  for (const { uid } of replaced) {
    const job = jobs.find((it) => it.metadata.uid === uid)
    if (job !== undefined) yield* remove(cron, cronJob, job)
  }
  const kept = active.filter((it) => !replaced.includes(it))
  const reference = yield* start(cron, cronJob, scheduledAt)
  return { status: { ...withActive(status, reference === undefined ? kept : [...kept, reference]), lastScheduleTime: KubeTime.format(scheduledAt) }, result }
})

const start = (cron: Cron, cronJob: CronJob, scheduledAt: number): Effect.Effect<Reference | undefined, KubeError.KubeError> => {
  const { metadata, spec } = cronJob.spec!.jobTemplate as { readonly metadata?: Partial<ObjectMeta>; readonly spec?: Job["spec"] }
  const name = `${cronJob.metadata.name}-${Math.floor(scheduledAt / 60_000)}`
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace: cronJob.metadata.namespace!,
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, "batch.kubernetes.io/cronjob-scheduled-timestamp": zoned(scheduledAt, cronJob.spec?.timeZone) },
      ownerReferences: [OwnerReferences.to(resource, cronJob)]
    },
    spec: spec!
  } as Job
  return Effect.matchEffect(cron.client.create<Job>(KubeResource.jobs, job), {
    onSuccess: ({ metadata: { namespace, resourceVersion, uid } }) =>
      Effect.as(cron.tell(resource, cronJob, "Normal", "SuccessfulCreate", `Created job ${name}`), {
        kind: "Job", namespace: namespace!, name, uid: uid!, apiVersion: "batch/v1", resourceVersion: resourceVersion!
      }),
    onFailure: (error) => {
      if (error.reason._tag === "AlreadyExists") return Effect.undefined
      return Effect.andThen(cron.tell(resource, cronJob, "Warning", "FailedCreate", `Error creating job: ${statusText(error)}`), error)
    }
  })
}

const remove = ({ client, tell }: Cron, cronJob: CronJob, { metadata: { name, namespace } }: Job): Effect.Effect<void, KubeError.KubeError> =>
  Effect.andThen(
    unlessGone(client.delete(KubeResource.jobs, { namespace, name: name! }, { propagationPolicy: "Background" })),
    tell(resource, cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`)
  )

/** As Go prints a time in RFC 1123 with a numeric zone. */
const goTime = (millis: number): string => {
  const [day, date, month, year, time] = new Date(millis).toUTCString().replace(",", "").split(" ")
  return `${day}, ${date} ${month} ${year} ${time} +0000`
}

/** RFC 3339 in the schedule's time zone. */
const zoned = (millis: number, timeZone: string | undefined): string => {
  if (timeZone === undefined) return KubeTime.format(millis)
  const name = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" }).formatToParts(millis).find((it) => it.type === "timeZoneName")?.value ?? "GMT"
  const offset = name === "GMT" ? "Z" : name.slice(3)
  const minutes = offset === "Z" ? 0 : (offset.startsWith("-") ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6)))
  return `${KubeTime.format(millis + minutes * 60_000).slice(0, -1)}${offset}`
}
