/** The exit code that a command decided on. */
import { Context, Effect, Layer } from "effect"

/** Set at most a few times by a command; read when the program ends. */
export class ExitCode extends Context.Service<ExitCode, { code: number }>()("@fairlead/engine/ExitCode") {
  /** Starts at 0. */
  static readonly layer: Layer.Layer<ExitCode> = Layer.sync(ExitCode, () => ({ code: 0 }))

  /** 0: all well; 1: some tasks failed; 2: bad input. */
  static readonly set = (code: number): Effect.Effect<void, never, ExitCode> =>
    Effect.map(ExitCode, (holder) => {
      holder.code = code
    })
}
