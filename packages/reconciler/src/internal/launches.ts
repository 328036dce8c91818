/** Launches: the folders, the metadata and the context of each. */
import { Names, type PluginState, type TaskAction, type TaskExecutionContext, type TaskPaths } from "@fairlead/core"
import { Result } from "effect"
import { attemptOf } from "../Decision.ts"
import * as ExecutionMetadata from "../ExecutionMetadata.ts"
import { type Assignment, ownerOf } from "../Preparation.ts"
import type { ActionMemory, LaunchFacts } from "./actionMemory.ts"
import { fromStatus, holds } from "./pluginState.ts"
import type { Surroundings } from "./surroundings.ts"

/** Folder of the outputs of a launch. The base was checked when the action was prepared. */
export const outputPrefixOf = (action: TaskAction.TaskAction, assignment: Assignment, attempt: number, launch: number): string =>
  Result.getOrThrow(Names.outputPrefix(assignment.outputBase, ownerOf(action, attempt, launch)))

/**
 * Folders of a launch. Outputs are never shared between launches: what a lost one left behind must not decide the next.
 * Checkpoints are shared by the launches of an attempt, so that a task which was pushed off its node goes on where it was.
 */
const pathsOf = (action: TaskAction.TaskAction, assignment: Assignment, attempt: number, launch: number): TaskPaths => {
  const outputPrefix = outputPrefixOf(action, assignment, attempt, launch)
  const checkpoints = (of: number): string => Names.checkpointPrefix(outputPrefixOf(action, assignment, of, 0))
  const previous = attempt > 1 ? checkpoints(attempt - 1) : undefined
  return {
    inputPrefix: assignment.inputPrefix,
    outputPrefix,
    rawOutputPrefix: outputPrefix,
    checkpointPrefix: checkpoints(attempt),
    previousCheckpointPrefix: launch > 0 ? checkpoints(attempt) : previous
  }
}

const factsOf = (around: Surroundings, action: TaskAction.TaskAction, memory: ActionMemory, assignment: Assignment, status: TaskAction.TaskActionStatus): LaunchFacts => {
  const attempt = attemptOf(status)
  const launch = status.launches ?? 0
  const known = memory.launch
  if (known !== undefined && known.attempt === attempt && known.launch === launch) return known
  const facts: LaunchFacts = {
    attempt,
    launch,
    metadata: ExecutionMetadata.make(action, assignment.template, around.config, { attempt, launch }),
    paths: pathsOf(action, assignment, attempt, launch),
    idempotencyKey: Names.idempotencyKey(action.metadata.uid ?? "", attempt, launch)
  }
  memory.launch = facts
  return facts
}

/**
 * The stored status, with the attempt that the engine itself wrote down. Others may set `attempts`, and names and folders
 * follow from it: a launch that is under way must not lose its own.
 */
export const believed = (status: TaskAction.TaskActionStatus): TaskAction.TaskActionStatus => {
  const attempt = status.phaseHistory?.at(-1)?.attempt
  return attempt === undefined || status.pluginPhase === undefined || attempt === status.attempts ? status : { ...status, attempts: attempt }
}

/** The stored state, read only if it is another one than was seen last. */
const stateOf = (memory: ActionMemory, status: TaskAction.TaskActionStatus): PluginState | undefined => {
  const known = memory.pluginState
  if (known !== undefined && holds(status, known)) return known
  return (memory.pluginState = fromStatus(status))
}

/** What a plugin gets to work with for the launch that `status` is in. */
export const contextOf = (
  around: Surroundings,
  action: TaskAction.TaskAction,
  memory: ActionMemory,
  assignment: Assignment,
  status: TaskAction.TaskActionStatus,
  now: number
): TaskExecutionContext => {
  const { metadata, paths, launch, idempotencyKey } = factsOf(around, action, memory, assignment, believed(status))
  const { namespace, name = "" } = action.metadata
  const { plugin, id } = assignment
  return {
    metadata,
    paths,
    launch,
    now,
    template: assignment.template,
    state: stateOf(memory, status),
    idempotencyKey,
    inputs: around.files.inputs(plugin.id, paths),
    outcome: around.files.outcome(plugin.id, paths),
    putOutputs: (outputs) => around.files.putOutputs(plugin.id, paths, outputs),
    secrets: { get: (reference) => around.secrets.get(plugin.id, { namespace: namespace ?? "", project: id.project, domain: id.domain }, reference) },
    wake: () => around.wakeUps.wake(namespace, name)
  }
}
