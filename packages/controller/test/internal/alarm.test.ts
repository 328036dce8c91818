import { Clock, Duration, Effect } from "effect"
import { expect, it } from "vitest"
import { Alarm } from "../../src/internal/alarm.ts"

it("Alarm lets time pass before a time that is not reached, however near (regression)", () =>
  Effect.runPromise(Effect.gen(function*() {
    // A wait for a fraction of a nanosecond was no wait: whoever heard the alarm was as early as before, and asked again for ever.
    const waits: Array<bigint> = []
    const clock: Clock.Clock = { ...(yield* Clock.Clock), sleep: (wait) => Effect.suspend(() => (waits.push(Duration.toNanosUnsafe(wait)), Effect.never)) }
    const alarm = new Alarm(clock, Effect.runForkWith(yield* Effect.context<never>()), () => {})
    alarm.set(1000.000_000_1, 1000)
    alarm.set(1000, 1000)
    alarm.stop()
    expect(waits).toEqual([1000n, 0n])
  })))
