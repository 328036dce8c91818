/** Runs v1 executors as plugins of the engine. */
import { type Idl, Literals, Phase, type Plugin, PluginError, type TaskExecutionContext, type Transition } from "@fairlead/core"
import { Cause, Duration, Effect, Result } from "effect"
import { type Executor, ExecutorError, type ExecutorInitializationParameters, isTerminalTaskPhase, type LiteralMapStore, type TaskExecutionEvent, type TaskPhase } from "./Executor.ts"
import { applyStatus } from "./ExecutorOutcome.ts"
import { decodeExecutorState, encodeExecutorState, type ExecutorState, initialExecutorState } from "./ExecutorState.ts"
import { makeTaskContext } from "./internal/executorContext.ts"
import { corrupt } from "./internal/roundErrors.ts"

/** How an executor is run. */
export interface ExecutorPluginOptions {
  readonly executor: Executor
  readonly taskTypes: ReadonlyArray<string>
  /** How long nobody may know how a task is before it is given up; 5 minutes if left out. */
  readonly unknownGrace?: Duration.Input | undefined
  /** Time that each call may take; 30 seconds if left out. */
  readonly callTimeout?: Duration.Input | undefined
  readonly catalogClient?: ExecutorInitializationParameters["catalogClient"]
  readonly dataStore?: LiteralMapStore | undefined
}

/** Longest generated name that v1 executors were made for. */
const generatedNameMaxLength = 50

/**
 * Makes the plugin and initialises the executor.
 *
 * Guarantees: that a task is going to be started is stored before `startTask` is called, so that it is killed even if its answer is
 * lost; outputs are resolved before the success is reported; `killTask` is called for every launch that did not end by itself,
 * superseded ones included, until it succeeds; events that the executor records always succeed, and what they tell goes out with the phase.
 */
export const make = Effect.fnUntraced(function*(options: ExecutorPluginOptions): Effect.fn.Return<Plugin, ExecutorError> {
  const adapter = new ExecutorAdapter(options)
  yield* adapter.initialize
  return { id: adapter.id, taskTypes: options.taskTypes, generatedNameMaxLength, handle: adapter.handle, abort: adapter.abort, finalize: adapter.finalize }
})

class ExecutorAdapter {
  readonly id: string
  readonly #executor: Executor
  readonly #options: ExecutorPluginOptions
  readonly #grace: number
  readonly #timeout: Duration.Duration
  /** The last event of each task that is being worked on. */
  readonly #events = new Map<string, TaskExecutionEvent>()
  readonly #wakes = new Map<string, () => void>()

  constructor(options: ExecutorPluginOptions) {
    this.#options = options
    this.#executor = options.executor
    this.id = options.executor.getId()
    this.#grace = Duration.toMillis(options.unknownGrace ?? "5 minutes")
    this.#timeout = Duration.fromInputUnsafe(options.callTimeout ?? "30 seconds")
  }

  readonly initialize: Effect.Effect<void, ExecutorError> = Effect.suspend(() =>
    this.#executor.initialize({
      catalogClient: this.#options.catalogClient,
      dataStore: this.#options.dataStore,
      ownerKind: "TaskAction",
      metricLabels: { plugin: this.id },
      eventRecorder: { recordTaskEvent: (event) => Effect.sync(() => void this.#events.set(keyOf(event.taskExecutionId), event)) },
      enqueueOwner: ({ name, namespace }) => Effect.sync(() => this.#wakes.get(`${namespace}/${name}`)?.())
    })
  )

  readonly handle = (context: TaskExecutionContext): Effect.Effect<Transition, PluginError> => this.#handle(context)

  readonly #handle = Effect.fnUntraced(function*(this: ExecutorAdapter, context: TaskExecutionContext): Effect.fn.Return<Transition, PluginError> {
    const stored = stateOf(context)
    if (Result.isFailure(stored)) return yield* corrupt(this.id, stored.failure.message)
    const before = stored.success
    this.#follow(context)
    if (!before.attempted) return { phase: Phase.notReady(0, "to be handed to the executor"), state: encodeExecutorState({ ...before, attempted: true }), lookAfter: 0 }
    const task = makeTaskContext(context, before)
    const inputs = before.started ? undefined : yield* context.inputs
    const status = yield* this.#call(before.started ? "checkTaskStatus" : "startTask", () =>
      inputs === undefined ? this.#executor.checkTaskStatus(task, context.template) : this.#executor.startTask(task, context.template, inputs))
    const info = this.#infoOf(context)
    const step = applyStatus(before, status, info, { now: context.now, unknownGrace: this.#grace })
    switch (step._tag) {
      case "Violation": return yield* this.#error("ContractViolation", step.problem)
      case "Succeeded": return yield* this.#succeed(step.state, context, info)
      case "Report": {
        const isSame = JSON.stringify(step.state) === JSON.stringify(before)
        return { phase: step.phase, ...(isSame ? {} : { state: encodeExecutorState(step.state) }), lookAfter: step.lookAfter }
      }
    }
  }.bind(this))

  /** Ends the task unless it has ended by itself. A state that cannot be read does not keep it alive. */
  readonly abort = (context: TaskExecutionContext, reason: string): Effect.Effect<void, PluginError> => {
    const stored = stateOf(context)
    const state = Result.isSuccess(stored) ? stored.success : { ...initialExecutorState, attempted: true }
    if (!state.attempted || isTerminalTaskPhase(state.lastPhase as TaskPhase)) return Effect.void
    return this.#call("killTask", () => this.#executor.killTask(makeTaskContext(context, state), reason))
  }

  readonly finalize = ({ metadata }: TaskExecutionContext): Effect.Effect<void> => Effect.sync(() => {
    this.#events.delete(keyOf(metadata.taskExecutionId.id))
    this.#wakes.delete(`${metadata.ownerId.namespace}/${metadata.ownerId.name}`)
  })

  #follow({ metadata, wake }: TaskExecutionContext): void {
    this.#wakes.set(`${metadata.ownerId.namespace}/${metadata.ownerId.name}`, wake)
  }

  /** In v1 whoever needed an output found out that there was none; here it is the task's own failure. */
  readonly #succeed = Effect.fnUntraced(function*(this: ExecutorAdapter, state: ExecutorState, context: TaskExecutionContext, info: Partial<Phase.TaskInfo>): Effect.fn.Return<Transition, PluginError> {
    const names = context.template.interface?.outputs?.variables.map((it) => it.key) ?? []
    const encoded = encodeExecutorState(state)
    if (names.length === 0) return { phase: Phase.success(info), state: encoded }
    const resolved = yield* Effect.result(this.#bounded("resolveOutputs", () => this.#executor.resolveOutputs(makeTaskContext(context, state), ...names)))
    const missing = Result.isSuccess(resolved) ? names.filter((name) => resolved.success[name] === undefined) : []
    if (Result.isFailure(resolved) || missing.length > 0) {
      const message = Result.isFailure(resolved) ? resolved.failure.description : `the executor resolved no ${missing.join(", ")}`
      return { phase: Phase.retryableFailure({ code: "OutputsNotFound", message: `the task succeeded, but ${message}`, kind: "USER" }, { info }), state: encoded }
    }
    yield* context.putOutputs(Literals.literalMap(Object.fromEntries(names.map((name) => [name, resolved.success[name]!]))))
    return { phase: Phase.success(info), state: encoded }
  }.bind(this))

  #infoOf({ metadata }: TaskExecutionContext): Partial<Phase.TaskInfo> {
    const event = this.#events.get(keyOf(metadata.taskExecutionId.id))
    if (event === undefined) return {}
    return {
      logs: event.logs ?? [],
      occurredAt: event.occurredAt,
      ...(event.customInfo === undefined ? {} : { customInfo: event.customInfo }),
      ...(event.reason === undefined ? {} : { additionalReasons: [{ reason: event.reason, occurredAt: event.occurredAt }] })
    }
  }

  #call<A>(method: string, call: () => Effect.Effect<A, ExecutorError>): Effect.Effect<A, PluginError> {
    return Effect.catch(this.#bounded(method, call), ({ code, description }) => this.#error(code, `${method} failed: ${description}`))
  }

  /** A call that fails, throws or hangs: all the same to the caller. */
  #bounded<A>(method: string, call: () => Effect.Effect<A, ExecutorError>): Effect.Effect<A, ExecutorError> {
    return Effect.suspend(call).pipe(
      Effect.timeoutOrElse({
        duration: this.#timeout,
        orElse: () => Effect.fail(new ExecutorError({ code: "PluginTimeout", description: `${method} gave no answer within ${Duration.format(this.#timeout)}` }))
      }),
      Effect.catchCauseIf((cause) => !Cause.hasInterruptsOnly(cause), (cause) => {
        const error: unknown = Cause.squash(cause)
        if (error instanceof ExecutorError) return Effect.fail(error)
        return Effect.fail(new ExecutorError({ code: "PluginDefect", description: error instanceof Error ? error.message : String(error) }))
      })
    )
  }

  #error(code: string, description: string): Effect.Effect<never, PluginError> {
    return Effect.fail(new PluginError({ plugin: this.id, code, description, kind: "SYSTEM", retryable: true }))
  }
}

const stateOf = (context: TaskExecutionContext) => context.state === undefined ? Result.succeed(initialExecutorState) : decodeExecutorState(context.state)

const keyOf = ({ nodeExecutionId, retryAttempt }: Idl.TaskExecutionIdentifier): string => {
  const { executionId, nodeId } = nodeExecutionId ?? {}
  return [executionId?.project, executionId?.domain, executionId?.name, nodeId, retryAttempt].join("/")
}

