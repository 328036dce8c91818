/** Timers on the clock of the program: one fiber each, no more. */
import { Clock, Context, Duration, Effect } from "effect"

/** Calls `run` after so many milliseconds; the answer cancels it. */
export type Schedule = (delayMillis: number, run: () => void) => () => void

/** Makes timers that follow the clock in `context`. A delay of zero or less runs at once. */
export const fromContext = (context: Context.Context<never>): Schedule => {
  const clock = Context.get(context, Clock.Clock)
  const fork = Effect.runForkWith(context)
  return (delayMillis, run) => {
    if (delayMillis <= 0) {
      run()
      return () => {}
    }
    if (delayMillis === Infinity) return () => {}
    let isDone = false
    const fiber = fork(Effect.map(clock.sleep(Duration.millis(delayMillis)), () => {
      isDone = true
      run()
    }))
    return () => {
      // A timer may be cancelled by what it has just set off.
      if (!isDone) fiber.interruptUnsafe()
    }
  }
}
