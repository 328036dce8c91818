/** Time that never jumps. */
import type { Clock } from "effect"

/** Milliseconds since the epoch as the clock on the wall showed them at first, and what has passed since: whoever sets that clock neither stops nor hurries what waits. */
export const steadyTime = (clock: Clock.Clock): (() => number) => {
  const passed = (): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const start = clock.currentTimeMillisUnsafe() - passed()
  return () => start + passed()
}
