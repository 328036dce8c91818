/** The recent changes of one collection, so that watches can resume and lists can look back. */
import type { KubeObject, WatchEvent } from "@fairlead/kube"

/** One committed change. `previous` is absent for additions; of a deletion, `object` is the last state at the new version. */
export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly revision: number
  readonly namespace: string
  readonly name: string
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
  /** What those are told who watch everything, made once for all of them. */
  shown?: ReadonlyArray<WatchEvent> | undefined
}

/** A window over the changes of a collection: the oldest go first when it is full. */
export class History {
  private events: Array<StoreEvent> = []
  private head = 0
  private readonly eventsMax: number
  /** Versions below this one cannot be looked back to. */
  compactedRevision: number

  constructor(eventsMax: number, compactedRevision: number) {
    this.eventsMax = eventsMax
    this.compactedRevision = compactedRevision
  }

  /** A copy that goes on by itself. */
  fork(): History {
    const copy = new History(this.eventsMax, this.compactedRevision)
    copy.events = this.events.slice(this.head)
    return copy
  }

  push(event: StoreEvent): void {
    this.events.push(event)
    if (this.events.length - this.head <= this.eventsMax) return
    this.compactedRevision = this.events[this.head]!.revision
    this.head++
    if (this.head > 1024 && this.head > this.events.length >> 1) {
      this.events = this.events.slice(this.head)
      this.head = 0
    }
  }

  /** Forgets every change up to and including `revision`. */
  compact(revision: number): void {
    if (revision <= this.compactedRevision) return
    this.compactedRevision = revision
    this.events = this.events.slice(this.indexAfter(revision))
    this.head = 0
  }

  /** Changes after `revision`, oldest first. */
  after(revision: number): ReadonlyArray<StoreEvent> {
    return this.events.slice(this.indexAfter(revision))
  }

  private indexAfter(revision: number): number {
    let low = this.head
    let high = this.events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.events[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
}
