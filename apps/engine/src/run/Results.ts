/** What came of a run: a table for people, JSON for programs, an exit code for scripts. */
import { firstLine, seconds, type TaskState } from "./Progress.ts"

/** The end of one task. */
export interface TaskResult {
  readonly name: string
  readonly phase: TaskState
  readonly attempts: number
  /** Milliseconds from submission to the end; `undefined` when the task was never handed to the cluster. */
  readonly duration: number | undefined
  /** Outputs in readable form, by name. */
  readonly outputs: { readonly [name: string]: unknown }
  readonly error: { readonly code: string; readonly kind: string; readonly message: string } | undefined
  /** The last lines of the task's log; only for tasks that did not succeed. */
  readonly log: ReadonlyArray<string>
}

/** 0 when every task succeeded, else 1. */
export const exitCode = (results: ReadonlyArray<TaskResult>): number => (results.every((it) => it.phase === "succeeded") ? 0 : 1)

/** One JSON document for the whole run. */
export const toJson = (results: ReadonlyArray<TaskResult>): string =>
  JSON.stringify({ succeeded: exitCode(results) === 0, tasks: results }, (_, value) => (typeof value === "bigint" ? value.toString() : value), 2)

/** The table, then the causes of failures with the end of their logs, then one line that sums up. */
export const toTable = (results: ReadonlyArray<TaskResult>, width: number): string => {
  const rows = results.map((it) => [it.name, it.phase, String(it.attempts), it.duration === undefined ? "-" : seconds(it.duration), outcome(it)])
  const table = align([["TASK", "PHASE", "ATTEMPTS", "DURATION", "OUTPUTS OR ERROR"], ...rows], width)
  const failures = results.filter((it) => it.phase !== "succeeded").flatMap(explain)
  return [...table, "", ...failures, summary(results)].join("\n")
}

const outcome = (result: TaskResult): string =>
  result.error === undefined
    ? Object.entries(result.outputs).map(([name, value]) => `${name}=${show(value)}`).join(" ")
    : `${result.error.code === "" ? "" : `${result.error.code}: `}${firstLine(result.error.message)}`

const show = (value: unknown): string => {
  if (typeof value === "string" || typeof value === "bigint") return String(value)
  return JSON.stringify(value, (_, it: unknown) => (typeof it === "bigint" ? it.toString() : it))
}

const explain = (result: TaskResult): ReadonlyArray<string> => {
  const lines = [`${result.name} ${result.phase}${result.error === undefined ? "" : `: ${result.error.code}`}`]
  if (result.error !== undefined) lines.push(...result.error.message.split(/\r?\n/).filter((it) => it.trim() !== "").map((it) => `  ${it}`))
  if (result.log.length > 0) lines.push("  the end of its log:", ...result.log.map((it) => `  | ${it}`))
  return [...lines, ""]
}

const summary = (results: ReadonlyArray<TaskResult>): string => {
  const count = (phase: TaskState): number => results.filter((it) => it.phase === phase).length
  const parts = (["succeeded", "failed", "aborted", "waiting"] as const)
    .map((phase) => [phase, count(phase)] as const)
    .filter(([phase, n]) => n > 0 || phase === "succeeded")
  return parts.map(([phase, n]) => `${n} ${phase === "waiting" ? "not started" : phase}`).join(", ")
}

/** Columns padded to their widest cell; the last one is cut at the edge. */
const align = (rows: ReadonlyArray<ReadonlyArray<string>>, width: number): ReadonlyArray<string> => {
  const columns = rows[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => {
    const line = row.map((cell, column) => (column === columns - 1 ? cell : cell.padEnd(widths[column]!))).join("  ").trimEnd()
    return line.length <= width ? line : `${line.slice(0, width - 1)}…`
  })
}
