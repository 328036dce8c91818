/** What a reconcile that went well asks for. */
import { Duration } from "effect"

/** The end of a reconcile that went well. */
export interface Result {
  /** Milliseconds after which the key is wanted again even if nothing changes; `undefined`: only when something changes. */
  readonly requeueAfter: number | undefined
}

/** Makes results. */
export const Result = {
  /** Nothing more to do until something changes. */
  done: { requeueAfter: undefined } as Result,
  /** Reconcile again after this time, or sooner if something changes. */
  requeueAfter: (duration: Duration.Input): Result => ({ requeueAfter: Duration.toMillis(duration) })
}
