/** Which events are to be written next: repeats become series, floods are cut off, memory is bounded. Plain and synchronous. */
import { type Event, type KubeObject, KubeTime } from "@fairlead/kube"

/** What somebody wants to be known about an object. */
export interface EventInput {
  /** The object that it is about, with `kind` and `apiVersion`. */
  readonly regarding: KubeObject
  /** Another object that has to do with it. */
  readonly related?: KubeObject | undefined
  readonly type: "Normal" | "Warning"
  /** Why, in one word for machines: `FailedCreate`. */
  readonly reason: string
  /** What was done or tried, in one word for machines; the reason when left out. */
  readonly action?: string | undefined
  /** What happened, for people; cut at 1 kB. */
  readonly note: string
}

export interface EventLogOptions {
  readonly reportingController: string
  readonly reportingInstance: string
  /** Most records that wait to be written. */
  readonly queueMax: number
  /** Most records that are remembered for their series. */
  readonly recordsMax: number
  /** Time between two writes of one series, and after which a quiet series ends. */
  readonly seriesMillis: number
  /** New events of one object: so many at once, then one for each such time. */
  readonly objectBurst: number
  readonly objectMillis: number
}

/** One event and how often it has been seen. */
export interface EventRecord {
  readonly key: string
  readonly event: Event
  count: number
  lastSeenWall: number
  lastSeenAt: number
  /** Count in the last write that went well; 0 when there was none. */
  writtenCount: number
  writtenAt: number
  isQueued: boolean
}

const noteBytesMax = 1024
const nameLengthMax = 253
const fieldLengthMax = 128

export class EventLog {
  readonly #options: EventLogOptions
  readonly #records = new Map<string, EventRecord>()
  readonly #queue: Array<EventRecord> = []
  /** Object → time until which its new events are paid for. */
  readonly #paidUntil = new Map<string, number>()
  #sequence = 0n
  recorded = 0
  dropped = 0

  constructor(options: EventLogOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#records.size
  }

  get queued(): number {
    return this.#queue.length
  }

  /** Notes an event. `now` is monotonic milliseconds, `wallNanos` the time of day. */
  record(input: EventInput, now: number, wallNanos: bigint): void {
    this.recorded++
    const key = keyOf(input)
    const wall = Number(wallNanos / 1_000_000n)
    const known = this.#records.get(key)
    if (known !== undefined) {
      known.count++
      known.lastSeenAt = now
      known.lastSeenWall = wall
      // The second one starts a series, which readers should know at once; the rest of it can wait.
      if (known.writtenCount < 2 || now - known.writtenAt >= this.#options.seriesMillis) this.#enqueue(known)
      return
    }
    if (!this.#isPaid(input.regarding, now) || this.#queue.length >= this.#options.queueMax) {
      this.dropped++
      return
    }
    if (this.#records.size >= this.#options.recordsMax) this.#forgetOldest()
    const event = this.#eventOf(input, wall, wallNanos + this.#sequence++)
    const record: EventRecord = { key, event, count: 1, lastSeenWall: wall, lastSeenAt: now, writtenCount: 0, writtenAt: now, isQueued: false }
    this.#records.set(key, record)
    this.#enqueue(record)
  }

  /** The record to write next. */
  next(): EventRecord | undefined {
    const record = this.#queue.shift()
    if (record !== undefined) record.isQueued = false
    return record
  }

  /** Puts series that are due, or all that have unwritten counts, into the queue, and forgets those that are over. */
  sweep(now: number, isFinal: boolean): void {
    const { seriesMillis } = this.#options
    for (const record of Array.from(this.#records.values())) {
      const isOver = now - record.lastSeenAt >= seriesMillis
      const isDue = record.writtenCount > 0 && record.count > record.writtenCount && now - record.writtenAt >= seriesMillis
      if (record.count > record.writtenCount && (isOver || isFinal || isDue)) this.#enqueue(record)
      if (isOver) this.#records.delete(record.key)
    }
    for (const [object, until] of Array.from(this.#paidUntil)) if (until <= now) this.#paidUntil.delete(object)
  }

  /** The event of a record can no longer be found, or could not be written: the next one of its kind is new. */
  forget(record: EventRecord): void {
    if (this.#records.get(record.key) === record) this.#records.delete(record.key)
  }

  #enqueue(record: EventRecord): void {
    if (record.isQueued) return
    record.isQueued = true
    this.#queue.push(record)
  }

  #forgetOldest(): void {
    const [oldest] = this.#records.keys()
    if (oldest !== undefined) this.#records.delete(oldest)
  }

  #isPaid(regarding: KubeObject, now: number): boolean {
    const { objectBurst, objectMillis } = this.#options
    const object = `${regarding.kind} ${regarding.metadata.namespace} ${regarding.metadata.name} ${regarding.metadata.uid}`
    const until = Math.max(this.#paidUntil.get(object) ?? 0, now) + objectMillis
    if (until > now + objectBurst * objectMillis) return false
    this.#paidUntil.set(object, until)
    return true
  }

  #eventOf(input: EventInput, wall: number, unique: bigint): Event {
    const { name = "", namespace = "default" } = input.regarding.metadata
    const suffix = `.${unique.toString(16)}`
    return {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace, name: name.slice(0, nameLengthMax - suffix.length) + suffix },
      eventTime: KubeTime.formatMicro(wall),
      reportingController: this.#options.reportingController,
      reportingInstance: this.#options.reportingInstance.slice(0, fieldLengthMax),
      type: input.type,
      reason: input.reason.slice(0, fieldLengthMax),
      action: (input.action ?? input.reason).slice(0, fieldLengthMax),
      note: cut(input.note),
      regarding: referenceTo(input.regarding),
      ...(input.related === undefined ? {} : { related: referenceTo(input.related) })
    }
  }
}

const keyOf = ({ action, reason, regarding, related, type }: EventInput): string =>
  [type, reason, action ?? "", regarding.kind, regarding.metadata.namespace, regarding.metadata.name, regarding.metadata.uid, related?.kind, related?.metadata.uid].join("|")

const referenceTo = ({ apiVersion, kind, metadata }: KubeObject): NonNullable<Event["regarding"]> => {
  const fields = { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid, resourceVersion: metadata.resourceVersion }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** Cuts a text to its first kilobyte, never inside a character. */
const cut = (note: string): string => {
  const bytes = new TextEncoder().encode(note)
  if (bytes.length <= noteBytesMax) return note
  const ellipsis = "…"
  return new TextDecoder().decode(bytes.subarray(0, noteBytesMax - 3), { stream: true }) + ellipsis
}
