import { Simulation } from "@fairlead/simulation"
import { Cause, Clock, Effect, Exit, Result } from "effect"
import { expect, it } from "vitest"
import { WriteGate } from "../../src/internal/writeGate.ts"
import { makeJobCache, parsePluginConfig } from "../../src/index.ts"

const config = Result.getOrThrow(parsePluginConfig({ writeRateLimiter: { qps: 1, burst: 5 } }))
const secrets = { get: () => Effect.die("none") }

it.each([-3_600_000, 3_600_000])("looks and creates keep their pace although somebody sets the clock by %i ms", (jump) => {
  const program = Effect.gen(function*() {
    const clock = yield* Clock.Clock
    let offset = 0
    const set = Object.assign(Object.create(clock) as Clock.Clock, { currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offset })
    let looks = 0
    const turns: Array<string> = []
    const plugin = { get: () => Effect.sync(() => ({ looks: ++looks })) }
    const cache = yield* Effect.provideService(makeJobCache<{ readonly id: string }, { readonly looks: number }>({ plugin, config }), Clock.Clock, set)
    const gate = yield* Effect.provideService(WriteGate.make(config.writeRateLimiter), Clock.Clock, set)
    cache.add({ key: "a", meta: { id: "a" }, secrets, endpoint: "", tenant: "t", wake: () => undefined })
    yield* Effect.sleep("5 minutes")
    const before = looks
    cache.look("a")
    for (let at = 0; at < 5; at++) gate.ask(`first${at}`, "", "t", () => undefined)
    offset = jump
    for (let at = 0; at < 20; at++) gate.ask(`k${at}`, "", "t", () => void turns.push(`k${at}`))
    yield* Effect.sleep("10 seconds")
    expect([9, 10]).toContain(turns.length)
    yield* Effect.sleep("290 seconds")
    expect(Math.abs(looks - 2 * before)).toBeLessThan(before / 2)
  })
  const exit = Simulation.make({ seed: 1, virtualTimeMax: "1 hour" }).run(Effect.scoped(program))
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
})
