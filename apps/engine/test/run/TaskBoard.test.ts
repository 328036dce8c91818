import { describe, expect, it } from "@effect/vitest"
import type { TaskAction } from "@fairlead/core"
import { Effect, Fiber } from "effect"
import type { ProgressChange } from "../../src/run/Progress.ts"
import { TaskBoard } from "../../src/run/TaskBoard.ts"
import type { Submission } from "../../src/tasks/Submission.ts"

const submission = (name: string): Submission => ({
  name,
  action: { metadata: { name, namespace: "default" }, spec: { runName: "r", project: "p", domain: "d", actionName: name } },
  references: [],
  document: { file: "f", value: {}, lineOf: () => 1 },
  nameField: ["name"]
})

const version = (name: string, type: string, reason: string): TaskAction.TaskAction => ({
  ...submission(name).action,
  status: { conditions: [{ type, status: "True", reason, message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }] }
})

const boardWith = (...names: ReadonlyArray<string>) => {
  const board = new TaskBoard(names.map(submission))
  const changes: Array<string> = []
  board.follow(({ previous, task }: ProgressChange) => changes.push(`${task.name} ${previous.state}→${task.state}`))
  return { board, changes }
}

describe("TaskBoard", () => {
  it("keeps the order of submission and tells every change once", () => {
    const { board, changes } = boardWith("b", "a")
    board.submitted("a", 100)
    board.observed("a", version("a", "Progressing", "Executing"), 200)
    board.observed("a", version("a", "Succeeded", "Completed"), 300)
    expect(board.list().map(({ submission, progress }) => [submission.name, progress.state])).toEqual([["b", "waiting"], ["a", "succeeded"]])
    expect(board.list()[1]?.progress).toMatchObject({ submittedAt: 100, endedAt: 300 })
    expect(changes).toEqual(["a waiting→queued", "a queued→running", "a running→succeeded"])
  })

  it("does not let anything change a task that has ended, nor tell of it", () => {
    const { board, changes } = boardWith("a")
    board.gaveUp("a", "failed", "no room", 5)
    board.observed("a", version("a", "Succeeded", "Completed"), 6)
    board.gaveUp("a", "aborted", "deleted", 7)
    expect(board.progress()).toMatchObject([{ state: "failed", reason: "no room", endedAt: 5 }])
    expect(changes).toEqual(["a waiting→failed"])
  })

  it("ignores objects that are not of the run", () => {
    const { board, changes } = boardWith("a")
    board.observed("stranger", version("stranger", "Succeeded", "Completed"), 1)
    expect([board.progress().length, changes]).toEqual([1, []])
  })

  it("tells why a task was aborted once the run stops its tasks", () => {
    const { board } = boardWith("a", "b")
    board.observed("a", version("a", "Failed", "Aborted"), 1)
    board.stopReason = "stopped: the time is over"
    board.observed("b", version("b", "Failed", "Aborted"), 2)
    expect(board.progress().map((it) => it.reason)).toEqual(["", "stopped: the time is over"])
  })

  it.effect("ended waits for the end, and answers at once afterwards", () =>
    Effect.gen(function*() {
      const { board } = boardWith("a")
      const waiting = yield* Effect.forkChild(board.ended("a"), { startImmediately: true })
      board.submitted("a", 1)
      expect(waiting.pollUnsafe()).toBeUndefined()
      board.observed("a", version("a", "Succeeded", "Completed"), 2)
      expect((yield* Fiber.join(waiting)).progress.state).toBe("succeeded")
      expect((yield* board.ended("a")).progress.endedAt).toBe(2)
    }))

  it.effect("started waits until the task is running, or has ended without", () =>
    Effect.gen(function*() {
      const { board } = boardWith("a", "b")
      const waiting = yield* Effect.forkChild(Effect.all([board.started("a"), board.started("b")]), { startImmediately: true })
      board.submitted("a", 1)
      board.observed("a", version("a", "Progressing", "Queued"), 2)
      board.gaveUp("b", "failed", "no room", 3)
      expect(waiting.pollUnsafe()).toBeUndefined()
      board.observed("a", version("a", "Progressing", "Executing"), 4)
      expect((yield* Fiber.join(waiting)).map(({ progress }) => progress.state)).toEqual(["running", "failed"])
    }))
})
