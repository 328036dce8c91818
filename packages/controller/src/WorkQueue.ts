/** Decides which key is worked on next. */
import { Chain } from "./internal/chain.ts"
import { FairLanes } from "./internal/fairLanes.ts"
import { QueueEntry } from "./internal/queueEntry.ts"
import { RankHeap } from "./internal/rankHeap.ts"
import { TokenBucket } from "./internal/tokenBucket.ts"
import { keyOf, namespaceOfKey, type ReconcileRequest } from "./ReconcileRequest.ts"

/** How a work queue shares and waits. All times are in milliseconds. */
export interface WorkQueueOptions<K = string> {
  /** Who a key belongs to; its namespace when left out. Tenants of one priority have turns. */
  readonly tenantOf?: ((key: K) => string) | undefined
  /** Most keys of one tenant that are worked on at once; without limit when left out. */
  readonly tenantActiveMax?: number | undefined
  /** Delay after the first failure of a key; doubles with each more. 5 when left out. */
  readonly backoffMin?: number | undefined
  /** Longest delay after a failure; 1,000,000 when left out. */
  readonly backoffMax?: number | undefined
  /** Token bucket over the retries of all keys; none when left out. */
  readonly retryLimit?: { readonly perSecond: number; readonly burst: number } | undefined
}

/** A key that was taken. A live view: good until `done`. */
export interface QueueItem<K = string> {
  readonly key: K
  readonly priority: number
  /** Failures in a row before this run. */
  readonly failures: number
  /** When it became ready. */
  readonly readySince: number
  readonly startedAt: number
}

/** Counters and depths. */
export interface QueueStats {
  readonly adds: number
  readonly retries: number
  /** Ready keys. */
  readonly depth: number
  readonly depths: ReadonlyArray<readonly [priority: number, depth: number]>
  readonly delayed: number
  readonly processing: number
  /** Keys that are remembered for any reason. */
  readonly keys: number
  /** Start of the run that has lasted longest; `undefined` when nothing runs. */
  readonly oldestStart: number | undefined
}

/** Priority of keys from a first list or a resync: behind everything that really happened. */
export const priorityInitial = -100

/** What a queue finds its keys in: a `Map`, or something that takes other keys for equal than a `Map` does. */
export interface KeyIndex<K, V> {
  readonly size: number
  readonly get: (key: K) => V | undefined
  readonly set: (key: K, value: V) => unknown
  readonly delete: (key: K) => boolean
}

/**
 * Decides which key is worked on next. Plain and synchronous; it reads no clock, `now` is passed in and must not go back.
 *
 * Guarantees:
 * - a key waits at most once, and is never taken while it is being worked on;
 * - a key added during its run is ready again when the run is `done`;
 * - the earliest time asked for wins;
 * - higher priorities first; a re-add with a higher priority moves a waiting key up, a lower one never moves it down;
 * - in one priority tenants have turns, and each tenant's keys come first in first out.
 *
 * Everything takes constant time, but delays, which take the logarithm of their number.
 */
export class WorkQueue<K extends string | ReconcileRequest = string> {
  readonly #tenantOf: (key: K) => string
  readonly #backoffMin: number
  readonly #backoffMax: number
  readonly #retryBucket: TokenBucket | undefined
  readonly #entries: KeyIndex<K, QueueEntry>
  readonly #lanes: FairLanes
  readonly #delayed = new RankHeap<QueueEntry>()
  readonly #processing = new Chain<QueueEntry>()
  #found: QueueEntry | undefined
  #adds = 0
  #retries = 0

  constructor(options: WorkQueueOptions<K> = {}, entries: KeyIndex<K, QueueEntry> = new Map()) {
    this.#entries = entries
    this.#tenantOf = options.tenantOf ?? namespaceOf
    this.#backoffMin = options.backoffMin ?? 5
    this.#backoffMax = options.backoffMax ?? 1_000_000
    this.#retryBucket = options.retryLimit === undefined ? undefined : new TokenBucket(options.retryLimit.perSecond, options.retryLimit.burst)
    this.#lanes = new FairLanes(options.tenantActiveMax ?? Number.POSITIVE_INFINITY)
  }

  /** When the next delayed key is due; `undefined` when none is delayed. */
  get nextDueAt(): number | undefined {
    return this.#delayed.first?.rank
  }

  /** Ready keys. */
  get depth(): number {
    return this.#lanes.size
  }

  /** Makes a key ready now, or again after its run. */
  add(key: K, now: number, priority = 0): void {
    const entry = this.#find(key) ?? this.#enter(key)
    if (entry.isProcessing) {
      if (entry.isRanked) this.#delayed.remove(entry)
      if (!entry.isDirty) {
        entry.isDirty = true
        entry.priority = priority
        this.#adds++
      } else if (priority > entry.priority) entry.priority = priority
    } else if (entry.lane !== undefined) {
      if (priority <= entry.priority) return
      this.#lanes.remove(entry)
      entry.priority = priority
      this.#lanes.push(entry)
    } else {
      if (entry.isRanked) {
        this.#delayed.remove(entry)
        entry.priority = Math.max(entry.priority, priority)
      } else entry.priority = priority
      this.#makeReady(entry, now)
    }
  }

  /** Makes a key ready after `delay`, unless it is to be ready sooner anyway. */
  addAfter(key: K, delay: number, now: number, priority = 0): void {
    if (delay <= 0) return this.add(key, now, priority)
    const entry = this.#find(key) ?? this.#enter(key)
    if (entry.lane !== undefined || entry.isDirty) {
      if (priority > entry.priority) this.add(key, now, priority)
      return
    }
    const dueAt = now + delay
    if (!entry.isRanked) {
      entry.priority = priority
      this.#delayed.push(entry, dueAt)
      return
    }
    entry.priority = Math.max(entry.priority, priority)
    if (dueAt >= entry.rank) return
    this.#delayed.remove(entry)
    this.#delayed.push(entry, dueAt)
  }

  /** Counts a failure of the key and makes it ready after its backoff, `delayMin` at least. Answers the delay. */
  retry(key: K, now: number, priority = 0, delayMin = 0): number {
    const entry = this.#find(key) ?? this.#enter(key)
    const backoff = Math.min(this.#backoffMax, this.#backoffMin * 2 ** Math.min(entry.failures, 60))
    entry.failures++
    this.#retries++
    const delay = Math.max(backoff, delayMin, this.#retryBucket?.reserve(now) ?? 0)
    this.addAfter(key, delay, now, priority)
    return delay
  }

  /** Forgets the failures of a key. */
  forget(key: K): void {
    const entry = this.#find(key)
    if (entry === undefined || entry.failures === 0) return
    entry.failures = 0
    this.#leaveIfIdle(entry)
  }

  /** Makes keys ready that are due. Answers how many. */
  advance(now: number): number {
    let count = 0
    for (let entry = this.#delayed.first; entry !== undefined && entry.rank <= now; entry = this.#delayed.first) {
      this.#delayed.remove(entry)
      count++
      if (!entry.isProcessing) this.#makeReady(entry, now)
      else {
        entry.isDirty = true
        this.#adds++
      }
    }
    return count
  }

  /** Takes the key that is next; `undefined` when none may run. Call `done` when it has run, whatever came of it. */
  take(now: number): QueueItem<K> | undefined {
    const due = this.#delayed.first
    if (due !== undefined && due.rank <= now) this.advance(now)
    const entry = this.#lanes.pop()
    if (entry === undefined) return undefined
    entry.isProcessing = true
    entry.startedAt = now
    this.#processing.push(entry)
    this.#found = entry
    return entry as QueueItem<unknown> as QueueItem<K>
  }

  /** Gives a taken key back. It is ready at once if it was added meanwhile. */
  done(key: K, now: number): void {
    const entry = this.#find(key)
    if (entry === undefined || !entry.isProcessing) throw new Error(`done was called for ${textOf(key)}, which nobody has taken`)
    entry.isProcessing = false
    this.#processing.remove(entry)
    this.#lanes.release(entry.tenant)
    if (entry.isDirty) {
      entry.isDirty = false
      this.#adds--
      this.#makeReady(entry, now)
    } else this.#leaveIfIdle(entry)
  }

  /** Figures for metrics and health. */
  stats(): QueueStats {
    return {
      adds: this.#adds,
      retries: this.#retries,
      depth: this.#lanes.size,
      depths: this.#lanes.depths(),
      delayed: this.#delayed.size,
      processing: this.#processing.size,
      keys: this.#entries.size,
      oldestStart: this.#processing.first?.startedAt
    }
  }

  /** Sum of the lengths of all runs that go on. */
  unfinishedMillis(now: number): number {
    let sum = 0
    for (let entry = this.#processing.first; entry !== undefined; entry = entry.next) sum += now - entry.startedAt
    return sum
  }

  /** The end of a run asks for one key several times; a short run ends before anybody has asked for another. */
  #find(key: K): QueueEntry | undefined {
    if (this.#found?.key === key) return this.#found
    return (this.#found = this.#entries.get(key))
  }

  #enter(key: K): QueueEntry {
    const entry = new QueueEntry(key, this.#lanes.enter(this.#tenantOf(key)))
    this.#entries.set(key, entry)
    return entry
  }

  #makeReady(entry: QueueEntry, now: number): void {
    entry.readySince = now
    this.#adds++
    this.#lanes.push(entry)
  }

  /** Keeps nothing about keys that neither wait nor run nor failed. */
  #leaveIfIdle(entry: QueueEntry): void {
    if (entry.isProcessing || entry.isDirty || entry.lane !== undefined || entry.isRanked || entry.failures > 0) return
    this.#entries.delete(entry.key as K)
    if (this.#found === entry) this.#found = undefined
    this.#lanes.leave(entry.tenant)
  }
}

const namespaceOf = (key: string | ReconcileRequest): string => (typeof key === "string" ? namespaceOfKey(key) : (key.namespace ?? ""))

const textOf = (key: string | ReconcileRequest): string => (typeof key === "string" ? key : keyOf(key.namespace, key.name))
