/** Reports: what a decision wants to be told, before it is dressed as an event. */
import { Phase, type TaskAction } from "@fairlead/core"
import type { ActionEvent, ActionId, ActionPhase, ClusterEvent } from "../ActionEvent.ts"
import { meanings, type Reason } from "./conditions.ts"
import { fromWire } from "./times.ts"

/** One thing to tell. `sequence` numbers everything ever told about an action. */
export interface Report {
  readonly sequence: number
  readonly attempt: number
  readonly phase: ActionPhase
  readonly at: number
  readonly reason: string
  readonly info: Phase.TaskInfo
  readonly error?: Phase.TaskError | undefined
}

/** The phase's reason first, then what else was heard, each with its own time or else the time of the report. */
export const toClusterEvents = (report: Report): ReadonlyArray<ClusterEvent> => {
  const own = report.reason === "" ? [] : [{ message: report.reason, occurredAt: report.info.occurredAt ?? report.at }]
  return [...own, ...report.info.additionalReasons.map((it) => ({ message: it.reason, occurredAt: it.occurredAt }))]
}

/** Dresses a report as an event. `outputPrefix` is where the attempt's files are, if it has a place for them. */
export const buildActionEvent = (report: Report, id: ActionId, cluster: string, outputPrefix: string | undefined): ActionEvent => ({
  id,
  attempt: Math.max(1, report.attempt),
  phase: report.phase,
  version: report.sequence,
  updatedTime: report.at,
  error: report.error,
  cluster,
  outputs: outputPrefix === undefined
    ? undefined
    : { outputUri: `${outputPrefix}/outputs.pb`, reportUri: `${outputPrefix}/report.html` },
  clusterEvents: toClusterEvents(report),
  logs: report.info.logs,
  logContext: report.info.logContext,
  cacheStatus: report.info.externalResources.find((it) => it.cacheStatus !== 0)?.cacheStatus ?? 0
})

const eventOfReason = new Map<string, ActionPhase>([
  ...Object.values(meanings).flatMap((it) => (it === undefined ? [] : [[it.reason, it.event] as const])),
  ["Queued", "QUEUED"],
  ["InvalidSpec", "FAILED"],
  ["PluginNotFound", "FAILED"],
  ["TimedOut", "TIMED_OUT"]
] satisfies ReadonlyArray<readonly [Reason, ActionPhase]>)

/**
 * What a stored status has to tell that may never have been told: after a restart the history is all that is left of it.
 * Reports that only changed a reason have no line of their own and are not repeated.
 */
export const untold = (status: TaskAction.TaskActionStatus): ReadonlyArray<Report> => {
  const delivered = status.delivered ?? 0
  if (!Array.isArray(status.phaseHistory)) return []
  return status.phaseHistory.flatMap((line: TaskAction.PhaseTransition) => {
    const phase = eventOfReason.get(line.phase)
    if (phase === undefined || line.sequence === undefined || line.sequence <= delivered) return []
    const failed = phase === "FAILED" || phase === "TIMED_OUT"
    return [{
      sequence: line.sequence,
      attempt: line.attempt ?? 1,
      phase,
      at: fromWire(line.occurredAt) ?? 0,
      reason: line.message ?? "",
      info: Phase.emptyInfo,
      error: failed ? errorOf(status, line) : undefined
    }]
  })
}

const errorOf = (status: TaskAction.TaskActionStatus, line: TaskAction.PhaseTransition): Phase.TaskError => {
  const isLast = status.phaseHistory?.at(-1) === line
  const stored = isLast ? status.errorState : undefined
  return {
    code: stored?.code ?? "Unknown",
    message: stored?.message ?? line.message ?? "",
    kind: stored?.kind === "USER" || stored?.kind === "SYSTEM" ? stored.kind : "UNKNOWN"
  }
}
