/** Effect's `Clock` and `Scheduler` over virtual time and one run queue. */
import { Clock, Duration, Effect, type Scheduler } from "effect"
import type { RunQueue } from "./runQueue.ts"

/** Where virtual time stands and how to wait for it. */
export interface VirtualTime {
  /** Milliseconds since the epoch of Unix at the start of the run. */
  readonly epoch: number
  /** Milliseconds since the start of the run; fractions are allowed. */
  readonly elapsed: () => number
  readonly schedule: (delay: number, run: () => void) => () => void
}

const nanosPerMilli = 1_000_000

/**
 * Wall time is whole milliseconds, as on a real machine: it is rounded down, so whoever sleeps until a deadline never
 * wakes before it. Nanoseconds carry the fraction.
 */
export const makeClock = (time: VirtualTime): Clock.Clock => {
  const millis = (): number => Math.floor(time.epoch + time.elapsed())
  let elapsedLast = 0
  let nanosLast = 0n
  // Asked several times at each moment by everybody who works at it.
  const monotonicNanos = (): bigint => {
    const elapsed = time.elapsed()
    if (elapsed === elapsedLast) return nanosLast
    elapsedLast = elapsed
    return (nanosLast = BigInt(Math.floor(elapsed * nanosPerMilli)))
  }
  const epochNanos = BigInt(time.epoch) * BigInt(nanosPerMilli)
  const nanos = (): bigint => epochNanos + monotonicNanos()
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: monotonicNanos,
    monotonicTimeNanos: Effect.sync(monotonicNanos),
    sleep: (duration) => {
      const delay = Duration.toMillis(duration)
      if (delay <= 0) return Effect.yieldNow
      if (delay === Infinity) return Effect.never
      return Effect.callback<void>((resume) => Effect.sync(time.schedule(delay, () => resume(Effect.void))))
    }
  }
}

/** What the scheduler reports about fibers while they run. */
export interface FiberWatch {
  /** Operations that fibers have carried out. */
  operations: number
  /** A fiber has carried out `operationsMax` operations without waiting once. */
  runaway: boolean
  readonly operationsMax: number
}

/**
 * One dispatcher for all fibers, and no preemption: a fiber runs until it waits, so the order of events does not
 * depend on how many operations a fiber needs. Only a runaway fiber is made to yield, so that it can be reported.
 */
export const makeScheduler = (queue: RunQueue, watch: FiberWatch, flush: () => void): Scheduler.Scheduler => {
  const dispatcher: Scheduler.SchedulerDispatcher = {
    scheduleTask: (task, priority) => queue.push(task, priority),
    flush
  }
  return {
    executionMode: "sync",
    shouldYield: (fiber) => {
      watch.operations++
      if (fiber.currentOpCount < watch.operationsMax) return false
      watch.runaway = true
      return true
    },
    makeDispatcher: () => dispatcher
  }
}
