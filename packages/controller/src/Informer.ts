/** Follows the objects of one kind and keeps a local copy of them. */
import { Clock, Effect, Latch, Option, Result, type Scope } from "effect"
import { type KubeError, type KubeList, type KubeObject, type KubeResource, KubeTransport, Selector } from "@fairlead/kube"
import { CurrentHealth } from "./Health.ts"
import { InformerCore } from "./internal/informerCore.ts"
import { informerHealth, registerInformer } from "./internal/informerMetrics.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { follow, type Reflection } from "./internal/reflectorLoop.ts"
import { initialState, type ReflectorOptions } from "./internal/reflectorState.ts"
import type { Change, Indexes, Store } from "./Store.ts"
import { Transform } from "./Transform.ts"

/** What to follow, and how much of it to keep. */
export interface InformerOptions<A extends KubeObject> {
  readonly resource: KubeResource.KubeResource
  /** One namespace; all of them when left out. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** What the store keeps of an object; `Transform.dropManagedFields` when left out. */
  readonly transform?: Transform<A> | undefined
  readonly indexes?: Indexes<A> | undefined
  /** Asks the server for metadata alone and keeps no more. */
  readonly metadataOnly?: boolean | undefined
  /** Streams the first state through the watch (`sendInitialEvents`) instead of paging; falls back when the server cannot. */
  readonly watchList?: boolean | undefined
  /** Objects in a page of a list; 500 when left out. */
  readonly pageSize?: number | undefined
  /** `Latest` (default) reads the first list from etcd; `Cached` takes what the API server has at hand, never older than what was seen. */
  readonly consistency?: "Latest" | "Cached" | undefined
  /** Longest life of one watch; 290 when left out. The server is asked for 80 to 100 % of it, so that watches do not end together. */
  readonly watchSeconds?: number | undefined
}

/**
 * Follows the objects of one kind.
 *
 * Flow: list in pages, watch from the list's version with bookmarks, resume at the last version after every end, list
 * again after a 410. Failures are retried for ever, after 0.8 s to 30 s.
 *
 * Guarantees:
 * - a change is in `store` before any listener hears of it, and listeners hear every change once, in order;
 * - an object never goes back to an older version;
 * - an object that cannot be read (no name, a transform or an index that throws) is parked: counted, logged, listed in
 *   `parked`, with its last readable state left in the store. Nothing else is disturbed.
 *
 * Share one informer for each kind among all who need it.
 */
export interface Informer<A extends KubeObject = KubeObject> {
  readonly resource: KubeResource.KubeResource
  /** The namespace that is followed; `undefined` means all. */
  readonly namespace: string | undefined
  readonly store: Store<A>
  /** False when this informer certainly does not follow the object: another namespace, or labels that are not selected. */
  readonly covers: (object: KubeObject) => boolean
  /** Waits until the first list is in the store. */
  readonly synced: Effect.Effect<void>
  readonly isSynced: () => boolean
  /**
   * Hears every change from now on, after a replay of what is there as `Added` with `initial`. The listener is a plain
   * function that must return quickly; if it throws, that is logged and nothing else. `onProgress` hears of versions
   * that the store has reached, once for each batch. Answers the way to unsubscribe.
   */
  readonly subscribe: (listener: (change: Change<A>) => void, onProgress?: (version: string) => void) => () => void
  /** Key → why that object's newest state could not be read. */
  readonly parked: ReadonlyMap<string, string>
  /** Reads one object from the server, through the informer's selectors, into the store. */
  readonly refresh: (namespace: string | undefined, name: string) => Effect.Effect<void, KubeError.KubeError>
  /** What a health check wants to know. */
  readonly stats: () => InformerStats
}

/** Figures of one informer. */
export interface InformerStats {
  readonly objects: number
  readonly events: number
  readonly relists: number
  /** Failures in a row. */
  readonly failures: number
  /** Objects that could not be read, ever. */
  readonly parkings: number
  /** Monotonic milliseconds at which the running watch was opened; `undefined` while there is none. */
  readonly watchingSince: number | undefined
}

/** A little less than the five minutes after which servers and proxies like to close a quiet connection. */
const watchSecondsDefault = 290

/** Starts informers. */
export const Informer = {
  /** Starts following; stops when the scope closes. Fails never: what goes wrong is retried and logged. */
  make: <A extends KubeObject = KubeObject>(options: InformerOptions<A>): Effect.Effect<Informer<A>, never, KubeTransport | Scope.Scope> => make(options)
}

const make = Effect.fnUntraced(function*<A extends KubeObject>(options: InformerOptions<A>) {
  const transport = yield* KubeTransport
  const services = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(services)
  const clock = yield* Clock.Clock
  const now = (): number => monotonicMillis(clock)
  const watchSeconds = options.watchSeconds ?? watchSecondsDefault
  const latch = Latch.makeUnsafe(false)
  const { resource, namespace } = options
  const core = new InformerCore<A>({
    resource,
    transform: transformOf(options),
    indexes: options.indexes ?? {},
    report: (message) => void runFork(Effect.logWarning(`informer of ${resource.plural}: ${message}`)),
    onReplaced: () => void (latch.isOpen() || runFork(latch.open))
  })
  const reflection: Reflection = { state: initialState(options.watchList === true ? "WatchList" : "Pages"), watchingSince: undefined }
  const metadataOnly = options.metadataOnly ?? false
  yield* Effect.forkScoped(follow({ transport, resource, namespace, metadataOnly, options: reflectorOptions(options), sink: core }, reflection))

  const refresh = Effect.fnUntraced(function*(of: string | undefined, name: string) {
    const byName = `metadata.name=${name}`
    const query = {
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector === undefined ? byName : `${options.fieldSelector},${byName}`
    }
    const answer = (yield* transport.request({ verb: "list", resource, namespace: of ?? namespace, query, metadataOnly })) as KubeList
    const found = answer.items?.[0]
    if (found !== undefined) core.readAhead(found)
    else if (answer.metadata.resourceVersion !== undefined) core.removeAbsent(of, name, answer.metadata.resourceVersion)
  })

  const informer: Informer<A> = {
    resource,
    namespace,
    store: core.store,
    covers: coverage(options),
    synced: latch.await,
    isSynced: () => latch.isOpen(),
    subscribe: (listener, onProgress) => core.subscribe(listener, onProgress),
    parked: core.parked,
    refresh,
    stats: () => ({
      objects: core.store.size,
      events: core.events,
      relists: reflection.state.relists,
      failures: reflection.state.failures,
      parkings: core.parkings,
      watchingSince: reflection.watchingSince
    })
  }
  yield* Effect.acquireRelease(
    Effect.map(CurrentHealth, (health) => [registerInformer(informer, now, services), health.register(informerHealth(informer, watchSeconds, now))]),
    (stops) => Effect.sync(() => stops.forEach((stop) => stop()))
  )
  return informer
})

const coverage = ({ labelSelector, namespace }: { readonly labelSelector?: string | undefined; readonly namespace?: string | undefined }) => {
  // A selector that cannot be read is for the server to complain about.
  const selector = labelSelector === undefined ? undefined : Option.getOrUndefined(Result.getSuccess(Selector.parseLabelSelector(labelSelector)))
  return ({ metadata }: KubeObject): boolean =>
    (namespace === undefined || metadata.namespace === namespace) && (selector === undefined || selector.matches(metadata.labels))
}

const transformOf = <A extends KubeObject>(options: InformerOptions<A>): Transform<A> => {
  const transform = options.transform ?? Transform.dropManagedFields<A>
  return options.metadataOnly === true ? (object) => transform(Transform.metadataOnly(object)) : transform
}

const reflectorOptions = <A extends KubeObject>(options: InformerOptions<A>): ReflectorOptions => ({
  labelSelector: options.labelSelector,
  fieldSelector: options.fieldSelector,
  pageSize: options.pageSize ?? 500,
  watchSeconds: options.watchSeconds ?? watchSecondsDefault,
  consistency: options.consistency ?? "Latest"
})
