/** `fairlead dev`: serves the embedded cluster for kubectl and every other client. */
import { FakeApiServer } from "@fairlead/api-server"
import { listen } from "@fairlead/api-server/node"
import { EventSinkLog } from "@fairlead/reconciler"
import { Clock, Effect, FileSystem, Layer, Option, Path, Random } from "effect"
import { Command, Flag } from "effect/cli"
import { makeCertificate } from "../dev/Certificate.ts"
import { makeKubeconfig } from "../dev/Kubeconfig.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Layers from "../Layers.ts"
import { Machine } from "../Machine.ts"
import { Screen } from "../run/ProgressView.ts"

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
  kubeconfig: Flag.String("kubeconfig").pipe(
    Flag.withDescription("File to write the kubeconfig to; .fairlead/kubeconfig if not given"),
    Flag.optional
  )
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"])

/** The command. */
export const devCommand = Command.make("dev", flags, (options) =>
  Effect.scoped(Effect.gen(function*() {
    const screen = yield* Screen
    const problem = problemOf(options)
    if (problem !== undefined) {
      screen.write(`${problem}\n`)
      return yield* ExitCode.set(2)
    }
    const token = Option.isSome(options.token) ? options.token.value : yield* drawToken
    const embedded = yield* embeddedOptions(options.nodes, token)
    const world = Layer.mergeAll(Layers.engine(embedded).pipe(Layer.provide(EventSinkLog.layer)), Layers.cluster(embedded)).pipe(
      Layer.provide(Layers.datastore(embedded)),
      Layer.provideMerge(Layers.definition.pipe(Layer.provideMerge(Layers.server(embedded))))
    )
    return yield* Effect.provide(serve(options, token), world)
  })).pipe(Effect.catch((error) => Effect.gen(function*() {
    const screen = yield* Screen
    screen.write(`${error.message}\n`)
    yield* ExitCode.set(1)
  })))).pipe(
    Command.withDescription("Serve the embedded cluster on a port, with a kubeconfig for kubectl"),
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
  readonly kubeconfig: Option.Option<string>
}

const problemOf = ({ host, http, nodes, port }: DevOptions): string | undefined => {
  if (port < 0 || port > 65_535) return `--port ${port}: ports go from 0 to 65535`
  if (nodes < 0 || nodes > 1000) return `--nodes ${nodes}: give a number from 0 to 1000`
  if (http && !loopback.has(host)) return `--http sends tokens in the clear, so it serves loopback only; "${host}" is not. Leave out --http or --host`
  return undefined
}

const drawToken: Effect.Effect<string> = Effect.map(
  Effect.all(Array.from({ length: 4 }, () => Random.nextInt)),
  (numbers) => numbers.map((it) => Math.abs(it).toString(36)).join("")
)

const embeddedOptions = Effect.fnUntraced(function*(nodes: number, token: string) {
  const fs = yield* FileSystem.FileSystem
  const machine = yield* Machine
  const folder = yield* Effect.orDie(Effect.flatMap(fs.makeTempDirectoryScoped({ directory: machine.temporaryDirectory, prefix: "fairlead-" }), fs.realPath))
  return {
    folder,
    workingDirectory: machine.workingDirectory,
    environment: machine.taskEnvironment,
    nodes,
    keepFolders: false,
    tokens: { [token]: { name: "admin", groups: ["system:masters"] } }
  } satisfies Layers.EmbeddedOptions
})

const serve = Effect.fnUntraced(function*(options: DevOptions, token: string) {
  const server = yield* FakeApiServer
  const screen = yield* Screen
  const addresses = [...new Set(["127.0.0.1", "::1", ...(options.host === "localhost" ? [] : [options.host])])]
  const certificate = options.http ? undefined : yield* makeCertificate(yield* Clock.currentTimeMillis, addresses)
  const { url } = yield* listen({
    server,
    host: options.host,
    port: options.port,
    ...(certificate === undefined ? {} : { tls: { cert: certificate.certificate, key: certificate.key } })
  })
  const file = yield* writeKubeconfig(options.kubeconfig, makeKubeconfig({ server: url, ca: certificate?.ca, token, namespace: "default" }))
  screen.write(`kubeconfig: ${file}\nready: ${url}\n`)
  return yield* Effect.never
})

/** The file holds a token, so only its owner may read it. */
const writeKubeconfig = Effect.fnUntraced(function*(given: Option.Option<string>, text: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const machine = yield* Machine
  const file = path.resolve(machine.workingDirectory, Option.getOrElse(given, () => ".fairlead/kubeconfig"))
  yield* fs.makeDirectory(path.dirname(file), { recursive: true })
  yield* fs.writeFileString(file, text, { mode: 0o600 })
  return file
})
