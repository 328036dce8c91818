/** The phases of a task and what is known about each: Flyte's `pluginmachinery/core/phase.go`. */
import type { ExecutionError, LogContext, TaskLog } from "./idl/core.generated.ts"

/** Phases in Flyte's order: code compares positions (`>= Running`). */
export const phases = [
  "Undefined",
  "NotReady",
  "WaitingForResources",
  "Queued",
  "Initializing",
  "Running",
  "Success",
  "RetryableFailure",
  "PermanentFailure",
  "WaitingForCache",
  "Aborted"
] as const

/** A state of one attempt of a task. */
export type Phase = (typeof phases)[number]

const terminal: ReadonlySet<Phase> = new Set<Phase>(["Success", "RetryableFailure", "PermanentFailure", "Aborted"])

/** True when an attempt in this phase will not change any more. */
export const isTerminal = (phase: Phase): boolean => terminal.has(phase)

/** The name that `status.pluginPhase` carries: `PhaseRunning`. */
export const toWire = (phase: Phase): string => wireNames[phase]

const wireNames = Object.fromEntries(phases.map((phase) => [phase, `Phase${phase}`])) as { readonly [P in Phase]: string }

const byWireName: ReadonlyMap<string | undefined, Phase> = new Map(phases.map((phase) => [toWire(phase), phase]))

/** Reads `status.pluginPhase`; `undefined` for an absent or unknown name. */
export const fromWire = (name: string | undefined): Phase | undefined => byWireName.get(name)

/** Who is to blame for a failure: it decides which budget the retry is taken from. */
export type ErrorKind = "USER" | "SYSTEM" | "UNKNOWN"

/** Something that happened to the object behind a task, as an extra line of explanation. Times are milliseconds since the epoch. */
export interface ReasonInfo {
  readonly reason: string
  readonly occurredAt: number
}

/** A job, a shard or a cache entry outside the engine that took part in the attempt. */
export interface ExternalResource {
  readonly externalId: string
  /** `core.CatalogCacheStatus`. */
  readonly cacheStatus: number
  readonly index: number
  readonly retryAttempt: number
  readonly phase: Phase
  readonly logs: ReadonlyArray<TaskLog>
}

/** Facts around a phase that are not part of it. Times are milliseconds since the epoch. */
export interface TaskInfo {
  readonly logs: ReadonlyArray<TaskLog>
  /** Pods and containers whose logs are the task's, for those who fetch logs themselves. */
  readonly logContext?: LogContext | undefined
  readonly occurredAt?: number | undefined
  readonly reportedAt?: number | undefined
  readonly customInfo?: { readonly [key: string]: unknown } | undefined
  readonly externalResources: ReadonlyArray<ExternalResource>
  readonly additionalReasons: ReadonlyArray<ReasonInfo>
}

/** What ended an attempt. `code` is a stable word for machines, `message` is for people. */
export interface TaskError {
  readonly code: string
  readonly message: string
  readonly kind: ErrorKind
}

/**
 * The state that a plugin reports. The same phase is reported again only with a higher `version`.
 * Failures carry `error`; `cleanupOnFailure` asks the engine to delete the workload at once.
 */
export interface PhaseInfo {
  readonly phase: Phase
  readonly version: number
  readonly reason: string
  readonly info: TaskInfo
  readonly error?: TaskError | undefined
  readonly cleanupOnFailure: boolean
}

/** No logs, no resources, no reasons. */
export const emptyInfo: TaskInfo = { logs: [], externalResources: [], additionalReasons: [] }

const make = (phase: Phase, version: number, reason: string, info: Partial<TaskInfo> = emptyInfo): PhaseInfo => ({
  phase,
  version,
  reason,
  // Written out: copying two objects into one is several times as slow, and a phase is made in every round.
  info: {
    logs: info.logs ?? emptyInfo.logs,
    logContext: info.logContext,
    occurredAt: info.occurredAt,
    reportedAt: info.reportedAt,
    customInfo: info.customInfo,
    externalResources: info.externalResources ?? emptyInfo.externalResources,
    additionalReasons: info.additionalReasons ?? emptyInfo.additionalReasons
  },
  cleanupOnFailure: false
})

/** Nothing is known yet. */
export const undefinedPhase = (): PhaseInfo => make("Undefined", 0, "")
/** The task has not begun to be prepared. */
export const notReady = (version: number, reason: string, info?: Partial<TaskInfo>): PhaseInfo => make("NotReady", version, reason, info)
/** The task waits for a quota or a token. */
export const waitingForResources = (version: number, reason: string, info?: Partial<TaskInfo>): PhaseInfo =>
  make("WaitingForResources", version, reason, info)
/** Another task works on the same result; this one waits for it. */
export const waitingForCache = (version: number, reason: string, info?: Partial<TaskInfo>): PhaseInfo =>
  make("WaitingForCache", version, reason, info)
/** The task is handed over and waits to be started. */
export const queued = (version: number, reason: string, info?: Partial<TaskInfo>): PhaseInfo => make("Queued", version, reason, info)
/** The task is being set up: images, volumes, init containers. */
export const initializing = (version: number, reason: string, info?: Partial<TaskInfo>): PhaseInfo =>
  make("Initializing", version, reason, info)
/** The task works. */
export const running = (version: number, reason: string, info?: Partial<TaskInfo>): PhaseInfo => make("Running", version, reason, info)
/** The task ended well. */
export const success = (info?: Partial<TaskInfo>): PhaseInfo => make("Success", 0, "", info)
/** The task was stopped from outside. */
export const aborted = (version: number, reason: string, info?: Partial<TaskInfo>): PhaseInfo => make("Aborted", version, reason, info)

/** A failed attempt that may be tried again; `kind` says from which budget. */
export const retryableFailure = (
  error: TaskError,
  options: { readonly info?: Partial<TaskInfo>; readonly cleanup?: boolean } = {}
): PhaseInfo => ({ ...make("RetryableFailure", 0, error.message, options.info), error, cleanupOnFailure: options.cleanup ?? false })

/** A failed attempt that no further try can help. */
export const permanentFailure = (
  error: TaskError,
  options: { readonly info?: Partial<TaskInfo>; readonly cleanup?: boolean } = {}
): PhaseInfo => ({ ...make("PermanentFailure", 0, error.message, options.info), error, cleanupOnFailure: options.cleanup ?? false })

/** The same phase with one reason more, behind the one that it has. Flyte's `PhaseInfo.WithReason`. */
export const withReason = (phase: PhaseInfo, reason: string): PhaseInfo => ({
  ...phase,
  reason: phase.reason === "" ? reason : `${phase.reason}, ${reason}`
})

/** Reads the protobuf form of an error; an absent one is `Unknown`. */
export const errorFromProto = (error: ExecutionError | undefined): TaskError => ({
  code: error?.code ?? "Unknown",
  message: error?.message ?? "",
  kind: error?.kind === 1 ? "USER" : error?.kind === 2 ? "SYSTEM" : "UNKNOWN"
})
