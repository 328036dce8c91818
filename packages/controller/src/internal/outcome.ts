/** What came of a reconcile, read off its exit. */
import { Exit } from "effect"
import type { Result } from "../Result.ts"
import { TerminalError } from "../TerminalError.ts"

export type Outcome =
  | { readonly _tag: "Done" }
  | { readonly _tag: "RequeueAfter"; readonly delayMillis: number }
  /** `delayMin`: what the server asked to wait, in milliseconds. */
  | { readonly _tag: "Failed"; readonly error: unknown; readonly delayMin: number }
  | { readonly _tag: "Terminal"; readonly error: TerminalError }
  | { readonly _tag: "Defect"; readonly defect: unknown }
  | { readonly _tag: "TimedOut" }
  | { readonly _tag: "Interrupted" }

const done: Outcome = { _tag: "Done" }

/**
 * Defects weigh more than failures, failures more than interruption. A reconcile that finished in spite of its
 * timeout has the outcome that it finished with.
 */
export const outcomeOf = (exit: Exit.Exit<Result, unknown>, isTimedOut: boolean): Outcome => {
  if (Exit.isSuccess(exit)) {
    const delayMillis = (exit.value as Result | undefined)?.requeueAfter
    return delayMillis === undefined || delayMillis === Number.POSITIVE_INFINITY ? done : { _tag: "RequeueAfter", delayMillis }
  }
  let failed: Outcome | undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Die") return { _tag: "Defect", defect: reason.defect }
    if (reason._tag === "Fail") failed ??= failure(reason.error)
  }
  return failed ?? (isTimedOut ? { _tag: "TimedOut" } : { _tag: "Interrupted" })
}

const failure = (error: unknown): Outcome => {
  if (error instanceof TerminalError) return { _tag: "Terminal", error }
  const seconds = (error as { readonly retryAfterSeconds?: unknown } | null | undefined)?.retryAfterSeconds
  return { _tag: "Failed", error, delayMin: typeof seconds === "number" ? seconds * 1000 : 0 }
}

/** One line about an error, for the log. */
export const describe = (error: unknown): string => {
  if (error instanceof Error) return error.message === "" ? error.name : error.message
  if (typeof error === "object" && error !== null) {
    const { _tag, message } = error as { readonly _tag?: unknown; readonly message?: unknown }
    return [_tag, message].filter((it) => typeof it === "string").join(": ") || JSON.stringify(error)
  }
  return String(error)
}
