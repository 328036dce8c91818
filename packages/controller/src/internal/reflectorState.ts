/**
 * The state machine of a reflector: what to ask the server next, and what its answers mean. Pure but for the sink that
 * takes the objects.
 *
 * ```
 * Empty ──list──▶ InitPage ──last page──▶ Watching ──410──▶ Empty
 *   └────watch with initial events──▶ InitWatch ──end bookmark──┘
 * ```
 *
 * - `Watching` survives every end and every failure but 410 with its version: the next watch resumes there.
 * - A page that fails is asked for again; an expired continue token starts over.
 * - A server that refuses or ignores `sendInitialEvents` is asked for pages from then on.
 * - A list older than what was already seen is refused a few times: it comes from a server that lags.
 */
import { KubeError, type KubeList, type KubeObject, type KubeQuery, type Status, type WatchEvent } from "@fairlead/kube"
import { keyOf } from "../ReconcileRequest.ts"
import { isOlder, newest } from "../ResourceVersion.ts"

/** Where the machine stands. */
export type ReflectorPhase =
  | { readonly _tag: "Empty" }
  | { readonly _tag: "InitPage"; readonly token: string; readonly items: ReadonlyArray<KubeObject> }
  | { readonly _tag: "InitWatch"; readonly objects: ReadonlyMap<string, KubeObject> }
  | { readonly _tag: "Watching"; readonly version: string }

/** Everything that the machine remembers. */
export interface ReflectorState {
  readonly phase: ReflectorPhase
  /** How the next initial state is fetched. */
  readonly initial: "Pages" | "WatchList"
  /** The next list is asked for in one piece, because a continue token expired before the last page. */
  readonly unpaged: boolean
  /** The newest version seen so far. */
  readonly seen: string | undefined
  /** Failures in a row, for the backoff. */
  readonly failures: number
  /** When the last failure was, in milliseconds. */
  readonly failedAt: number
  /** Lists in a row that were older than `seen`. */
  readonly staleLists: number
  /** Relists after the first list. */
  readonly relists: number
  /** An `ERROR` event that the stream ended with. */
  readonly streamError: KubeError.KubeError | undefined
}

/** How a reflector asks. */
export interface ReflectorOptions {
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly pageSize: number
  readonly watchSeconds: number
  /** `Latest` asks etcd for the first list; `Cached` takes what the server has at hand. */
  readonly consistency: "Latest" | "Cached"
}

/** Where the objects go. None of these may throw. */
export interface ReflectorSink {
  readonly upsert: (object: KubeObject) => void
  readonly remove: (object: KubeObject) => void
  readonly replace: (objects: ReadonlyArray<KubeObject>, version: string) => void
  /** Everything up to `version` has been seen. */
  readonly advance: (version: string) => void
  /** Something came that is no event of an object. */
  readonly malformed: (description: string) => void
}

/** The next call to make. */
export interface ReflectorCall {
  readonly verb: "list" | "watch"
  readonly query: KubeQuery
}

/** How a watch or a list ended. */
export type ReflectorEnd =
  | { readonly _tag: "Ended"; readonly lastedMillis: number }
  | { readonly _tag: "Idle" }
  | { readonly _tag: "Failed"; readonly error: KubeError.KubeError }

/** What follows an end: the state, how long to wait first, and whether this is worth a line in the log. */
export interface ReflectorVerdict {
  readonly state: ReflectorState
  readonly delayMillis: number
  readonly report: KubeError.KubeError | string | undefined
}

/** Refused lists in a row after which a rewound history is believed, as after a restore of the cluster's storage. */
const staleListMax = 5
/** A watch that ends sooner than this without a reason counts as a failure. */
const watchMillisMin = 1000
/** Backoff: first delay, last delay, and the healthy time after which it starts over. */
const backoffMillis = { min: 800, max: 30_000, resetAfter: 120_000 } as const

export const initialState = (initial: ReflectorState["initial"]): ReflectorState => ({
  phase: { _tag: "Empty" },
  initial,
  unpaged: false,
  seen: undefined,
  failures: 0,
  failedAt: Number.NEGATIVE_INFINITY,
  staleLists: 0,
  relists: 0,
  streamError: undefined
})

export const nextCall = (state: ReflectorState, options: ReflectorOptions): ReflectorCall => {
  const selectors = { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector }
  const watch = { ...selectors, allowWatchBookmarks: "true", timeoutSeconds: String(options.watchSeconds) }
  const { phase } = state
  switch (phase._tag) {
    case "Watching":
      return { verb: "watch", query: { ...watch, resourceVersion: phase.version } }
    case "InitPage":
      return { verb: "list", query: { ...selectors, limit: String(options.pageSize), continue: phase.token } }
    case "Empty":
    case "InitWatch": {
      const from = options.consistency === "Latest" ? undefined : (state.seen ?? "0")
      if (state.initial === "WatchList") {
        return { verb: "watch", query: { ...watch, sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan", resourceVersion: from } }
      }
      const match = from === undefined ? undefined : "NotOlderThan"
      const limit = state.unpaged ? undefined : String(options.pageSize)
      return { verb: "list", query: { ...selectors, limit, resourceVersion: from, resourceVersionMatch: match } }
    }
  }
}

/** A page came. */
export const onPage = (state: ReflectorState, list: KubeList, sink: ReflectorSink, now: number): ReflectorVerdict => {
  const earlier = state.phase._tag === "InitPage" ? state.phase.items : []
  const items = earlier.length === 0 ? list.items : earlier.concat(list.items)
  const token = list.metadata.continue
  if (token !== undefined && token !== "") return proceed({ ...state, phase: { _tag: "InitPage", token, items } })
  const version = list.metadata.resourceVersion
  if (version === undefined || version === "") {
    return failed({ ...state, phase: { _tag: "Empty" } }, "the list has no metadata.resourceVersion to watch from", now)
  }
  if (isOlder(version, state.seen) && state.staleLists < staleListMax) {
    const staleLists = state.staleLists + 1
    return failed({ ...state, phase: { _tag: "Empty" }, staleLists }, `the list shows version ${version}, older than ${state.seen} which was seen before`, now)
  }
  sink.replace(items, version)
  return proceed({ ...state, phase: { _tag: "Watching", version }, seen: version, staleLists: 0, unpaged: false })
}

/** Events came. Called for every batch; allocates one state for each batch that moves on. */
export const onEvents = (state: ReflectorState, events: ReadonlyArray<WatchEvent>, sink: ReflectorSink): ReflectorState => {
  let current = state
  let version: string | undefined
  let streamError: KubeError.KubeError | undefined
  for (const event of events) {
    if (event?.type === "ERROR") {
      streamError = KubeError.fromStatus("watch", event.object ?? unexplained)
      break
    }
    const at: unknown = event?.object?.metadata?.resourceVersion
    if (typeof at !== "string" || at === "") {
      sink.malformed(`a ${String(event?.type)} event without an object that has metadata.resourceVersion`)
      continue
    }
    if (current.phase._tag !== "Watching") {
      current = onInitialEvent(current, event as InitialEvent, sink)
      continue
    }
    if (event.type === "DELETED") sink.remove(event.object)
    else if (event.type !== "BOOKMARK") sink.upsert(event.object)
    version = newest(version, at)
  }
  if (streamError !== undefined) current = { ...current, streamError }
  if (version === undefined || current.phase._tag !== "Watching") return current
  const before = current.phase.version
  const reached = newest(before, version)
  sink.advance(reached)
  const seen = current.seen === before ? reached : newest(current.seen, reached)
  const { failedAt, failures, initial, relists, staleLists, streamError: ended, unpaged } = current
  return { phase: { _tag: "Watching", version: reached }, initial, unpaged, seen, failures, failedAt, staleLists, relists, streamError: ended }
}

type InitialEvent = Exclude<WatchEvent, { readonly type: "ERROR" }>

const unexplained: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: "an ERROR event without a Status" }

const onInitialEvent = (state: ReflectorState, event: InitialEvent, sink: ReflectorSink): ReflectorState => {
  // The map is this machine's own until the end bookmark hands it over, so it is filled in place.
  const objects = state.phase._tag === "InitWatch" ? (state.phase.objects as Map<string, KubeObject>) : new Map<string, KubeObject>()
  const next: ReflectorState = state.phase._tag === "InitWatch" ? state : { ...state, phase: { _tag: "InitWatch", objects } }
  const { metadata } = event.object
  if (event.type !== "BOOKMARK") {
    const key = keyOf(metadata.namespace, String(metadata.name))
    if (event.type === "DELETED") objects.delete(key)
    else objects.set(key, event.object)
    return next
  }
  if (metadata.annotations?.["k8s.io/initial-events-end"] !== "true") return next
  const version = metadata.resourceVersion!
  sink.replace(Array.from(objects.values()), version)
  return { ...next, phase: { _tag: "Watching", version }, seen: version, staleLists: 0 }
}

/** A call ended, well or badly. */
export const onEnd = (state: ReflectorState, end: ReflectorEnd, now: number): ReflectorVerdict => {
  const error = end._tag === "Failed" ? end.error : state.streamError
  const cleared: ReflectorState = state.streamError === undefined ? state : { ...state, streamError: undefined }
  const isInitial = cleared.phase._tag === "Empty" || cleared.phase._tag === "InitWatch"
  if (isInitial && cleared.initial === "WatchList") {
    if (error === undefined || isRefusal(error)) {
      // Refused, ignored until the idle deadline, or closed before the end bookmark: this server cannot do it.
      return proceed({ ...cleared, phase: { _tag: "Empty" }, initial: "Pages" }, error ?? "the server does not send initial events; it is asked for pages instead")
    }
    return failed({ ...cleared, phase: { _tag: "Empty" } }, error, now)
  }
  if (error === undefined) {
    const isShort = end._tag === "Ended" && end.lastedMillis < watchMillisMin
    return isShort ? failed(cleared, `the watch ended after ${Math.round(end.lastedMillis)} ms`, now) : proceed(cleared)
  }
  if (!isExpired(error)) return failed(cleared, error, now)
  const relisting: ReflectorState = {
    ...cleared,
    phase: { _tag: "Empty" },
    unpaged: cleared.phase._tag === "InitPage",
    relists: cleared.relists + (cleared.phase._tag === "Watching" ? 1 : 0)
  }
  // The first 410 after a quiet time is the way of the world: relist at once. More of them in a row wait.
  return now - cleared.failedAt > backoffMillis.resetAfter ? { ...failed(relisting, error, now), delayMillis: 0 } : failed(relisting, error, now)
}

const isExpired = (error: KubeError.KubeError): boolean => error.code === 410 || KubeError.isReason(error, "Expired", "Gone")

const isRefusal = (error: KubeError.KubeError): boolean => KubeError.isReason(error, "Invalid", "BadRequest", "MethodNotAllowed")

const proceed = (state: ReflectorState, report?: KubeError.KubeError | string): ReflectorVerdict => ({ state, delayMillis: 0, report })

const failed = (state: ReflectorState, report: KubeError.KubeError | string, now: number): ReflectorVerdict => {
  const failures = now - state.failedAt > backoffMillis.resetAfter ? 0 : state.failures
  const backoff = Math.min(backoffMillis.max, backoffMillis.min * 2 ** Math.min(failures, 16))
  const asked = report instanceof KubeError.KubeError ? (report.retryAfterSeconds ?? 0) * 1000 : 0
  return { state: { ...state, failures: failures + 1, failedAt: now }, delayMillis: Math.max(backoff, asked), report }
}
