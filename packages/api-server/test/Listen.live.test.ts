import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { FakeApiServer } from "../src/index.ts"
import { listen } from "../src/node.ts"

it.live("a listening server answers requests and watches until its scope closes", () =>
  Effect.gen(function*() {
    const server = yield* FakeApiServer
    const { url } = yield* listen({ server })
    const version = yield* Effect.promise(() => fetch(`${url}/version`).then((response) => response.status))
    assert.strictEqual(version, 200)
  }).pipe(Effect.scoped, Effect.provide(FakeApiServer.layer)))
