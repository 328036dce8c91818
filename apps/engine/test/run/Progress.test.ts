import type { TaskAction } from "@fairlead/core"
import { describe, expect, it } from "vitest"
import { changeLine, liveLines, observe, stateOf, waiting } from "../../src/run/Progress.ts"

type Conditions = ReadonlyArray<readonly [type: string, status: "True" | "False", reason: string, message?: string]>

const action = (conditions: Conditions, status: Partial<TaskAction.TaskActionStatus> = {}): TaskAction.TaskAction => ({
  metadata: { name: "a" },
  spec: { runName: "r", project: "p", domain: "d", actionName: "a" },
  status: {
    ...status,
    conditions: conditions.map(([type, status, reason, message = ""]) => ({ type, status, reason, message, lastTransitionTime: "2026-01-01T00:00:00Z" }))
  }
})

describe("stateOf", () => {
  it.each<readonly [string, Conditions]>([
    ["queued", []],
    ["queued", [["Progressing", "True", "Queued"]]],
    ["running", [["Progressing", "True", "Executing"]]],
    ["succeeded", [["Progressing", "False", "Completed"], ["Succeeded", "True", "Completed"]]],
    ["failed", [["Failed", "True", "PermanentFailure"]]],
    ["aborted", [["Failed", "True", "Aborted"]]]
  ])("is %s for %j", (expected, conditions) => {
    expect(stateOf(action(conditions))).toBe(expected)
  })
})

describe("observe and changeLine", () => {
  const submitted = { ...waiting("a"), state: "queued" as const, submittedAt: 1000 }

  it("tell start, retry and end in one line each", () => {
    const running = observe(submitted, action([["Progressing", "True", "Executing"]]), 1100)
    expect(changeLine({ previous: submitted, task: running })).toBe("running    a")
    const retried = observe(running, action([["Progressing", "True", "Executing"]], { attempts: 2 }), 1200)
    expect(changeLine({ previous: running, task: retried })).toBe("retrying   a (attempt 2)")
    const done = observe(retried, action([["Succeeded", "True", "Completed"]], { attempts: 2 }), 1250)
    expect(changeLine({ previous: retried, task: done })).toBe("succeeded  a (attempt 2) in 0.25s")
    // Nobody saw the second attempt run.
    expect(changeLine({ previous: running, task: observe(running, action([["Succeeded", "True", "Completed"]], { attempts: 2 }), 1250) })).toBe("succeeded  a (attempt 2) in 0.25s")
  })

  it("tells the cause in one line", () => {
    const failed = observe(submitted, action([["Failed", "True", "PermanentFailure"]], { errorState: { message: "\r\nexit code 3\nmore" } }), 1500)
    expect(changeLine({ previous: submitted, task: failed })).toBe("failed     a in 0.50s: exit code 3; more")
    const long = observe(submitted, action([["Failed", "True", "PermanentFailure"]], { errorState: { message: "x".repeat(500) } }), 1500)
    expect(changeLine({ previous: submitted, task: long })).toHaveLength(160 + "failed     a in 0.50s: ".length)
  })

  it("leave an ended task alone", () => {
    const done = observe(submitted, action([["Succeeded", "True", "Completed"]]), 1250)
    expect(observe(done, action([["Progressing", "True", "Executing"]]), 2000)).toBe(done)
  })
})

describe("liveLines", () => {
  it("counts, shows what is at work, and keeps to the terminal's size", () => {
    const tasks = Array.from({ length: 6 }, (_, index) => ({ ...waiting(`task-${index}`), state: "running" as const, submittedAt: 0 }))
    const lines = liveLines([...tasks, waiting("later")], 1500, { width: 22, height: 5 })
    expect(lines).toEqual(["0/7 done, 6 running, …", "▸ task-0  1.50s", "▸ task-1  1.50s", "▸ task-2  1.50s", "  and 3 more"])
  })
})
