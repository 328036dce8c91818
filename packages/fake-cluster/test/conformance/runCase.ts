/** Runs recorded cases against a server with the controllers of a cluster around it, in virtual time. */
import { FakeApiServer, fetchHandler } from "@fairlead/api-server"
import { listen } from "@fairlead/api-server/node"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer, type Scope } from "effect"
import type { ConformanceCase } from "../../../api-server/test/conformance/conformanceCase.ts"
import { runCaseOn, runId } from "../../../api-server/test/conformance/runCase.ts"
import { FakeCluster } from "../../src/index.ts"
import { connect, type HttpClient } from "./httpClient.ts"

const token = "admin-token"

const cluster = FakeCluster.layer({ nodes: 0, rootCertificate: "-----BEGIN CERTIFICATE-----\n" }).pipe(
  Layer.provideMerge(FakeApiServer.layerWith({ freeze: true, tokens: { [token]: { name: "admin", groups: ["system:masters"] } } }))
)

type Listener = Effect.Effect<HttpClient, never, FakeApiServer | Scope.Scope>

const inProcess: Listener = Effect.map(FakeApiServer, (server) => ({ fetch: fetchHandler(server), settle, close: () => undefined }))

const overHttp: Listener = Effect.gen(function*() {
  const { url } = yield* Effect.orDie(listen({ server: yield* FakeApiServer }))
  return yield* Effect.acquireRelease(Effect.sync(() => connect(url)), (client) => Effect.sync(() => client.close()))
})

const settle = (): Promise<void> => new Promise((done) => setImmediate(done))

const run = (listener: Listener) => async (testCase: ConformanceCase): Promise<ReadonlyArray<string>> => {
  let client: HttpClient | undefined
  const play = Effect.gen(function*() {
    const { fetch } = client = yield* listener
    const runPromise = Effect.runPromiseWith(yield* Effect.context<never>())
    const pass = (millis: number): Promise<void> => runPromise(Effect.sleep(millis))
    return yield* Effect.promise(() => runCaseOn(testCase, { fetch, token, id: runId, pass }))
  })
  const simulation = Simulation.make({ seed: 1, epoch: Date.UTC(2026, 5, 1) })
  const exit = await simulation.runAsync(Effect.scoped(play).pipe(Effect.provide(cluster)), () => (client?.settle ?? settle)())
  return Exit.isSuccess(exit) ? exit.value : [`stopped: ${Cause.pretty(exit.cause)}`]
}

/** The differences between a run of the case and its record; empty for a pass. */
export const runCase = run(inProcess)

/** The same through sockets, headers and streams. */
export const runCaseOverHttp = run(overHttp)
