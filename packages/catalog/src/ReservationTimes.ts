/** How long reservations last: Flyte's rules. */
import { Duration } from "effect"

/** Bounds of reservations. */
export interface ReservationTimes {
  /** Longest time between two requests of a holder; 10 seconds if left out. Longer wishes, and none, get this. */
  readonly heartbeatMax?: Duration.Input | undefined
  /** A reservation expires after so many heartbeats without a request; 3 if left out. */
  readonly heartbeatsMissed?: number | undefined
}

/** What is granted to a wish, in milliseconds. */
export const granted = (wished: number, { heartbeatMax = "10 seconds", heartbeatsMissed = 3 }: ReservationTimes): { readonly heartbeat: number; readonly expiresIn: number } => {
  const most = Duration.toMillis(heartbeatMax)
  const heartbeat = Math.round(wished > 0 ? Math.min(wished, most) : most)
  return { heartbeat, expiresIn: heartbeat * heartbeatsMissed }
}
