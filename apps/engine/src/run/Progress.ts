/** What is known about the tasks of a run while it goes on, and the lines that tell it. */
import type { TaskAction } from "@fairlead/core"
import { oneLine, readable } from "./FailureText.ts"

/** Where a task stands, in the words of the view. */
export type TaskState = "waiting" | "queued" | "running" | "succeeded" | "failed" | "aborted"

/** One task as the view knows it. Times are milliseconds on the clock of the run. */
export interface TaskProgress {
  readonly name: string
  readonly state: TaskState
  readonly attempts: number
  /** When the task was handed to the cluster. */
  readonly submittedAt: number | undefined
  readonly endedAt: number | undefined
  /** Why it is where it is, if the cluster says so. */
  readonly reason: string
}

/** A change that is worth a line. */
export interface ProgressChange {
  readonly task: TaskProgress
  readonly previous: TaskProgress
}

const ended: ReadonlySet<TaskState> = new Set<TaskState>(["succeeded", "failed", "aborted"])

/** True when nothing more will happen to the task. */
export const isEnded = (task: TaskProgress): boolean => ended.has(task.state)

/** A task that has not been handed to the cluster yet. */
export const waiting = (name: string): TaskProgress =>
  ({ name, state: "waiting", attempts: 1, submittedAt: undefined, endedAt: undefined, reason: "" })

/** Reads the state out of the object's conditions. */
export const stateOf = (action: TaskAction.TaskAction): TaskState => {
  const conditions = action.status?.conditions ?? []
  const condition = (type: string) => conditions.find((it) => it.type === type)
  if (condition("Succeeded")?.status === "True") return "succeeded"
  const failed = condition("Failed")
  if (failed?.status === "True") return failed.reason === "Aborted" ? "aborted" : "failed"
  return condition("Progressing")?.reason === "Executing" ? "running" : "queued"
}

/** Takes a new version of the object into account. */
export const observe = (task: TaskProgress, action: TaskAction.TaskAction, now: number): TaskProgress => {
  if (isEnded(task)) return task
  const state = stateOf(action)
  const progressing = action.status?.conditions?.find((it) => it.type === "Progressing")
  const failure = action.status?.errorState
  const next = {
    ...task,
    state,
    attempts: Math.max(1, action.status?.attempts ?? 1),
    reason: failure?.message ?? progressing?.message ?? ""
  }
  return isEnded(next) ? { ...next, endedAt: now } : next
}

/** Seconds with one or two digits after the point: `0.21s`, `12.4s`. */
export const seconds = (milliseconds: number): string =>
  milliseconds < 10_000 ? `${(milliseconds / 1000).toFixed(2)}s` : `${(milliseconds / 1000).toFixed(1)}s`

/** The results tell the whole of it. */
const reasonLongest = 160

/**
 * The line for a change, for output that is not a terminal; `undefined` when the change is not worth one. An attempt may be over before anybody sees it run:
 * every line tells the attempt, so that the end of a task tells what no other line did.
 */
export const changeLine = ({ previous, task }: ProgressChange): string | undefined => {
  const name = `${task.name}${task.attempts > 1 ? ` (attempt ${task.attempts})` : ""}`
  const duration = task.endedAt !== undefined && task.submittedAt !== undefined ? ` in ${seconds(task.endedAt - task.submittedAt)}` : ""
  if (task.state !== previous.state) {
    switch (task.state) {
      case "running": return `running    ${name}`
      case "succeeded": return `succeeded  ${name}${duration}`
      case "failed": return `failed     ${name}${duration}: ${cut(oneLine(readable(task.reason)), reasonLongest)}`
      case "aborted": return `aborted    ${name}${duration}`
      default: break
    }
  }
  return task.attempts > previous.attempts ? `retrying   ${name}` : undefined
}

const marks: Readonly<Record<TaskState, string>> = {
  waiting: " ", queued: "·", running: "▸", succeeded: "✓", failed: "✗", aborted: "–"
}

/**
 * The live view for a terminal: a line that counts, then the tasks at work, at most `height` lines of at most `width`
 * characters.
 */
export const liveLines = (
  tasks: ReadonlyArray<TaskProgress>,
  now: number,
  size: { readonly width: number; readonly height: number }
): ReadonlyArray<string> => {
  const count = (state: TaskState): number => tasks.filter((it) => it.state === state).length
  const parts = [
    `${tasks.filter(isEnded).length}/${tasks.length} done`,
    ...(["running", "queued", "waiting", "failed", "aborted"] as const)
      .filter((state) => count(state) > 0)
      .map((state) => `${count(state)} ${state}`)
  ]
  const active = tasks.filter((it) => it.state === "running" || (it.state === "queued" && it.submittedAt !== undefined))
  const shown = active.slice(0, Math.max(0, size.height - 2))
  const lines = shown.map((task) => {
    const elapsed = task.submittedAt === undefined ? "" : seconds(now - task.submittedAt)
    const attempt = task.attempts > 1 ? ` (attempt ${task.attempts})` : ""
    return `${marks[task.state]} ${task.name}${attempt}  ${elapsed}`
  })
  const more = active.length - shown.length
  return [parts.join(", "), ...lines, ...(more > 0 ? [`  and ${more} more`] : [])].map((line) => cut(line, size.width))
}

/** The text, or as much of it as fits. */
export const cut = (line: string, width: number): string => (line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`)
