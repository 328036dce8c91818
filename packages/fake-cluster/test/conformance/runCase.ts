/** Runs recorded cases against a server with the controllers of a cluster around it, in virtual time. */
import { FakeApiServer, fetchHandler } from "@fairlead/api-server"
import { Simulation } from "@fairlead/simulation"
import { Cause, Effect, Exit, Layer } from "effect"
import type { ConformanceCase } from "../../../api-server/test/conformance/conformanceCase.ts"
import { runCaseOn, runId } from "../../../api-server/test/conformance/runCase.ts"
import { FakeCluster } from "../../src/index.ts"

const token = "admin-token"

const cluster = FakeCluster.layer({ nodes: 0, rootCertificate: "-----BEGIN CERTIFICATE-----\n" }).pipe(
  Layer.provideMerge(FakeApiServer.layerWith({ freeze: true, tokens: { [token]: { name: "admin", groups: ["system:masters"] } } }))
)

const play = Effect.fnUntraced(function*(testCase: ConformanceCase) {
  const server = yield* FakeApiServer
  const run = Effect.runPromiseWith(yield* Effect.context<never>())
  const pass = (millis: number): Promise<void> => run(Effect.sleep(millis))
  return yield* Effect.promise(() => runCaseOn(testCase, { fetch: fetchHandler(server), token, id: runId, pass }))
})

const settle = (): Promise<void> => new Promise((done) => setImmediate(done))

/** The differences between a run of the case and its record; empty for a pass. */
export const runCase = async (testCase: ConformanceCase): Promise<ReadonlyArray<string>> => {
  const simulation = Simulation.make({ seed: 1, epoch: Date.UTC(2026, 5, 1) })
  const exit = await simulation.runAsync(Effect.scoped(play(testCase)).pipe(Effect.provide(cluster)), settle)
  return Exit.isSuccess(exit) ? exit.value : [`stopped: ${Cause.pretty(exit.cause)}`]
}
