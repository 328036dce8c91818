/** Objects of launches that are over. A create that arrives after everybody has given it up makes one: nobody waits for it, so it has to go. */
import { OwnerReferences } from "@fairlead/controller"
import { TaskAction } from "@fairlead/core"
import type { KubeObject } from "@fairlead/kube"
import { Effect } from "effect"
import { attemptOf } from "../Decision.ts"
import type { ActionMemory } from "./actionMemory.ts"
import { cleanUp, isConcluded } from "./conclusion.ts"
import { terminalCondition } from "./conditions.ts"
import { believed } from "./launches.ts"
import type { Surroundings } from "./surroundings.ts"

type Action = TaskAction.TaskAction

/** The launch that an object was made for. */
interface Launch {
  readonly attempt: number
  readonly launch: number
}

const launchOf = ({ metadata }: KubeObject): Launch | undefined => {
  const attempt = Number(metadata.labels?.["attempt"])
  const launch = Number(metadata.annotations?.[TaskAction.annotations.launch])
  return Number.isInteger(attempt) && Number.isInteger(launch) ? { attempt, launch } : undefined
}

const isBefore = (a: Launch, b: Launch): boolean => a.attempt < b.attempt || (a.attempt === b.attempt && a.launch < b.launch)

/** Where an action is, by what is stored and by what the engine remembers to have gone on to. */
const currentOf = (action: Action, memory: ActionMemory | undefined): Launch => {
  const status = believed(action.status ?? {})
  const isBetweenLaunches = memory?.cleanedUp !== undefined && memory.cleanedUp === status.sequence && status.pluginPhase === "PhaseRetryableFailure"
  const reached = { attempt: attemptOf(status), launch: (status.launches ?? 0) + (isBetweenLaunches ? 1 : 0) }
  const remembered = memory?.launch
  return remembered !== undefined && isBefore(reached, remembered) ? remembered : reached
}

/** True for an object of an earlier launch of the action, or of any launch once the action has failed and was let go. */
export const isStray = (action: Action, object: KubeObject, memory?: ActionMemory): boolean => {
  if (object.metadata.deletionTimestamp !== undefined || !OwnerReferences.isOwnedBy(object, action as KubeObject)) return false
  const launch = launchOf(object)
  if (launch === undefined) return false
  if (isConcluded(action) && terminalCondition(action.status)?.type === "Failed") return true
  return isBefore(launch, currentOf(action, memory))
}

/** Has the plugin stop what strays. Answers whether nothing is left of it; if not, it is found again in a later round. */
export const removeStrays = Effect.fnUntraced(function*(
  around: Surroundings,
  action: Action,
  memory: ActionMemory,
  strays: ReadonlyArray<KubeObject>,
  now: number
) {
  const { launch, pluginState } = memory
  let isClean = true
  for (const stray of strays) {
    const { attempt, launch: launches } = launchOf(stray)!
    const reason = `its launch is over: attempt ${attempt}, launch ${launches}`
    yield* around.warn(action, "StrayRemoved", `${stray.kind} ${stray.metadata.name} turned up although ${reason}`)
    isClean = (yield* cleanUp(around, action, memory, { attempts: attempt, launches }, reason, now, now)) && isClean
  }
  memory.launch = launch
  memory.pluginState = pluginState
  return isClean
})
