import { FakeApiServer } from "@fairlead/api-server"
import { listen } from "@fairlead/api-server/node"
import { PostgresServer, postgresPrograms } from "@fairlead/catalog/testing"
import { Idl, Literals, type TaskAction, TaskActionCrd } from "@fairlead/core"
import { FakeCluster, PodRuntimeFunction } from "@fairlead/fake-cluster"
import { type KubeObject, KubeResource } from "@fairlead/kube"
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Running, run, until, untilLogged } from "./processes.ts"

const postgres = postgresPrograms === undefined ? undefined : await PostgresServer.make(postgresPrograms)
beforeAll(() => postgres?.start())
afterAll(() => postgres?.close())

const namespaces = ["blue", "green"] as const
type Place = (typeof namespaces)[number]

/** One execution: a container that was started, and when it had run to its end, if it did. */
interface Execution {
  readonly namespace: string
  endedAt: number | undefined
}

const { CACHE_HIT, CACHE_POPULATED, CACHE_PUT_FAILURE } = Idl.CatalogCacheStatus

const equal = (namespace: Place, index: number, version: string): KubeObject =>
  ({
    apiVersion: "flyte.org/v1",
    kind: "TaskAction",
    metadata: { name: `run-${namespace}-${index}`, namespace, labels: {} },
    spec: {
      runName: "run",
      project: "proj",
      domain: "dev",
      actionName: `${namespace}-${index}`,
      task: {
        name: "work",
        container: { image: "work", args: ["{{.outputPrefix}}"] },
        cache: { version, serializable: true }
      }
    }
  }) as unknown as KubeObject

/** One cluster served over HTTP by this process, whose containers count themselves and take so long. */
const makeCluster = Effect.fnUntraced(function*(workMillis: number) {
  const executions: Array<Execution> = []
  const program: PodRuntimeFunction.ContainerProgram = ({ args, pod }) => Effect.gen(function*() {
    const execution: Execution = { namespace: pod.metadata.namespace ?? "", endedAt: undefined }
    executions.push(execution)
    yield* Effect.sleep(workMillis)
    const folder = args[0]!.slice("file://".length)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "outputs.pb"), Literals.encodeMap(Literals.literalMap({ total: Literals.integer(executions.length) })))
    execution.endedAt = performance.now()
  })
  const layer = FakeCluster.layer({ nodes: 1, runtime: PodRuntimeFunction.make({ images: { work: program } }) }).pipe(
    Layer.provideMerge(FakeApiServer.layerWith({ tokens: { admin: { name: "admin", groups: ["system:masters"] } } }))
  )
  const server = Context.get(yield* Layer.build(layer), FakeApiServer)
  const { url } = yield* listen({ server })
  const create = (resource: KubeResource.KubeResource, body: KubeObject): void => {
    const { name, namespace } = body.metadata
    const answer = server.handle({ verb: "create", ...resource, namespace, body })
    if (answer.code >= 300) throw new Error(`${body.kind} ${name}: ${JSON.stringify(answer.body)}`)
  }
  create(KubeResource.customResourceDefinitions, TaskActionCrd.definition as unknown as KubeObject)
  for (const name of namespaces) create(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } })
  const ended = new Map<string, TaskAction.TaskAction>()
  server.onWrite(({ event: { object }, resource }) => {
    if (resource.plural === "taskactions" && object.metadata.labels?.["flyte.org/termination-status"] !== undefined) ended.set(object.metadata.name ?? "", object as unknown as TaskAction.TaskAction)
  })
  return { url, create, executions, ended }
})

interface Storm {
  readonly tasks: number
  readonly workMillis: number
  /** Version of the cache, so that storms have nothing to do with each other. */
  readonly version: string
  /** Whether each engine stands by for the namespace of the other. */
  readonly standby: boolean
  readonly settings?: { readonly [variable: string]: string }
  /** Where results are remembered; the server of all tests if left out. */
  readonly database?: PostgresServer
}

interface Stormed {
  readonly executions: ReadonlyArray<Execution>
  readonly ended: ReadonlyMap<string, TaskAction.TaskAction>
  /** Starts an engine that works in one place and stands by for the other. */
  readonly start: (own: Place) => Running
  /** The engine that is at the work, and where. */
  readonly busy: Running
  readonly place: Place
  readonly other: Running
}

/** Seconds that a busy machine may take for any step. */
const patience = 60

const elsewhere = (place: Place): Place => (place === "blue" ? "green" : "blue")

/** Two engine processes with one catalog, over one cluster, at the moment in which the one execution runs and nearly all others wait for it. */
const storm = async ({ database = postgres!, settings = {}, standby, tasks, version, workMillis }: Storm, then: (it: Stormed) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-storm-"))
  const scope = Scope.makeUnsafe()
  const running: Array<Running> = []
  let busy: Running | undefined
  let isOver = false
  try {
    const cluster = await Effect.runPromise(Scope.provide(makeCluster(workMillis), scope))
    const variables = Object.entries({ ...usual(folder), CATALOG_URL: database.url, ...settings }).map(([name, value]) => [`FAIRLEAD_${name}`, value])
    const start = (own: Place): Running => {
      const places = standby ? [own, elsewhere(own)] : [own]
      const engine = run([join(import.meta.dirname, "sharedEngines.ts"), cluster.url, `engine-${running.length}`, ...places], Object.fromEntries(variables))
      running.push(engine)
      // A machine may be so busy that a lease is lost; then the program ends, and whoever runs it starts it again.
      engine.child.once("exit", (code) => {
        if (code === 1 && !isOver && engine !== busy) start(own).child.stdin?.write("stand by\n")
      })
      return engine
    }
    const engines = { blue: start("blue"), green: start("green") }
    await Promise.all(namespaces.map((it) => untilLogged(engines[it], standby ? "holds the lease" : "knows the actions", patience)))
    for (const { child } of running) child.stdin?.write("stand by\n")
    for (let index = 0; index < tasks / 2; index++) for (const it of namespaces) cluster.create(KubeResource.taskActions, equal(it, index, version))
    const place = await until("an execution", patience, () => cluster.executions[0]?.namespace as Place | undefined)
    busy = engines[place]
    await then({ ...cluster, start, busy, place, other: engines[elsewhere(place)] })
  } finally {
    isOver = true
    for (const { child, exited } of running) {
      child.kill("SIGKILL")
      await exited
    }
    await Effect.runPromise(Scope.close(scope, Exit.void))
    rmSync(folder, { recursive: true, force: true })
  }
}

const usual = (folder: string): { readonly [variable: string]: string } => ({
  ENGINE_DATA_ROOT: `file://${folder}/data`,
  ENGINE_GC_INTERVAL: "0 seconds",
  DATASTORE_FILE_ROOT: folder,
  KUBERNETES_REQUESTS_PER_SECOND: "5000",
  KUBERNETES_REQUEST_BURST: "5000",
  LEADER_ELECTION_LEASE_DURATION: "6 seconds",
  LEADER_ELECTION_RENEW_DEADLINE: "5 seconds",
  LEADER_ELECTION_RETRY_PERIOD: "500 millis",
  EVENTS_SINK: "none"
})

const allEnded = ({ ended, executions, other }: Stormed, tasks: number): Promise<true> =>
  until(`an end of ${tasks} tasks`, patience, () => (ended.size === tasks ? true : undefined)).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${ended.size} have ended, after ${executions.length} executions; the other engine (exit code ${other.child.exitCode}) said\n${other.lines.slice(-20).join("\n")}`)
  })
const withStatus = ({ ended }: Stormed, cacheStatus: number): number => [...ended.values()].filter((it) => it.status?.cacheStatus === cacheStatus && it.status.pluginPhase === "PhaseSuccess").length

const outcomeOf = (stormed: Stormed) => ({
  executions: stormed.executions.map(({ endedAt, namespace }) => ({ namespace, isEnded: endedAt !== undefined })),
  kept: withStatus(stormed, CACHE_POPULATED),
  found: withStatus(stormed, CACHE_HIT)
})
/** One execution, which ran to its end, and whose result all have. */
const once = ({ place }: Stormed, tasks: number): ReturnType<typeof outcomeOf> => ({ executions: [{ namespace: place, isEnded: true }], kept: 1, found: tasks - 1 })

const reason = postgres === undefined ? " (skipped: there is no initdb on this machine)" : ""

describe.skipIf(postgres === undefined)(`two engine processes on one PostgreSQL${reason}`, { concurrent: true }, () => {
  it("do the work of 1,000 equal tasks once, although the engine that is at it is killed and does not come back", () =>
    storm({ tasks: 1000, workMillis: 2000, version: "killed", standby: true }, async (it) => {
      it.busy.child.kill("SIGKILL")
      await allEnded(it, 1000)
      expect(outcomeOf(it)).toEqual(once(it, 1000))
    }), 240_000)

  it("do it once, too, when the engine that is at it is killed and comes back", () =>
    storm({ tasks: 40, workMillis: 2000, version: "back", standby: true }, async (it) => {
      it.busy.child.kill("SIGKILL")
      await it.busy.exited
      it.start(it.place)
      await allEnded(it, 40)
      expect(outcomeOf(it)).toEqual(once(it, 40))
    }), 240_000)

  it("do it once, too, when the engine that is at it sleeps until the other one has taken over its tasks", () =>
    storm({ tasks: 40, workMillis: 2000, version: "asleep", standby: true }, async (it) => {
      it.busy.child.kill("SIGSTOP")
      await allEnded(it, 40)
      it.busy.child.kill("SIGCONT")
      expect(await it.busy.exited).toBe(1)
      expect(outcomeOf(it)).toEqual(once(it, 40))
    }), 240_000)

  it("keep what the second one made, when the first sleeps past its reservation, nobody stands by for it, and it wakes with a result of its own", () =>
    storm({ tasks: 40, workMillis: 2000, version: "late", standby: false, settings: { LEADER_ELECTION_ENABLED: "false", ENGINE_CACHE_HEARTBEAT: "700 millis" } }, async (it) => {
      const first = [...it.executions]
      it.busy.child.kill("SIGSTOP")
      await until("a second execution", patience, () => it.executions[1])
      await until("the end of the first", patience, () => it.executions[0]!.endedAt)
      it.busy.child.kill("SIGCONT")
      await allEnded(it, 40)
      expect([...first, ...it.executions.slice(1)].map((execution) => execution.namespace)).toEqual([it.place, elsewhere(it.place)])
      const worked = [...it.ended.values()].filter((action) => action.status?.cacheStatus !== CACHE_HIT)
      expect(worked.map((action) => [action.metadata.namespace, action.status?.cacheStatus]).toSorted()).toEqual([[it.place, CACHE_PUT_FAILURE], [elsewhere(it.place), CACHE_POPULATED]].toSorted())
      expect(withStatus(it, CACHE_HIT)).toBe(38)
    }), 240_000)

  it("do it once, too, when the database goes down while they are at it, and is up again only when the work is done", async () => {
    const database = await PostgresServer.make(postgresPrograms!)
    await database.start()
    try {
      await storm({ tasks: 40, workMillis: 2000, version: "down", standby: false, database, settings: { LEADER_ELECTION_ENABLED: "false" } }, async (it) => {
        await database.stop()
        await until("the end of the work", patience, () => it.executions[0]!.endedAt)
        await new Promise((done) => setTimeout(done, 2000))
        await database.start()
        await allEnded(it, 40)
        expect(outcomeOf(it)).toEqual(once(it, 40))
      })
    } finally {
      await database.close()
    }
  }, 240_000)
})
