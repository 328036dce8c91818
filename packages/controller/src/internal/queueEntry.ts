/** What a work queue knows of one key. */
import type { ReconcileRequest } from "../ReconcileRequest.ts"
import type { Linked } from "./chain.ts"
import type { Lane, Tenant } from "./fairLanes.ts"
import type { Ranked } from "./rankHeap.ts"

/** One key from its first add until it is idle and has no failures to remember. */
export class QueueEntry implements Ranked, Linked<QueueEntry> {
  readonly key: string | ReconcileRequest
  readonly tenant: Tenant
  /** Where it waits when it is ready. */
  lane: Lane | undefined
  /** Neighbours in its lane, or among those that are worked on. */
  next: QueueEntry | undefined
  previous: QueueEntry | undefined
  priority = 0
  /** When it became ready, for the latency. */
  readySince = 0
  /** When it is due, while it is in the delay heap. */
  rank = 0
  isRanked = false
  heapIndex = -1
  heapOrder = 0
  isProcessing = false
  startedAt = 0
  /** It changed during its run and runs again afterwards. */
  isDirty = false
  /** Failures in a row. */
  failures = 0

  constructor(key: string | ReconcileRequest, tenant: Tenant) {
    this.key = key
    this.tenant = tenant
  }
}
