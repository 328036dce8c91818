/** What the commands need to know of the machine that they run on; `main.ts` fills it in. */
import { Context, type Effect } from "effect"

/** The machine and the user's place on it. */
export class Machine extends Context.Service<Machine, {
  readonly workingDirectory: string
  /** Folder for temporary files. */
  readonly temporaryDirectory: string
  readonly processors: number
  /** Environment that tasks get: paths and language, no more, so that no secret of the user's slips into a task. */
  readonly taskEnvironment: { readonly [name: string]: string }
  /** Where results of tasks are remembered unless a flag says otherwise; below the working directory if nobody said. */
  readonly cacheDefault: string | undefined
  readonly writeOut: (text: string) => void
  /** Completes when the user asks for an end (Ctrl-C, SIGTERM), with the exit code that tells of it. */
  readonly stopRequested: Effect.Effect<number>
  /** Folders to remove if the user does not wait for the end. */
  readonly temporaryFolders: Set<string>
}>()("@fairlead/engine/Machine") {}
