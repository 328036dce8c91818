/** When a cron job starts its next job, and what it forgets. Pure. */
import type { CronJob, Job } from "@fairlead/kube"
import { isFinished, statusCondition } from "../jobs/jobView.ts"
import type { CronSchedule } from "./cronSchedule.ts"

/** Missed times beyond which the clock or the schedule is thought to be wrong. */
const missedMost = 100

/** What is due. */
export interface Due {
  /** The latest time that has passed without a job. */
  readonly scheduledAt: number | undefined
  readonly tooManyMissed: boolean
  readonly nextAt: number | undefined
}

/** Finds the latest time that was missed, and the next one. */
export const dueOf = (cronJob: CronJob, schedule: CronSchedule, now: number): Due => {
  const { metadata, spec, status } = cronJob
  const created = Date.parse(metadata.creationTimestamp ?? "")
  const deadline = spec?.startingDeadlineSeconds
  const since = Math.max(status?.lastScheduleTime === undefined ? created : Date.parse(status.lastScheduleTime), deadline === undefined ? 0 : now - deadline * 1000)
  let scheduledAt: number | undefined
  let missed = 0
  for (let at = schedule.next(since); at !== undefined && at <= now; at = schedule.next(at)) {
    scheduledAt = at
    if (++missed > 10_000) break
  }
  return { scheduledAt, tooManyMissed: missed > missedMost && deadline === undefined, nextAt: schedule.next(now) }
}

/** A job that was asked to end, or has ended, with the reason that people read. */
export const endOf = (job: Job): "Complete" | "Failed" | undefined =>
  !isFinished(job) ? undefined : statusCondition(job, "Complete") === undefined ? "Failed" : "Complete"

/** Ended jobs beyond the limits of the history, the oldest first. */
export const forgettable = ({ spec }: CronJob, jobs: ReadonlyArray<Job>): ReadonlyArray<Job> => {
  const beyond = (end: "Complete" | "Failed", limit: number | undefined): ReadonlyArray<Job> => {
    const ended = jobs.filter((it) => endOf(it) === end).sort((a, b) => startOf(a) - startOf(b) || ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1))
    return limit === undefined ? [] : ended.slice(0, Math.max(0, ended.length - limit))
  }
  return [...beyond("Complete", spec?.successfulJobsHistoryLimit), ...beyond("Failed", spec?.failedJobsHistoryLimit)]
}

const startOf = ({ metadata, status }: Job): number => Date.parse(status?.startTime ?? metadata.creationTimestamp ?? "")

/** The time of the last job that went well, if it is newer than what is known. */
export const lastSuccess = ({ status }: CronJob, jobs: ReadonlyArray<Job>): string | undefined => {
  const times = jobs.flatMap((it) => (endOf(it) === "Complete" && it.status?.completionTime !== undefined ? [it.status.completionTime] : []))
  return times.reduce<string | undefined>((latest, it) => (latest === undefined || Date.parse(it) > Date.parse(latest) ? it : latest), status?.lastSuccessfulTime)
}
