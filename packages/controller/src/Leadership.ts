/** Tells code whether it still has the lease that it runs under. */
import { Context } from "effect"

/** The lease that an effect runs under. */
export interface LeadershipState {
  /** True while the lease is certainly ours, judged by local time since the last renewal began. */
  readonly isHeld: () => boolean
  /** True from the moment that the lease was lost, not after it was given back. */
  readonly isLost: () => boolean
}

/** The lease of the running effect; held for ever where no election is. */
export const Leadership: Context.Reference<LeadershipState> = Context.Reference<LeadershipState>("@fairlead/controller/Leadership", {
  defaultValue: () => ({ isHeld: () => true, isLost: () => false })
})
