/**
 * A process with an engine for each of two namespaces: it works in the first, and stands by for the second once a line on its
 * input tells it to. Two of them, each the other's standby, are two engines at work that share one catalog.
 */
import { Engine } from "@fairlead/reconciler"
import { Context, Deferred, Effect, Layer, Logger, Result } from "effect"
import { once } from "node:events"
import * as ClusterEngine from "../../src/start/ClusterEngine.ts"
import { readSettings } from "../../src/start/SettingsRead.ts"

const [server = "", identity = "", ...namespaces] = process.argv.slice(2)

const engine = Effect.fnUntraced(function*(namespace: string) {
  const environment = { ...process.env, FAIRLEAD_ENGINE_NAMESPACE: namespace, FAIRLEAD_LEADER_ELECTION_NAMESPACE: namespace }
  const read = readSettings({ environment })
  if (Result.isFailure(read)) throw new Error(JSON.stringify(read.failure))
  const { settings } = read.success
  const access = { description: "the test", server, namespace, tls: Effect.succeed({}), token: Effect.succeed("admin"), tokenAgeMax: 3_600_000 }
  const lost = yield* Deferred.make<never, ClusterEngine.Lost>()
  const { actions } = Context.get(yield* Layer.build(Layer.fresh(ClusterEngine.layer({ settings, access, host: { environment, hostName: identity }, identity, lost }))), Engine)
  while (!actions.isSynced()) yield* Effect.sleep(20)
  yield* Effect.logInfo(`${identity} knows the actions in ${namespace}`)
  return yield* Deferred.await(lost)
})

const [own = "", other] = namespaces
const standby = other === undefined ? Effect.never : Effect.andThen(Effect.promise(() => once(process.stdin, "data")), engine(other))
const program = Effect.raceFirst(Effect.scoped(engine(own)), Effect.scoped(standby))
// Whoever loses a lease ends, as `fairlead start` does.
await Effect.runPromise(Effect.provide(program, Logger.layer([Logger.consoleJson]))).catch((error: unknown) => {
  console.error(JSON.stringify({ level: "ERROR", message: String(error) }))
  process.exit(1)
})
