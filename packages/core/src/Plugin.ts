/** The contract between the engine and the plugins that carry tasks out. */
import { Data, type Effect, type Redacted } from "effect"
import type { LiteralMap, TaskTemplate } from "./idl/core.generated.ts"
import type { ErrorKind, PhaseInfo, TaskError } from "./Phase.ts"
import type { TaskExecutionMetadata } from "./TaskExecutionMetadata.ts"

/**
 * A plugin could not do its work in this round.
 *
 * `retryable: false` ends the task with `code` at once (`BadTaskSpecification`, `MetadataTooLarge`); otherwise the
 * engine tries again out of the system-failure budget.
 */
export class PluginError extends Data.TaggedError("PluginError")<{
  readonly plugin: string
  readonly code: string
  readonly description: string
  readonly kind: ErrorKind
  readonly retryable: boolean
}> {
  override get message(): string {
    return `plugin ${this.plugin} failed: [${this.code}] ${this.description}`
  }
}

/** Makes a `PluginError` for a task that no retry can mend. */
export const badTaskSpecification = (plugin: string, description: string): PluginError =>
  new PluginError({ plugin, code: "BadTaskSpecification", description, kind: "USER", retryable: false })

/** State that a plugin keeps between rounds. `version` is the plugin's own schema number; `bytes` is opaque to the engine. */
export interface PluginState {
  readonly version: number
  readonly bytes: Uint8Array
  /** The bytes in base64, as the engine stores them, if the plugin has them in that form. */
  readonly text?: string | undefined
}

/** Where the files of one attempt are. All are URIs without a trailing slash. */
export interface TaskPaths {
  /** Folder of `inputs.pb`. */
  readonly inputPrefix: string
  /** Folder of `outputs.pb` and `error.pb`, different for every launch. */
  readonly outputPrefix: string
  /** Where the task itself may put large data. */
  readonly rawOutputPrefix: string
  readonly checkpointPrefix: string
  /** `undefined` on the first attempt. */
  readonly previousCheckpointPrefix: string | undefined
}

/** What a finished attempt left in its output folder. */
export type TaskOutcome =
  | { readonly _tag: "Outputs"; readonly outputs: LiteralMap }
  | { readonly _tag: "Error"; readonly error: TaskError; readonly recoverable: boolean }
  | { readonly _tag: "Nothing" }

/** Names a secret. References may be stored and shown; what they stand for may not. */
export interface SecretReference {
  /** Flyte's `Secret.group`: the Kubernetes Secret, the folder or the first part of the variable's name. */
  readonly group?: string | undefined
  /** Flyte's `Secret.key`. */
  readonly key: string
}

/**
 * Fetches secrets for one action. It holds no value itself and may be kept and used after the round, until the action ends.
 * A secret that does not exist is a `PluginError` with the code `SecretNotFound`.
 */
export interface SecretAccessor {
  readonly get: (reference: SecretReference) => Effect.Effect<Redacted.Redacted<string>, PluginError>
}

/** Everything that a plugin gets to work with in one round. */
export interface TaskExecutionContext {
  readonly metadata: TaskExecutionMetadata
  readonly template: TaskTemplate
  readonly paths: TaskPaths
  /** Reads `inputs.pb`; an absent file is an empty map. Remembered for the round. */
  readonly inputs: Effect.Effect<LiteralMap, PluginError>
  /** Reads what the attempt left behind: `error.pb` wins over `outputs.pb`. */
  readonly outcome: Effect.Effect<TaskOutcome, PluginError>
  /** Writes `outputs.pb` of this attempt. */
  readonly putOutputs: (outputs: LiteralMap) => Effect.Effect<void, PluginError>
  /** The state that the plugin returned last; `undefined` before the first launch of an attempt. */
  readonly state: PluginState | undefined
  /** Number of launches of this attempt so far, restarts after system failures included; 0 for the first. */
  readonly launch: number
  /** Milliseconds since the epoch, from the engine's clock, fixed for the round. */
  readonly now: number
  /**
   * Names this launch to services outside: the same on every call and after every restart, and different from that of any other
   * launch of any action. A UUID, which every service takes.
   */
  readonly idempotencyKey: string
  readonly secrets: SecretAccessor
  /** Asks for an early round of the action. May be kept, and called at any time and any number of times; does nothing once the action is gone. */
  readonly wake: () => void
}

/**
 * The result of one round. An absent `state` leaves the stored one as it is.
 *
 * `deferrable: true` says that losing this result in a crash does no harm, because `handle` with the older state would
 * find the same work again under its own name. The engine may then save a write and store it with the next one.
 */
export interface Transition {
  readonly phase: PhaseInfo
  readonly state?: PluginState | undefined
  readonly deferrable?: boolean | undefined
  /**
   * Milliseconds after which the plugin wants to be asked again, instead of the time that the engine usually lets pass. Long for
   * a plugin that calls `wake` when there is news, 0 for a step that follows at once. Bounds of time still end the task in time.
   */
  readonly lookAfter?: number | undefined
}

/**
 * Carries out tasks of some types.
 *
 * `handle` looks at the world, does at most one step and reports; it must not wait and may be called any number of times
 * for the same state. `abort` stops the work of the attempt, `finalize` frees what is left; both may be repeated, and
 * both succeed when there is nothing to do. The engine calls `finalize` after every terminal phase and after `abort`.
 */
export interface Plugin {
  readonly id: string
  /** Task types that this plugin registers for. */
  readonly taskTypes: ReadonlyArray<string>
  /**
   * True for a task type that the plugin takes besides, asked for each action of a type that nobody registered for: for plugins that
   * learn of new types while the engine runs.
   */
  readonly claims?: ((taskType: string) => boolean) | undefined
  /** Longest object name that the plugin can use; `undefined` for no limit. At least 8. */
  readonly generatedNameMaxLength?: number | undefined
  readonly handle: (context: TaskExecutionContext) => Effect.Effect<Transition, PluginError>
  readonly abort: (context: TaskExecutionContext, reason: string) => Effect.Effect<void, PluginError>
  readonly finalize: (context: TaskExecutionContext) => Effect.Effect<void, PluginError>
  /**
   * Called before the first round of an engine, with the states of all launches that are under way: what a plugin counts in
   * memory (tokens of a quota) is counted again before anything new is begun. Where engines share the actions, called before the first round
   * of each share that falls to this one, with its states: others may have worked on them, and nothing remembered of them holds.
   */
  readonly recover?: ((states: ReadonlyArray<PluginState>) => Effect.Effect<void>) | undefined
}
