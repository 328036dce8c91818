/** A small world for tests: an engine on an API server in memory, files in memory, under virtual time. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { type Plugin, type TaskAction, TaskActionCrd } from "@fairlead/core"
import { layerMemory } from "@fairlead/datastore"
import { KubeClient, KubeError, type KubeObject, KubeResource, KubeTransport } from "@fairlead/kube"
import { Engine, EventSinkMemory, LaunchedObjects, LaunchFiles, LaunchSecrets, makeConfig, PluginRegistry } from "@fairlead/reconciler"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer, Logger, type Scope } from "effect"

export type Action = TaskAction.TaskAction & KubeObject

export const secretPrefix = "SECRET_"

export interface WorldOptions {
  readonly seed?: number
  readonly config?: Parameters<typeof makeConfig>[0]
  readonly secrets?: { [name: string]: string }
  /** What happens to writes of the engine; `lost` is carried out and not answered. */
  readonly fault?: (line: string) => "lost" | "refused" | undefined
  /** Texts that are logged go here. */
  readonly log?: Array<string>
}

type Services = KubeClient | KubeTransport | LaunchFiles | LaunchedObjects | LaunchSecrets | EventSinkMemory.EventJournal | import("@fairlead/reconciler").EventSink | import("@fairlead/datastore").Datastore

export const action = (name: string, task: object = {}, spec: object = {}): Action => ({
  apiVersion: "flyte.org/v1",
  kind: "TaskAction",
  metadata: { name: `run-${name}`, namespace: "default" },
  spec: { runName: "run", project: "proj", domain: "dev", actionName: name, task: { type: "remote", ...task }, ...spec }
}) as unknown as Action

const meddling = (options: WorldOptions): Layer.Layer<KubeTransport, never, KubeTransport> =>
  Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner): KubeTransport["Service"] => ({
    watch: inner.watch,
    request: (request) => Effect.suspend(() => {
      const fault = options.fault?.(`${request.verb} ${request.resource.plural}${request.subresource === undefined ? "" : `/${request.subresource}`}`)
      const error = new KubeError.KubeError({ method: "test", reason: { _tag: "TransportFailed", description: "connection reset" } })
      if (fault === "refused") return Effect.fail(error)
      return fault === "lost" ? Effect.andThen(inner.request(request), Effect.fail(error)) : inner.request(request)
    })
  })))

const worldOf = (options: WorldOptions) => {
  const transport = meddling(options).pipe(Layer.provide(KubeTransportApiServer.layer), Layer.provideMerge(FakeApiServer.layer))
  return Layer.mergeAll(
    Layer.mergeAll(KubeClient.layer, LaunchedObjects.layer([])).pipe(Layer.provideMerge(transport)),
    EventSinkMemory.layer,
    LaunchFiles.layer.pipe(Layer.provideMerge(layerMemory)),
    LaunchSecrets.layerVariables(() => options.secrets ?? {}, secretPrefix),
    Logger.layer(options.log === undefined ? [] : [Logger.make(({ message }) => void options.log!.push(String(message)))])
  )
}

const programOf = <A, E>(options: WorldOptions, test: Effect.Effect<A, E, Services | Scope.Scope>): Effect.Effect<A, E> => {
  const program = Effect.gen(function*() {
    const kube = yield* KubeClient
    yield* kube.create(KubeResource.customResourceDefinitions, TaskActionCrd.definition as unknown as KubeObject)
    return yield* test
  })
  return Effect.scoped(Effect.provide(program, worldOf(options), { local: true })) as Effect.Effect<A, E>
}

/** Runs a test in a world of its own, under virtual time. The engine is started by the test, with `withEngine`. */
export const inWorld = <A, E>(options: WorldOptions, test: Effect.Effect<A, E, Services | Scope.Scope>): A => {
  const simulation = Simulation.make({ seed: options.seed ?? 1, virtualTimeMax: "12 hours" })
  const exit = simulation.run(programOf(options, test))
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return exit.value
}

/** The same by the clock on the wall, for services that live by it. */
export const inRealTime = <A, E>(options: WorldOptions, test: Effect.Effect<A, E, Services | Scope.Scope>): Promise<A> => Effect.runPromise(programOf(options, test))

/** Runs `effect` while an engine with these plugins runs, then stops both. Several times in a row it is an engine that is restarted. */
export const withEngine = <A, E, R, E2>(
  plugins: Effect.Effect<ReadonlyArray<Plugin>, E2, Scope.Scope>,
  effect: Effect.Effect<A, E, R>,
  config: Parameters<typeof makeConfig>[0] = {}
): Effect.Effect<A, E | E2, R | Services> => {
  const registry = PluginRegistry.layer(Effect.map(plugins, (made) => ({ plugins: made })))
  const engine = Engine.layer(makeConfig({ dataRoot: "mem://data", ...config })).pipe(Layer.provide(registry))
  return Effect.provide(effect, engine, { local: true }) as Effect.Effect<A, E | E2, R | Services>
}

export const create = (...actions: ReadonlyArray<Action>): Effect.Effect<void, KubeError.KubeError, KubeClient> =>
  Effect.flatMap(KubeClient, (kube) => Effect.forEach(actions, (it) => kube.create(KubeResource.taskActions, it), { discard: true }))

export const read = (name: string): Effect.Effect<Action, KubeError.KubeError, KubeClient> =>
  Effect.flatMap(KubeClient, (kube) => kube.get<Action>(KubeResource.taskActions, { namespace: "default", name: `run-${name}` }))

export const list: Effect.Effect<ReadonlyArray<Action>, KubeError.KubeError, KubeClient> =
  Effect.flatMap(KubeClient, (kube) => Effect.map(kube.list<Action>(KubeResource.taskActions, "default"), ({ items }) => items))

/** Asks for deletion, as people abort an action. */
export const abort = (name: string): Effect.Effect<void, KubeError.KubeError, KubeClient> =>
  Effect.flatMap(KubeClient, (kube) => kube.delete(KubeResource.taskActions, { namespace: "default", name: `run-${name}` }))

/** Lets virtual time pass until the action has ended and was let go. */
export const untilConcluded = Effect.fnUntraced(function*(name: string) {
  for (;;) {
    const found = yield* read(name)
    if (found.metadata.labels?.["flyte.org/termination-status"] !== undefined) return found
    yield* Effect.sleep(100)
  }
})

/** Lets virtual time pass until the action is gone. */
export const untilGone = Effect.fnUntraced(function*(name: string) {
  while ((yield* list).some((it) => it.metadata.name === `run-${name}`)) yield* Effect.sleep(100)
})

/** Lets virtual time pass until something holds of an action. */
export const until = Effect.fnUntraced(function*(name: string, holds: (it: Action) => boolean) {
  for (;;) {
    const found = yield* read(name)
    if (holds(found)) return found
    yield* Effect.sleep(100)
  }
})

export const phases = (it: Action): ReadonlyArray<string> => it.status?.phaseHistory?.map((line) => line.phase) ?? []
export const reasonOf = (it: Action): string => it.status?.conditions?.find((condition) => condition.type === "Progressing")?.message ?? ""

/** What the plugin stored, as JSON. */
export const stateOf = (it: Action): { readonly [key: string]: unknown } =>
  it.status?.pluginState === undefined ? {} : JSON.parse(Buffer.from(it.status.pluginState, "base64").toString()) as { [key: string]: unknown }
