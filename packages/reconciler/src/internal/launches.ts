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
  attempt === 1 && launch === 0
    ? assignment.firstOutputPrefix
    : Result.getOrThrow(Names.outputPrefix(assignment.outputBase, ownerOf(action, attempt, launch)))

/**
 * Folders of a launch. Outputs are never shared between launches: what a lost one left behind must not decide the next.
 * Checkpoints are shared by the launches of an attempt, so that a task which was pushed off its node goes on where it was.
 */
const pathsOf = (action: TaskAction.TaskAction, assignment: Assignment, attempt: number, launch: number): TaskPaths => {
  const outputPrefix = outputPrefixOf(action, assignment, attempt, launch)
  const checkpoints = (of: number): string => Names.checkpointPrefix(outputPrefixOf(action, assignment, of, 0))
  const own = launch === 0 ? Names.checkpointPrefix(outputPrefix) : checkpoints(attempt)
  const previous = attempt > 1 ? checkpoints(attempt - 1) : undefined
  return {
    inputPrefix: assignment.inputPrefix,
    outputPrefix,
    rawOutputPrefix: outputPrefix,
    checkpointPrefix: own,
    previousCheckpointPrefix: launch > 0 ? own : previous
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
    idempotencyKey: undefined
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
): TaskExecutionContext =>
  new RoundContext(around, action, assignment, factsOf(around, action, memory, assignment, believed(status)), stateOf(memory, status), now)

/** A plugin looks at few things in most rounds: whatever has to be made is made when it is asked for. */
class RoundContext implements TaskExecutionContext {
  readonly metadata: TaskExecutionContext["metadata"]
  readonly paths: TaskPaths
  readonly launch: number
  readonly template: TaskExecutionContext["template"]
  readonly state: PluginState | undefined
  readonly now: number
  readonly #around: Surroundings
  readonly #action: TaskAction.TaskAction
  readonly #assignment: Assignment
  readonly #facts: LaunchFacts
  #inputs: TaskExecutionContext["inputs"] | undefined

  constructor(around: Surroundings, action: TaskAction.TaskAction, assignment: Assignment, facts: LaunchFacts, state: PluginState | undefined, now: number) {
    this.metadata = facts.metadata
    this.paths = facts.paths
    this.launch = facts.launch
    this.template = assignment.template
    this.state = state
    this.now = now
    this.#around = around
    this.#action = action
    this.#assignment = assignment
    this.#facts = facts
  }

  get idempotencyKey(): string {
    return (this.#facts.idempotencyKey ??= Names.idempotencyKey(this.#action.metadata.uid ?? "", this.#facts.attempt, this.#facts.launch))
  }

  get inputs(): TaskExecutionContext["inputs"] {
    return (this.#inputs ??= this.#around.files.inputs(this.#assignment.plugin.id, this.paths))
  }

  get outcome(): TaskExecutionContext["outcome"] {
    return this.#around.files.outcome(this.#assignment.plugin.id, this.paths)
  }

  get putOutputs(): TaskExecutionContext["putOutputs"] {
    return (outputs) => this.#around.files.putOutputs(this.#assignment.plugin.id, this.paths, outputs)
  }

  get secrets(): TaskExecutionContext["secrets"] {
    const { id, plugin } = this.#assignment
    const scope = { namespace: this.#action.metadata.namespace ?? "", project: id.project, domain: id.domain }
    return { get: (reference) => this.#around.secrets.get(plugin.id, scope, reference) }
  }

  get wake(): TaskExecutionContext["wake"] {
    const { namespace, name = "" } = this.#action.metadata
    return () => this.#around.wakeUps.wake(namespace, name)
  }
}
