/** Jobs that start by the clock. */
import type { Fields } from "../Sharing.ts"
import { part, shownSelector, text, type Check } from "./Check.ts"
import { scheduleError } from "./CronSchedule.ts"
import { checkJobTemplateSpec } from "./Jobs.ts"

const knownZones = new Map<string, boolean>()

const isKnownZone = (zone: string): boolean => {
  let known = knownZones.get(zone)
  if (known === undefined) {
    try {
      known = new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== ""
    } catch {
      known = false
    }
    if (knownZones.size < 1000) knownZones.set(zone, known)
  }
  return known
}

const checkTimeZone = (check: Check, zone: unknown): void => {
  if (typeof zone !== "string") return
  const field = "spec.timeZone"
  if (zone === "") return check.invalid(field, zone, "timeZone must be nil or non-empty string")
  if (zone.split("/").some((one) => one === "." || one === ".." || one.startsWith("-") || !/^[A-Za-z.\-_0-9+]+$/.test(one))) {
    return check.invalid(field, zone, `unknown time zone ${zone}`)
  }
  if (zone.toLowerCase() === "local") {
    check.invalid(field, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
  } else if (!isKnownZone(zone)) check.invalid(field, zone, `unknown time zone ${zone}`)
}

const checkSchedule = (check: Check, spec: Fields, old: Fields | undefined): void => {
  const schedule = text(spec, "schedule")
  const field = "spec.schedule"
  if (schedule === "") return check.required(field)
  const error = scheduleError(schedule)
  if (error !== undefined) check.invalid(field, schedule, error)
  if (!schedule.includes("TZ")) return
  if (old === undefined || !text(old, "schedule").includes("TZ")) {
    check.invalid(field, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
  } else if (spec["timeZone"] !== undefined) check.invalid(field, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule")
}

const checkSpec = (check: Check, spec: Fields, old: Fields | undefined): void => {
  checkSchedule(check, spec, old)
  check.notNegative("spec.startingDeadlineSeconds", spec["startingDeadlineSeconds"])
  if (old === undefined || old["timeZone"] !== spec["timeZone"]) checkTimeZone(check, spec["timeZone"])
  check.oneOfRequired("spec.concurrencyPolicy", spec["concurrencyPolicy"], ["Allow", "Forbid", "Replace"])
  const job = part(part(spec, "jobTemplate"), "spec") ?? {}
  const field = "spec.jobTemplate.spec"
  checkJobTemplateSpec(check, field, job)
  if (job["selector"] !== undefined) check.invalid(`${field}.selector`, shownSelector(job["selector"]), "`selector` will be auto-generated")
  if (job["manualSelector"] === true) check.unsupported(`${field}.manualSelector`, true, ["nil", "false"])
  check.notNegative("spec.successfulJobsHistoryLimit", spec["successfulJobsHistoryLimit"])
  check.notNegative("spec.failedJobsHistoryLimit", spec["failedJobsHistoryLimit"])
}

/** A new cron job; the names of its jobs have to fit into labels. */
export const checkCronJob = (check: Check, job: Fields): void => {
  checkSpec(check, part(job, "spec") ?? {}, undefined)
  const name = text(part(job, "metadata"), "name")
  if (name.length > 52) check.invalid("metadata.name", name, "must be no more than 52 characters")
}

/** An update of a cron job. */
export const checkCronJobUpdate = (check: Check, job: Fields, old: Fields): void =>
  checkSpec(check, part(job, "spec") ?? {}, part(old, "spec") ?? {})
