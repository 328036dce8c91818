/** What the two copilot commands have in common: what breaks, how it is put into words and reported to the engine. */
import type { Copilot } from "@fairlead/core"
import { Data, Duration, Effect } from "effect"
import { type CopilotCode, CopilotError } from "../CopilotError.ts"
import type { Datastore, DatastoreError } from "../Datastore.ts"
import type { LocalFilesError } from "../LocalFiles.ts"
import * as TaskFiles from "../TaskFiles.ts"

/** What can break while files are moved, before it is put into words for the engine. */
export type CopilotFault = DatastoreError | LocalFilesError | FileProblem | TookTooLong

/** Something about the task's own files or values that copilot cannot work with. */
export class FileProblem extends Data.TaggedError("FileProblem")<{ readonly problem: string }> {
  override get message(): string {
    return this.problem
  }
}

/** Files were not moved in the time that there was. */
export class TookTooLong extends Data.TaggedError("TookTooLong")<{ readonly what: string; readonly millis: number }> {
  override get message(): string {
    return `${this.what} took longer than ${this.millis / 1000} s`
  }
}

/** Puts a fault into words. The disk, time and a store that does not answer are the system's; everything else is the task's. */
export const describe = (code: CopilotCode, fault: CopilotFault): CopilotError => {
  const isTask = fault._tag === "FileProblem" || (fault._tag === "DatastoreError" && !fault.retryable)
  return new CopilotError({ code, description: fault.message, kind: isTask ? "USER" : "SYSTEM" })
}

/** Writes an error where the engine looks for it. Another attempt may always help, says Flyte. */
export const report = (
  options: Pick<Copilot.Download, "toOutputPrefix" | "errorName">,
  { code, description, kind }: CopilotError
): Effect.Effect<void, DatastoreError, Datastore> =>
  TaskFiles.writeError(options.toOutputPrefix, { error: { code, message: description, kind }, recoverable: true }, options.errorName)

/** Gives up after a time, in words; zero waits for ever. */
export const within = <A, E, R>(what: string, millis: number, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | TookTooLong, R> =>
  millis === 0
    ? effect
    : Effect.timeoutOrElse(effect, { duration: Duration.millis(millis), orElse: () => Effect.fail(new TookTooLong({ what, millis })) })

/** How many files are moved at a time. */
export const concurrency = 8
