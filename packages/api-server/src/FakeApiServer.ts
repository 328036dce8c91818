/** A server as an Effect service, living by the clock and the chance of its environment. */
import { Clock, Context, Effect, Fiber, Layer, Random, type Scope } from "effect"
import * as ApiServer from "./ApiServer.ts"
import type { ClusterSnapshot } from "./ClusterSnapshot.ts"

/** What a server in a layer can be told; time and chance come from the environment. */
export type FakeApiServerOptions = Omit<ApiServer.ApiServerOptions, "now" | "random" | "schedule">

/** An in-memory API server. */
export class FakeApiServer extends Context.Service<FakeApiServer, ApiServer.ApiServer>()("@fairlead/api-server/FakeApiServer") {
  /** A server with options of one's own. */
  static layerWith(options: FakeApiServerOptions): Layer.Layer<FakeApiServer> {
    return Layer.effect(this, make(ApiServer.make, options))
  }

  /** A server that goes on where another one was when the snapshot was taken. */
  static layerRestored(snapshot: ClusterSnapshot, options: FakeApiServerOptions = {}): Layer.Layer<FakeApiServer> {
    return Layer.effect(this, make((all) => ApiServer.restore(snapshot, all), options))
  }

  /** A server with the usual options. */
  static readonly layer: Layer.Layer<FakeApiServer> = Layer.suspend(() => FakeApiServer.layerWith({}))
}

/** Timers are fibers that end with the scope. */
const make = (
  build: (options: ApiServer.ApiServerOptions) => ApiServer.ApiServer,
  options: FakeApiServerOptions
): Effect.Effect<ApiServer.ApiServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const random = yield* Random.Random
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const timers = new Set<Fiber.Fiber<void>>()
    yield* Effect.addFinalizer(() => Fiber.interruptAll(timers))
    return build({
      ...options,
      now: () => clock.currentTimeMillisUnsafe(),
      random: () => random.nextDoubleUnsafe(),
      schedule: (delayMs, action) => {
        const timer = run(Effect.andThen(Effect.sleep(delayMs), Effect.sync(() => {
          timers.delete(timer)
          action()
        })))
        timers.add(timer)
        return () => {
          timers.delete(timer)
          timer.interruptUnsafe()
        }
      }
    })
  })
