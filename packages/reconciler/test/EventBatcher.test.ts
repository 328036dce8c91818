import { Effect, Exit, Fiber, Latch, Scope, type Tracer } from "effect"
import { describe, expect, it } from "vitest"
import { type ActionEvent, EventBatcher, EventSinkError } from "../src/index.ts"
import { Simulation } from "@fairlead/simulation"

const event = (version: number): ActionEvent => ({
  id: { project: "p", domain: "d", run: "r", action: `a${version}` }, attempt: 1, phase: "QUEUED", version, updatedTime: 0, cluster: "", clusterEvents: [], logs: [], cacheStatus: 0
})
const refused = (options: { readonly retryable: boolean; readonly isAnswer?: boolean }) => new EventSinkError({ description: "no", ...options })

/** A sink that takes `latency` milliseconds and fails calls with a bad event in them. */
const sinkWith = (options: { readonly latency?: number; readonly bad?: ReadonlyArray<number>; readonly error?: EventSinkError } = {}) => {
  const calls: Array<ReadonlyArray<number>> = []
  return {
    calls,
    record: (events: ReadonlyArray<ActionEvent>) => Effect.gen(function*() {
      calls.push(events.map((it) => it.version))
      yield* Effect.sleep(options.latency ?? 10)
      if (events.some((it) => options.bad?.includes(it.version))) return yield* (options.error ?? refused({ retryable: false }))
    })
  }
}
const run = <A>(effect: Effect.Effect<A, unknown, Scope.Scope>): A => {
  const exit = Simulation.make({ seed: 1 }).run(Effect.scoped(effect))
  if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  return exit.value
}
const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

describe("EventBatcher", () => {
  it("gives every call a trace of its own, with a link to the span of each caller", () => {
    const flushes: Array<Tracer.Span> = []
    const sink = {
      record: () => Effect.gen(function*() {
        flushes.push(yield* Effect.orDie(Effect.currentSpan))
        yield* Effect.sleep(10)
      })
    }
    run(Effect.gen(function*() {
      const batcher = yield* EventBatcher.make(sink, { flushesMax: 1 })
      const callers = [1, 2, 3].map((it) => Effect.withSpan(batcher.record([event(it)]), `caller ${it}`))
      yield* Effect.all([...callers, batcher.record([event(4)])], { concurrency: "unbounded" })
    }))
    expect(flushes.map((it) => it.links.map(({ span }) => span._tag === "Span" ? span.name : span._tag))).toEqual([["caller 1"], ["caller 2", "caller 3"]])
    expect(flushes.every((it) => it.parent._tag === "None")).toBe(true)
  })

  it("sends a lone event at once", () => {
    const sink = sinkWith()
    run(Effect.gen(function*() {
      const batcher = yield* EventBatcher.make(sink)
      yield* batcher.record([event(1)])
      yield* batcher.record([event(2)])
    }))
    expect(sink.calls).toEqual([[1], [2]])
  })

  it("delivers a thousand events once each, in few calls of bounded size", () => {
    const sink = sinkWith()
    run(Effect.gen(function*() {
      const batcher = yield* EventBatcher.make(sink)
      yield* Effect.forEach(range(1000), (version) => batcher.record([event(version)]), { concurrency: "unbounded" })
    }))
    expect(sink.calls.flat().toSorted((a, b) => a - b)).toEqual(range(1000))
    expect(Math.max(...sink.calls.map((it) => it.length))).toBe(400)
    expect(sink.calls.length).toBeLessThan(10)
  })

  it("keeps what one caller hands over together, even when it is more than fits", () => {
    const sink = sinkWith()
    run(Effect.flatMap(EventBatcher.make(sink, { batchMax: 2 }), (batcher) => batcher.record(range(5).map(event))))
    expect(sink.calls).toEqual([[0, 1, 2, 3, 4]])
  })

  it("tells every caller of a call without an answer that it failed", () => {
    const sink = sinkWith({ bad: [3], error: refused({ retryable: true }) })
    const failures = run(Effect.gen(function*() {
      const batcher = yield* EventBatcher.make(sink, { flushesMax: 1 })
      return yield* Effect.forEach(range(6), (version) => Effect.isFailure(batcher.record([event(version)])), { concurrency: "unbounded" })
    }))
    expect(failures).toEqual([false, true, true, true, true, true])
    expect(sink.calls).toEqual([[0], [1, 2, 3, 4, 5]])
  })

  it("finds the events that are refused for good, and fails their caller alone", () => {
    const sink = sinkWith({ bad: [7, 30] })
    const failures = run(Effect.gen(function*() {
      const batcher = yield* EventBatcher.make(sink, { flushesMax: 1 })
      return yield* Effect.forEach(range(40), (version) => Effect.isFailure(batcher.record([event(version)])), { concurrency: "unbounded" })
    }))
    expect(range(40).filter((version) => failures[version])).toEqual([7, 30])
  })

  it("cuts a batch once when it is refused for now", () => {
    const sink = sinkWith({ bad: [8], error: refused({ retryable: true, isAnswer: true }) })
    const failures = run(Effect.gen(function*() {
      const batcher = yield* EventBatcher.make(sink, { flushesMax: 1 })
      return yield* Effect.forEach(range(9), (version) => Effect.isFailure(batcher.record([event(version)])), { concurrency: "unbounded" })
    }))
    expect(range(9).filter((version) => failures[version])).toEqual([5, 6, 7, 8])
  })

  it("gives up a call that takes too long", () => {
    const sink = sinkWith({ latency: 60_000 })
    const error = run(Effect.flatMap(EventBatcher.make(sink, { flushTimeout: "5 seconds" }), (batcher) => Effect.flip(batcher.record([event(1)]))))
    expect(error).toMatchObject({ retryable: true, description: "no answer in time" })
  })

  it("turns a sink that throws into a failure", () => {
    const error = run(Effect.flatMap(EventBatcher.make({ record: () => Effect.die("a bug") }), (batcher) => Effect.flip(batcher.record([event(1)]))))
    expect(error).toMatchObject({ retryable: true, description: "a bug" })
  })

  it("sends what it was handed although the caller goes, and before it closes", () => {
    const sink = sinkWith({ latency: 1000 })
    run(Effect.gen(function*() {
      const scope = yield* Scope.make()
      const batcher = yield* Scope.provide(EventBatcher.make(sink, { flushesMax: 1 }), scope)
      const started = yield* Latch.make()
      const callers = yield* Effect.forEach(range(3), (version) => Effect.forkChild(Effect.andThen(started.open, batcher.record([event(version)])), { startImmediately: true }))
      yield* started.await
      yield* Fiber.interruptAll(callers)
      yield* Scope.close(scope, Exit.void)
    }))
    expect(sink.calls).toEqual([[0], [1, 2]])
  })
})
