/** What follows from the report of a plugin: a pure function from the stored status, the report and the time to the next status. */
import { Phase, type PluginError, type TaskAction, type Transition } from "@fairlead/core"
import { KubeTime } from "@fairlead/kube"
import type { Limits } from "./EngineConfig.ts"
import { applyMeaning, conditionOf, type Meaning, meanings, timedOut } from "./internal/conditions.ts"
import { messageMax, noteMax, truncate } from "./internal/messages.ts"
import { append } from "./internal/phaseHistory.ts"
import { holds, textOf } from "./internal/pluginState.ts"
import type { Report } from "./internal/reports.ts"
import { countSystemFailure, hasProgressed, type SystemFailureCount, systemFailureDelay } from "./internal/systemFailures.ts"
import { expired, isTimeoutCode, nextDeadline, type TimeBounds } from "./internal/timeouts.ts"

type Status = TaskAction.TaskActionStatus

/** The count of system failures, or its end. */
interface Count {
  readonly systemFailures: number
  readonly systemFailureSince?: string
}

/** What one task may take, from its template and the configuration. Times are milliseconds; zero means no bound. */
export interface Bounds extends TimeBounds {
  readonly maxAttempts: number
  /** Pause before attempt `failed + 1`, after `failed` failed attempts. */
  readonly retryDelay: (failed: number) => number
}

/** Everything that a decision looks at. */
export interface Situation {
  /** `<run>/<action>`. */
  readonly actionId: string
  readonly generation: number | undefined
  readonly createdAt: number
  readonly status: Status
  readonly bounds: Bounds
  readonly limits: Limits
  readonly now: number
}

/** What a plugin made of its round. */
export type Outcome =
  | { readonly _tag: "Reported"; readonly transition: Transition }
  | { readonly _tag: "Failed"; readonly error: PluginError }

/**
 * What has to be done now that `status` holds.
 *
 * `Wait`: look again at `until` at the latest, and do not touch the plugin before `notBefore`. `Relaunch`: clean up this
 * launch, then start the next one, not before `notBefore`. `Conclude`: the action has ended.
 */
export type Next =
  | { readonly _tag: "Wait"; readonly until: number; readonly notBefore: number }
  | { readonly _tag: "Relaunch"; readonly notBefore: number }
  | { readonly _tag: "Conclude" }

/**
 * The outcome of one round. Nothing of it may leave the engine before `status` is stored, unless `write` is `Later`
 * (a crash may lose it) or `Nothing` (there is no news).
 */
export interface Decision {
  readonly status: Status
  readonly write: "Now" | "Later" | "Nothing"
  readonly reports: ReadonlyArray<Report>
  readonly next: Next
}

/** Number of the attempt that a status is in; 0 and absent read as 1. */
export const attemptOf = (status: Status | undefined): number => Math.max(1, status?.attempts ?? 1)

/** Turns the outcome of a round into the next status. */
export const decide = (situation: Situation, outcome: Outcome): Decision => {
  const { status, now, bounds } = situation
  if (outcome._tag === "Failed") return afterError(situation, outcome.error)
  const { transition } = outcome
  const late = Phase.isTerminal(transition.phase.phase) ? undefined : expired(status, transition.phase.phase, bounds, situation.createdAt, now)
  const phase = late ?? transition.phase
  if (phase.phase !== "RetryableFailure") return enter(situation, phase, transition)
  return phase.error?.kind === "SYSTEM" ? systemFailure(situation, phase, transition) : userFailure(situation, phase, transition)
}

/**
 * The status that a relaunch starts from, given that the failure of the launch before is stored and cleaned up.
 * A failure by the task starts the next attempt; a failure of the system starts the same attempt again.
 */
export const nextLaunch = (status: Status): Status => {
  const { pluginState: _1, pluginStateVersion: _2, pluginPhase: _3, pluginPhaseVersion: _4, errorState, ...kept } = status
  if (errorState?.kind === "SYSTEM") return { ...kept, attempts: attemptOf(status), launches: (status.launches ?? 0) + 1 }
  const { systemFailureSince: _5, ...rest } = kept
  return { ...rest, attempts: attemptOf(status) + 1, launches: 0, systemFailures: 0 }
}

/** When the relaunch after the stored failure is due. */
export const relaunchAt = (situation: Situation, failedAt: number): number =>
  situation.status.errorState?.kind === "SYSTEM"
    ? failedAt + systemFailureDelay(situation.limits, situation.status.systemFailures ?? 1)
    : failedAt + situation.bounds.retryDelay(attemptOf(situation.status))

/** Ends an action whose deadline has passed while nothing runs; `undefined` when there is time left. */
export const expire = (situation: Situation): Decision | undefined => {
  const { status, bounds, createdAt, now } = situation
  const late = expired(status, Phase.fromWire(status.pluginPhase), bounds, createdAt, now)
  return late === undefined ? undefined : enter(situation, late, {})
}

/** When the next bound of time is reached; infinity when there is none. */
export const deadlineOf = ({ status, bounds, createdAt }: Situation): number => nextDeadline(status, bounds, createdAt)

/** Ends an action that never had a launch: its spec is invalid or nobody carries out its type. */
export const reject = (situation: Situation, reason: "InvalidSpec" | "PluginNotFound", message: string): Decision => {
  const error: Phase.TaskError = { code: reason, message, kind: "USER" }
  return stored(situation, { reason, event: "FAILED", terminal: "Failed" }, Phase.permanentFailure(error), {}, "Now", { _tag: "Conclude" })
}

const afterError = (situation: Situation, error: PluginError): Decision => {
  const { status, now, bounds } = situation
  if (!error.retryable) {
    return enter(situation, Phase.permanentFailure({ code: error.code, message: error.description, kind: error.kind }), {})
  }
  const late = expired(status, Phase.fromWire(status.pluginPhase), bounds, situation.createdAt, now)
  if (late?.phase === "PermanentFailure") return enter(situation, late, {})
  const count = countSystemFailure(status, situation.limits, now, false)
  const cause = `[${error.code}] ${error.description}`
  if (count.exhausted) return enter(situation, tooManySystemFailures(count, cause), {}, countedIn(count))
  const notBefore = now + systemFailureDelay(situation.limits, count.failures)
  return {
    status: {
      ...status,
      ...countedIn(count),
      conditions: noteFailure(situation, `system failure ${count.failures}, trying again: ${cause}`)
    },
    write: "Later",
    reports: [],
    next: { _tag: "Wait", notBefore, until: notBefore }
  }
}

const userFailure = (situation: Situation, phase: Phase.PhaseInfo, transition: Partial<Transition>): Decision => {
  const attempt = attemptOf(situation.status)
  const { maxAttempts, retryDelay } = situation.bounds
  const error = phase.error ?? { code: "MaxRetriesExceeded", message: phase.reason || "the task failed", kind: "USER" as const }
  if (attempt >= maxAttempts) {
    const message = maxAttempts > 1 ? `${error.message} (attempt ${attempt} of ${maxAttempts})` : error.message
    return enter(situation, Phase.permanentFailure({ ...error, message }, { info: phase.info }), transition)
  }
  const next: Next = { _tag: "Relaunch", notBefore: situation.now + retryDelay(attempt) }
  return stored(situation, meanings.RetryableFailure!, { ...phase, error }, transition, "Now", next)
}

const systemFailure = (situation: Situation, phase: Phase.PhaseInfo, transition: Partial<Transition>): Decision => {
  const { status, limits, now } = situation
  const count = countSystemFailure(status, limits, now, hasProgressed(status, limits, now))
  const cause = `[${phase.error?.code ?? "Unknown"}] ${phase.error?.message ?? phase.reason}`
  const launches = (status.launches ?? 0) + 1
  if (count.exhausted || launches >= limits.launchesMax) {
    return enter(situation, tooManySystemFailures(count, cause, launches), transition, countedIn(count))
  }
  const next: Next = { _tag: "Relaunch", notBefore: now + systemFailureDelay(limits, count.failures) }
  return stored(situation, meanings.RetryableFailure!, phase, transition, "Now", next, countedIn(count))
}

const tooManySystemFailures = (count: SystemFailureCount, cause: string, launches?: number): Phase.PhaseInfo =>
  Phase.permanentFailure({
    code: "MaxSystemFailuresExceeded",
    message: `gave up after ${count.failures} system failures${launches === undefined ? "" : ` and ${launches} launches`}; the last one: ${cause}`,
    kind: "SYSTEM"
  })

/** Any phase that does not ask for a relaunch: progress, an end, or nothing known. */
const enter = (situation: Situation, phase: Phase.PhaseInfo, transition: Partial<Transition>, extra?: Count): Decision => {
  const { status, limits, now } = situation
  const meaning = phase.phase === "PermanentFailure" && isTimeoutCode(phase.error?.code) ? timedOut : meanings[phase.phase]
  const cleared = status.systemFailures !== undefined && status.systemFailures > 0 && phase.phase === "Running" && hasProgressed(status, limits, now)
  const counted = cleared ? { systemFailures: 0 } : extra
  if (meaning === undefined) return unchanged(situation, transition, counted)
  if (meaning.terminal !== undefined) {
    return stored(situation, meaning, phase, transition, "Now", { _tag: "Conclude" }, counted)
  }
  const wire = Phase.toWire(phase.phase)
  const before = conditionOf(status, "Progressing")
  const isSame = status.pluginPhase === wire && (status.pluginPhaseVersion ?? 0) >= phase.version &&
    before?.reason === meaning.reason && before.message === truncate(phase.reason, noteMax)
  if (isSame) return unchanged(situation, transition, counted)
  const isFirstRunning = phase.phase === "Running" && status.pluginPhase !== wire
  const write = transition.deferrable === true && !isFirstRunning ? "Later" : "Now"
  return stored(situation, meaning, phase, transition, write, undefined, counted)
}

/** No news in the phase; perhaps in the plugin's own state. */
const unchanged = (situation: Situation, transition: Partial<Transition>, extra: Count | undefined): Decision => {
  const { status } = situation
  const hasState = transition.state !== undefined && !holds(status, transition.state)
  const hasNews = hasState || extra !== undefined
  return {
    status: hasNews ? changed(status, extra, transition) : status,
    write: !hasNews ? "Nothing" : hasState && transition.deferrable !== true ? "Now" : "Later",
    reports: [],
    next: waitFor(situation, status, transition)
  }
}

const stored = (
  situation: Situation,
  meaning: Meaning,
  phase: Phase.PhaseInfo,
  transition: Partial<Transition>,
  write: Decision["write"],
  next: Next | undefined,
  extra?: Count
): Decision => {
  const { status, now, generation } = situation
  const attempt = attemptOf(status)
  const sequence = (status.sequence ?? 0) + 1
  const wire = Phase.toWire(phase.phase)
  const message = messageOf(meaning, phase)
  const isRepeat = status.pluginPhase === wire
  const after = changed(status, extra, transition)
  after.stateJson = JSON.stringify({ phase: wire, actionId: situation.actionId, timestamp: KubeTime.format(now) })
  after.pluginPhase = wire
  after.pluginPhaseVersion = isRepeat ? Math.max(status.pluginPhaseVersion ?? 0, phase.version) : phase.version
  after.attempts = attempt
  after.conditions = applyMeaning(status.conditions ?? [], meaning, message, now, generation)
  after.phaseHistory = append(status.phaseHistory ?? [], { phase: meaning.reason, message, attempt, sequence }, now)
  after.sequence = sequence
  const cacheStatus = phase.info.externalResources.find((it) => it.cacheStatus !== 0)?.cacheStatus
  if (cacheStatus !== undefined) after.cacheStatus = cacheStatus
  if (phase.error !== undefined) after.errorState = errorStateOf(phase.error)
  else if (after.errorState !== undefined) delete after.errorState
  const report: Report = { sequence, attempt, phase: meaning.event, at: now, reason: phase.reason, info: phase.info, error: phase.error }
  return { status: after, write, reports: [report], next: next ?? waitFor(situation, after, transition) }
}

const messageOf = (meaning: Meaning, phase: Phase.PhaseInfo): string => {
  switch (meaning.reason) {
    case "Completed": return `the task completed successfully${phase.reason === "" ? "" : `: ${phase.reason}`}`
    case "Aborted": return phase.reason || "the task was aborted"
    default: return phase.error?.message ?? phase.reason
  }
}

/** A copy to write in, with what counts of `extra` and with the state of the transition, if it brings one. */
const changed = (status: Status, extra: Count | undefined, { state }: Partial<Transition>): { -readonly [K in keyof Status]: Status[K] } => {
  const copy: { -readonly [K in keyof Status]: Status[K] } = { ...status }
  if (extra !== undefined) {
    copy.systemFailures = extra.systemFailures
    if (extra.systemFailureSince === undefined) delete copy.systemFailureSince
    else copy.systemFailureSince = extra.systemFailureSince
  }
  if (state !== undefined) {
    copy.pluginState = textOf(state)
    copy.pluginStateVersion = state.version
  }
  return copy
}

const errorStateOf = ({ code, kind, message }: Phase.TaskError): NonNullable<Status["errorState"]> => ({
  code,
  kind: kind === "UNKNOWN" ? "" : kind,
  message: truncate(message, messageMax)
})

const noteFailure = (situation: Situation, message: string): NonNullable<Status["conditions"]> => {
  const { status, now, generation } = situation
  const before = conditionOf(status, "Progressing")
  const meaning = { ...meanings.Queued!, ...(before === undefined ? {} : { reason: before.reason as Meaning["reason"] }) }
  return applyMeaning(status.conditions ?? [], meaning, message, now, generation)
}

const countedIn = (count: SystemFailureCount) => ({
  systemFailures: count.failures,
  systemFailureSince: KubeTime.format(count.since)
})

const waitFor = ({ bounds, createdAt, limits, now }: Situation, status: Status, { lookAfter = limits.requeueAfter }: Partial<Transition>): Next => ({
  _tag: "Wait",
  until: Math.min(now + lookAfter, nextDeadline(status, bounds, createdAt)),
  notBefore: 0
})
