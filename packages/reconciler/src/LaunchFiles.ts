/** The files of a launch, as plugins see them. */
import type { Idl, PluginError, TaskOutcome, TaskPaths } from "@fairlead/core"
import { Context, type Effect } from "effect"

/** Reads and writes what lies in the folders of a launch. `plugin` names the asker in errors. */
export class LaunchFiles extends Context.Service<LaunchFiles, {
  /** Writes `inputs.pb` for an action that carries its inputs in itself. */
  readonly putInputs: (plugin: string, inputPrefix: string, inputs: Idl.LiteralMap) => Effect.Effect<void, PluginError>
  /** Reads `inputs.pb`; an absent file is an empty map. The same effect reads only once. */
  readonly inputs: (plugin: string, paths: TaskPaths) => Effect.Effect<Idl.LiteralMap, PluginError>
  /** Reads what the launch left behind: `error.pb` wins over `outputs.pb`. */
  readonly outcome: (plugin: string, paths: TaskPaths) => Effect.Effect<TaskOutcome, PluginError>
  readonly putOutputs: (plugin: string, paths: TaskPaths, outputs: Idl.LiteralMap) => Effect.Effect<void, PluginError>
}>()("@fairlead/reconciler/LaunchFiles") {}
