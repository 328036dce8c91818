/** Containers that are carried out within this process. */
import { Cause, type Context, Effect, Exit, type Fiber, Latch } from "effect"
import { appendFileSync } from "node:fs"
import type { InsideInput, ProcessImage } from "./launchProcess.ts"

const killedExitCode = 137

/** One run of a container within this process. */
export class InsideProcess {
  readonly #logFile: string
  readonly #stopping = Latch.makeUnsafe(false)
  #fiber: Fiber.Fiber<number> | undefined

  constructor(logFile: string) {
    this.#logFile = logFile
  }

  /** Starts the program. `onExit` is called exactly once, maybe before this returns: with 137 for one that was killed. */
  start(
    program: NonNullable<ProcessImage["inside"]>,
    input: Pick<InsideInput, "words" | "env">,
    context: Context.Context<never>,
    onExit: (exitCode: number) => void
  ): void {
    const log = (text: string): void => appendWhatFits(this.#logFile, text)
    const fiber: Fiber.Fiber<number> = Effect.runForkWith(context)(program({ ...input, log, stopping: this.#stopping.await }))
    this.#fiber = fiber
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) return onExit(exit.value)
      if (Cause.hasInterruptsOnly(exit.cause)) return onExit(killedExitCode)
      log(`${Cause.pretty(exit.cause)}\n`)
      return onExit(1)
    })
  }

  /** Tells the program that it is to end, as SIGTERM does. */
  readonly stop = (): void => void this.#stopping.openUnsafe()

  /** Ends it, as SIGKILL does. */
  readonly kill = (): void => this.#fiber?.interruptUnsafe()
}

/** A container does not end because its log cannot be written, on a disk that is full for example. */
const appendWhatFits = (file: string, text: string): void => {
  try {
    appendFileSync(file, text)
  } catch {
    // What does not fit is lost.
  }
}
