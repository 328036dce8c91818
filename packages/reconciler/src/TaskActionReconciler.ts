/** The reconcile function of TaskActions: reads one action from the cache and brings it one step further. */
import { TaskCache } from "@fairlead/catalog"
import { type Informer, type ReconcileRequest, Result, type Store, TerminalError } from "@fairlead/controller"
import type { TaskAction } from "@fairlead/core"
import { KubeClient, KubeError, type KubeObject } from "@fairlead/kube"
import { Clock, Effect, Option, Queue } from "effect"
import { type EngineConfig, limitsOf } from "./EngineConfig.ts"
import * as EngineMetrics from "./EngineMetrics.ts"
import { EventSink } from "./EventSink.ts"
import { renewLeases } from "./internal/cacheLeases.ts"
import type { Turn } from "./internal/cacheTurns.ts"
import { CacheWaits } from "./internal/cacheWaits.ts"
import { type ActionMemory, Memories } from "./internal/actionMemory.ts"
import { advanceCondition } from "./internal/conditionAction.ts"
import { cleanUpAgainAfter, conclude, endDeleted, isConcluded } from "./internal/conclusion.ts"
import { terminalCondition } from "./internal/conditions.ts"
import { failedParent } from "./internal/orphans.ts"
import { recall, settle } from "./internal/outbox.ts"
import { advance, inTimeForCache } from "./internal/round.ts"
import { isStray, removeStrays } from "./internal/strays.ts"
import { lookAt, type Surroundings } from "./internal/surroundings.ts"
import { byOwner } from "./LaunchedObjects.ts"
import { LaunchFiles } from "./LaunchFiles.ts"
import { LaunchSecrets } from "./LaunchSecrets.ts"
import { PluginRegistry } from "./PluginRegistry.ts"
import { WakeUps } from "./WakeUps.ts"

/** A TaskAction as the cache holds it. */
export type CachedAction = TaskAction.TaskAction & KubeObject

type Round = Effect.Effect<Result, KubeError.KubeError>

/** What a reconciler needs besides the services. */
export interface TaskActionReconcilerOptions {
  readonly config: EngineConfig
  /** The cache of TaskActions. */
  readonly store: Pick<Store<CachedAction>, "get">
  /** The caches of launched objects, in which strays are found; without them nobody looks for any. */
  readonly launched?: ReadonlyArray<Informer> | undefined
  /** Tells people that something is wrong with an action. Must not fail and should not wait. */
  readonly warn?: ((action: TaskAction.TaskAction, reason: string, message: string) => Effect.Effect<void>) | undefined
  readonly metrics?: EngineMetrics.EngineMetrics | undefined
  /** How plugins ask for early rounds; nobody hears of it if left out. */
  readonly wakeUps?: WakeUps["Service"] | undefined
  /** Where actions are noted that wait for the result of another one; whoever gives it wakes them. */
  readonly cacheWaits?: CacheWaits | undefined
}

/**
 * Drives TaskActions.
 *
 * Guarantees: a status is stored before an event tells of it and before its launch is cleaned up or replaced; a round that
 * fails or is cut short at any point is repeated without doing anything twice; no round waits for the work itself.
 */
export interface TaskActionReconciler {
  readonly reconcile: (request: ReconcileRequest) => Effect.Effect<Result, KubeError.KubeError | TerminalError>
  /** Renews reservations of the catalog that actions hold, until interrupted. To be run beside the rounds. */
  readonly renewing: Effect.Effect<never>
  /** Number of actions that are remembered between rounds. */
  readonly remembered: () => number
}

/** Makes the reconciler from the services of the context. */
export const make = Effect.fnUntraced(function*(options: TaskActionReconcilerOptions) {
  const around: Surroundings = {
    config: options.config,
    limits: limitsOf(options.config),
    kube: yield* KubeClient,
    registry: yield* PluginRegistry,
    sink: yield* EventSink,
    files: yield* LaunchFiles,
    secrets: Option.getOrElse(yield* Effect.serviceOption(LaunchSecrets), () => LaunchSecrets.none),
    wakeUps: options.wakeUps ?? WakeUps.make(),
    cache: Option.getOrUndefined(yield* Effect.serviceOption(TaskCache)),
    cacheWaits: options.cacheWaits ?? new CacheWaits(),
    leases: yield* Queue.unbounded<Turn>(),
    memories: new Memories(),
    metrics: options.metrics ?? (yield* EngineMetrics.make),
    clock: yield* Clock.Clock,
    launchedFor: launchedIn(options.launched ?? []),
    failedParent: options.config.abortOrphans ? (action) => failedParent(options.store, action) : () => undefined,
    warn: options.warn ?? logWarning
  }
  const remember = (action: TaskAction.TaskAction) => recall(around, action)

  const goOn = (action: CachedAction, memory: ActionMemory, isEnded: boolean, now: number): Round => {
    if (isEnded) {
      return Effect.flatMapEager(settle(around, action, memory), (settled) => conclude(around, settled, memory, now))
    }
    if ((action.spec as typeof action.spec | undefined)?.actionType === "condition") return advanceCondition(around, action, memory, now)
    const round = advance(around, action, memory, now)
    return usesNoCache(memory) ? round : Effect.map(round, (result) => inTimeForCache(result, memory, now))
  }

  const reconcile = ({ namespace, name }: ReconcileRequest): Round => {
    const action = options.store.get(namespace, name)
    if (action === undefined) {
      around.memories.forget(namespace, name)
      return done
    }
    const isEnded = terminalCondition(action.status) !== undefined
    const isOver = isEnded && isConcluded(action)
    const launched = around.launchedFor(action)
    if (isOver && !launched.some((it) => isStray(action, it))) return done
    const now = around.clock.currentTimeMillisUnsafe()
    const memory = around.memories.of(action, remember)
    if (action.metadata.deletionTimestamp !== undefined) return endDeleted(around, action, memory, now)
    const strays: Array<KubeObject> = []
    for (const it of launched) if (isStray(action, it, memory)) strays.push(it)
    if (strays.length === 0 && !isOver) return goOn(action, memory, isEnded, now)
    return Effect.flatMap(removeStrays(around, action, memory, strays, now), (isClean) => {
      if (!isOver) return goOn(action, memory, isEnded, now)
      around.memories.forget(namespace, name)
      return isClean ? done : Effect.succeed(lookAt(now + cleanUpAgainAfter, now))
    })
  }

  return {
    // At once, so that a round in which nothing waits needs no fiber.
    reconcile: (request) => Effect.catchEager(reconcile(request), (error): ReturnType<TaskActionReconciler["reconcile"]> => (isHopeless(error) ? giveUp(around, request, error) : Effect.fail(error))),
    renewing: renewLeases(around.leases),
    remembered: () => around.memories.size
  } satisfies TaskActionReconciler
})

const done = Effect.succeed(Result.done)

const usesNoCache = ({ preparation }: ActionMemory): boolean => preparation?._tag === "Assignment" && preparation.cache === undefined

/** Errors that the same call would meet again: the action is gone, or the server will never take what we write. Missing rights may come. */
const isHopeless = (error: KubeError.KubeError): boolean =>
  KubeError.isReason(error, "NotFound", "Invalid", "BadRequest", "RequestEntityTooLarge", "MethodNotAllowed", "UnsupportedMediaType")

const giveUp = (around: Surroundings, { namespace, name }: ReconcileRequest, error: KubeError.KubeError): Effect.Effect<Result, TerminalError> => {
  if (error.reason._tag === "NotFound") {
    around.memories.forget(namespace, name)
    return Effect.succeed(Result.done)
  }
  return Effect.fail(new TerminalError({ message: `${namespace}/${name} is parked until it changes: ${error.message}`, cause: error }))
}

const nothing: ReadonlyArray<KubeObject> = []

const launchedIn = (informers: ReadonlyArray<Informer>) => (action: TaskAction.TaskAction): ReadonlyArray<KubeObject> => {
  const uid = action.metadata.uid ?? ""
  let found = nothing
  for (const { store } of informers) {
    const more = store.byIndex(byOwner, uid)
    if (more.length > 0) found = found.length === 0 ? more : [...found, ...more]
  }
  return found
}

const logWarning = (action: TaskAction.TaskAction, reason: string, message: string): Effect.Effect<void> =>
  Effect.logWarning(`${action.metadata.namespace}/${action.metadata.name}: ${reason}: ${message}`)
