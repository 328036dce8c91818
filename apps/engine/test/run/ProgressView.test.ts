import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type TaskProgress, waiting } from "../../src/run/Progress.ts"
import * as ProgressView from "../../src/run/ProgressView.ts"

const screenOf = (isTerminal: boolean) => {
  const written: Array<string> = []
  const layer = Layer.succeed(ProgressView.Screen, { isTerminal, columns: () => 40, rows: () => 10, write: (text) => written.push(text) })
  return { written, layer }
}

const running: TaskProgress = { ...waiting("a"), state: "running", submittedAt: 0 }
const ended: TaskProgress = { ...running, state: "succeeded", endedAt: 500 }

it.effect("elsewhere than on a terminal, every change and note is one line", () =>
  Effect.gen(function*() {
    const { layer, written } = screenOf(false)
    yield* Effect.gen(function*() {
      const view = yield* ProgressView.make(() => [running])
      view.change({ previous: waiting("a"), task: running })
      view.note("half way")
      yield* TestClock.adjust("1 second")
      view.change({ previous: running, task: ended })
    }).pipe(Effect.scoped, Effect.provide(layer))
    expect(written).toEqual(["running    a\n", "half way\n", "succeeded  a in 0.50s\n"])
  }))

it.effect("on a terminal, ends stay, the rest is painted over ten times a second and vanishes with the scope", () =>
  Effect.gen(function*() {
    const { layer, written } = screenOf(true)
    let tasks: ReadonlyArray<TaskProgress> = [running]
    yield* Effect.gen(function*() {
      const view = yield* ProgressView.make(() => tasks)
      view.change({ previous: waiting("a"), task: running })
      expect(written).toEqual([])
      yield* TestClock.adjust("100 millis")
      expect(written).toEqual(["\r\u001B[J0/1 done, 1 running\n▸ a  0.10s\n"])
      tasks = [ended]
      view.change({ previous: running, task: ended })
      expect(written.at(-1)).toBe("\u001B[2A\r\u001B[Jsucceeded  a in 0.50s\n1/1 done\n")
    }).pipe(Effect.scoped, Effect.provide(layer))
    expect(written.at(-1)).toBe("\u001B[1A\r\u001B[J")
  }))
