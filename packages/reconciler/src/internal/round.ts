/** One round of an action that has not ended: look, decide, store, tell, go on. */
import type { Result as ControllerResult } from "@fairlead/controller"
import { Phase, TaskAction } from "@fairlead/core"
import type { KubeError } from "@fairlead/kube"
import { Effect, Result } from "effect"
import { deadlineOf, type Decision, decide, expire, nextLaunch, type Outcome, reject, relaunchAt, type Situation } from "../Decision.ts"
import type { Assignment, Rejection } from "../Preparation.ts"
import { keepResult } from "./cacheResults.ts"
import { dropLease, nextCacheRound } from "./cacheMemory.ts"
import { isStillHeld } from "./cacheLeases.ts"
import { consult, hasLaunched, type Turn, turnOf } from "./cacheTurns.ts"
import type { ActionMemory, Pending } from "./actionMemory.ts"
import { cleanUp, cleanUpAgainAfter, conclude, hasFinalizer, preparationOf } from "./conclusion.ts"
import { terminalCondition } from "./conditions.ts"
import { believed, contextOf } from "./launches.ts"
import { deliver, eventsOf, isRefusal, redeliverAfter, settle, storeStatus } from "./outbox.ts"
import { changedAt } from "./phaseHistory.ts"
import { callPlugin } from "./pluginCalls.ts"
import { lookAt, patchAction, type Surroundings } from "./surroundings.ts"

type Action = TaskAction.TaskAction
type Status = TaskAction.TaskActionStatus
type Round = Effect.Effect<ControllerResult, KubeError.KubeError>

/** The next round, if the cache wants one before it. */
export const inTimeForCache = (result: ControllerResult, memory: ActionMemory, now: number): ControllerResult => {
  const due = nextCacheRound(memory.cache)
  return due === Infinity ? result : lookAt(Math.min(due, now + (result.requeueAfter ?? Infinity)), now)
}

// Nothing waits in most rounds but for the writes: the eager operations go on at once where the answer is there already.

/** Brings an action one step further. Whatever fails here is tried again by the controller; nothing is lost by that. To be run at once. */
export const advance = (around: Surroundings, seen: Action, memory: ActionMemory, now: number): Round =>
  Effect.flatMapEager(settle(around, seen, memory), (action) => {
    if (terminalCondition(action.status) !== undefined) return conclude(around, action, memory, now)
    const preparation = preparationOf(around, action, memory)
    if (preparation._tag === "Rejection") return refuse(around, action, memory, preparation, now)
    const parent = around.failedParent(action)
    if (parent !== undefined) return abandon(around, action, memory, preparation, parent, now)
    return Effect.flatMapEager(deliver(around, action, memory), (isDelivered) => {
      if (now < memory.notBefore) return waitOut(around, action, memory, now)
      const round = goOn(around, action, memory, preparation, now)
      return isDelivered
        ? round
        : Effect.map(round, (verdict) => lookAt(Math.min(now + (verdict.requeueAfter ?? Infinity), now + redeliverAfter), now))
    })
  })

/** With the launch that is under way, or with the next one if it has failed. */
const goOn = (around: Surroundings, action: Action, memory: ActionMemory, assignment: Assignment, now: number): Round => {
  const status = memory.pending?.status ?? believed(action.status ?? {})
  if (status.pluginPhase !== "PhaseRetryableFailure") return take(around, action, memory, assignment, status, now)
  const failed = situationOf(around, action, memory, assignment, status, now)
  return Effect.flatMap(betweenLaunches(around, action, memory, failed), (due) => {
    const overdue = expire(failed)
    if (overdue !== undefined) return carryOut(around, action, memory, failed, overdue)
    if (due > now) return Effect.succeed(lookAt(Math.min(due, deadlineOf(failed)), now))
    return take(around, action, memory, assignment, nextLaunch(status), now)
  })
}

/** Asks the cache, if the action uses it, and then the plugin. */
const take = (around: Surroundings, action: Action, memory: ActionMemory, assignment: Assignment, status: Status, now: number): Round => {
  const turn = turnOf(around, action, memory, assignment, status, now)
  if (turn !== undefined) {
    return Effect.flatMap(consult(turn), (answer) =>
      answer === undefined ? work(turn) : adopt(around, action, memory, situationOf(around, action, memory, assignment, status, now), answer))
  }
  return Effect.flatMapEager(withFinalizer(around, action), (kept) => workOn(around, kept, memory, assignment, status, now))
}

/** From here on there may be a workload, so the action needs its finalizer. */
const withFinalizer = (around: Surroundings, action: Action): Effect.Effect<Action, KubeError.KubeError> =>
  hasFinalizer(action)
    ? Effect.succeed(action)
    : patchAction(around, action, undefined, { metadata: { finalizers: [...(action.metadata.finalizers ?? []), TaskAction.finalizer] } })

/** Lets the plugin do its part for an action that uses the cache. */
const work = Effect.fnUntraced(function*(turn: Turn) {
  const { action, around, assignment, memory, now, status } = turn
  const { lease } = turn.own
  const kept = yield* withFinalizer(around, action)
  // Nothing takes a workload back that was created under a reservation which is somebody else's by now.
  if (lease !== undefined && !hasLaunched(status) && !(yield* isStillHeld(turn, lease))) {
    dropLease(turn.own)
    return lookAt(now, now)
  }
  const situation = situationOf(around, kept, memory, assignment, status, now)
  const outcome = yield* handle(around, kept, memory, assignment, status, now)
  if (outcome._tag !== "Reported" || outcome.transition.phase.phase !== "Success") return yield* carryOut(around, kept, memory, situation, decide(situation, outcome))
  const phase = yield* keepResult(turn, outcome.transition.phase)
  if (phase === undefined) return lookAt(Infinity, now)
  return yield* carryOut(around, kept, memory, situation, decide(situation, { ...outcome, transition: { ...outcome.transition, phase } }))
})

/** Lets the plugin do its part for an action that has no use for the cache. */
const workOn = (around: Surroundings, action: Action, memory: ActionMemory, assignment: Assignment, status: Status, now: number): Round => {
  const situation = situationOf(around, action, memory, assignment, status, now)
  return Effect.flatMapEager(handle(around, action, memory, assignment, status, now), (outcome) => carryOut(around, action, memory, situation, decide(situation, outcome)))
}

/** Takes over what the cache says. */
const adopt = (around: Surroundings, action: Action, memory: ActionMemory, situation: Situation, phase: Phase.PhaseInfo) =>
  carryOut(around, action, memory, situation, decide(situation, { _tag: "Reported", transition: { phase, deferrable: true } }))

/** Ends an action whose parent has failed. It stays, as aborted, for as long as other actions that have ended. */
const abandon = (around: Surroundings, action: Action, memory: ActionMemory, assignment: Assignment, parent: Action, now: number) => {
  const situation = situationOf(around, action, memory, assignment, memory.pending?.status ?? believed(action.status ?? {}), now)
  const phase = Phase.aborted(0, `aborted because ${parent.metadata.name}, to which it belongs, failed`)
  return carryOut(around, action, memory, situation, decide(situation, { _tag: "Reported", transition: { phase } }))
}

/** The plugin is left alone for a while; only what waits to be stored may fall due. */
const waitOut = Effect.fnUntraced(function*(around: Surroundings, action: Action, memory: ActionMemory, now: number) {
  const { pending, notBefore } = memory
  const dueAt = pending === undefined ? Infinity : pending.since + around.limits.progressDelay
  if (pending === undefined || now < dueAt) return lookAt(Math.min(notBefore, dueAt), now)
  yield* storeStatus(around, action, memory, pending)
  return lookAt(notBefore, now)
})

/** Cleans up after a failed launch, once, and answers when the next one is due. */
const betweenLaunches = Effect.fnUntraced(function*(around: Surroundings, action: Action, memory: ActionMemory, failed: Situation) {
  const { status, now } = failed
  const failedAt = changedAt(status.phaseHistory ?? []) ?? now
  if (memory.cleanedUp !== status.sequence) {
    const code = status.errorState?.code ?? "Unknown"
    const isClean = yield* cleanUp(around, action, memory, status, `the launch failed: ${code}`, failedAt, now)
    if (!isClean) return now + cleanUpAgainAfter
    memory.cleanedUp = status.sequence
  }
  return relaunchAt(failed, failedAt)
})

const handle = (around: Surroundings, action: Action, memory: ActionMemory, assignment: Assignment, status: Status, now: number): Effect.Effect<Outcome> => {
  const { plugin, inputs, inputPrefix } = assignment
  if (inputs === undefined || memory.areInputsWritten || status.pluginState !== undefined) return ask(around, action, memory, assignment, status, now)
  const written = callPlugin(around, memory, plugin.id, () => around.files.putInputs(plugin.id, inputPrefix, inputs))
  return Effect.flatMapEager(written, (result): Effect.Effect<Outcome> => {
    if (Result.isFailure(result)) return Effect.succeed({ _tag: "Failed", error: result.failure })
    memory.areInputsWritten = true
    return ask(around, action, memory, assignment, status, now)
  })
}

const ask = (around: Surroundings, action: Action, memory: ActionMemory, assignment: Assignment, status: Status, now: number): Effect.Effect<Outcome> => {
  const { plugin } = assignment
  const context = contextOf(around, action, memory, assignment, status, now)
  return Effect.flatMapEager(callPlugin(around, memory, plugin.id, () => plugin.handle(context)), (handled): Effect.Effect<Outcome> => {
    if (Result.isFailure(handled)) return Effect.as(around.warn(action, "FailedPluginHandle", handled.failure.message), { _tag: "Failed", error: handled.failure })
    memory.pluginState = handled.success.state ?? memory.pluginState
    return Effect.succeed({ _tag: "Reported", transition: handled.success })
  })
}

/** Does what was decided, in the only safe order: store, tell, then touch the world. */
const carryOut = (
  around: Surroundings,
  action: Action,
  memory: ActionMemory,
  situation: Situation,
  decision: Decision
): Round => {
  const { now, limits } = situation
  const { next } = decision
  if ((decision.status.systemFailures ?? 0) > (situation.status.systemFailures ?? 0)) around.metrics.systemFailed()
  if (next._tag === "Relaunch") around.metrics.relaunched(decision.status.errorState?.kind === "SYSTEM" ? "SYSTEM" : "USER")
  memory.notBefore = next._tag === "Wait" ? next.notBefore : 0
  const until = next._tag === "Wait" ? next.until : now
  if (decision.write === "Nothing" && memory.pending === undefined) return Effect.succeed(lookAt(until, now))
  const events = decision.reports.length === 0
    ? noEvents
    : eventsOf(action, memory.preparation, around.config, decision.reports, situation.status.launches ?? 0, memory.launch)
  const pending = addTo(memory.pending, action, decision, events, now)
  memory.pending = pending
  const dueAt = pending.since + limits.progressDelay
  return !pending.isUrgent && now < dueAt ? Effect.succeed(lookAt(Math.min(dueAt, until), now)) : store(around, action, memory, situation, pending, until)
}

const store = (around: Surroundings, action: Action, memory: ActionMemory, situation: Situation, pending: Pending, until: number): Round => {
  const { now } = situation
  const onSuccess = (stored: Action): Round =>
    terminalCondition(stored.status) === undefined
      ? Effect.mapEager(deliver(around, stored, memory), (isDelivered) => lookAt(isDelivered ? until : Math.min(until, now + redeliverAfter), now))
      : conclude(around, stored, memory, now)
  return Effect.matchEffect(storeStatus(around, action, memory, pending), {
    onSuccess,
    onFailure: (error) => isRefusal(error) ? Effect.flatMap(storeRefusal(around, action, memory, situation, error), onSuccess) : Effect.fail(error)
  })
}

/** The server will never take the status that was decided: the action ends with a small one that says so. */
const storeRefusal = (around: Surroundings, action: Action, memory: ActionMemory, situation: Situation, error: KubeError.KubeError) => {
  const fault = Phase.permanentFailure({ code: "StatusRefused", message: error.message, kind: "SYSTEM" })
  const decision = decide({ ...situation, status: action.status ?? {} }, { _tag: "Reported", transition: { phase: fault } })
  const events = eventsOf(action, memory.preparation, around.config, decision.reports, situation.status.launches ?? 0)
  return storeStatus(around, action, memory, addTo(undefined, action, decision, events, situation.now))
}

const noEvents: Pending["events"] = []

const addTo = (
  pending: Pending | undefined,
  action: Action,
  decision: Decision,
  events: Pending["events"],
  now: number
): Pending => ({
  base: pending === undefined ? action.status : pending.base,
  status: decision.status,
  events: pending === undefined ? events : pending.events.concat(events),
  since: pending?.since ?? now,
  isUrgent: decision.write === "Now"
})

/** Ends an action that cannot be carried out. It gets no finalizer: there is nothing to clean up. */
const refuse = Effect.fnUntraced(function*(around: Surroundings, action: Action, memory: ActionMemory, rejection: Rejection, now: number) {
  const reason = rejection.reason === "PluginNotFound" ? "FailedPluginResolve" : "FailedValidation"
  yield* around.warn(action, reason, rejection.message)
  const bounds = { maxAttempts: 1, retryDelay: () => 0, queuedTimeout: 0, runningTimeout: 0, deadline: 0 }
  const status = rejection.isStatusCorrupt ? {} : (memory.pending?.status ?? action.status ?? {})
  const situation = situationOf(around, action, memory, { id: rejection.id, bounds }, status, now)
  return yield* carryOut(around, action, memory, situation, reject(situation, rejection.reason, rejection.message))
})

const situationOf = (
  around: Surroundings,
  action: Action,
  memory: ActionMemory,
  { bounds, id }: Pick<Assignment, "bounds" | "id">,
  status: Status,
  now: number
): Situation => ({
  actionId: `${id.run}/${id.action}`,
  generation: action.metadata.generation,
  createdAt: memory.createdAt ?? now,
  status,
  bounds,
  limits: around.limits,
  now
})
