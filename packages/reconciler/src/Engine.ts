/** The whole engine: it follows TaskActions and what they launch, and drives every one of them to its end. */
import { TaskCache } from "@fairlead/catalog"
import { type Change, Controller, EventRecorder, Informer, OwnerReferences, OwnWrites, type ReconcileRequest, Sharding, Source, type Store } from "@fairlead/controller"
import type { TaskAction } from "@fairlead/core"
import { KubeClient, KubeResource, type KubeTransport } from "@fairlead/kube"
import { Context, Effect, Layer, Option, type Scope } from "effect"
import type { EngineConfig } from "./EngineConfig.ts"
import * as EngineMetrics from "./EngineMetrics.ts"
import type { EventSink } from "./EventSink.ts"
import * as GarbageCollector from "./GarbageCollector.ts"
import { CacheWaits } from "./internal/cacheWaits.ts"
import { byParent, failsNow, parentUids } from "./internal/orphans.ts"
import { isStray } from "./internal/strays.ts"
import { isNews, LaunchedObjects } from "./LaunchedObjects.ts"
import type { LaunchFiles } from "./LaunchFiles.ts"
import { recoverPlugins } from "./internal/recovery.ts"
import { PluginRegistry } from "./PluginRegistry.ts"
import * as TaskActionReconciler from "./TaskActionReconciler.ts"
import { WakeUps } from "./WakeUps.ts"

/** What the engine needs from its surroundings. */
export type EngineNeeds = KubeTransport | KubeClient | PluginRegistry | EventSink | LaunchFiles | LaunchedObjects

/** One of `count` shares of all actions, by number from 0. */
export interface Share {
  readonly index: number
  readonly count: number
}

/** All actions. */
export const wholeShare: Share = { index: 0, count: 1 }

/** How the engine lives with others of its kind. */
export interface EngineOptions {
  /**
   * Runs the work on a share of the actions, which goes on until it is interrupted, when this engine may: on the whole while it holds
   * a lease, for instance, or on each share that falls to it. The caches are filled before that, so that work can begin at once.
   * It runs on the whole, at once and always, if left out.
   */
  readonly lead?: ((workOn: (share: Share) => Effect.Effect<never>) => Effect.Effect<unknown>) | undefined
  /** Makes a span of every round. False if left out. */
  readonly spans?: boolean | undefined
}

/** A running engine. */
export class Engine extends Context.Service<Engine, {
  /** All TaskActions as the engine sees them: for views of progress, without asking the server. */
  readonly actions: Informer<TaskActionReconciler.CachedAction>
  /** Unfinished actions that the engine keeps something about. */
  readonly remembered: () => number
}>()("@fairlead/reconciler/Engine") {
  /**
   * Starts an engine that lives as long as the layer. When the layer closes, no new rounds begin and running ones
   * finish within `shutdownGrace`. With a `TaskCache` in the context, results of discoverable tasks are looked up and kept. With an `EventRecorder` in the context, warnings about actions become Kubernetes events;
   * otherwise they are logged.
   */
  static readonly layer = (config: EngineConfig, options: EngineOptions = {}): Layer.Layer<Engine, never, EngineNeeds> =>
    Layer.effect(Engine, start(config, options))

  /** Runs an engine until interrupted. */
  static readonly run = (config: EngineConfig): Effect.Effect<never, never, EngineNeeds> =>
    Effect.scoped(Effect.andThen(start(config, {}), Effect.never))
}

const start = Effect.fnUntraced(function*(config: EngineConfig, { lead = (workOn) => workOn(wholeShare), spans }: EngineOptions) {
  const { namespace } = config
  const actions = yield* Informer.make<TaskActionReconciler.CachedAction>({ resource: KubeResource.taskActions, namespace, indexes: { [byParent]: parentUids } })
  const launched = yield* LaunchedObjects
  const metrics = yield* EngineMetrics.make
  const kube = OwnWrites.recording(yield* KubeClient)
  const warn = Option.map(yield* Effect.serviceOption(EventRecorder), warnWith)
  const wakeUps = Option.getOrElse(yield* Effect.serviceOption(WakeUps), WakeUps.make)
  const registry = yield* PluginRegistry
  const cacheWaits = new CacheWaits()
  yield* wakeWaiting(cacheWaits, wakeUps)
  yield* followPhases(actions, metrics)
  const reconcilers = new Set<TaskActionReconciler.TaskActionReconciler>()
  // What is remembered of a share goes with it: somebody else may have worked on it before it comes back.
  const makeReconciler = Effect.acquireRelease(
    Effect.tap(
      TaskActionReconciler.make({ config, store: actions.store, metrics, wakeUps, cacheWaits, launched: launched.informers, warn: Option.getOrUndefined(warn) }),
      (made) => Effect.sync(() => reconcilers.add(made))
    ),
    (made) => Effect.sync(() => reconcilers.delete(made))
  )
  const control = (share: Share, { reconcile }: TaskActionReconciler.TaskActionReconciler) =>
    Controller.run({
      name: share.count === 1 ? "taskaction" : `taskaction-${share.index}`,
      reconcile,
      sources: sourcesOf(actions, launched.informers, wakeUps).map((source) => (share.count === 1 ? source : Source.only(source, isIn(share)))),
      workers: config.workers,
      queue: { tenantOf: tenantOf(actions.store), ...(config.workersPerTenant > 0 ? { tenantActiveMax: config.workersPerTenant } : {}) },
      timeout: config.reconcileTimeout,
      shutdownTimeout: config.shutdownGrace,
      spans
    })
  const services = yield* Effect.context<EngineNeeds>()
  const workOn = (share: Share): Effect.Effect<never> =>
    Effect.scoped(Effect.gen(function*() {
      const reconciler = yield* makeReconciler
      yield* recoverPlugins(registry, actions, isIn(share))
      // Sweeping is not divided.
      const collector = share.index === 0 ? GarbageCollector.run(config) : Effect.void
      yield* Effect.all([control(share, reconciler), reconciler.renewing, collector], { concurrency: "unbounded", discard: true })
      return yield* Effect.never
    })).pipe(Effect.provideService(KubeClient, kube), Effect.provideContext(services))
  yield* Effect.forkScoped(lead(workOn))
  return Engine.of({ actions, remembered: () => Array.from(reconcilers).reduce((sum, it) => sum + it.remembered(), 0) })
}) satisfies (config: EngineConfig, options: EngineOptions) => Effect.Effect<Engine["Service"], never, EngineNeeds | Scope.Scope>

const isIn = ({ count, index }: Share) => (request: ReconcileRequest): boolean => Sharding.shardOf(request, count) === index

/** All that concerns an action: itself, its parent, whatever was launched for it, and those who wake it. */
const sourcesOf = (actions: Informer<TaskActionReconciler.CachedAction>, launched: ReadonlyArray<Informer>, wakeUps: WakeUps["Service"]): ReadonlyArray<Source> => [
  Source.of(actions, { predicate: concernsEngine }),
  Source.mapped(actions, (parent) => childrenOf(actions.store, parent), { predicate: failsNow }),
  wakeUps.source,
  ...launched.map((informer) =>
    Source.owned(informer, { group: KubeResource.taskActions.group, kind: KubeResource.taskActions.kind, predicate: (change) => isNews(change) || isStrayNews(actions.store, change) }))
]

/** True for a new object of a launch that is over. */
const isStrayNews = (store: Store<TaskActionReconciler.CachedAction>, { object, type }: Change): boolean => {
  const owner = type === "Added" ? OwnerReferences.controllerOf(object) : undefined
  const action = owner === undefined ? undefined : store.get(object.metadata.namespace, owner.name)
  return action !== undefined && isStray(action, object)
}

/** All actions may live in one namespace, so that projects and domains are who shares the engine. An action that is gone costs next to nothing. */
const tenantOf = (store: Store<TaskActionReconciler.CachedAction>) => ({ name, namespace }: ReconcileRequest): string => {
  const spec: Partial<TaskAction.TaskActionSpec> | undefined = store.get(namespace, name)?.spec
  return `${spec?.project}/${spec?.domain}`
}

/** Those who wait for a result of the cache are woken when there is news of it. */
const wakeWaiting = Effect.fnUntraced(function*(waits: CacheWaits, wakeUps: WakeUps["Service"]) {
  const cache = yield* Effect.serviceOption(TaskCache)
  if (Option.isNone(cache)) return
  yield* cache.value.follow((key) => {
    for (const { name, namespace } of waits.take(key)) wakeUps.wake(namespace, name)
  })
})

const childrenOf = (store: Store<TaskActionReconciler.CachedAction>, parent: TaskActionReconciler.CachedAction): ReadonlyArray<ReconcileRequest> =>
  store.byIndex(byParent, parent.metadata.uid ?? "").map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name ?? "" }))

const warnWith = (recorder: EventRecorder["Service"]) => (action: TaskAction.TaskAction, reason: string, note: string): Effect.Effect<void> =>
  recorder.record({ type: "Warning", reason, note, action: "Reconcile", regarding: { ...action, apiVersion: "flyte.org/v1", kind: "TaskAction" } })

/** True for a change that somebody else made: what the engine writes itself it need not be told. */
const concernsEngine = ({ type, object, previous }: Change<TaskActionReconciler.CachedAction>): boolean =>
  type !== "Updated" || previous === undefined ||
  previous.metadata.generation !== object.metadata.generation ||
  previous.metadata.deletionTimestamp !== object.metadata.deletionTimestamp ||
  previous.status?.signalValue !== object.status?.signalValue

const followPhases = (actions: Informer<TaskActionReconciler.CachedAction>, metrics: EngineMetrics.EngineMetrics): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => actions.subscribe(({ type, object, previous }) => metrics.movedPhase(previous, type === "Deleted" ? undefined : object))),
    (stop) => Effect.sync(stop)
  ))

