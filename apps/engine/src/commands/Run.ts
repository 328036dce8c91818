/** `fairlead run`: runs tasks on an embedded cluster and shows what came of them. */
import { FakeApiServer } from "@fairlead/api-server"
import { Durations } from "@fairlead/core"
import { asyncPlugin, makeHttpJson, type PluginEntry } from "@fairlead/webapi-runtime"
import { Effect, FileSystem, Layer, Option, References } from "effect"
import { Argument, Command, Flag, GlobalFlag } from "effect/cli"
import { cacheFlags, cachePlaceOf } from "../cache/CacheFlags.ts"
import { type CachePlace, problemOf } from "../cache/CachePlace.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Layers from "../Layers.ts"
import { Machine } from "../Machine.ts"
import { refuse } from "../Refusal.ts"
import { Screen } from "../run/ProgressView.ts"
import { exitCode, hints, toJson, toTable } from "../run/Results.ts"
import { RunEvents } from "../run/RunEvents.ts"
import { RunPods } from "../run/RunPods.ts"
import { type KeptRun, openKeptRun, RunFolderUnusable } from "../run/KeptRunNode.ts"
import { runSession } from "../run/RunSession.ts"
import { serveWebApi } from "../run/ServiceProcessNode.ts"
import { CurrentHost } from "../start/HostProcess.ts"
import { findFiles } from "../tasks/FindFiles.ts"
import { readSubmissions, type Submission } from "../tasks/Submission.ts"
import type { WebApiSource } from "../tasks/WebApiDocument.ts"
import { formatProblem } from "../tasks/YamlFile.ts"
import { workFolder } from "../WorkFolder.ts"

const paths = Argument.String("path").pipe(
  Argument.withDescription("File or folder of TaskActions and plain tasks, YAML or JSON"),
  Argument.atLeast(1)
)

const flags = {
  parallel: Flag.Int("parallel").pipe(
    Flag.withDescription("Tasks at work at the same time; four times the processors, at least 16, if not given"),
    Flag.filter((tasks) => tasks > 0, () => "a number from 1"),
    Flag.optional
  ),
  output: Flag.Literals("output", ["table", "json"]).pipe(
    Flag.withDescription("How results are printed; progress goes to the standard error stream"),
    Flag.withDefault("table")
  ),
  keep: Flag.Boolean("keep").pipe(
    Flag.withDescription("Keep logs, volumes and files of the tasks, and say where they are"),
    Flag.withDefault(false)
  ),
  ...cacheFlags,
  state: Flag.String("state").pipe(
    Flag.withDescription("Folder that keeps the run: given again after the run was cut short, the run goes on where it was"),
    Flag.filter((folder) => folder !== "", () => "a folder"),
    Flag.optional
  ),
  timeout: Flag.String("timeout").pipe(
    Flag.withDescription("Time limit for the whole run, such as 90s, 5m or 1h30m; what is unfinished then is aborted"),
    Flag.filter((text) => (Durations.parseMillis(text) ?? 0) > 0, () => "a duration such as 90s, 5m or 1h30m"),
    Flag.optional
  )
}

/** Place of plain tasks, which do not say where they belong. */
const home = { namespace: "default", runName: "local", project: "local", domain: "development" }

/** The command. */
export const runCommand = Command.make("run", { paths, ...flags }, ({ cache, keep, noCache, output, parallel, paths: given, state, timeout }) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const machine = yield* Machine
    const found = yield* findFiles(given)
    const { problems, submissions, webApis = [] } = readSubmissions(found.files, home)
    const all = [...found.problems, ...problems]
    if (all.length > 0) {
      return yield* refuse(`${all.map(formatProblem).join("\n")}\nNothing was started: ${all.length === 1 ? "there is one problem" : `there are ${all.length} problems`}.`)
    }
    const place = yield* cachePlaceOf({ cache, noCache })
    if (typeof place === "string") return yield* refuse(place)
    const { folder, results, stopCode } = yield* runOnEmbeddedCluster(submissions, {
      keep: keep || Option.isSome(state),
      state: Option.getOrUndefined(state),
      webApis,
      cache: place,
      parallel: Option.getOrElse(parallel, () => Math.max(16, 4 * machine.processors)),
      timeout: Option.getOrUndefined(Option.map(timeout, (text) => Durations.parseMillis(text) ?? 0))
    })
    machine.writeOut(`${output === "json" ? toJson(results) : toTable(results, screen.isTerminal ? screen.columns() : 160)}\n`)
    const cacheProblem = place !== undefined && results.some((it) => it.cacheFailed === true) ? yield* problemOf(place.catalog) : undefined
    for (const hint of hints(results, { folder, keep, cacheProblem })) screen.write(`${hint}\n`)
    yield* ExitCode.set(stopCode ?? exitCode(results))
  }).pipe(
    quietUnlessAsked,
    Effect.catchTag(["RunFolderUnusable", "ServiceNotReady", "WorkFolderUnusable"], (error) => refuse(error.message))
  )).pipe(
    Command.withDescription("Run tasks on an embedded cluster, as local processes. The exit code is 0 when all succeeded, 1 when some did not, 2 when the input is wrong, 130 after Ctrl-C"),
    Command.withShortDescription("Run tasks on an embedded cluster, as local processes"),
    Command.withExamples([
      { command: "fairlead run fixtures/quickstart", description: "Run every task of a folder" },
      { command: "fairlead run task.yaml --output json", description: "Print the results for a program" },
      { command: "fairlead run fixtures/failures --log-level info", description: "See what the engine does and why" }
    ])
  )

/**
 * The results tell every failure, so the engine's own warnings would only say it twice. Who asks for a log level gets them,
 * and lines instead of the live view, which would paint over them.
 */
const quietUnlessAsked = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    if (Option.isNone(yield* GlobalFlag.LogLevel)) return yield* Effect.provideService(run, References.MinimumLogLevel, "Error")
    return yield* Effect.provideService(run, Screen, { ...(yield* Screen), isTerminal: false })
  })

/** Enough to keep one processor busy while files are written and processes start. */
const startingMost = 4

interface RunSettings {
  readonly keep: boolean
  readonly cache: CachePlace | undefined
  /** Where the run is kept, if it is. */
  readonly state: string | undefined
  readonly webApis: ReadonlyArray<WebApiSource>
  readonly parallel: number
  readonly timeout: number | undefined
}

const runOnEmbeddedCluster = (submissions: ReadonlyArray<Submission>, settings: RunSettings) =>
  Effect.scoped(Effect.gen(function*() {
    const machine = yield* Machine
    const kept = settings.state === undefined ? undefined : yield* openRun(settings.state)
    const folder = kept === undefined ? yield* workFolder(settings.keep) : yield* stateFolder(settings.state!)
    if (kept === undefined && !settings.keep) machine.temporaryFolders.add(folder)
    const { environment } = yield* CurrentHost
    for (const source of settings.webApis) yield* serveWebApi(source, folder, machine.taskEnvironment)
    const pods = RunPods.make()
    const options: Layers.EmbeddedOptions = {
      folder,
      workingDirectory: machine.workingDirectory,
      environment: machine.taskEnvironment,
      nodes: 1,
      keepFolders: true,
      cache: settings.cache,
      followRuntime: pods.follow,
      webApis: settings.webApis.map(entryOf),
      secretVariables: () => environment
    }
    const events = kept === undefined ? RunEvents.layer : RunEvents.layerWith(kept.outputs, kept.rememberOutputs)
    const engine = Layers.engine(options).pipe(Layer.provideMerge(events))
    const world = Layer.mergeAll(engine, Layers.cluster(options), Layer.succeed(RunPods, pods)).pipe(
      Layer.provideMerge(Layers.datastore(options)),
      Layer.provideMerge(Layer.effectDiscard(Effect.map(FakeApiServer, (server) => kept?.serve(server)))),
      Layer.provideMerge(Layers.definition.pipe(Layer.provideMerge(Layers.server(options))))
    )
    const session = Effect.provide(runSession({ submissions, parallel: settings.parallel, starting: startingMost, timeout: settings.timeout }), world)
    const end = yield* (kept === undefined ? session : unlessBroken(session, kept))
    return { ...end, folder }
  }))

/** The folder of the run, held against other runs until the scope ends. */
const openRun = (folder: string) => Effect.acquireRelease(openKeptRun(folder), (kept) => Effect.sync(kept.close))

/** Ends a run that cannot be kept any more: what was done since would be done again when it is taken up. */
const unlessBroken = <A, E, R>(session: Effect.Effect<A, E, R>, { broken }: KeptRun): Effect.Effect<A, E | RunFolderUnusable, R> =>
  Effect.raceFirst(
    Effect.catchDefect(session, (defect) => (defect instanceof RunFolderUnusable ? Effect.fail(defect) : Effect.die(defect))),
    broken
  )

const stateFolder = (folder: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orDie(fs.realPath(folder)))

const entryOf = ({ id, service, settings, taskTypes }: WebApiSource): PluginEntry => ({
  id,
  supportedTaskTypes: taskTypes,
  load: () => Effect.succeed(asyncPlugin(makeHttpJson({ config: service, settings: () => settings, fetch: (request) => fetch(request) })))
})
