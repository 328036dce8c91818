/** A server over plain HTTP for as long as a test runs. */
import { Effect, type Scope } from "effect"
import { FakeApiServer } from "../../src/index.ts"
import { listen } from "../../src/node.ts"

/** Token of the administrator. */
export const token = "admin-token"

/** A server that knows the administrator. */
export const serverLayer = FakeApiServer.layerWith({ tokens: { [token]: { name: "admin", groups: ["system:masters"] } } })

/** Listens, and runs what talks to it. */
export const withUrl = <A>(program: (url: string, server: FakeApiServer["Service"]) => Promise<A>): Effect.Effect<A, never, FakeApiServer | Scope.Scope> =>
  Effect.gen(function*() {
    const server = yield* FakeApiServer
    const { url } = yield* Effect.orDie(listen({ server }))
    return yield* Effect.promise(() => program(url, server))
  })

/** Waits for something that happens by itself; fails after ten seconds. */
export const eventually = async (holds: () => boolean, what: string): Promise<void> => {
  for (let waited = 0; !holds(); waited += 5) {
    if (waited > 10_000) throw new Error(`still waiting: ${what}`)
    await new Promise((done) => setTimeout(done, 5))
  }
}
