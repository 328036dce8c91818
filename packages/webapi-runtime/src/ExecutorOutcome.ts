/** What an answer of a v1 executor means: a pure table from its phase to ours. */
import { Phase } from "@fairlead/core"
import { type ExecutorError, TaskPhase, taskPhaseName, type TaskStatus } from "./Executor.ts"
import type { ExecutorState } from "./ExecutorState.ts"

/** What follows from an answer. `Succeeded` is not reported before the outputs are there; `Violation` is no answer at all. */
export type ExecutorStep =
  | { readonly _tag: "Report"; readonly state: ExecutorState; readonly phase: Phase.PhaseInfo; readonly lookAfter: number | undefined }
  | { readonly _tag: "Succeeded"; readonly state: ExecutorState }
  | { readonly _tag: "Violation"; readonly problem: string }

/** Times are milliseconds. */
export interface ExecutorTerms {
  readonly now: number
  /** How long nobody may know how a task is before it is given up. */
  readonly unknownGrace: number
}

/** One less than the engine's limit for versions. */
export const versionMax = 99_999
const startDelayMin = 1000
const startDelayMax = 60_000
const unknownInterval = 10_000

/** Codes that are not the task's fault. */
const systemCodes: ReadonlySet<string> = new Set(["DownstreamSystemError", "MetadataAccessFailed"])

const errorOf = (err: ExecutorError | undefined, otherwise: string): Phase.TaskError => ({
  code: err?.code ?? "UnknownTaskError",
  message: err?.description ?? otherwise,
  kind: err !== undefined && systemCodes.has(err.code) ? "SYSTEM" : "USER"
})

/** Never falls within a phase; any value is right when the phase changes. */
const versionOf = (state: ExecutorState, { phase, phaseVersion }: TaskStatus): number => {
  const version = Math.min(versionMax, Math.max(0, Math.trunc(phaseVersion) || 0))
  return state.lastPhase === phase ? Math.max(state.lastVersion, version) : version
}

type Cell = (state: ExecutorState, status: TaskStatus, version: number, info: Partial<Phase.TaskInfo>, terms: ExecutorTerms) => ExecutorStep

const report = (state: ExecutorState, phase: Phase.PhaseInfo, lookAfter?: number): ExecutorStep => ({ _tag: "Report", state, phase, lookAfter })

const notReady: Cell = (state, { err }, _version, info) => {
  const rounds = state.notReadyRounds + 1
  // Started anew in the next round, also when `checkTaskStatus` said so.
  const next = { ...state, started: false, notReadyRounds: rounds }
  const pause = Math.min(startDelayMax, startDelayMin * 2 ** Math.min(10, rounds - 1))
  return report(next, Phase.waitingForResources(Math.min(versionMax, rounds), err?.description ?? "the executor is not ready to start the task", info), pause)
}

const unknown: Cell = (state, { err }, _version, _info, { now, unknownGrace }) => {
  const since = state.unknownSince ?? now
  if (now - since >= unknownGrace) {
    const message = `nobody could tell how the task is for ${Math.round((now - since) / 1000)} seconds${err === undefined ? "" : `: ${err.message}`}`
    return report({ ...state, unknownSince: since, lastPhase: TaskPhase.RetryableFailure }, Phase.retryableFailure({ code: "TaskUnknown", message, kind: "SYSTEM" }))
  }
  return report({ ...state, unknownSince: since }, lastPhaseOf(state), unknownInterval)
}

/** What was reported last, again. */
export const lastPhaseOf = ({ lastPhase, lastVersion, notReadyRounds }: ExecutorState): Phase.PhaseInfo =>
  lastPhase === TaskPhase.Running ? Phase.running(lastVersion, "")
    : lastPhase === TaskPhase.Queued ? Phase.queued(lastVersion, "")
    : Phase.waitingForResources(notReadyRounds, "")

/** The table, by v1's phases. */
export const executorTable: { readonly [P in keyof typeof TaskPhase]: Cell } = {
  Queued: (state, { err }, version, info) => report(state, Phase.queued(version, err?.description ?? "", info)),
  Running: (state, { err }, version, info) => report(state, Phase.running(version, err?.description ?? "", info)),
  RetryableFailure: (state, { err }, _version, info) => report(state, Phase.retryableFailure(errorOf(err, "the task failed, and the executor gave no reason"), { info, cleanup: true })),
  PermanentFailure: (state, { err }, _version, info) => report(state, Phase.permanentFailure(errorOf(err, "the task failed for good, and the executor gave no reason"), { info })),
  Succeeded: (state) => ({ _tag: "Succeeded", state }),
  Undefined: (_state, { err }) => ({ _tag: "Violation", problem: `the executor answered the phase Undefined${err === undefined ? " and no error" : `: ${err.message}`}` }),
  NotReady: notReady,
  Unknown: unknown
}

/** Takes an answer into account. Only an answer of `Unknown` leaves the executor's own state as it was. */
export const applyStatus = (before: ExecutorState, status: TaskStatus, info: Partial<Phase.TaskInfo>, terms: ExecutorTerms): ExecutorStep => {
  const name = taskPhaseName(status.phase)
  const cell = executorTable[name]
  if (name === "Unknown" || name === "Undefined") return cell(before, status, before.lastVersion, info, terms)
  const version = versionOf(before, status)
  const { unknownSince: _, ...known } = before
  const state: ExecutorState = {
    ...known,
    attempted: true,
    started: true,
    lastPhase: status.phase,
    lastVersion: version,
    customState: status.state === undefined ? "" : JSON.stringify(status.state)
  }
  const timed = status.occurredAt === undefined ? info : { ...info, occurredAt: status.occurredAt }
  return cell(state, status, version, timed, terms)
}
