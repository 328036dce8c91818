/** The executor as a service, on a real cluster or on the one in memory. */
import { type AirflowConfigException, ExecutorHttp, KubeConfigProvider, KubernetesExecutor, readAirflowConfig, withAirflowEnvironment } from "@fairlead/airflow-executor"
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { LeaderElection, RequestPolicy } from "@fairlead/controller"
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, KubeError, type KubeTransport, type Pod } from "@fairlead/kube"
import { Data, Effect, FileSystem, Layer, Option, Path } from "effect"
import * as Layers from "../Layers.ts"
import { Machine } from "../Machine.ts"
import { checkAccess } from "../start/CheckAccessNode.ts"
import type { ClusterAccess } from "../start/ClusterAccess.ts"
import * as ClusterWire from "../start/ClusterWire.ts"
import { findCluster } from "../start/FindCluster.ts"
import { CurrentHost } from "../start/HostProcess.ts"
import { workFolder } from "../WorkFolder.ts"

/** What the user says. */
export interface ServeOptions {
  readonly port: number
  readonly host: string
  readonly tokenFile: Option.Option<string>
  readonly airflowConfig: Option.Option<string>
  readonly podTemplate: Option.Option<string>
  readonly worker: string
  readonly embedded: boolean
  readonly kubeconfig: Option.Option<string>
  readonly context: Option.Option<string>
}

/** The service cannot be started as it is asked for. */
export class ServeRefused extends Data.TaggedError("ServeRefused")<{ readonly problem: string }> {
  override get message(): string {
    return this.problem
  }
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"])

/** Serves until told to stop. */
export const serve = (options: ServeOptions) =>
  Effect.scoped(Effect.gen(function*() {
    if (Option.isNone(options.tokenFile) && !loopback.has(options.host)) {
      return yield* new ServeRefused({ problem: `--host ${options.host} can be reached from outside, and whoever can call the service can run what they like: give it --token-file` })
    }
    if (options.port < 0 || options.port > 65_535) return yield* new ServeRefused({ problem: `--port ${options.port}: ports go from 0 to 65535` })
    if (options.worker.trim() === "") return yield* new ServeRefused({ problem: "--worker is empty: give the name under which this service owns its pods" })
    if (!/[a-z0-9]/i.test(options.worker)) return yield* new ServeRefused({ problem: `--worker ${options.worker}: labels of Kubernetes hold it, so it needs a letter from a to z or a digit` })
    const settings = yield* readSettings(options)
    const world = options.embedded ? yield* embedded : yield* real(options)
    yield* Effect.provide(listen(options, settings), world)
  }))

interface Settings {
  readonly config: KubeConfigProvider.KubeConfigProvider
  readonly token: string | undefined
  readonly template: Pod | undefined
}

const readSettings = Effect.fnUntraced(function*(options: ServeOptions) {
  const config = yield* readConfig(options)
  const token = Option.isNone(options.tokenFile) ? undefined : (yield* readText(options.tokenFile.value)).trim()
  if (token === "") return yield* new ServeRefused({ problem: `the file ${Option.getOrElse(options.tokenFile, () => "")} holds no token` })
  const template = yield* readTemplate(Option.getOrUndefined(options.podTemplate) ?? (config.podTemplateFile || undefined))
  return { config, token, template }
})

const listen = Effect.fnUntraced(function*(options: ServeOptions, { config, template, token }: Settings) {
  const machine = yield* Machine
  const executor = yield* KubernetesExecutor.make({
    config,
    worker: options.worker,
    naming: "safe",
    lease: { namespace: config.executorNamespace },
    ...(template === undefined ? {} : { template: (path) => (path === undefined ? template : undefined) })
  })
  yield* executor.start
  yield* Effect.addFinalizer(() => executor.end)
  const handler = yield* ExecutorHttp.make({ executor, token })
  const server = yield* Effect.promise(() => import("@fairlead/airflow-executor/node"))
  const { url } = yield* server.listen(handler, { host: options.host, port: options.port })
  yield* Effect.forkScoped(ExecutorHttp.beat(executor))
  machine.writeOut(`ready: ${url}\n`)
  yield* machine.stopRequested
})

const readText = Effect.fnUntraced(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { workingDirectory } = yield* Machine
  return yield* Effect.mapError(fs.readFileString(path.resolve(workingDirectory, file)), (error) => new ServeRefused({ problem: `${file} cannot be read: ${error.message}` }))
})

const readConfig = Effect.fnUntraced(function*({ airflowConfig }: ServeOptions) {
  const { environment } = yield* CurrentHost
  const text = Option.isNone(airflowConfig) ? "" : yield* readText(airflowConfig.value)
  const settings = yield* Effect.fromResult(readAirflowConfig(text))
  return yield* Effect.fromResult(KubeConfigProvider.fromSettings(withAirflowEnvironment(settings, environment))) as Effect.Effect<KubeConfigProvider.KubeConfigProvider, AirflowConfigException>
})

const readTemplate = Effect.fnUntraced(function*(file: string | undefined) {
  if (file === undefined) return undefined
  const text = yield* readText(file)
  const { parse } = yield* Effect.promise(() => import("yaml"))
  const pod = yield* Effect.try({ try: () => parse(text) as unknown, catch: (error) => new ServeRefused({ problem: `${file} is no YAML: ${(error as Error).message}` }) })
  if (typeof pod !== "object" || pod === null || !("spec" in pod)) return yield* new ServeRefused({ problem: `${file} holds no pod: it needs a spec` })
  return { metadata: {}, ...pod } as Pod
})

/** The cluster in memory; its pods are processes that find what the user's programs find. */
const embedded = Effect.gen(function*() {
  const machine = yield* Machine
  const folder = yield* workFolder()
  const options = {
    folder, nodes: 1, keepFolders: false, workingDirectory: machine.workingDirectory, environment: machine.taskEnvironment
  }
  return KubeClient.layer.pipe(
    Layer.provideMerge(KubeTransportApiServer.layer),
    Layer.provideMerge(Layers.cluster(options) as Layer.Layer<FakeCluster, KubeError.KubeError, FakeApiServer>),
    Layer.provideMerge(FakeApiServer.layer)
  )
})

const real = Effect.fnUntraced(function*(options: ServeOptions) {
  const { environment } = yield* CurrentHost
  const { workingDirectory } = yield* Machine
  const access = yield* findCluster({
    kubeconfig: Option.getOrUndefined(options.kubeconfig),
    context: Option.getOrUndefined(options.context),
    environment,
    workingDirectory
  })
  yield* checkAccess(access)
  return KubeClient.layer.pipe(Layer.provideMerge(transport(access)))
})

const transport = (access: ClusterAccess): Layer.Layer<KubeTransport> => {
  const wire = ClusterWire.layer({ access, userAgent: "fairlead-airflow" })
  // One attempt each: the executor knows best which calls may be repeated, and when.
  return RequestPolicy.layer({ attemptsMax: 1 }).pipe(Layer.provide(LeaderElection.fence.pipe(Layer.provide(wire))))
}
