/** What came of a run: a table for people, JSON for programs, an exit code for scripts. */
import type { CacheHit } from "@fairlead/reconciler"
import { advice, oneLine, readable } from "./FailureText.ts"
import { plainLine } from "./PlainText.ts"
import { seconds, type TaskState } from "./Progress.ts"

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
  /** Where the result came from, for a task that did not run because it was known. */
  readonly cached?: CacheHit.CacheHit | undefined
  /** True when the cache was of no use although the task has one. */
  readonly cacheFailed?: boolean | undefined
  /** The last lines of the task's log; only for tasks that did not succeed. */
  readonly log: ReadonlyArray<string>
}

/** 0 when every task succeeded, else 1. */
export const exitCode = (results: ReadonlyArray<TaskResult>): number => (results.every((it) => it.phase === "succeeded") ? 0 : 1)

/** One JSON document for the whole run. Integers that a number cannot hold exactly become texts. */
export const toJson = (results: ReadonlyArray<TaskResult>): string =>
  JSON.stringify({ succeeded: exitCode(results) === 0, tasks: results }, (_, value: unknown) => jsonValue(value), 2)

/** The table, then the causes of failures with the end of their logs, then one line that sums up. */
export const toTable = (results: ReadonlyArray<TaskResult>, width: number): string => {
  const rows = results.map((it) => [it.name, it.phase, String(it.attempts), it.duration === undefined ? "-" : seconds(it.duration), outcome(it)])
  const table = align([["TASK", "PHASE", "ATTEMPTS", "DURATION", "OUTPUTS OR ERROR"], ...rows], width)
  const failures = results.filter((it) => it.phase !== "succeeded").flatMap(explain)
  return [...table, "", ...fromCache(results), ...failures, summary(results)].join("\n")
}

const fromCache = (results: ReadonlyArray<TaskResult>): ReadonlyArray<string> => {
  const hits = results.flatMap(({ cached, name }) => (cached === undefined ? [] : [[`  ${name}`, `${cached.age} old`, cached.key]]))
  return hits.length === 0 ? [] : ["not run again, because the result was in the cache:", ...align(hits, Infinity), ""]
}

/** Where the files of a run are. */
export interface RunFiles {
  readonly folder: string
  readonly keep: boolean
  /** What is wrong with the cache, if that is known. */
  readonly cacheProblem?: string | undefined
}

/** What to say about files after the results. */
export const hints = (results: ReadonlyArray<TaskResult>, files: RunFiles): ReadonlyArray<string> => {
  const failed = results.filter((it) => it.cacheFailed === true).length
  const cache = failed === 0 ? [] : [`${failed === 1 ? "one task" : `${failed} tasks`} could not use the cache${files.cacheProblem === undefined ? "; --log-level warn says why" : `: ${files.cacheProblem}; --cache gives another place`}`]
  return [...hintsOnFiles(results, files), ...cache]
}

const hintsOnFiles = (results: ReadonlyArray<TaskResult>, { folder, keep }: RunFiles): ReadonlyArray<string> => {
  if (keep) return [`logs and files are kept in ${folder}`]
  const hasFile = results.some(({ outputs }) => JSON.stringify(outputs, (_, value: unknown) => jsonValue(value)).includes(`file://${folder}/`))
  return hasFile ? ["outputs that are files went with the temporary folder of the run; --keep keeps them"] : []
}

const jsonValue = (value: unknown): unknown => {
  if (typeof value !== "bigint") return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
}

const outcome = (result: TaskResult): string =>
  result.error === undefined
    ? Object.entries(result.outputs).map(([name, value]) => `${name}=${show(value)}`).join(" ")
    : `${result.error.code === "" ? "" : `${result.error.code}: `}${oneLine(readable(result.error.message))}`

const show = (value: unknown): string => {
  if (typeof value === "string") return value.split(/\s*\n\s*/).map(plainLine).join(" ⏎ ")
  return typeof value === "bigint" ? String(value) : JSON.stringify(value, (_, it: unknown) => jsonValue(it))
}

const explain = (result: TaskResult): ReadonlyArray<string> => {
  const message = result.error === undefined ? [] : readable(result.error.message)
  const lines = result.log.map(plainLine)
  const heading = `${result.name} ${result.phase}${result.error === undefined ? "" : `: ${result.error.code}`}`
  // The engine takes the end of the log for the message when the task leaves none; then it stands there already.
  const isTold = lines.every((line) => message.includes(line.trimEnd()))
  const log = isTold ? [] : ["  the end of its log:", ...lines.map((it) => `  | ${it}`)]
  const advised = advice(result.error?.code ?? "")
  return [heading, ...message.map((it) => `  ${it}`), ...log, ...(advised === undefined ? [] : [`  ${advised}`]), ""]
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
