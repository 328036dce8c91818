/** Shows the progress of a run: a live view on a terminal, one line per change elsewhere. */
import { Clock, Context, Duration, Effect, type Scope } from "effect"
import { changeLine, isEnded, liveLines, type ProgressChange, type TaskProgress } from "./Progress.ts"

/** The place that progress is written to. */
export class Screen extends Context.Service<Screen, {
  /** False for files and pipes, which get lines only. */
  readonly isTerminal: boolean
  readonly columns: () => number
  readonly rows: () => number
  readonly write: (text: string) => void
}>()("@fairlead/engine/Screen") {}

/** What the run tells the view. */
export interface ProgressView {
  readonly change: (change: ProgressChange) => void
  /** A line of its own, above the live part. */
  readonly note: (line: string) => void
}

const repaintInterval = Duration.millis(100)
const clearBelow = "\u001B[J"
const up = (lines: number): string => (lines === 0 ? "\r" : `\u001B[${lines}A\r`)

/** Starts a view over the tasks that `tasks` gives at any time; the live part vanishes with the scope. */
export const make = (tasks: () => ReadonlyArray<TaskProgress>): Effect.Effect<ProgressView, never, Screen | Scope.Scope> =>
  Effect.gen(function*() {
    const screen = yield* Screen
    if (!screen.isTerminal) return linesOnly(screen)
    const clock = yield* Clock.Clock
    let painted = 0
    const paint = (above: ReadonlyArray<string>): void => {
      const size = { width: screen.columns(), height: Math.min(12, screen.rows() - 1) }
      const live = liveLines(tasks(), clock.currentTimeMillisUnsafe(), size)
      screen.write(`${up(painted)}${clearBelow}${[...above, ...live].map((line) => `${line}\n`).join("")}`)
      painted = live.length
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => screen.write(`${up(painted)}${clearBelow}`)))
    yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Effect.sleep(repaintInterval), () => Effect.sync(() => paint([])))))
    return {
      change: (change) => {
        const line = changeLine(change)
        const worthKeeping = line !== undefined && (isEnded(change.task) || change.task.attempts > change.previous.attempts)
        if (worthKeeping) paint([line])
      },
      note: (line) => paint([line])
    }
  })

const linesOnly = (screen: Screen["Service"]): ProgressView => ({
  change: (change) => {
    const line = changeLine(change)
    if (line !== undefined) screen.write(`${line}\n`)
  },
  note: (line) => screen.write(`${line}\n`)
})
