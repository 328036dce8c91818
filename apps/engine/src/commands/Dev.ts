/** `fairlead dev`: serves the embedded cluster for kubectl and every other client. */
import { FakeApiServer } from "@fairlead/api-server"
import { makeFolder } from "@fairlead/datastore/node"
import { FakeCluster } from "@fairlead/fake-cluster"
import { EventSinkLog } from "@fairlead/reconciler"
import { Clock, Data, Duration, Effect, FileSystem, Layer, Option, Path, Random } from "effect"
import { Command, Flag } from "effect/cli"
import { cacheFlags, cachePlaceOf } from "../cache/CacheFlags.ts"
import type { CachePlace } from "../cache/CachePlace.ts"
import type { DevCertificate } from "../dev/Certificate.ts"
import { makeKubeconfig } from "../dev/Kubeconfig.ts"
import * as Layers from "../Layers.ts"
import { Machine } from "../Machine.ts"
import { refuse } from "../Refusal.ts"
import { Screen } from "../run/ProgressView.ts"
import { workFolder } from "../WorkFolder.ts"

const flags = {
  port: Flag.Int("port").pipe(Flag.withDescription("Port to listen on; any free one for 0"), Flag.withDefault(0)),
  host: Flag.String("host").pipe(Flag.withDescription("Address to listen on"), Flag.withDefault("127.0.0.1")),
  http: Flag.Boolean("http").pipe(
    Flag.withDescription("Speak plain HTTP, on loopback only; kubectl sends no credentials over it"),
    Flag.withDefault(false)
  ),
  token: Flag.String("token").pipe(Flag.withDescription("Token of the user admin; drawn at random if not given"), Flag.optional),
  nodes: Flag.Int("nodes").pipe(
    Flag.withDescription("Nodes of the cluster; with 0 neither scheduler nor kubelet runs, and pods stay as they are"),
    Flag.withDefault(1)
  ),
  noEngine: Flag.Boolean("no-engine").pipe(
    Flag.withDescription("Run no engine, so that another one can work on this cluster, such as that of `fairlead start`"),
    Flag.withDefault(false)
  ),
  ...cacheFlags,
  kubeconfig: Flag.String("kubeconfig").pipe(
    Flag.withDescription("File to write the kubeconfig to; .fairlead/kubeconfig if not given"),
    Flag.optional
  )
}

/** Longest grace period of a pod when the program ends. */
const graceMost = Duration.seconds(60)

const loopback = new Set(["127.0.0.1", "::1", "localhost"])

/** The command. */
export const devCommand = Command.make("dev", flags, (options) =>
  Effect.scoped(Effect.gen(function*() {
    const place = yield* cachePlaceOf(options)
    if (typeof place === "string") return yield* refuse(place)
    const problem = problemOf(options)
    if (problem !== undefined) return yield* refuse(problem)
    const token = Option.isSome(options.token) ? options.token.value : yield* drawToken
    const certificate = options.http ? undefined : yield* signCertificate(options.host)
    const embedded = yield* embeddedOptions(options.nodes, token, certificate?.ca, place)
    const engine = options.noEngine ? Layer.empty : Layer.merge(Layers.engine(embedded).pipe(Layer.provide(EventSinkLog.layer)), Layers.lease)
    const world = Layer.mergeAll(engine, Layers.cluster(embedded)).pipe(
      Layer.provide(Layers.datastore(embedded)),
      Layer.provideMerge(Layers.definition.pipe(Layer.provideMerge(Layers.server(embedded))))
    )
    return yield* Effect.provide(serve(options, token, certificate), world)
  })).pipe(Effect.catch((error) => refuse(error.message, error._tag === "KubeconfigUnwritable" || error._tag === "WorkFolderUnusable" ? 2 : 1)))).pipe(
    Command.withDescription("Serve the embedded cluster on a port, with a kubeconfig for kubectl. Results of tasks with a cache version are shared with `run`"),
    Command.withShortDescription("Serve the embedded cluster on a port, with a kubeconfig for kubectl"),
    Command.withExamples([
      { command: "fairlead dev --port 8001", description: "Serve over HTTPS with a certificate of its own" },
      { command: "fairlead dev --http --nodes 0 --token admin-token", description: "An API server without nodes, over plain HTTP" }
    ])
  )

interface DevOptions {
  readonly port: number
  readonly host: string
  readonly http: boolean
  readonly nodes: number
  readonly token: Option.Option<string>
  readonly kubeconfig: Option.Option<string>
}

/** `dev` cannot leave its kubeconfig where it is to be. */
class KubeconfigUnwritable extends Data.TaggedError("KubeconfigUnwritable")<{ readonly file: string; readonly problem: string }> {
  override get message(): string {
    return `the kubeconfig cannot be written to ${this.file}: ${this.problem}; give another file with --kubeconfig`
  }
}

const isHost = (text: string): boolean => URL.canParse(`http://${text.includes(":") ? `[${text}]` : text}/`) && /^[\w.:-]+$/.test(text)

const problemOf = ({ host, http, nodes, port, token }: DevOptions): string | undefined => {
  if (!isHost(host)) return `--host ${JSON.stringify(host)}: give an address or a name of this machine, such as 127.0.0.1`
  if (Option.isSome(token) && !/^[\x21-\x7e]+$/.test(token.value)) return "--token: give letters, digits and signs, without spaces"
  if (port < 0 || port > 65_535) return `--port ${port}: ports go from 0 to 65535`
  if (nodes < 0 || nodes > 1000) return `--nodes ${nodes}: give a number from 0 to 1000`
  if (http && !loopback.has(host)) return `--http sends tokens in the clear, so it serves loopback only; "${host}" is not. Leave out --http or --host`
  return undefined
}

const drawToken: Effect.Effect<string> = Effect.map(
  Effect.all(Array.from({ length: 4 }, () => Random.nextInt)),
  (numbers) => numbers.map((it) => Math.abs(it).toString(36)).join("")
)

const embeddedOptions = Effect.fnUntraced(function*(nodes: number, token: string, ca: string | undefined, cache: CachePlace | undefined) {
  const machine = yield* Machine
  return {
    folder: yield* workFolder(),
    workingDirectory: machine.workingDirectory,
    environment: machine.taskEnvironment,
    nodes,
    keepFolders: false,
    events: true,
    rootCertificate: ca,
    cache,
    tokens: { [token]: { name: "admin", groups: ["system:masters"] } }
  } satisfies Layers.EmbeddedOptions
})

const serve = Effect.fnUntraced(function*(options: DevOptions, token: string, certificate: DevCertificate | undefined) {
  const server = yield* FakeApiServer
  const machine = yield* Machine
  // Loaded when needed, as the certificate's maker is: `run` needs neither, and they are a fifth of the program.
  const { listen } = yield* Effect.promise(() => import("@fairlead/api-server/node"))
  const { url } = yield* listen({
    server,
    host: options.host,
    port: options.port,
    ...(certificate === undefined ? {} : { tls: { cert: certificate.certificate, key: certificate.key } })
  })
  const file = yield* writeKubeconfig(options.kubeconfig, makeKubeconfig({ server: url, ca: certificate?.ca, token, namespace: "default" }))
  machine.writeOut(`kubeconfig: ${file}\nready: ${url}\n`)
  yield* machine.stopRequested
  yield* stopPods
})

/** Pods get their grace periods before the program ends; a second Ctrl-C does not wait for them. */
const stopPods = Effect.gen(function*() {
  const cluster = yield* FakeCluster
  const screen = yield* Screen
  const running = cluster.pods().filter(({ spec, status }) => spec?.nodeName !== undefined && status?.phase === "Running").length
  if (running > 0) screen.write(`stopping ${running} ${running === 1 ? "pod" : "pods"}, each within its grace period; Ctrl-C once more kills at once\n`)
  const stopped = yield* cluster.drain(graceMost)
  screen.write(`stopped${stopped.length === 0 ? "" : ` with ${stopped.length === 1 ? "one pod" : `${stopped.length} pods`}`}; nothing is left\n`)
})

const signCertificate = Effect.fnUntraced(function*(host: string) {
  const { makeCertificate } = yield* Effect.promise(() => import("../dev/Certificate.ts"))
  return yield* makeCertificate(yield* Clock.currentTimeMillis, [...new Set(["127.0.0.1", "::1", ...(host === "localhost" ? [] : [host])])])
})

/** The file holds a token, so only its owner may read it. */
const writeKubeconfig = Effect.fnUntraced(function*(given: Option.Option<string>, text: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const machine = yield* Machine
  const file = path.resolve(machine.workingDirectory, Option.getOrElse(given, () => ".fairlead/kubeconfig"))
  const isFolder = yield* Effect.orElseSucceed(Effect.map(fs.stat(file), ({ type }) => type === "Directory"), () => false)
  if (isFolder) return yield* new KubeconfigUnwritable({ file, problem: "it is a folder" })
  yield* Effect.tryPromise({ try: () => makeFolder(path.dirname(file)), catch: (error) => new KubeconfigUnwritable({ file, problem: (error as Error).message }) })
  const write = Effect.gen(function*() {
    // An older file would keep its mode.
    yield* fs.remove(file, { force: true })
    yield* fs.writeFileString(file, text, { mode: 0o600 })
  })
  yield* Effect.mapError(write, (error) => new KubeconfigUnwritable({ file, problem: error.message }))
  return file
})
