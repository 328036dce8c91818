/** How a command says that it does not do, or cannot go on with, what it was asked for. */
import { Effect } from "effect"
import { ExitCode } from "./ExitCode.ts"
import { Screen } from "./run/ProgressView.ts"

/** Tells a person why, on a line of its own, and programs by the exit code: 2 for what was asked for wrongly, 1 for what did not work. */
export const refuse = (why: string, code: 1 | 2 = 2): Effect.Effect<void, never, Screen | ExitCode> =>
  Effect.flatMap(Screen, (screen) => {
    screen.write(`${why}\n`)
    return ExitCode.set(code)
  })
