/** Runs against the in-memory API server under virtual time, with faults between it and the program. */
import { Cause, Effect, Exit, Layer, Logger, Random, type Scope } from "effect"
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { KubeClient, KubeError, KubeTransport } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { OwnWrites } from "../../src/index.ts"

/** Probability of each fault for one call, and of a watch to break within a second. */
export interface Chaos {
  before: number
  after: number
  watch: number
  latencyMillis: number
}

const broken = (method: string): KubeError.KubeError => new KubeError.KubeError({ method, reason: { _tag: "TransportFailed", description: "injected" } })

const refusals = [
  [409, "Conflict"], [429, "TooManyRequests"], [500, "InternalError"], [503, "ServiceUnavailable"], [504, "Timeout"]
] as const

/** Fails calls before or after they are carried out, breaks watches, and takes time. Leases are left alone. */
const chaotic = (chaos: Chaos) => Layer.effect(KubeTransport, Effect.gen(function*() {
  const transport = yield* KubeTransport
  const random = yield* Random.Random
  const next = (): number => random.nextDoubleUnsafe()
  return {
    request: (request) => Effect.gen(function*() {
      if (chaos.latencyMillis > 0) yield* Effect.sleep(Math.ceil(next() * chaos.latencyMillis))
      if (next() < chaos.before) {
        const [code, reason] = refusals[Math.floor(next() * refusals.length)]!
        return yield* KubeError.fromStatus(request.verb, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason })
      }
      const answer = yield* transport.request(request)
      if (request.verb !== "list" && next() < chaos.after) return yield* broken(request.verb)
      return answer
    }),
    watch: (request, onEvents) => {
      const opened = transport.watch(request, onEvents)
      const fate = Effect.gen(function*() {
        for (;;) {
          yield* Effect.sleep(1000)
          if (next() < chaos.watch) return yield* broken("watch")
        }
      })
      return Effect.raceFirst(opened, fate)
    }
  } satisfies KubeTransport["Service"]
}))

/** Runs `body` and answers its value with the journal of all writes. */
export const simulateServer = <A, E>(
  seed: number,
  chaos: Chaos,
  body: Effect.Effect<A, E, KubeTransport | KubeClient | FakeApiServer | Scope.Scope>
): { readonly value: A; readonly journal: ReadonlyArray<string>; readonly logs: ReadonlyArray<string> } => {
  const journal: Array<string> = []
  const logs: Array<string> = []
  const transport = chaotic(chaos).pipe(Layer.provide(KubeTransportApiServer.layer))
  const client = OwnWrites.layer.pipe(Layer.provide(KubeClient.layer), Layer.provideMerge(transport), Layer.provideMerge(FakeApiServer.layer))
  const logger = Logger.layer([Logger.make(({ message }) => {
    logs.push(String(Array.isArray(message) ? message.join(" ") : message))
  })])
  const program = Effect.gen(function*() {
    const server = yield* FakeApiServer
    server.onWrite((write) => journal.push(JSON.stringify(write)))
    return yield* body
  })
  const exit = Simulation.make({ seed }).run(Effect.scoped(program).pipe(Effect.provide(Layer.mergeAll(client, logger))))
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return { value: exit.value, journal, logs }
}
