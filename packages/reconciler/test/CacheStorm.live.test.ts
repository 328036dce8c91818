import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { TaskCache } from "@fairlead/catalog"
import { PostgresClientNode } from "@fairlead/catalog/node"
import { PostgresServer, postgresPrograms } from "@fairlead/catalog/testing"
import { Idl, Literals, type Plugin, type TaskAction, TaskActionCrd } from "@fairlead/core"
import { Datastore, DatastoreMemory } from "@fairlead/datastore"
import { KubeClient, type KubeObject, KubeResource } from "@fairlead/kube"
import { Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Engine, EventSinkMemory, LaunchedObjects, LaunchFiles, makeConfig, PluginRegistry } from "../src/index.ts"
import { forever, makeScriptedPlugin, quick, type Script } from "./scriptedPlugin.ts"
import { taskAction } from "./world.ts"

const server = postgresPrograms === undefined ? undefined : await PostgresServer.make(postgresPrograms)
beforeAll(() => server?.start())
afterAll(() => server?.close())

const equal = (name: string) => taskAction(name, {
  task: { name: "work", container: { image: "img" }, interface: { outputs: { total: { type: "integer" } } }, cache: { version: "v1", serializable: true } }
})

/** A cluster of its own, on which engines come and go. Its workloads go on when an engine dies. */
const makeCluster = Effect.fnUntraced(function*(url: string, script: Script, store: Datastore["Service"]) {
  const scripted = makeScriptedPlugin(script)
  const plugin: Plugin = {
    ...scripted.plugin,
    handle: (context) => Effect.tap(scripted.plugin.handle(context), ({ phase }) =>
      phase.phase === "Success" ? context.putOutputs(Literals.literalMap({ total: Literals.integer(42) })) : Effect.void)
  }
  const transport = KubeTransportApiServer.layer.pipe(Layer.provideMerge(FakeApiServer.layer))
  const ground = yield* Layer.build(Layer.fresh(Layer.mergeAll(KubeClient.layer, EventSinkMemory.layer, Layer.succeed(Datastore, store)).pipe(Layer.provideMerge(transport))))
  const kube = Context.get(ground, KubeClient)
  yield* kube.create(KubeResource.customResourceDefinitions, TaskActionCrd.definition as unknown as KubeObject)
  const database = PostgresClientNode.layer({ url: Redacted.make(url) })
  const engine = Engine.layer(makeConfig({ dataRoot: "mem://data" })).pipe(
    Layer.provide(Layer.mergeAll(LaunchFiles.layer, PluginRegistry.layer(Effect.succeed({ plugins: [plugin] })), LaunchedObjects.layer([]), TaskCache.layer().pipe(Layer.provide(database)))),
    Layer.provide(Layer.succeedContext(ground))
  )
  /** Starts an engine; answers how to kill it. */
  const start = Effect.gen(function*() {
    const scope = yield* Scope.make()
    yield* Layer.buildWithScope(Layer.fresh(engine), scope)
    return { kill: Scope.close(scope, Exit.void) }
  })
  const actions = Effect.map(kube.list(KubeResource.taskActions, "default"), ({ items }) => items as ReadonlyArray<TaskAction.TaskAction>)
  return { kube, start, actions, workloads: scripted.workloads }
})

describe.skipIf(server === undefined)(server === undefined ? "two engines on one PostgreSQL (skipped: there is no initdb on this machine)" : "two engines on one PostgreSQL", () => {
  const tasks = 1000

  it(`do the work of ${tasks} equal tasks once, although the one that is at it is killed`, () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const script: Script = () => [...forever, { at: 3000, report: quick[1]!.report }]
      const store = DatastoreMemory.make()
      const clusters = [yield* makeCluster(server!.url, script, store), yield* makeCluster(server!.url, script, store)] as const
      const [first, second] = clusters
      const engines = [yield* first.start, yield* second.start]
      for (let index = 0; index < tasks / 2; index++) {
        for (const [place, { kube }] of clusters.entries()) yield* kube.create(KubeResource.taskActions, equal(`c${place}-${index}`))
        if (index === 0) yield* Effect.sleep(100)
      }
      while (first.workloads.length + second.workloads.length === 0) yield* Effect.sleep(20)
      const busy = first.workloads.length > 0 ? 0 : 1
      // The one that is at work goes down, and comes back before its reservation expires.
      yield* engines[busy]!.kill
      yield* Effect.sleep(1000)
      engines[busy] = yield* clusters[busy]!.start
      for (;;) {
        const all = [...(yield* first.actions), ...(yield* second.actions)]
        const ended = all.filter((it) => it.metadata.labels?.["flyte.org/termination-status"] !== undefined)
        if (ended.length === tasks) {
          expect(ended.filter((it) => it.status?.cacheStatus === Idl.CatalogCacheStatus.CACHE_HIT)).toHaveLength(tasks - 1)
          expect(ended.filter((it) => it.status?.cacheStatus === Idl.CatalogCacheStatus.CACHE_POPULATED)).toHaveLength(1)
          expect(ended.every((it) => it.status?.pluginPhase === "PhaseSuccess")).toBe(true)
          break
        }
        yield* Effect.sleep(100)
      }
      const workloads = [...first.workloads, ...second.workloads]
      expect(workloads).toHaveLength(1)
      expect(workloads[0]).toMatchObject({ stopped: undefined, freed: 1 })
      yield* Effect.forEach(engines, ({ kill }) => kill)
    })).pipe(Effect.provide(Logger.layer([])))), 60_000)
})
