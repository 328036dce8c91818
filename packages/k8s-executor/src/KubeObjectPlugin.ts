/** The contract of plugins that carry a task out as one Kubernetes object: how to build it, and how to read its phase. */
import type { Idl, Phase, PluginError, TaskExecutionMetadata, TaskPaths } from "@fairlead/core"
import type { DeleteOptions, KubeObject, KubeResource } from "@fairlead/kube"
import type { Result } from "effect"

/** What an object may be built from. */
export interface BuildContext {
  readonly metadata: TaskExecutionMetadata
  readonly template: Idl.TaskTemplate
  readonly paths: TaskPaths
  /** Values of the inputs; `undefined` unless `needsInputs` asked for them. */
  readonly inputs: Idl.LiteralMap | undefined
  /** Name that the object is going to have, different for every launch. */
  readonly objectName: string
}

/** The phase that was reported in the round before. */
export interface PreviousPhase {
  readonly phase: Phase.Phase
  readonly version: number
  readonly reason: string
}

/** Small facts that a plugin wants to find again in the next round, such as when it first saw a fault. */
export type PhaseMemory = { readonly [key: string]: string | number | boolean }

/** What a phase may be read from, besides the object. Times are milliseconds since the epoch, by the engine's clock. */
export interface PhaseContext {
  readonly metadata: TaskExecutionMetadata
  readonly template: Idl.TaskTemplate
  readonly now: number
  /** When the object was created, or found again. */
  readonly launchedAt: number
  readonly previous: PreviousPhase | undefined
  /** What the last reading returned as `memory`. */
  readonly memory: PhaseMemory | undefined
}

/** What an object says about its task. */
export interface PhaseReading {
  readonly phase: Phase.PhaseInfo
  /** Kept until the next reading; absent means that there is nothing to remember. */
  readonly memory?: PhaseMemory | undefined
  /** `false` when no code of the task can have run, so that there is no error document to look for. */
  readonly ran?: boolean | undefined
}

/**
 * Carries tasks out as objects of one kind.
 *
 * Guarantees asked of a plugin:
 * - all functions are pure: equal arguments give equal results, nothing is read from elsewhere, no argument is changed;
 * - `build` sets neither name, namespace nor owner, and adds only its own labels and annotations: the runner stamps the rest;
 * - `readPhase` never throws, whatever the object looks like: the cluster's content is not to be trusted.
 *
 * The runner keeps versions rising, finds out about deleted objects, and looks for the outputs or the error document
 * of a task that has ended.
 */
export interface KubeObjectPlugin<A extends KubeObject> {
  readonly id: string
  readonly taskTypes: ReadonlyArray<string>
  readonly resource: KubeResource.KubeResource
  /** Longest name that objects of this kind can have, where it is shorter than Kubernetes' own 253; at least 8. */
  readonly generatedNameMaxLength?: number | undefined
  /** True when `build` looks at the values of the inputs, which cost a read. */
  readonly needsInputs: (context: Pick<BuildContext, "template" | "metadata">) => boolean
  /** Builds the object; fails with a `PluginError` that says which part of the task is wrong. */
  readonly build: (context: BuildContext) => Result.Result<A, PluginError>
  readonly readPhase: (object: A, context: PhaseContext) => PhaseReading
  /** True when the object has ended by itself and holds no resources of the cluster any more. */
  readonly isTerminal: (object: A) => boolean
  /** True when parts of the object would go on although the task has ended, so that it must be deleted. */
  readonly outlivesTask: (object: A) => boolean
  /** How to delete the object, besides the precondition on its uid. */
  readonly deleteOptions?: ((context: { readonly template: Idl.TaskTemplate }) => DeleteOptions) | undefined
}
