/** Events wait here until the status that they tell of is stored, and from then on until the sink has them. */
import type { TaskAction } from "@fairlead/core"
import { KubeError } from "@fairlead/kube"
import { Effect, Result } from "effect"
import type { ActionEvent } from "../ActionEvent.ts"
import { attemptOf } from "../Decision.ts"
import type { EngineConfig } from "../EngineConfig.ts"
import { actionIdOf, type Assignment, prepare, type Rejection } from "../Preparation.ts"
import { type ActionMemory, fateOf, type LaunchFacts, type Pending } from "./actionMemory.ts"
import { outputPrefixOf } from "./launches.ts"
import { buildActionEvent, type Report, untold } from "./reports.ts"
import { changedFields } from "./statusPatch.ts"
import { patchAction, type Surroundings } from "./surroundings.ts"

/** How long a sink that refused is left alone. */
export const redeliverAfter = 5_000

/** Dresses reports as events of the launch that they came from; `known` are the facts of a launch that need not be worked out again. */
export const eventsOf = (
  action: TaskAction.TaskAction,
  preparation: Assignment | Rejection | undefined,
  config: EngineConfig,
  reports: ReadonlyArray<Report>,
  launch: number,
  known?: LaunchFacts
): ReadonlyArray<ActionEvent> => {
  const id = preparation?.id ?? actionIdOf(action)
  return reports.map((report) => {
    const isKnown = known !== undefined && known.attempt === report.attempt && known.launch === launch
    const folder = preparation?._tag !== "Assignment" ? undefined : isKnown ? known.paths.outputPrefix : outputPrefixOf(action, preparation, report.attempt, launch)
    return buildActionEvent(report, id, config.cluster, folder)
  })
}

/** What a fresh memory starts from: everything that the stored status tells and nobody may have heard. */
export const recall = (around: Surroundings, action: TaskAction.TaskAction): Pick<ActionMemory, "outbox" | "delivered" | "preparation"> => {
  const status = action.status ?? {}
  const reports = untold(status)
  if (reports.length === 0) return { outbox: [], delivered: status.delivered ?? 0, preparation: undefined }
  const preparation = prepare(action, around.registry, around.config, around.limits)
  const outbox = reports.flatMap((report) =>
    eventsOf(action, preparation, around.config, [report], report.attempt === attemptOf(status) ? (status.launches ?? 0) : 0))
  return { outbox, delivered: status.delivered ?? 0, preparation }
}

/** True when the server will never take a status, however often it is offered. */
export const isRefusal = (error: KubeError.KubeError): boolean => KubeError.isReason(error, "Invalid", "BadRequest", "RequestEntityTooLarge")

/** Stores a status. Until the write is known to be done it stays pending, so that a failed one is not forgotten. */
export const storeStatus = (
  around: Surroundings,
  action: TaskAction.TaskAction,
  memory: ActionMemory,
  pending: Pending
): Effect.Effect<TaskAction.TaskAction, KubeError.KubeError> => {
  memory.pending = { ...pending, isUrgent: true }
  const taskType = taskTypeOf(action, memory)
  const next = { ...pending.status }
  if (taskType !== undefined) next.taskType = taskType
  if (memory.delivered > 0) next.delivered = memory.delivered
  return Effect.map(patchAction(around, action, "status", { status: changedFields(action.status, next) }), (updated) => {
    memory.pending = undefined
    memory.outbox = memory.outbox.concat(pending.events)
    around.metrics.storedPhase(next.pluginPhase)
    around.metrics.sized(updated)
    return updated
  })
}

/** For people who list actions: the type may stand in three places of the spec, or in none. */
const taskTypeOf = ({ spec }: TaskAction.TaskAction, { preparation }: ActionMemory): string | undefined => {
  const given: unknown = preparation?._tag === "Assignment" ? preparation.taskType : spec?.taskType
  return typeof given === "string" && given !== "" ? given : undefined
}

/** Finishes a write of an earlier round whose fate was unknown, so that this round starts from what is stored. */
export const settle = (around: Surroundings, action: TaskAction.TaskAction, memory: ActionMemory): Effect.Effect<TaskAction.TaskAction, KubeError.KubeError> => {
  const { pending } = memory
  if (pending === undefined) return Effect.succeed(action)
  switch (fateOf(pending, action.status)) {
    case "Stored":
      memory.pending = undefined
      memory.outbox = [...memory.outbox, ...pending.events]
      return Effect.succeed(action)
    case "Overtaken":
      memory.pending = undefined
      return Effect.succeed(action)
    case "Waiting":
      return pending.isUrgent ? storeStatus(around, action, memory, pending) : Effect.succeed(action)
  }
}

const nothingToDeliver = Effect.succeed(true)

/** Sends what is in the outbox; answers whether it is empty now. Refused events stay, events that no one will ever take go. */
export const deliver = (around: Surroundings, action: TaskAction.TaskAction, memory: ActionMemory): Effect.Effect<boolean> =>
  memory.outbox.length === 0 ? nothingToDeliver : send(around, action, memory)

const send = (around: Surroundings, action: TaskAction.TaskAction, memory: ActionMemory): Effect.Effect<boolean> => {
  const events = memory.outbox
  const gone = (): boolean => {
    memory.isSinkDown = false
    memory.delivered = events.at(-1)!.version
    memory.outbox = memory.outbox.slice(events.length)
    return memory.outbox.length === 0
  }
  return Effect.flatMapEager(Effect.result(around.sink.record(events)), (result) => {
    if (Result.isSuccess(result)) return Effect.succeed(gone())
    const { message, retryable } = result.failure
    around.metrics.refusedEvents()
    const told = memory.isSinkDown ? Effect.void : around.warn(action, "ActionEventPublishFailed", message)
    return Effect.map(told, () => {
      memory.isSinkDown = retryable
      return retryable ? false : gone()
    })
  })
}

/** The event that tells of an action that was deleted before it ended. */
export const abortedEvent = (
  action: TaskAction.TaskAction,
  preparation: Assignment | Rejection | undefined,
  config: EngineConfig,
  at: number
): ActionEvent =>
  eventsOf(action, preparation, config, [{
    sequence: (action.status?.sequence ?? 0) + 1,
    attempt: attemptOf(action.status),
    phase: "ABORTED",
    at,
    reason: "the action was deleted",
    info: { logs: [], externalResources: [], additionalReasons: [] }
  }], action.status?.launches ?? 0)[0]!
