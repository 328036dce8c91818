/** Time for measuring and waiting: milliseconds that no correction of the wall clock moves. */
import type { Clock } from "effect"

/** Reads the clock's monotonic time as milliseconds with a fraction. */
export const monotonicMillis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
