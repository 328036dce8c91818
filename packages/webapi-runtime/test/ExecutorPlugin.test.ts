import { Literals } from "@fairlead/core"
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import {
  type CustomState,
  type Executor,
  ExecutorError,
  type ExecutorInitializationParameters,
  ExecutorPlugin,
  isPermanentFailure,
  isRetryableFailure,
  isTerminalTaskPhase,
  makeOutputsResolver,
  type TaskContext,
  TaskPhase,
  taskPhaseName,
  type TaskStatus,
  taskStatusNotReady,
  taskStatusNotReadyFailure,
  taskStatusPermanentFailure,
  taskStatusQueued,
  taskStatusRetryableFailure,
  taskStatusRunning,
  taskStatusSucceeded,
  taskStatusText,
  taskStatusUndefined,
  taskStatusUnknown,
  withOccurredAt,
  withPhaseVersion,
  withState
} from "../src/index.ts"
import { abort, action, create, inWorld, phases, read, reasonOf, stateOf, until, untilConcluded, untilGone, withEngine } from "./support/world.ts"

type Answer = TaskStatus | ExecutorError | "throw" | "hang"

interface Call {
  readonly method: string
  readonly name: string
  readonly phase: number
  readonly state: CustomState
}

/** An executor that knows v1's interface only: it answers line after line of a script, and remembers in its state which one is next. */
const scripted = (script: (name: string, line: number) => Answer, options: { readonly kill?: () => Answer | undefined; readonly outputs?: { [name: string]: ReturnType<typeof Literals.integer> } } = {}) => {
  const calls: Array<Call> = []
  let params: ExecutorInitializationParameters | undefined
  const lines = new Map<string, number>()
  const note = (method: string, taskCtx: TaskContext): string => {
    const name = taskCtx.getTaskExecutionId().getGeneratedName()
    calls.push({ method, name, phase: taskCtx.getPhase(), state: taskCtx.getCustomState() })
    return name
  }
  const answer = (taskCtx: TaskContext, method: string): Effect.Effect<TaskStatus, ExecutorError> => Effect.suspend(() => {
    const name = note(method, taskCtx)
    const line = lines.get(name) ?? 0
    lines.set(name, line + 1)
    const said = script(name, line)
    if (said === "throw") throw new Error("the executor broke")
    if (said === "hang") return Effect.never
    if (said instanceof ExecutorError) return Effect.fail(said)
    return Effect.as(params!.eventRecorder!.recordTaskEvent({
      taskExecutionId: taskCtx.getTaskExecutionId().getId(),
      phase: said.phase,
      phaseVersion: said.phaseVersion,
      occurredAt: 1,
      customInfo: { line }
    }), said)
  })
  const executor: Executor = {
    getId: () => "scripted",
    getProperties: () => ({ requiresFinalizer: true, disableNodeLevelCaching: false }),
    initialize: (given) => Effect.sync(() => void (params = given)),
    startTask: (taskCtx) => answer(taskCtx, "start"),
    checkTaskStatus: (taskCtx) => answer(taskCtx, "check"),
    killTask: (taskCtx) => Effect.suspend(() => {
      note("kill", taskCtx)
      const said = options.kill?.()
      return said instanceof ExecutorError ? Effect.fail(said) : Effect.void
    }),
    resolveOutputs: (taskCtx, ...names) => Effect.sync(() => {
      note("resolve", taskCtx)
      return Object.fromEntries(names.flatMap((name) => options.outputs?.[name] === undefined ? [] : [[name, options.outputs[name]]]))
    })
  }
  const plugins = Effect.map(ExecutorPlugin.make({ executor, taskTypes: ["remote"] }), (plugin) => [plugin])
  return { plugins, calls, enqueue: (name: string) => params!.enqueueOwner!({ namespace: "default", name: `run-${name}` }) }
}

const failure = new ExecutorError({ code: "Broken", description: "it broke" })
const methods = (calls: ReadonlyArray<Call>): ReadonlyArray<string> => calls.map((it) => it.method)
const lines = (...answers: ReadonlyArray<Answer>) => (_name: string, line: number): Answer => answers[Math.min(line, answers.length - 1)]!

describe("The constants of v1", () => {
  test("have their numbers and names, and only two phases are terminal", () => {
    expect(TaskPhase).toEqual({ Queued: 0, Running: 1, RetryableFailure: 2, PermanentFailure: 3, Succeeded: 4, Undefined: 5, NotReady: 6, Unknown: 7 })
    expect(taskPhaseName(99)).toBe("Unknown")
    expect(Object.values(TaskPhase).filter(isTerminalTaskPhase)).toEqual([TaskPhase.PermanentFailure, TaskPhase.Succeeded])
    expect(Object.values(TaskPhase).filter(isRetryableFailure)).toEqual([2])
    expect(Object.values(TaskPhase).filter(isPermanentFailure)).toEqual([3])
    expect([taskStatusNotReady, taskStatusQueued, taskStatusRunning, taskStatusSucceeded, taskStatusUndefined, taskStatusUnknown].map((it) => it.phase)).toEqual([6, 0, 1, 4, 5, 7])
  })

  test("make copies, and failures carry their error", () => {
    expect(withPhaseVersion(withOccurredAt(withState(taskStatusRunning, { a: 1 }), 5), 2)).toEqual({ phase: 1, phaseVersion: 2, occurredAt: 5, state: { a: 1 } })
    expect(taskStatusRunning).toEqual({ phase: 1, phaseVersion: 0 })
    expect([taskStatusNotReadyFailure(failure), taskStatusPermanentFailure(failure), taskStatusRetryableFailure(failure)].map((it) => [it.phase, it.err])).toEqual([[6, failure], [3, failure], [2, failure]])
    expect(taskStatusText(taskStatusPermanentFailure(failure))).toBe("PermanentFailure (version 0): [Broken] it broke")
  })

  test("and the default resolver reads the outputs file, and fails for what is not in it", () => {
    const store = { readLiteralMap: (uri: string) => Effect.succeed(uri.endsWith("/outputs.pb") ? Literals.literalMap({ x: Literals.integer(1) }) : undefined) }
    const taskCtx = { getOutputsFile: () => "mem://a/outputs.pb" } as TaskContext
    expect(Effect.runSync(makeOutputsResolver(store).resolveOutputs(taskCtx, "x"))).toHaveProperty("x")
    expect(Effect.runSync(Effect.flip(makeOutputsResolver(store).resolveOutputs(taskCtx, "x", "y"))).message).toContain("holds no y")
    expect(Effect.runSync(Effect.flip(makeOutputsResolver(store).resolveOutputs({ getOutputsFile: () => "none" } as TaskContext, "x"))).code).toBe("OutputsNotFound")
  })
})

describe("A v1 executor under the engine", () => {
  test("goes through every phase: not ready, queued, running, unknown, succeeded; its state comes back as JSON", () => {
    const executor = scripted(
      lines(taskStatusNotReadyFailure(failure), taskStatusNotReady, withState(taskStatusQueued, { id: "j1", nested: { n: [1, 2] } }), withState(taskStatusRunning, { id: "j1" }), taskStatusUnknown, withState(withPhaseVersion(taskStatusRunning, 1), { id: "j1" }), taskStatusSucceeded),
      { outputs: { x: Literals.integer(4) } }
    )
    inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
      yield* create(action("a", { interface: { outputs: { x: { type: "integer" } } } }))
      const waiting = yield* until("a", (it) => it.status?.pluginPhase === "PhaseWaitingForResources")
      expect(reasonOf(waiting)).toBe("it broke")
      const done = yield* untilConcluded("a")
      expect(phases(done).at(-1)).toBe("Completed")
      expect(methods(executor.calls)).toEqual(["start", "start", "start", "check", "check", "check", "check", "resolve"])
      expect(executor.calls.map((it) => it.state)).toEqual([{}, {}, {}, { id: "j1", nested: { n: [1, 2] } }, { id: "j1" }, { id: "j1" }, { id: "j1" }, {}])
      expect(executor.calls[5]!.phase).toBe(TaskPhase.Running)
      expect(stateOf(done)).toMatchObject({ attempted: true, started: true, lastPhase: TaskPhase.Succeeded })
    })))
  })

  test("whose outputs are not there fails its own task, not those that need them", () => {
    const executor = scripted(lines(taskStatusSucceeded))
    inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
      yield* create(action("a", { interface: { outputs: { x: { type: "integer" } } } }))
      const done = yield* untilConcluded("a")
      expect(done.status?.errorState).toMatchObject({ code: "OutputsNotFound", kind: "USER", message: expect.stringContaining("the executor resolved no x") })
    })))
  })

  test("whose attempt failed has it killed once before the next one starts, under another name and with no state (A20)", () => {
    const executor = scripted((name, line) => name.endsWith("-0") ? [withState(taskStatusRunning, { id: "old" }), withState(taskStatusRetryableFailure(failure), { id: "old" })][line]! : taskStatusSucceeded)
    inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
      yield* create(action("a", { retries: 1 }))
      yield* untilConcluded("a")
      expect(methods(executor.calls)).toEqual(["start", "check", "kill", "start"])
      expect(executor.calls[2]).toMatchObject({ name: "run-a-0", state: { id: "old" } })
      expect(executor.calls[3]).toMatchObject({ name: "run-a-1", state: {} })
    })))
  })

  test.each([
    [taskStatusPermanentFailure(failure), { code: "Broken", kind: "USER", message: "it broke" }],
    [{ ...taskStatusRunning, phase: TaskPhase.PermanentFailure }, { code: "UnknownTaskError", message: "the task failed for good, and the executor gave no reason" }],
    [taskStatusRetryableFailure(failure), { code: "Broken", kind: "USER" }]
  ] as const)("that answers %o ends the task with its cause", (status, error) => {
    const executor = scripted(lines(status))
    inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(done.status?.errorState).toMatchObject(error)
      expect(methods(executor.calls)).toEqual(isPermanentFailure(status.phase) ? ["start"] : ["start", "kill"])
    })))
  })

  test("that blames the system has the same attempt launched again", () => {
    const executor = scripted((_, line) => line === 0 ? taskStatusRetryableFailure(new ExecutorError({ code: "DownstreamSystemError", description: "down" })) : taskStatusSucceeded)
    inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(done.status).toMatchObject({ attempts: 1, launches: 1 })
      expect(methods(executor.calls)).toEqual(["start", "kill", "start"])
    })))
  })

  test.each([[failure], ["throw"], ["hang"], [taskStatusUndefined]] as const)("that answers %o is asked the same again, and its state stays", (answer) => {
    const executor = scripted(lines(withState(taskStatusRunning, { id: "j" }), answer, withState(taskStatusRunning, { id: "j" }), taskStatusSucceeded))
    inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(phases(done).at(-1)).toBe("Completed")
      expect(methods(executor.calls)).toEqual(["start", "check", "check", "check"])
      expect(executor.calls.map((it) => it.state)).toEqual([{}, { id: "j" }, { id: "j" }, { id: "j" }])
    })))
  })

  test("that does not know for minutes how a task is ends the launch as a failure of the system, and kills it", () => {
    const executor = scripted((_, line) => executor.calls.some((it) => it.method === "kill") ? taskStatusSucceeded : line === 0 ? taskStatusRunning : taskStatusUnknown)
    inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      const done = yield* untilConcluded("a")
      expect(phases(done)).toContain("RetryableFailure")
      expect(done.status?.launches).toBe(1)
    })))
  })

  test("has a task killed that is aborted: while it runs, while it is not ready, and when its start was never answered", () => {
    for (const script of [lines(taskStatusRunning), lines(taskStatusNotReady), lines("hang")]) {
      let refusals = 1
      const executor = scripted(script, { kill: () => refusals-- > 0 ? failure : undefined })
      inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
        yield* create(action("a"))
        yield* Effect.sleep("15 seconds")
        yield* abort("a")
        yield* untilGone("a")
        expect(methods(executor.calls).filter((it) => it === "kill")).toHaveLength(2)
      })))
    }
  })

  test("can ask for an early look, and what it tells of a task goes out with the phase", () => {
    let isDone = false
    const executor = scripted(() => isDone ? taskStatusSucceeded : taskStatusRunning)
    inWorld({}, withEngine(executor.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => it.status?.pluginPhase === "PhaseRunning")
      yield* Effect.sleep("1 second")
      isDone = true
      const before = executor.calls.length
      yield* executor.enqueue("a")
      yield* Effect.sleep("1 second")
      expect(executor.calls.length).toBe(before + 1)
      expect((yield* read("a")).status?.pluginPhase).toBe("PhaseSuccess")
    }), { requeueDuration: "10 minutes" }))
  })
})
