/** How copilot fails. */
import type { Phase } from "@fairlead/core"
import { Data } from "effect"

/** Codes under which failures of copilot are known, from Flyte. */
export type CopilotCode = "InputDownloadFailed" | "OutputUploadFailed"

/** Copilot could not do its work. `kind` says whether the task or the world around it is to blame. */
export class CopilotError extends Data.TaggedError("CopilotError")<{
  readonly code: CopilotCode
  readonly description: string
  readonly kind: Phase.ErrorKind
}> {
  override get message(): string {
    return `[${this.code}] ${this.description}`
  }
}
