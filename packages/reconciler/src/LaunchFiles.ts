/** The files of a launch, as plugins see them. */
import { type Idl, PluginError, type TaskOutcome, type TaskPaths } from "@fairlead/core"
import { Datastore, type DatastoreError, TaskFiles } from "@fairlead/datastore"
import { Context, Effect, Layer } from "effect"

/** Reads and writes what lies in the folders of a launch. `plugin` names the asker in errors. */
export class LaunchFiles extends Context.Service<LaunchFiles, {
  /** Writes `inputs.pb` for an action that carries its inputs in itself. */
  readonly putInputs: (plugin: string, inputPrefix: string, inputs: Idl.LiteralMap) => Effect.Effect<void, PluginError>
  /** Reads `inputs.pb`; an absent file is an empty map. The same effect reads only once. */
  readonly inputs: (plugin: string, paths: TaskPaths) => Effect.Effect<Idl.LiteralMap, PluginError>
  /** Reads what the launch left behind: `error.pb` wins over `outputs.pb`. */
  readonly outcome: (plugin: string, paths: TaskPaths) => Effect.Effect<TaskOutcome, PluginError>
  readonly putOutputs: (plugin: string, paths: TaskPaths, outputs: Idl.LiteralMap) => Effect.Effect<void, PluginError>
}>()("@fairlead/reconciler/LaunchFiles") {
  /** Files in the datastore of the context. */
  static readonly layer: Layer.Layer<LaunchFiles, never, Datastore> = Layer.effect(LaunchFiles, Effect.map(Datastore, make))
}

function make(datastore: Datastore["Service"]): LaunchFiles["Service"] {
  // Built when it is run: most rounds look at none of the files.
  const run = <A>(plugin: string, effect: () => Effect.Effect<A, DatastoreError | TaskFiles.TaskFileInvalid, Datastore>): Effect.Effect<A, PluginError> =>
    Effect.suspend(() => effect().pipe(Effect.provideService(Datastore, datastore), Effect.mapError((error) => toPluginError(plugin, error))))
  return {
    putInputs: (plugin, inputPrefix, inputs) => run(plugin, () => TaskFiles.writeInputs(inputPrefix, inputs)),
    inputs: (plugin, paths) => once(run(plugin, () => TaskFiles.readInputs(paths.inputPrefix))),
    outcome: (plugin, paths) => run(plugin, () => TaskFiles.readOutcome(paths.outputPrefix)),
    putOutputs: (plugin, paths, outputs) => run(plugin, () => TaskFiles.writeOutputs(paths.outputPrefix, outputs))
  }
}

/** Remembers the first success. */
const once = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  let known: Effect.Effect<A, E> | undefined
  return Effect.suspend(() => known ?? Effect.tap(effect, (value) => Effect.sync(() => {
    known = Effect.succeed(value)
  })))
}

/** A store that fails may recover; a file or a place that cannot be used stays what it is. */
const toPluginError = (plugin: string, error: DatastoreError | TaskFiles.TaskFileInvalid): PluginError =>
  new PluginError({
    plugin,
    code: error._tag === "TaskFileInvalid" ? `InputsFile${error.fault}` : `Datastore${error.reason._tag}`,
    description: error.message,
    kind: error._tag === "TaskFileInvalid" ? "USER" : "SYSTEM",
    retryable: error.retryable
  })
