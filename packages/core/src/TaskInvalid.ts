/** What is wrong with a task that somebody wrote: every fault at once, each with its place, the value seen and a way out. */
import { Data } from "effect"

/** One fault of a task. */
export interface TaskIssue {
  /** Keys and indexes from the root of the document: `["spec", "task", "container", "args", 0]`. */
  readonly path: ReadonlyArray<string | number>
  /** What is wrong, with the value seen, and what to do; without the path. */
  readonly problem: string
}

/** Writes a path as people do: `spec.task.container.args[0]`. */
export const formatPath = (path: ReadonlyArray<PropertyKey>): string => {
  let out = ""
  for (const key of path) {
    if (typeof key === "number") out += `[${key}]`
    else if (/^[A-Za-z_$][\w$-]*$/.test(String(key))) out += out === "" ? String(key) : `.${String(key)}`
    else out += `[${JSON.stringify(String(key))}]`
  }
  return out
}

/** Writes a value for a message, cut to a length that a line can bear. */
export const formatValue = (value: unknown, max = 80): string => {
  if (value === undefined) return "nothing"
  const text = typeof value === "bigint" ? value.toString() : (JSON.stringify(value) ?? String(value))
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`
}

/** A task cannot be understood. `message` lists every fault; `issues` has them one by one for tools that know lines of files. */
export class TaskInvalid extends Data.TaggedError("TaskInvalid")<{ readonly issues: ReadonlyArray<TaskIssue> }> {
  override get message(): string {
    return this.issues.map(formatIssue).join("; ")
  }
}

/** Writes one fault with its place: `spec.task.retries: …`. */
export const formatIssue = (issue: TaskIssue): string =>
  issue.path.length === 0 ? issue.problem : `${formatPath(issue.path)}: ${issue.problem}`
