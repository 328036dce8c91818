/** A small world for tests of the whole engine: virtual time, an API server in memory, a scripted plugin. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { Catalog, type CatalogService, TaskCache } from "@fairlead/catalog"
import { type Plugin, type TaskAction, TaskActionCrd, type TaskPaths } from "@fairlead/core"
import { DatastoreMemory } from "@fairlead/datastore"
import { KubeClient, KubeError, type KubeObject, type KubeRequest, KubeResource, KubeTransport } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { Engine, type EngineConfig, EventSinkMemory, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry } from "../src/index.ts"
import type { CachedAction } from "../src/TaskActionReconciler.ts"

/** A request as the server saw it: `patch taskactions/status`. */
export interface Call {
  readonly line: string
  readonly name: string | undefined
}

/** What a test can look at and meddle with. */
export interface World {
  readonly calls: Array<Call>
  /** Asked before each request; an error is the answer then. `afterwards` lets the request be carried out first. */
  fault: (request: KubeRequest) => { readonly error: KubeError.KubeError; readonly afterwards: boolean } | undefined
  readonly files: Map<string, unknown>
}

export const taskAction = (name: string, spec: Partial<TaskAction.TaskActionSpec> = {}, labels: { readonly [key: string]: string } = {}): CachedAction => ({
  apiVersion: "flyte.org/v1",
  kind: "TaskAction",
  metadata: { name: `run-${name}`, namespace: "default", labels },
  spec: { runName: "run", project: "proj", domain: "dev", actionName: name, task: { container: { image: "img" } }, ...spec } as TaskAction.TaskActionSpec
})

/** An answer of a server, as an error. */
export const refusal = (reason: string, code: number): KubeError.KubeError =>
  KubeError.fromStatus("test", { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, code, message: `${reason}, says the test` })

const lineOf = (request: KubeRequest): string => `${request.verb} ${request.resource.plural}${request.subresource === undefined ? "" : `/${request.subresource}`}`

const meddling = (world: World): Layer.Layer<KubeTransport, never, KubeTransport> =>
  Layer.effect(KubeTransport, Effect.map(KubeTransport, (inner) => ({
    watch: inner.watch,
    request: (request) => Effect.suspend(() => {
      world.calls.push({ line: lineOf(request), name: request.name })
      const fault = world.fault(request)
      if (fault === undefined) return inner.request(request)
      return fault.afterwards ? Effect.andThen(inner.request(request), Effect.fail(fault.error)) : Effect.fail(fault.error)
    })
  })))

const memoryFiles = (files: Map<string, unknown>): Layer.Layer<LaunchFiles> =>
  Layer.succeed(LaunchFiles, {
    putInputs: (_plugin, prefix, inputs) => Effect.sync(() => void files.set(`${prefix}/inputs.pb`, inputs)),
    inputs: (_plugin: string, paths: TaskPaths) => Effect.sync(() => files.get(`${paths.inputPrefix}/inputs.pb`) as never),
    outcome: () => Effect.succeed({ _tag: "Nothing" }),
    putOutputs: (_plugin, paths, outputs) => Effect.sync(() => void files.set(`${paths.outputPrefix}/outputs.pb`, outputs))
  })

/** A cache over a catalog, with files in memory. */
const cachingFiles = (files: Map<string, unknown>, catalog: CatalogService): Layer.Layer<LaunchFiles | TaskCache> =>
  Layer.mergeAll(LaunchFiles.layer, TaskCache.layer()).pipe(
    Layer.provide(Layer.merge(DatastoreMemory.layerOf({ objects: files as Map<string, Uint8Array> }), Layer.succeed(Catalog, catalog)))
  )

export type Services = KubeClient | KubeTransport | FakeApiServer | EventSinkMemory.EventJournal | PluginRegistry | LaunchFiles | LaunchedObjects | import("../src/index.ts").EventSink

export interface WorldOptions {
  readonly plugins: ReadonlyArray<Plugin>
  readonly config?: Parameters<typeof makeConfig>[0]
  readonly seed?: number
  /** Remembers results; files are then real, as bytes. */
  readonly catalog?: CatalogService | undefined
}

/** Runs a test in a world of its own, under virtual time. The engine is started by the test, with `withEngine`. */
export const inWorld = <A, E>(options: WorldOptions, test: (world: World, config: EngineConfig) => Effect.Effect<A, E, Services>): A => {
  const simulation = Simulation.make({ seed: options.seed ?? 1, virtualTimeMax: "30 days" })
  const world: World = { calls: [], fault: () => undefined, files: new Map() }
  const config = makeConfig({ dataRoot: "mem://data", requeueDuration: "1 second", ...options.config })
  const transport = meddling(world).pipe(Layer.provide(KubeTransportApiServer.layer), Layer.provideMerge(FakeApiServer.layer))
  const cluster = Layer.mergeAll(KubeClient.layer, LaunchedObjects.layer([KubeResource.pods])).pipe(Layer.provideMerge(transport))
  const layer = Layer.mergeAll(
    cluster,
    EventSinkMemory.layer,
    options.catalog === undefined ? memoryFiles(world.files) : cachingFiles(world.files, options.catalog),
    PluginRegistry.layer(Effect.succeed({ plugins: options.plugins })),
    Logger.layer([])
  )
  const program = Effect.gen(function*() {
    const kube = yield* KubeClient
    yield* kube.create(KubeResource.customResourceDefinitions, TaskActionCrd.definition as unknown as KubeObject)
    world.calls.length = 0
    return yield* test(world, config)
  })
  const exit = simulation.run(Effect.scoped(Effect.provide(program, layer, { local: true })) as Effect.Effect<A, E>)
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return exit.value
}

/** Runs `effect` while an engine runs, then stops the engine. Several times in a row it is an engine that is restarted. */
export const withEngine = <A, E, R>(config: EngineConfig, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Services> =>
  Effect.provide(effect, Engine.layer(config), { local: true }) as Effect.Effect<A, E, R | Services>

export const create = (...actions: ReadonlyArray<CachedAction>): Effect.Effect<void, KubeError.KubeError, KubeClient> =>
  Effect.flatMap(KubeClient, (kube) => Effect.forEach(actions, (action) => kube.create(KubeResource.taskActions, action), { discard: true }))

export const read = (name: string): Effect.Effect<CachedAction, KubeError.KubeError, KubeClient> =>
  Effect.flatMap(KubeClient, (kube) => kube.get<CachedAction>(KubeResource.taskActions, { namespace: "default", name: `run-${name}` }))

/** Lets virtual time pass until the action has ended and was let go, and answers it. */
export const untilConcluded = Effect.fnUntraced(function*(name: string) {
  for (;;) {
    const action = yield* read(name)
    if (action.metadata.labels?.["flyte.org/termination-status"] !== undefined) return action
    yield* Effect.sleep(100)
  }
})

/** Asks for deletion, as people abort an action. */
export const abort = (name: string): Effect.Effect<void, KubeError.KubeError, KubeClient> =>
  Effect.flatMap(KubeClient, (kube) => kube.delete(KubeResource.taskActions, { namespace: "default", name: `run-${name}` }))

/** True while the action is there. */
export const exists = (name: string): Effect.Effect<boolean, KubeError.KubeError, KubeClient> =>
  Effect.map(Effect.flatMap(KubeClient, (kube) => kube.list(KubeResource.taskActions, "default")), ({ items }) => items.some((it) => it.metadata.name === `run-${name}`))

/** Changes an action behind the engine's back. */
export const meddle = (name: string, subresource: "status" | undefined, patch: object): Effect.Effect<void, KubeError.KubeError, KubeClient> =>
  Effect.asVoid(Effect.flatMap(KubeClient, (kube) => kube.patch(KubeResource.taskActions, { namespace: "default", name: `run-${name}`, subresource }, "merge", patch)))

export const phases = (action: CachedAction): ReadonlyArray<string> => action.status?.phaseHistory?.map((it) => it.phase) ?? []
export const conditionOf = (action: CachedAction, type: string) => action.status?.conditions?.find((it) => it.type === type)

/** Requests of the engine that change something, apart from those by the test itself. */
export const writesOf = (world: World): ReadonlyArray<string> => world.calls.filter(({ line }) => !/^(get|list)/.test(line)).map(({ line }) => line)
