/** The life of a job as one pure table: stored phase × event → next state, what to report and what follows. */
import { Phase } from "@fairlead/core"
import type { Json } from "./AsyncPlugin.ts"
import { digestOf } from "./internal/digest.ts"
import { isTerminalJob, type JobPhase, type JobState } from "./JobState.ts"
import type { WebApiError } from "./WebApiError.ts"

/** What the runtime learned in one round. */
export type JobEvent =
  /** There is room: the job may be created. */
  | { readonly _tag: "TokenGranted"; readonly lease: JobState["lease"] }
  /** There is no room yet. */
  | { readonly _tag: "TokenRefused"; readonly reason: string }
  /** The job is not created yet, and that is no failure: a call is under way, a limit holds it back, a pause is not over. */
  | { readonly _tag: "CreateHeld"; readonly reason: string }
  /** The job is there; `isKnown` when its state came with the answer. */
  | { readonly _tag: "Created"; readonly meta: Json; readonly isKnown: boolean }
  | { readonly _tag: "CreateFailed"; readonly error: WebApiError }
  /** Nothing is known about the job beyond what was reported; `trouble` says why, if there is a reason. */
  | { readonly _tag: "NotSeen"; readonly trouble: string | undefined }
  /** The job was looked at; `trouble` tells that this was a while ago. */
  | { readonly _tag: "Seen"; readonly phase: Phase.PhaseInfo; readonly trouble: string | undefined }
  /** Nobody could look at the job for so long that it is given up. */
  | { readonly _tag: "GaveUp"; readonly error: WebApiError }
  /** The service has lost the job. */
  | { readonly _tag: "Gone"; readonly error: WebApiError }

/** What the table needs to know besides. Times are milliseconds. */
export interface JobTerms {
  readonly now: number
  /** How long `create` may go on failing for reasons that are not the task's. */
  readonly createBudget: number
  /** A lost state does no harm: the job is found again by its key. */
  readonly canFind: boolean
}

/** The outcome of a round. */
export interface JobStep {
  readonly state: JobState
  readonly phase: Phase.PhaseInfo
  /** A crash may lose it. */
  readonly deferrable: boolean
  /** The next step can be done at once, after this one is stored. */
  readonly isHurried: boolean
}

type Cell<E> = (state: JobState, event: E, terms: JobTerms) => JobStep
type Row = { readonly [E in JobEvent["_tag"]]: Cell<Extract<JobEvent, { readonly _tag: E }>> }

/** Pauses between calls of `create` that fail. */
const retryDelayMin = 1000
const retryDelayMax = 60_000

/** The phase that a job is in while its task is in `phase`: Flyte's `ToPluginPhase`, but nothing leads back to `NotStarted`. */
export const toJobPhase = (phase: Phase.Phase): JobPhase | undefined => {
  switch (phase) {
    case "Success": return "Succeeded"
    case "RetryableFailure":
    case "PermanentFailure":
    case "Aborted": return "UserFailure"
    case "WaitingForCache": return undefined
    default: return "ResourcesCreated"
  }
}

/** Reports a phase with a version that rises when there is news and never falls within a phase. */
const report = (state: JobState, info: Phase.PhaseInfo): { readonly phase: Phase.PhaseInfo; readonly reported: JobState["reported"] } => {
  const { reported } = state
  const digest = digestOf(info)
  const isRepeat = reported.phase === info.phase
  const least = !isRepeat ? 0 : digest === reported.digest ? reported.version : reported.version + 1
  const version = Math.max(info.version, least)
  return {
    phase: info.version === version ? info : { ...info, version },
    reported: {
      phase: info.phase,
      version: isRepeat && digest === reported.digest ? reported.version : version,
      reason: info.reason,
      digest,
      ...(info.error === undefined ? {} : { error: info.error })
    }
  }
}

const step = (state: JobState, changes: Partial<JobState>, info: Phase.PhaseInfo, more: Partial<JobStep> = {}): JobStep => {
  const { phase, reported } = report(state, info)
  const isSame = Object.keys(changes).length === 0 && reported.digest === state.reported.digest && reported.version === state.reported.version
  return { state: isSame ? state : { ...state, ...changes, reported }, phase, deferrable: false, isHurried: false, ...more }
}

/** Ends the job. Its lease is given back with the same write that tells of the end. */
const end = (state: JobState, phase: JobPhase, info: Phase.PhaseInfo, more: Partial<JobState> = {}): JobStep => {
  const { creating: _1, lease: _2, ...kept } = state
  return step(kept, { ...more, phase }, info)
}

/** What was reported last, again. */
export const lastReport = ({ reported }: JobState): Phase.PhaseInfo => ({
  phase: reported.phase,
  version: reported.version,
  reason: reported.reason,
  info: Phase.emptyInfo,
  cleanupOnFailure: false,
  ...(reported.error === undefined ? {} : { error: reported.error })
})

/** An event that has no meaning here changes nothing: late answers and repeated rounds are harmless. */
const repeat: Cell<JobEvent> = (state) => ({ state, phase: lastReport(state), deferrable: true, isHurried: false })

const acquire: Cell<{ readonly lease: JobState["lease"] }> = (state, { lease }) =>
  step(state, { phase: "AllocationTokenAcquired", ...(lease === undefined ? {} : { lease }) }, Phase.queued(0, "to be handed to the service"), { isHurried: true })

const wait: Cell<{ readonly reason: string }> = (state, { reason }) => step(state, {}, Phase.waitingForResources(0, reason), { deferrable: true })

const hold: Cell<{ readonly reason: string }> = (state, { reason }) => step(state, {}, Phase.queued(1, reason), { deferrable: true })

const launch: Cell<{ readonly meta: Json; readonly isKnown: boolean }> = (state, { isKnown, meta }, { canFind }) => {
  const { creating: _, ...kept } = state
  return step(kept, { phase: "ResourcesCreated", meta }, Phase.queued(2, "handed to the service"), { deferrable: canFind, isHurried: isKnown })
}

const userError = (error: WebApiError, code: string): Phase.TaskError => ({ code: error.code ?? code, message: error.description, kind: "USER" })
const systemError = (code: string, message: string): Phase.TaskError => ({ code, message, kind: "SYSTEM" })

/** A pause that doubles with every failure, or the one that the service asked for. */
const pauseAfter = (failures: number, error: WebApiError): number =>
  Math.max(error.retryAfter ?? 0, Math.min(retryDelayMax, retryDelayMin * 2 ** Math.min(20, failures - 1)))

const failCreate: Cell<{ readonly error: WebApiError }> = (state, { error }, { createBudget, now }) => {
  switch (error.fault) {
    case "Rejected": return end(state, "UserFailure", Phase.permanentFailure(userError(error, "BadTaskSpecification")))
    case "Failed":
    case "NotFound": return end(state, "UserFailure", Phase.retryableFailure(userError(error, "TaskFailedWithError")))
    default: {
      const since = state.creating?.since ?? now
      const failures = (state.creating?.failures ?? 0) + 1
      // A service that asks for patience gets it: only bounds of the task itself end that wait.
      if (error.fault !== "Throttled" && now - since >= createBudget) {
        const message = `the service did not take the job in ${failures} calls; the last one: ${error.message}`
        return end(state, "SystemFailure", Phase.retryableFailure(systemError(error.code ?? `Create${error.fault}`, message)), { isAbandoned: true })
      }
      const creating = { since, failures, retryAt: now + pauseAfter(failures, error) }
      return step(state, { creating }, Phase.queued(1, `the service does not take the job yet: ${error.message}`), { deferrable: true })
    }
  }
}

const withTrouble = (reason: string, trouble: string | undefined): string =>
  trouble === undefined ? reason : reason === "" ? trouble : `${reason} (${trouble})`

const notSeen: Cell<{ readonly trouble: string | undefined }> = (state, event, terms) =>
  event.trouble === undefined ? repeat(state, { _tag: "NotSeen", trouble: undefined }, terms) : step(state, {}, { ...lastReport(state), reason: event.trouble }, { deferrable: true })

const observe: Cell<{ readonly phase: Phase.PhaseInfo; readonly trouble: string | undefined }> = (state, event, terms) => {
  const next = toJobPhase(event.phase.phase)
  if (next === undefined || event.phase.phase === "Undefined" || event.phase.phase === "NotReady") return notSeen(state, event, terms)
  if (isTerminalJob(next)) return end(state, next, event.phase)
  return step(state, {}, { ...event.phase, reason: withTrouble(event.phase.reason, event.trouble) }, { deferrable: true })
}

const giveUp: Cell<{ readonly error: WebApiError }> = (state, { error }) =>
  end(state, "SystemFailure", Phase.retryableFailure(systemError("AutoRefreshCacheFailed", `the job could not be looked at any more: ${error.message}`)), { isAbandoned: true })

const lose: Cell<{ readonly error: WebApiError }> = (state, { error }) =>
  end(state, "SystemFailure", Phase.retryableFailure(systemError("ResourceNotFound", `the service does not know the job any more: ${error.description}`)))

const ended: Row = {
  TokenGranted: repeat,
  TokenRefused: repeat,
  CreateHeld: repeat,
  Created: repeat,
  CreateFailed: repeat,
  NotSeen: repeat,
  Seen: repeat,
  GaveUp: repeat,
  Gone: repeat
}

/** The table. */
export const jobTable: { readonly [P in JobPhase]: Row } = {
  NotStarted: { ...ended, TokenGranted: acquire, TokenRefused: wait },
  AllocationTokenAcquired: { ...ended, CreateHeld: hold, Created: launch, CreateFailed: failCreate },
  ResourcesCreated: { ...ended, NotSeen: notSeen, Seen: observe, GaveUp: giveUp, Gone: lose },
  Succeeded: ended,
  UserFailure: ended,
  SystemFailure: ended
}

/** Takes one step. */
export const advanceJob = (state: JobState, event: JobEvent, terms: JobTerms): JobStep =>
  (jobTable[state.phase][event._tag] as Cell<JobEvent>)(state, event, terms)
