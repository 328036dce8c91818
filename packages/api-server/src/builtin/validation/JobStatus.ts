/** What a job controller may write into the status of a job. A fault that was there before may stay. */
import { jsonEqual } from "@fairlead/kube"
import { internalForm } from "../InternalForm.ts"
import type { Fields } from "../Sharing.ts"
import { count, items, part, text, texts, type Check } from "./Check.ts"
import { readIndexes, sharedIndex } from "./JobIndexes.ts"

/** Whether a condition is there and true. */
export const isTrue = (status: Fields, type: string): boolean =>
  items(status["conditions"]).some((one) => one["type"] === type && one["status"] === "True")

const isFalse = (status: Fields, type: string): boolean => items(status["conditions"]).some((one) => one["type"] === type && one["status"] === "False")

const isFinished = (status: Fields): boolean => isTrue(status, "Complete") || isTrue(status, "Failed")

const conditions = "status.conditions"

/** The status before and after, and the job's spec. */
interface Write {
  readonly spec: Fields
  readonly status: Fields
  readonly old: Fields
  /** Whether a field differs. */
  readonly changed: (field: string) => boolean
  /** Whether a condition turned. */
  readonly turned: (type: string) => boolean
  readonly finishing: boolean
}

const checkUncounted = (check: Check, status: Fields): void => {
  const seen = new Set<string>()
  for (const list of ["succeeded", "failed"]) {
    texts(part(status, "uncountedTerminatedPods")?.[list]).forEach((uid, i) => {
      const at = `status.uncountedTerminatedPods.${list}[${i}]`
      if (uid === "") check.invalid(at, uid, "must not be empty")
      else if (seen.has(uid)) check.duplicate(at, uid)
      seen.add(uid)
    })
  }
}

const checkCompletion = (check: Check, { spec: _, status, changed, turned }: Write): void => {
  const complete = isTrue(status, "Complete")
  const { completionTime, startTime } = status
  const field = "status.completionTime"
  if ((turned("Complete") || turned("Failed")) && complete && isTrue(status, "Failed")) check.omitted(conditions, "cannot set Complete=True and Failed=true conditions")
  if ((turned("Complete") || turned("FailureTarget")) && complete && isTrue(status, "FailureTarget")) {
    check.omitted(conditions, "cannot set Complete=True and FailureTarget=true conditions")
  }
  if (turned("Complete") || changed("completionTime")) {
    if (completionTime !== undefined && !complete) check.invalid(field, completionTime, "cannot set completionTime when there is no Complete=True condition")
    if (completionTime === undefined && complete) check.required(field, "completionTime is required for Complete jobs")
  }
  const early = completionTime !== undefined && startTime !== undefined && Date.parse(String(completionTime)) < Date.parse(String(startTime))
  if ((changed("startTime") || changed("completionTime")) && early) check.invalid(field, completionTime, "must be equal to or after `startTime`")
}

const checkEnd = (check: Check, { spec, status, changed, turned, finishing }: Write): void => {
  if ((turned("Failed") || changed("failedIndexes")) && isTrue(status, "Failed") && !isTrue(status, "FailureTarget")) {
    check.omitted(conditions, "cannot set Failed=True condition without the FailureTarget=true condition")
  }
  if ((turned("Complete") || turned("SuccessCriteriaMet")) && isTrue(status, "Complete") && !isTrue(status, "SuccessCriteriaMet")) {
    check.omitted(conditions, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition")
  }
  if (!isFinished(status)) return
  const uncounted = part(status, "uncountedTerminatedPods")
  const left = texts(uncounted?.["failed"]).length + texts(uncounted?.["succeeded"]).length
  const idle = spec["suspend"] === true && spec["completions"] === 0
  if ((finishing || changed("active")) && count(status, "active") > 0) check.invalid("status.active", status["active"], "active>0 is invalid for finished job")
  if ((finishing || changed("startTime")) && !idle && status["startTime"] === undefined) check.required("status.startTime", "startTime is required for finished job")
  if ((finishing || changed("uncountedTerminatedPods")) && left > 0) {
    check.invalid("status.uncountedTerminatedPods", internalForm("batch.UncountedTerminatedPods", uncounted), "must be empty for finished job")
  }
}

const checkIndexes = (check: Check, { spec, status, changed }: Write): void => {
  const completions = spec["completions"] as number | undefined
  const [done, failed] = [text(status, "completedIndexes"), status["failedIndexes"] as string | undefined]
  const perIndex = spec["backoffLimitPerIndex"] !== undefined
  const [doneChanged, failedChanged] = [changed("completedIndexes"), changed("failedIndexes")]
  const read = (field: string, list: string): void => {
    const problem = readIndexes(list, completions ?? 0)
    if (typeof problem === "string") check.invalid(`status.${field}`, list, `error parsing ${field}: ${problem}`)
  }
  if (doneChanged && completions !== undefined) read("completedIndexes", done)
  if (failedChanged && completions !== undefined && perIndex && failed !== undefined) read("failedIndexes", failed)
  if (doneChanged && done !== "" && spec["completionMode"] !== "Indexed") {
    check.invalid("status.completedIndexes", done, "cannot set non-empty completedIndexes when non-indexed completion mode")
  }
  if (failedChanged && !perIndex && failed !== undefined) {
    check.invalid("status.failedIndexes", failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null")
  }
  const shared = (doneChanged || failedChanged) && completions !== undefined && failed !== undefined ? sharedIndex(done, failed, completions) : undefined
  if (shared !== undefined) check.invalid("status.failedIndexes", failed, `failedIndexes and completedIndexes overlap at index: ${shared}`)
}

const checkPods = (check: Check, { status, changed, finishing }: Write): void => {
  const { terminating, ready } = status
  if ((finishing || changed("terminating")) && count(status, "terminating") > 0 && isFinished(status)) {
    check.invalid("status.terminating", terminating, "terminating>0 is invalid for finished job")
  }
  if ((changed("ready") || changed("active")) && ready !== undefined && count(status, "ready") > count(status, "active")) {
    check.invalid("status.ready", ready, "cannot set more ready pods than active")
  }
}

const checkSuccess = (check: Check, { spec, status }: Write): void => {
  const met = isTrue(status, "SuccessCriteriaMet")
  if (met && isTrue(status, "Failed")) check.omitted(conditions, "cannot set SuccessCriteriaMet=True and Failed=true conditions")
  if (met && isTrue(status, "FailureTarget")) check.omitted(conditions, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
  if (spec["successPolicy"] !== undefined && !met && isTrue(status, "Complete")) {
    check.omitted(conditions, "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")
  }
}

const checkHistory = (check: Check, { spec, status, old, changed }: Write): void => {
  for (const type of ["Failed", "Complete", "FailureTarget"]) {
    if (isTrue(old, type) && !isTrue(status, type)) check.omitted(conditions, `cannot disable the terminal ${type}=True condition`)
  }
  const elastic = spec["completionMode"] === "Indexed" && spec["completions"] === spec["parallelism"]
  for (const [name, fixed] of [["failed", true], ["succeeded", !elastic]] as const) {
    if (fixed && count(status, name) < count(old, name)) check.invalid(`status.${name}`, count(status, name), `cannot decrease the ${name} counter`)
  }
  const { completionTime, startTime } = status
  if (completionTime !== undefined && old["completionTime"] !== undefined && changed("completionTime")) {
    check.invalid("status.completionTime", completionTime, "field is immutable")
  }
  const resuming = isTrue(old, "Suspended") && isFalse(status, "Suspended")
  if (!resuming && old["startTime"] !== undefined && changed("startTime") && spec["suspend"] !== true) {
    check.invalid("status.startTime", startTime, "field is immutable for unsuspended job once set")
  }
  const [met, wasMet] = [isTrue(status, "SuccessCriteriaMet"), isTrue(old, "SuccessCriteriaMet")]
  if (wasMet && !met) check.omitted(conditions, "cannot disable the SuccessCriteriaMet=True condition")
  if (isTrue(old, "Complete") && !wasMet && met) {
    check.omitted(conditions, "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")
  }
}

/** A write of the status subresource. */
export const checkJobStatus = (check: Check, job: Fields, before: Fields): void => {
  const [status, old] = [part(job, "status") ?? {}, part(before, "status") ?? {}]
  const write: Write = {
    spec: part(job, "spec") ?? {},
    status,
    old,
    changed: (field) => !jsonEqual(status[field], old[field]),
    turned: (type) => isTrue(status, type) !== isTrue(old, type),
    finishing: isFinished(status) !== isFinished(old)
  }
  for (const name of ["active", "succeeded", "failed", "ready", "terminating"]) check.notNegative(`status.${name}`, status[name])
  checkUncounted(check, status)
  checkCompletion(check, write)
  checkEnd(check, write)
  checkIndexes(check, write)
  checkPods(check, write)
  checkSuccess(check, write)
  checkHistory(check, write)
}
