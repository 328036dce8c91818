/** Runs an Effect program under virtual time from a seed, so that a run can be repeated exactly. */
import { Clock, Context, Data, Duration, Effect, type Exit, type Fiber, Random, Scheduler } from "effect"
import { RunQueue } from "./internal/runQueue.ts"
import { TimerHeap } from "./internal/timerHeap.ts"
import { type FiberWatch, makeClock, makeScheduler } from "./internal/virtualClock.ts"
import * as SeededRandom from "./SeededRandom.ts"

/** Why a simulation stopped before its program was done. */
export type SimulationReason =
  /** No fiber can run and no timer is set, so the program would wait for ever. */
  | { readonly _tag: "Deadlock" }
  | { readonly _tag: "TimeLimit"; readonly virtualTimeMax: number }
  | { readonly _tag: "StepLimit"; readonly stepsMax: number }
  /** Within one millisecond more happened than any program does: it goes round in a circle. */
  | { readonly _tag: "Standstill"; readonly stepsPerMilliMax: number }
  /** One fiber went on and on without waiting for anything. */
  | { readonly _tag: "Runaway"; readonly operationsMax: number }
  /** `run` was called while the same simulation was already running. */
  | { readonly _tag: "Busy" }

/** Thrown by `run` and `runAsync` when the simulation cannot go on; errors of the program are in its `Exit` instead. */
export class SimulationError extends Data.TaggedError("SimulationError")<{
  readonly reason: SimulationReason
  /** Virtual milliseconds since the start. */
  readonly elapsed: number
  readonly steps: number
  /** What `options.describe` said about the program. */
  readonly description: string
}> {
  override get message(): string {
    const at = `at virtual time ${this.elapsed / 1000} s, after ${this.steps} steps`
    return `Simulation stopped ${at}: ${explain(this.reason)}${this.description === "" ? "" : `\n${this.description}`}`
  }
}

/** How to set a simulation up. */
export interface SimulationOptions {
  /** The same seed gives the same run. */
  readonly seed: number | string
  /** Wall time at the start, in whole milliseconds since 1970; 2026-01-01T00:00:00Z if not given. */
  readonly epoch?: number | undefined
  /** The run fails with `TimeLimit` beyond this; 7 days if not given. */
  readonly virtualTimeMax?: Duration.Input | undefined
  /** The run fails with `StepLimit` beyond so many tasks and timers; 500 million if not given. */
  readonly stepsMax?: number | undefined
  /** The run fails with `Standstill` after so many tasks and timers within one virtual millisecond; 5 million if not given. */
  readonly stepsPerMilliMax?: number | undefined
  /** The run fails with `Runaway` when one fiber takes so many operations without waiting; 20 million if not given. */
  readonly operationsMax?: number | undefined
  /** Called for errors: what the program was doing, such as lengths of queues. Must not change anything. */
  readonly describe?: (() => string) | undefined
}

/**
 * A world with its own time and chance.
 *
 * All fibers share one run queue, first in first out, and are never preempted. When the queue is empty, time jumps to
 * the next timer. Timers run by (time, order of setting), one at a time: each runs to the end of what it wakes before
 * the next one starts. So the order of events follows from the seed alone, whatever the machine does; different
 * interleavings come from different latencies, drawn from the seed.
 */
export interface Simulation {
  /** Wall time in whole milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds since the start, with their fraction. */
  readonly elapsed: () => number
  /** Tasks and timers run so far. */
  readonly steps: () => number
  /** Numbers in [0, 1) from a stream of their own, for code outside Effect. */
  readonly random: () => number
  /** The stream of random numbers that belongs to `label`; see `SeededRandom.fork`. */
  readonly fork: (label: string) => SeededRandom.SeededRandom
  /** Calls `run` after `delay` milliseconds of virtual time; the answer cancels it. */
  readonly schedule: (delay: number, run: () => void) => () => void
  /** `Clock`, `Random` and `Scheduler` of this world, to provide to effects. `run` and `runAsync` provide them too. */
  readonly services: Context.Context<never>
  /**
   * Runs `effect` to its end without a single turn of the event loop; fibers that it leaves behind rest until the
   * next `run`. Throws `SimulationError`.
   */
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Exit.Exit<A, E>
  /**
   * Runs `effect` while promises are in play, as with byte transports. Time stands still until nothing has happened
   * during one whole `settle()`, which waits for a turn of the event loop (Node: `setImmediate`) and, where I/O leaves
   * the process, until none is in flight. Rejects with `SimulationError`.
   */
  readonly runAsync: <A, E>(effect: Effect.Effect<A, E>, settle: () => Promise<void>) => Promise<Exit.Exit<A, E>>
}

/** Makes a world at the start of its time. */
export const make = (options: SimulationOptions): Simulation => {
  const world = new World(options)
  const root = SeededRandom.make(options.seed)
  const services = world.services(root.fork("effect/Random"))
  const fork = <A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> => Effect.runForkWith(services)(effect)
  return {
    now: () => Math.floor(world.epoch + world.elapsed),
    elapsed: () => world.elapsed,
    steps: () => world.steps,
    random: root.fork("random").next,
    fork: root.fork,
    schedule: world.schedule,
    services,
    run: (effect) => world.run(() => fork(effect)),
    runAsync: (effect, settle) => world.runAsync(() => fork(effect), settle)
  }
}

const epochDefault = 1_767_225_600_000
/** How often to settle again before a silent program counts as deadlocked: some I/O needs several turns. */
const idleSettlesMax = 100

/** Time, timers and tasks of one simulation. */
class World {
  readonly epoch: number
  elapsed = 0
  steps = 0
  private readonly queue = new RunQueue()
  private readonly timers = new TimerHeap()
  private readonly fibers: FiberWatch
  private readonly virtualTimeMax: number
  private readonly stepsMax: number
  private readonly stepsPerMilliMax: number
  private milli = 0
  private milliStepsMax: number
  private readonly describe: () => string
  private busy = false

  constructor(options: SimulationOptions) {
    this.epoch = options.epoch ?? epochDefault
    if (!Number.isSafeInteger(this.epoch)) throw new RangeError(`epoch must be whole milliseconds, but is ${this.epoch}`)
    this.virtualTimeMax = Duration.toMillis(options.virtualTimeMax ?? "7 days")
    this.stepsMax = options.stepsMax ?? 500_000_000
    this.stepsPerMilliMax = options.stepsPerMilliMax ?? 5_000_000
    this.milliStepsMax = this.stepsPerMilliMax
    this.describe = options.describe ?? (() => "")
    this.fibers = { operations: 0, runaway: false, operationsMax: options.operationsMax ?? 20_000_000 }
  }

  readonly schedule = (delay: number, run: () => void): () => void => {
    if (Number.isNaN(delay)) throw new RangeError("the delay of a timer must be a number of milliseconds, but is NaN")
    if (delay === Infinity) return () => undefined
    const timer = this.timers.push(this.elapsed + Math.max(0, delay), run)
    return () => this.timers.cancel(timer)
  }

  services(random: SeededRandom.SeededRandom): Context.Context<never> {
    const time = { epoch: this.epoch, elapsed: () => this.elapsed, schedule: this.schedule }
    return Context.make(Clock.Clock, makeClock(time)).pipe(
      Context.add(Random.Random, SeededRandom.toService(random)),
      Context.add(Scheduler.Scheduler, makeScheduler(this.queue, this.fibers, () => this.drain()))
    )
  }

  run<A, E>(start: () => Fiber.Fiber<A, E>): Exit.Exit<A, E> {
    this.enter()
    try {
      const fiber = start()
      for (;;) {
        this.drain()
        const exit = fiber.pollUnsafe()
        if (exit !== undefined) return exit
        if (!this.advance()) throw this.stop({ _tag: "Deadlock" })
      }
    } finally {
      this.busy = false
    }
  }

  async runAsync<A, E>(start: () => Fiber.Fiber<A, E>, settle: () => Promise<void>): Promise<Exit.Exit<A, E>> {
    this.enter()
    try {
      const fiber = start()
      let idleSettles = 0
      for (;;) {
        this.drain()
        const exit = fiber.pollUnsafe()
        if (exit !== undefined) return exit
        const operations = this.fibers.operations
        await settle()
        if (this.queue.size > 0 || this.fibers.operations !== operations || this.advance()) idleSettles = 0
        else if (++idleSettles > idleSettlesMax) throw this.stop({ _tag: "Deadlock" })
      }
    } finally {
      this.busy = false
    }
  }

  private enter(): void {
    if (this.busy) throw this.stop({ _tag: "Busy" })
    this.busy = true
  }

  /** Runs ready tasks, and those that they make ready, until none is left. */
  private drain(): void {
    if (this.fibers.runaway) this.stopRunaway()
    for (let task = this.queue.take(); task !== undefined; task = this.queue.take()) {
      this.countStep()
      task()
      if (this.fibers.runaway) this.stopRunaway()
    }
  }

  /** Moves time to the next timer and runs it. */
  private advance(): boolean {
    const timer = this.timers.pop()
    if (timer === undefined) return false
    if (timer.time > this.virtualTimeMax) throw this.stop({ _tag: "TimeLimit", virtualTimeMax: this.virtualTimeMax })
    if (timer.time - this.milli >= 1) {
      this.milli = timer.time
      this.milliStepsMax = this.steps + this.stepsPerMilliMax
    }
    this.countStep()
    this.elapsed = timer.time
    const run = timer.run!
    timer.run = undefined
    run()
    return true
  }

  private countStep(): void {
    if (++this.steps > this.stepsMax) throw this.stop({ _tag: "StepLimit", stepsMax: this.stepsMax })
    if (this.steps > this.milliStepsMax) throw this.stop({ _tag: "Standstill", stepsPerMilliMax: this.stepsPerMilliMax })
  }

  private stopRunaway(): never {
    this.fibers.runaway = false
    throw this.stop({ _tag: "Runaway", operationsMax: this.fibers.operationsMax })
  }

  private stop(reason: SimulationReason): SimulationError {
    return new SimulationError({ reason, elapsed: this.elapsed, steps: this.steps, description: this.describe() })
  }
}

const explain = (reason: SimulationReason): string => {
  switch (reason._tag) {
    case "Deadlock":
      return "deadlock: the program is not done, yet no fiber can run and no timer is set. It waits for something that nobody " +
        "will bring, such as a Deferred, a Queue or a semaphore; a promise needs runAsync and a settle that waits for its I/O"
    case "TimeLimit":
      return `the program is not done after ${reason.virtualTimeMax / 1000} s of virtual time (virtualTimeMax)`
    case "StepLimit":
      return `the program is not done after ${reason.stepsMax} steps (stepsMax); perhaps fibers wake each other for ever`
    case "Standstill":
      return `time stands still: ${reason.stepsPerMilliMax} steps within one millisecond (stepsPerMilliMax); perhaps a wait is too short for any clock, or fibers wake each other for ever`
    case "Runaway":
      return `a fiber carried out ${reason.operationsMax} operations (operationsMax) without waiting once`
    case "Busy":
      return "run was called from inside a running simulation; use one run, or another simulation"
  }
}
