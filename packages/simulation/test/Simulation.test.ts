import { Cause, Clock, Deferred, Duration, Effect, Exit, Fiber, Queue, Random, Schedule } from "effect"
import { describe, expect, it } from "vitest"
import * as Simulation from "../src/Simulation.ts"

/** A program whose trace depends on time and chance: workers take from one queue and sleep for random times. */
const race = (trace: Array<string>) =>
  Effect.gen(function*() {
    const queue = yield* Queue.unbounded<number>()
    const worker = (name: string) =>
      Effect.forever(Effect.gen(function*() {
        const item = yield* Queue.take(queue)
        yield* Effect.sleep(Duration.millis((yield* Random.next) * 10))
        trace.push(`${yield* Clock.currentTimeNanos} ${name} ${item}`)
      }))
    const workers = yield* Effect.forEach(["a", "b", "c"], (name) => Effect.forkChild(worker(name)))
    for (let item = 0; item < 50; item++) {
      yield* Queue.offer(queue, item)
      yield* Effect.sleep(Duration.millis((yield* Random.next) * 4))
    }
    yield* Effect.sleep("1 second")
    yield* Fiber.interruptAll(workers)
  })

const traceOf = (seed: number): ReadonlyArray<string> => {
  const trace: Array<string> = []
  expect(Simulation.make({ seed }).run(race(trace))).toEqual(Exit.void)
  return trace
}

const reasonOf = (run: () => unknown): Simulation.SimulationError => {
  try {
    run()
  } catch (error) {
    if (error instanceof Simulation.SimulationError) return error
    throw error
  }
  throw new Error("the simulation did not stop")
}

/** One turn of the event loop. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener("message", () => {
      port1.close()
      resolve()
    })
    port1.start()
    port2.postMessage(undefined)
  })

describe("Simulation.run", () => {
  it("the same seed gives the same trace", () => {
    expect(traceOf(11)).toEqual(traceOf(11))
    expect(traceOf(11).length).toBe(50)
  })

  it("different seeds give different traces", () => {
    expect(traceOf(11)).not.toEqual(traceOf(12))
  })

  it("time jumps to the next timer, and all readers of the clock agree", () => {
    const sim = Simulation.make({ seed: 1, epoch: 1_000 })
    const readers = Effect.all([Clock.currentTimeMillis, Clock.currentTimeNanos, Clock.monotonicTimeNanos])
    const exit = sim.run(Effect.gen(function*() {
      const before = yield* readers
      yield* Effect.sleep("2 days")
      yield* Effect.sleep(Duration.millis(0.75))
      return [before, yield* readers]
    }))
    expect(exit).toEqual(Exit.succeed([[1_000, 1_000_000_000n, 0n], [172_801_000, 172_801_000_750_000n, 172_800_000_750_000n]]))
    expect(sim.now()).toBe(172_801_000)
    expect(sim.elapsed()).toBe(172_800_000.75)
  })

  it("the unsafe readers of the clock agree with the effects", () => {
    const sim = Simulation.make({ seed: 1, epoch: 5 })
    sim.run(Effect.gen(function*() {
      yield* Effect.sleep("3 millis")
      const clock = yield* Clock.Clock
      expect(clock.currentTimeMillisUnsafe()).toBe(8)
      expect(clock.currentTimeNanosUnsafe()).toBe(8_000_000n)
      expect(clock.monotonicTimeNanosUnsafe()).toBe(3_000_000n)
    }))
  })

  it("wake-ups at one time come in the order in which they were set", () => {
    const sim = Simulation.make({ seed: 1 })
    const seen: Array<string> = []
    const sleeper = (name: string, millis: number) => Effect.andThen(Effect.sleep(millis), Effect.sync(() => seen.push(name)))
    sim.run(Effect.all([sleeper("a", 5), sleeper("b", 5), sleeper("c", 4), sleeper("d", 5)], { concurrency: "unbounded" }))
    expect(seen).toEqual(["c", "a", "b", "d"])
  })

  it("a fiber is not preempted, however many operations it takes", () => {
    const sim = Simulation.make({ seed: 1 })
    const seen: Array<string> = []
    let operations = 0
    const operation = Effect.sync(() => operations++)
    const busy = (name: string, count: number) =>
      Effect.gen(function*() {
        for (let index = 0; index < count; index++) yield* operation
        seen.push(name)
      })
    sim.run(Effect.all([busy("long", 10_000), busy("short", 1)], { concurrency: "unbounded" }))
    expect(seen).toEqual(["long", "short"])
  })

  it("an interrupted sleep never runs, and its timer does not hold time up", () => {
    const sim = Simulation.make({ seed: 1 })
    const exit = sim.run(Effect.gen(function*() {
      const sleeper = yield* Effect.forkChild(Effect.sleep("1 hour"))
      yield* Effect.sleep("1 second")
      yield* Fiber.interrupt(sleeper)
      return Exit.hasInterrupts(yield* Fiber.await(sleeper))
    }))
    expect(exit).toEqual(Exit.succeed(true))
    expect(sim.elapsed()).toBe(1_000)
  })

  it("timeouts and schedules of Effect run under virtual time", () => {
    const sim = Simulation.make({ seed: 1 })
    const exit = sim.run(Effect.gen(function*() {
      const late = yield* Effect.exit(Effect.timeout(Effect.never, "30 seconds"))
      yield* Effect.repeat(Effect.void, Schedule.max([Schedule.spaced("1 minute"), Schedule.recurs(10)]))
      return Exit.isFailure(late)
    }))
    expect(exit).toEqual(Exit.succeed(true))
    expect(sim.elapsed()).toBe(630_000)
  })

  it("failures and defects of the program are in the exit", () => {
    const sim = Simulation.make({ seed: 1 })
    expect(sim.run(Effect.fail("no"))).toEqual(Exit.fail("no"))
    const exit = sim.run(Effect.andThen(Effect.sleep(1), Effect.die("bug")))
    expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true)
  })

  it("fibers left behind go on in the next run", () => {
    const sim = Simulation.make({ seed: 1 })
    const seen: Array<number> = []
    const beat = Effect.forever(Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => seen.push(sim.elapsed()))))
    sim.run(Effect.asVoid(Effect.forkDetach(beat)))
    expect(seen).toEqual([])
    sim.run(Effect.sleep("3500 millis"))
    expect(seen).toEqual([1_000, 2_000, 3_000])
  })

  it("a cancelled callback does not run, and another does at its time", () => {
    const sim = Simulation.make({ seed: 1 })
    const seen: Array<string> = []
    sim.schedule(1.5, () => seen.push(`kept ${sim.elapsed()}`))
    sim.schedule(1, () => seen.push("cancelled"))()
    sim.schedule(Infinity, () => seen.push("never"))
    sim.run(Effect.sleep("1 day"))
    expect(seen).toEqual(["kept 1.5"])
  })

  it("schedule refuses a delay that is not a number", () => {
    expect(() => Simulation.make({ seed: 1 }).schedule(Number.NaN, () => undefined)).toThrow(/milliseconds, but is NaN/)
  })

  it("make refuses an epoch with a fraction", () => {
    expect(() => Simulation.make({ seed: 1, epoch: 0.5 })).toThrow(/whole milliseconds, but is 0.5/)
  })

  it("drawing more random numbers in one place does not shift another", () => {
    const numbers = (greedy: boolean): ReadonlyArray<number> => {
      const sim = Simulation.make({ seed: 9 })
      if (greedy) for (let index = 0; index < 100; index++) sim.random()
      const exit = sim.run(Effect.all([Random.next, Random.next]))
      return [...(Exit.isSuccess(exit) ? exit.value : []), sim.fork("network").next()]
    }
    expect(numbers(true)).toEqual(numbers(false))
  })

  it("100,000 fibers sleep and wake within seconds", () => {
    const sim = Simulation.make({ seed: 1 })
    const sleepers = Array.from({ length: 100_000 }, (_, index) => Effect.sleep(1 + ((index * 7_919) % 1_000)))
    expect(sim.run(Effect.all(sleepers, { concurrency: "unbounded", discard: true }))).toEqual(Exit.void)
    expect(sim.elapsed()).toBe(1_000)
  }, 10_000)
})

describe("Simulation errors", () => {
  it("a program that nothing can wake is a deadlock, reported with the virtual time", () => {
    const sim = Simulation.make({ seed: 1, describe: () => "queue length: 3" })
    const error = reasonOf(() => sim.run(Effect.andThen(Effect.sleep("1500 millis"), Effect.flatMap(Deferred.make<void>(), Deferred.await))))
    expect(error.reason).toEqual({ _tag: "Deadlock" })
    expect(error.elapsed).toBe(1_500)
    expect(error.message).toMatch(/^Simulation stopped at virtual time 1.5 s, after 1 steps: deadlock: .*\nqueue length: 3$/)
  })

  it("a promise in a synchronous run is a deadlock that names runAsync", () => {
    const error = reasonOf(() => Simulation.make({ seed: 1 }).run(Effect.promise(() => Promise.resolve(1))))
    expect(error.message).toContain("needs runAsync")
  })

  it("a program that outlives the limit on virtual time is stopped", () => {
    const sim = Simulation.make({ seed: 1, virtualTimeMax: "1 minute" })
    const error = reasonOf(() => sim.run(Effect.forever(Effect.sleep("7 seconds"))))
    expect(error.reason).toEqual({ _tag: "TimeLimit", virtualTimeMax: 60_000 })
    expect(error.elapsed).toBe(56_000)
    expect(error.message).toContain("not done after 60 s of virtual time")
  })

  it("fibers that wake each other for ever meet the limit on steps", () => {
    const sim = Simulation.make({ seed: 1, stepsMax: 1_000 })
    const error = reasonOf(() => sim.run(Effect.forever(Effect.yieldNow)))
    expect(error.reason).toEqual({ _tag: "StepLimit", stepsMax: 1_000 })
    expect(error.elapsed).toBe(0)
  })

  it("waits that are too short for time to pass meet the limit of a millisecond", () => {
    const sim = Simulation.make({ seed: 1, stepsPerMilliMax: 1_000 })
    const error = reasonOf(() => sim.run(Effect.andThen(Effect.sleep("1 second"), Effect.forever(Effect.sync(() => 0).pipe(Effect.andThen(Effect.sleep(1e-13)))))))
    expect(error.reason).toEqual({ _tag: "Standstill", stepsPerMilliMax: 1_000 })
    expect(error.elapsed).toBe(1000)
    expect(error.message).toContain("time stands still: 1000 steps within one millisecond")
  })

  it("many steps over a long time meet no limit", () => {
    const sim = Simulation.make({ seed: 1, stepsPerMilliMax: 10 })
    expect(sim.run(Effect.forEach(Array.from({ length: 1_000 }, (_, i) => i), () => Effect.sleep(0.25), { discard: true }))._tag).toBe("Success")
  })

  it("a fiber that never waits is stopped as a runaway", () => {
    const sim = Simulation.make({ seed: 1, operationsMax: 10_000 })
    let operations = 0
    const error = reasonOf(() => sim.run(Effect.forever(Effect.sync(() => operations++), { disableYield: true })))
    expect(error.reason).toEqual({ _tag: "Runaway", operationsMax: 10_000 })
  })

  it("run inside a running simulation is refused, and the outer run goes on", () => {
    const sim = Simulation.make({ seed: 1 })
    const exit = sim.run(Effect.sync(() => reasonOf(() => sim.run(Effect.void)).reason._tag))
    expect(exit).toEqual(Exit.succeed("Busy"))
  })

  it("a simulation can run again after it was stopped", () => {
    const sim = Simulation.make({ seed: 1 })
    reasonOf(() => sim.run(Effect.never))
    expect(sim.run(Effect.succeed(1))).toEqual(Exit.succeed(1))
  })
})

describe("Simulation.runAsync", () => {
  it("gives the same trace as run", async () => {
    const trace: Array<string> = []
    await Simulation.make({ seed: 11 }).runAsync(race(trace), settle)
    expect(trace).toEqual(traceOf(11))
  })

  it("time stands still while promises are in play", async () => {
    const sim = Simulation.make({ seed: 1 })
    const hop = Effect.promise(() => settle())
    const seen: Array<string> = []
    const exit = await sim.runAsync(
      Effect.gen(function*() {
        yield* Effect.forkChild(Effect.andThen(Effect.sleep("1 milli"), Effect.sync(() => seen.push("timer"))))
        for (let index = 0; index < 20; index++) yield* hop
        seen.push(`answer at ${sim.elapsed()}`)
        yield* Effect.sleep("2 millis")
      }),
      // A hop takes one turn, so two turns are enough to see its fiber move.
      () => settle().then(settle)
    )
    expect(exit).toEqual(Exit.void)
    expect(seen).toEqual(["answer at 0", "timer"])
  })

  it("rejects with a deadlock when nothing moves any more", async () => {
    const sim = Simulation.make({ seed: 1 })
    const error = await sim.runAsync(Effect.never, settle).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Simulation.SimulationError)
    expect((error as Simulation.SimulationError).reason._tag).toBe("Deadlock")
  })

  it("a second run is refused while the first waits for promises", async () => {
    const sim = Simulation.make({ seed: 1 })
    const first = sim.runAsync(Effect.promise(() => settle()), settle)
    expect(reasonOf(() => sim.run(Effect.void)).reason._tag).toBe("Busy")
    expect(await first).toEqual(Exit.void)
  })
})
