/** What the program needs of its machine; `main.ts` fills it in. */
import { Context, Effect, Layer } from "effect"

/** What a run has used of the machine. */
export interface Usage {
  /** Milliseconds of real time. */
  readonly wall: number
  /** Milliseconds of processor time. */
  readonly processor: number
  /** Most memory ever used, in bytes. */
  readonly memoryMost: number
}

/** The machine. */
export class Machine extends Context.Service<Machine, {
  readonly drawSeed: () => number
  /** One turn of the event loop. */
  readonly settle: () => Promise<void>
  /** Starts to measure; the answer reads what was used since. */
  readonly startMeasuring: () => () => Usage
}>()("@fairlead/sim/Machine") {}

/** The exit code that a command decided on. */
export class ExitCode extends Context.Service<ExitCode, { code: number }>()("@fairlead/sim/ExitCode") {
  /** Decides. */
  static readonly set = (code: number): Effect.Effect<void, never, ExitCode> =>
    Effect.map(ExitCode, (holder) => {
      holder.code = code
    })

  /** Keeps the code in `holder`. */
  static readonly layer = (holder: { code: number }): Layer.Layer<ExitCode> => Layer.succeed(ExitCode, holder)
}
