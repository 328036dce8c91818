import { Result, Schema } from "effect"
import { beforeAll, describe, expect, it } from "vitest"
import * as TaskActionDecode from "../src/TaskActionDecode.ts"
import { formatIssue } from "../src/TaskInvalid.ts"

const spec = { runName: "r1", project: "p", domain: "d", actionName: "a0" }
const action = { apiVersion: "flyte.org/v1", kind: "TaskAction", metadata: { name: "r1-a0" }, spec }

const faults = (input: unknown, options?: TaskActionDecode.DecodeOptions): ReadonlyArray<string> =>
  Result.getOrThrow(Result.flip(TaskActionDecode.decode(input, options))).issues.map(formatIssue)

describe.each([["the first actions", 0], ["later ones, by compiled code", 200]])("decode, for %s", (_name, before) => {
  beforeAll(() => {
    for (let count = 0; count < before; count++) TaskActionDecode.decode(action)
  })

  it("gives back the very object", () => {
    expect(Result.getOrThrow(TaskActionDecode.decode(action))).toBe(action)
    expect(Result.getOrThrow(TaskActionDecode.decode(action, { unknownFields: "refuse" }))).toBe(action)
  })

  it("takes what an API server stored: unknown fields, null as creation time, a full status", () => {
    const stored = {
      ...action,
      metadata: { ...action.metadata, creationTimestamp: null, managedFields: [{}], labels: { a: "b" }, generation: 2 },
      spec: { ...spec, future: true },
      status: {
        attempts: 1,
        errorState: { kind: "OTHER", code: "", message: "" },
        conditions: [{ type: "Progressing", status: "True", reason: "Queued", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }],
        phaseHistory: [{ phase: "Queued", occurredAt: "2026-01-01T00:00:00Z" }]
      }
    }
    expect(Result.getOrThrow(TaskActionDecode.decode(stored))).toBe(stored)
  })

  it.each<[string, unknown, ReadonlyArray<string>]>([
    ["no document", null, ["expected an object, got null"]],
    ["another kind", { ...action, apiVersion: "v1", kind: "Pod" }, ['apiVersion: expected "flyte.org/v1", got "v1"', 'kind: expected "TaskAction", got "Pod"']],
    ["a misspelt field", { ...action, spec: { ...spec, taskTyp: "x" } }, ["spec.taskTyp: no such field; did you mean taskType?"]],
    ["a field from nowhere", { ...action, extra: 1 }, ["extra: no such field; known are apiVersion, kind, metadata, spec, status"]],
    ["missing fields", { metadata: {}, spec: { runName: "r", project: "p" } }, ["spec.domain: missing (Domain of the run, such as development)", "spec.actionName: missing (Name of the action, unique in its run)"]],
    ["an empty name", { ...action, spec: { ...spec, runName: "" } }, ['spec.runName: expected 1 to 30 characters, got ""']],
    ["a number for a text", { ...action, spec: { ...spec, envVars: { A: 1 } } }, ["spec.envVars.A: expected a text, got 1; put it in quotes"]],
    ["a text for a boolean", { ...action, spec: { ...spec, interruptible: "yes" } }, ['spec.interruptible: expected true or false, got "yes"']],
    ["an unknown kind of action", { ...action, spec: { ...spec, actionType: "trace" } }, ['spec.actionType: expected one of "task", "condition", got "trace"']],
    ["a list for an object", { ...action, spec: [] }, ["spec: expected an object, got []"]]
  ])("tells what is wrong with %s", (_, input, expected) => {
    expect(faults(input, { unknownFields: "refuse" })).toEqual(expected)
  })

  it("tells every fault of a readable task at once", () => {
    const task = {
      containr: {},
      container: { image: "", command: "sh", args: ["a", 1] },
      retries: 1.5,
      timeout: "soon",
      interface: { inputs: { "a b": { type: "string" }, c: { type: "int" } } },
      cache: {}
    }
    expect(faults({ ...action, spec: { ...spec, task } }, { unknownFields: "refuse" })).toEqual([
      "spec.task.containr: no such field; did you mean container?",
      'spec.task.container.image: expected some text, got ""',
      'spec.task.container.command: expected a list, got "sh"',
      "spec.task.container.args[1]: expected a text, got 1; put it in quotes",
      'spec.task.interface.inputs["a b"]: expected a name of letters, digits, _, . and -, beginning with a letter or _, got "a b"',
      'spec.task.interface.inputs.c.type: expected one of "integer", "float", "string", "boolean", "datetime", "duration", "struct", "blob", got "int"',
      "spec.task.retries: expected an integer, got 1.5",
      'spec.task.timeout: expected a length of time such as 90s, 5m or 1h30m, got "soon"',
      "spec.task.cache.version: missing (Change it to make earlier results count no more)"
    ])
  })

  it("shortens long values", () => {
    const [fault] = faults({ ...action, spec: { ...spec, runName: "x".repeat(500) } })
    expect(fault).toMatch(/^spec\.runName: expected 1 to 30 characters, got "x{78}…$/)
  })

  it("counts characters as Kubernetes does, not UTF-16 units", () => {
    expect(Result.isSuccess(TaskActionDecode.decode({ ...action, spec: { ...spec, runName: "🦊".repeat(30) } }))).toBe(true)
    expect(Result.isSuccess(TaskActionDecode.decode({ ...action, spec: { ...spec, runName: "🦊".repeat(31) } }))).toBe(false)
  })
})

describe("decodeTask", () => {
  it("reads a task that stands alone", () => {
    const task = { container: { image: "alpine" } }
    expect(Result.getOrThrow(TaskActionDecode.decodeTask(task))).toBe(task)
  })

  it("puts the given path before the fault's own", () => {
    const error = Result.getOrThrow(Result.flip(TaskActionDecode.decodeTask({ container: {} }, { path: ["tasks", 3] })))
    expect(error.issues).toEqual([{ path: ["tasks", 3, "container", "image"], problem: "missing (Image that the container runs)" }])
  })
})

describe("decodeAs", () => {
  it("tells the faults of another form in the same words", () => {
    const form = Schema.Struct({ forEach: Schema.optionalKey(Schema.Array(Schema.String)) })
    const given = { forEach: ["a"] }
    expect(Result.getOrThrow(TaskActionDecode.decodeAs(form, given))).toBe(given)
    const error = Result.getOrThrow(Result.flip(TaskActionDecode.decodeAs(form, { foreach: [] }, { unknownFields: "refuse" })))
    expect(error.message).toBe("foreach: no such field; did you mean forEach?")
  })
})
