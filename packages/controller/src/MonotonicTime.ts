/** Time for measuring and waiting: milliseconds that no correction of the wall clock moves. */
import type { Clock } from "effect"

/** Reads the clock's monotonic time as milliseconds with a fraction. */
export const monotonicMillis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** The same for one who asks often: what a clock says twice, as one does that stands still while somebody works, is converted once. */
export const monotonicReader = (clock: Clock.Clock): () => number => {
  let nanosLast = 0n
  let last = 0
  return () => {
    const nanos = clock.monotonicTimeNanosUnsafe()
    if (nanos !== nanosLast) {
      nanosLast = nanos
      last = Number(nanos) / 1e6
    }
    return last
  }
}
