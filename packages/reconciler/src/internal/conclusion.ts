/** Ends: of a launch, of an action, of an action that was deleted. Every step can be repeated after a crash. */
import { Result as ControllerResult } from "@fairlead/controller"
import { TaskAction } from "@fairlead/core"
import type { KubeError } from "@fairlead/kube"
import { Duration, Effect, Result } from "effect"
import { type Assignment, prepare, type Rejection } from "../Preparation.ts"
import type { ActionMemory } from "./actionMemory.ts"
import { endReservation, wasFound } from "./cacheResults.ts"
import { turnOf } from "./cacheTurns.ts"
import { terminalCondition } from "./conditions.ts"
import { contextOf } from "./launches.ts"
import { abortedEvent, deliver, isRefusal, redeliverAfter, settle, storeStatus } from "./outbox.ts"
import { callPlugin } from "./pluginCalls.ts"
import { lookAt, patchAction, type Surroundings } from "./surroundings.ts"
import { fromWire, toMinuteLabel } from "./times.ts"

type Action = TaskAction.TaskAction
type Status = TaskAction.TaskActionStatus

/** A cleanup that failed is tried again after this time. */
export const cleanUpAgainAfter = 5_000

/** The preparation of an action, made on first use. */
export const preparationOf = (around: Surroundings, action: Action, memory: ActionMemory): Assignment | Rejection =>
  (memory.preparation ??= prepare(action, around.registry, around.config, around.limits))

/** True while the engine answers for the action's workload. */
export const hasFinalizer = (action: Action): boolean => action.metadata.finalizers?.includes(TaskAction.finalizer) ?? false

/**
 * Stops the workload of the launch that `status` is in, if `reason` is given, and frees what is left of it.
 * Answers whether that is done; after `concludeTimeout` since `since` it is given up with a warning.
 */
export const cleanUp = (
  around: Surroundings,
  action: Action,
  memory: ActionMemory,
  status: Status,
  reason: string | undefined,
  since: number,
  now: number
): Effect.Effect<boolean> => {
  const preparation = preparationOf(around, action, memory)
  if (preparation._tag === "Rejection") {
    return Effect.as(around.warn(action, "FinalizationSkipped", `the workload, if any, is left to the garbage collector: ${preparation.message}`), true)
  }
  const { plugin } = preparation
  const context = contextOf(around, action, memory, preparation, status, now)
  const calling = callPlugin(around, memory, plugin.id, () =>
    reason === undefined ? plugin.finalize(context) : Effect.andThen(plugin.abort(context, reason), Effect.suspend(() => plugin.finalize(context))))
  return Effect.flatMapEager(calling, (result) => {
    if (Result.isSuccess(result)) return Effect.succeed(true)
    const isLost = !result.failure.retryable || now - since >= Duration.toMillis(around.config.concludeTimeout)
    around.metrics.cleanupFailed(isLost ? "given_up" : "retried")
    return Effect.as(around.warn(action, isLost ? "FinalizationSkipped" : "FinalizationFailed", result.failure.message), isLost)
  })
}

/**
 * Lets go of an action that has ended: its events go out, its workload is cleaned up, then one write takes the finalizer
 * off and puts the terminal labels on. An action without finalizer and with its labels has been let go before.
 */
export const conclude = (around: Surroundings, action: Action, memory: ActionMemory, now: number): Effect.Effect<ControllerResult, KubeError.KubeError> => {
  const condition = terminalCondition(action.status)
  const endedAt = fromWire(condition?.lastTransitionTime) ?? now
  const isLate = now - endedAt >= Duration.toMillis(around.config.concludeTimeout)
  return Effect.flatMapEager(deliver(around, action, memory), (isDelivered) => {
    if (!isDelivered && !isLate) return Effect.succeed(lookAt(now + redeliverAfter, now))
    if (!hasFinalizer(action)) return letGo(around, action, finalMetadata(action, endedAt))
    const cleaning = cleanUp(around, action, memory, action.status ?? {}, stopReason(action.status, condition), endedAt, now)
    return Effect.flatMapEager(cleaning, (isClean) =>
      isClean
        ? Effect.flatMapEager(leaveCache(around, action, memory, now), () => letGo(around, action, finalMetadata(action, endedAt)))
        : Effect.succeed(lookAt(now + cleanUpAgainAfter, now)))
  })
}

/** The last write to an action, after which nothing of it is remembered. */
const letGo = (around: Surroundings, action: Action, metadata: { readonly [field: string]: unknown }): Effect.Effect<ControllerResult, KubeError.KubeError> =>
  Effect.map(patchAction(around, action, undefined, { metadata }), () => {
    around.memories.forget(action.metadata.namespace, action.metadata.name ?? "")
    return ControllerResult.done
  })

/** Why a workload is stopped that may still be at work: the task failed, or its result was found elsewhere. */
const stopReason = (status: Status | undefined, condition: TaskAction.TaskActionCondition | undefined): string | undefined => {
  if (condition?.type === "Failed") return `the task ended: ${condition.reason}`
  return wasFound(status) ? "the result was found in the cache" : undefined
}

/** Ends the reservation of an action that will not work any more. */
const leaveCache = (around: Surroundings, action: Action, memory: ActionMemory, now: number): Effect.Effect<void> => {
  const preparation = preparationOf(around, action, memory)
  const turn = preparation._tag === "Assignment" ? turnOf(around, action, memory, preparation, action.status ?? {}, now) : undefined
  return turn === undefined ? Effect.void : endReservation(turn)
}

/** True when nothing is left to do for an ended action. */
export const isConcluded = (action: Action): boolean =>
  !hasFinalizer(action) && action.metadata.labels?.[TaskAction.labels.terminationStatus] !== undefined &&
  action.metadata.labels[TaskAction.labels.completedTime] !== undefined

const finalMetadata = (action: Action, endedAt: number): { readonly [field: string]: unknown } => {
  const labels: { [name: string]: string } = {}
  labels[TaskAction.labels.terminationStatus] = "terminated"
  labels[TaskAction.labels.completedTime] = toMinuteLabel(endedAt)
  return { labels, ...withoutFinalizer(action) }
}

const withoutFinalizer = (action: Action): { readonly [field: string]: unknown } =>
  hasFinalizer(action) ? { finalizers: action.metadata.finalizers?.filter((it) => it !== TaskAction.finalizer) } : {}

/** Stores what still waits for company: the event of the abort follows from what is stored, now and after a restart. */
const storePending = (around: Surroundings, action: Action, memory: ActionMemory): Effect.Effect<Action, KubeError.KubeError> => {
  const { pending } = memory
  if (pending === undefined) return Effect.succeed(action)
  return Effect.catchIf(storeStatus(around, action, memory, pending), isRefusal, () => Effect.sync(() => {
    memory.pending = undefined
    return action
  }))
}

/** Carries out the deletion of an action: abort, finalize, tell, let go. One that had ended already is only let go. */
export const endDeleted = Effect.fnUntraced(function*(around: Surroundings, seen: Action, memory: ActionMemory, now: number) {
  const { namespace, name = "" } = seen.metadata
  if (!hasFinalizer(seen)) {
    around.memories.forget(namespace, name)
    return ControllerResult.done
  }
  const action = yield* storePending(around, yield* settle(around, seen, memory), memory)
  if (terminalCondition(action.status) !== undefined) return yield* conclude(around, action, memory, now)
  const since = fromWire(action.metadata.deletionTimestamp) ?? now
  const status = action.status ?? {}
  const isClean = yield* cleanUp(around, action, memory, status, "the action was deleted", since, now)
  if (!isClean) return lookAt(now + cleanUpAgainAfter, now)
  yield* leaveCache(around, action, memory, now)
  if (!memory.isAbortTold) {
    memory.outbox = [...memory.outbox, abortedEvent(action, memory.preparation, around.config, since)]
    memory.isAbortTold = true
  }
  const isDelivered = yield* deliver(around, action, memory)
  if (!isDelivered && now - since < Duration.toMillis(around.config.concludeTimeout)) return lookAt(now + redeliverAfter, now)
  return yield* letGo(around, action, withoutFinalizer(action))
})
