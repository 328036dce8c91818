/** `fairlead start`: runs the engine against a real cluster. */
import { Health } from "@fairlead/controller"
import { Deferred, Effect, Layer, Option, Random, Result } from "effect"
import { Command, Flag } from "effect/cli"
import { ExitCode } from "../ExitCode.ts"
import { Machine } from "../Machine.ts"
import { refuse } from "../Refusal.ts"
import { checkAccess } from "../start/CheckAccessNode.ts"
import type { ClusterAccess } from "../start/ClusterAccess.ts"
import * as ClusterEngine from "../start/ClusterEngine.ts"
import { findCluster } from "../start/FindCluster.ts"
import { CurrentHost } from "../start/HostProcess.ts"
import { configFlag, loadSettings, refuseSettings } from "../start/LoadSettings.ts"
import type { Settings } from "../start/Settings.ts"
import { listenStatus } from "../start/StatusServerNode.ts"
import * as Telemetry from "../start/Telemetry.ts"

const flags = {
  config: configFlag,
  kubeconfig: Flag.String("kubeconfig").pipe(
    Flag.withDescription("Kubeconfig of the cluster; if not given: KUBECONFIG, the service account of the pod, ~/.kube/config"),
    Flag.optional
  ),
  context: Flag.String("context").pipe(Flag.withDescription("Context of the kubeconfig; its current one if not given"), Flag.optional)
}

/** The command. */
export const startCommand = Command.make("start", flags, ({ config, context, kubeconfig }) =>
  Effect.gen(function*() {
    const read = yield* loadSettings(config)
    if (Result.isFailure(read)) return yield* refuseSettings(read.failure)
    const { settings } = read.success
    const host = yield* CurrentHost
    const { stopRequested, workingDirectory } = yield* Machine
    const access = yield* findCluster({
      kubeconfig: Option.getOrUndefined(kubeconfig) ?? settings.kubernetes.kubeconfig,
      context: Option.getOrUndefined(context) ?? settings.kubernetes.context,
      environment: host.environment,
      workingDirectory
    })
    yield* checkAccess(access)
    const surroundings = Layer.mergeAll(Telemetry.logs(settings.logs), Telemetry.traces(settings.traces), Health.layer)
    // To be told to stop is how this program ends when all is well.
    const running = Effect.raceFirst(Effect.scoped(serve(settings, access)), stopRequested).pipe(
      Effect.catch((error) => Effect.andThen(Effect.logError(error.message), ExitCode.set(1)))
    )
    yield* Effect.provide(running, surroundings)
  }).pipe(
    Effect.catch((error) => refuse(error.message))
  )).pipe(
    Command.withDescription("Run the engine against a cluster, until it is told to stop"),
    Command.withExamples([
      { command: "fairlead start", description: "In a pod, with its service account; settings from FAIRLEAD_ variables" },
      { command: "fairlead start --config fairlead.yaml --context dev", description: "From outside, with a kubeconfig" }
    ])
  )

/** Ends only when the lease is lost, as a failure: a new process begins without anything that this one believed. */
const serve = Effect.fnUntraced(function*(settings: Settings, access: ClusterAccess) {
  const host = yield* CurrentHost
  const lost = yield* Deferred.make<never, ClusterEngine.Lost>()
  const status = settings.server.enabled ? yield* listenStatus(settings.server) : undefined
  const identity = settings.leaderElection.identity ?? `${host.hostName}_${yield* drawSuffix}`
  yield* Effect.logInfo(`${identity} works for ${access.server} by ${access.description}, ${whereOf(settings)}${status === undefined ? "" : `; health and metrics: ${status}`}`)
  yield* Effect.addFinalizer(() => Effect.logInfo(`${identity} has stopped`))
  yield* Layer.build(ClusterEngine.layer({ settings, access, host, identity, lost }))
  yield* Effect.addFinalizer(() => Effect.logInfo(`${identity} stops: it takes no more work and finishes what it has begun`))
  return yield* Deferred.await(lost)
})

const whereOf = ({ engine }: Settings): string => (engine.namespace === undefined ? "in all namespaces" : `in the namespace ${engine.namespace}`)

const drawSuffix = Effect.map(Effect.all([Random.nextInt, Random.nextInt]), (numbers) => numbers.map((it) => Math.abs(it).toString(36).slice(0, 6)).join(""))
