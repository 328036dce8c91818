/** The failure of a reconcile that no retry can mend. */
import { Data } from "effect"

/** Fail a reconcile with this when trying again is no use until the object changes: it is reported, and the key is not retried. */
export class TerminalError extends Data.TaggedError("TerminalError")<{
  /** What is wrong, with the value seen. */
  readonly message: string
  readonly cause?: unknown
}> {}
