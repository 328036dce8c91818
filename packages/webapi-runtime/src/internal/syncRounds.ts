/** The rounds of tasks that are done by one call. */
import { Phase, PluginError, type TaskExecutionContext, type Transition } from "@fairlead/core"
import { Deferred, Duration, Effect, Exit, Result, type Scope } from "effect"
import type { JobStatus } from "../AsyncPlugin.ts"
import { advanceJob, type JobEvent, type JobTerms } from "../JobMachine.ts"
import { decodeState, encodeState, initialState, type JobState } from "../JobState.ts"
import type { PluginConfig } from "../PluginConfig.ts"
import type { SyncPlugin } from "../SyncPlugin.ts"
import { WebApiError } from "../WebApiError.ts"
import { Calls } from "./calls.ts"
import type { LiveSettings } from "./liveSettings.ts"
import { errorOf } from "./looks.ts"
import { corrupt } from "./roundErrors.ts"
import type { SecretGuard } from "./secretGuard.ts"
import { settleOutputs } from "./settleOutputs.ts"
import { scrubbed, sensible } from "./statusEvent.ts"
import { bounded } from "./webApiCalls.ts"
import { taskOf } from "./webApiTask.ts"
import type { WriteGate } from "./writeGate.ts"

interface SyncParts {
  readonly id: string
  readonly plugin: SyncPlugin
  readonly settings: LiveSettings
  readonly gate: WriteGate
  readonly calls: Calls<JobStatus, WebApiError>
  readonly guard: SecretGuard
}

const patience = "200 millis"
/** The end of the call wakes the task. */
const waitInterval = 10 * 60_000

/** Handles, aborts and finalizes the tasks of one plugin. */
export class SyncRounds {
  readonly #parts: SyncParts

  constructor(parts: SyncParts) {
    this.#parts = parts
    parts.settings.follow((config) => parts.gate.configure(config.writeRateLimiter))
  }

  /** Where the calls are kept. */
  static readonly calls: Effect.Effect<Calls<JobStatus, WebApiError>, never, Scope.Scope> = Calls.make<JobStatus, WebApiError>()

  readonly handle = (context: TaskExecutionContext): Effect.Effect<Transition, PluginError> => this.#handle(context)

  readonly #handle = Effect.fnUntraced(function*(this: SyncRounds, context: TaskExecutionContext): Effect.fn.Return<Transition, PluginError> {
    const { id, settings } = this.#parts
    const { config, problem } = settings.read()
    if (problem !== undefined) yield* Effect.logWarning(`plugin ${id} keeps its settings, for the new ones cannot be used: ${problem.message}`)
    const stored = context.state === undefined ? Result.succeed(initialState(context.idempotencyKey, "", context.now)) : decodeState(context.state)
    if (Result.isFailure(stored)) return yield* corrupt(id, stored.failure.message)
    const state = stored.success
    const terms: JobTerms = { now: context.now, createBudget: Duration.toMillis(config.failureBudget), canFind: false }
    const step = yield* this.#step(state, context, config, terms)
    const { creating } = step.state
    const pause = creating === undefined ? waitInterval : Math.max(0, creating.retryAt - context.now)
    return {
      phase: step.phase,
      deferrable: step.deferrable,
      ...(step.state === state ? {} : { state: encodeState(step.state) }),
      lookAfter: step.isHurried ? 0 : pause
    }
  }.bind(this))

  /** Whoever aborts cannot call a call back; its answer is thrown away. */
  readonly abort = (context: TaskExecutionContext): Effect.Effect<void> => this.finalize(context)

  readonly finalize = ({ idempotencyKey }: TaskExecutionContext): Effect.Effect<void> => Effect.sync(() => {
    this.#parts.gate.forget(idempotencyKey)
    this.#parts.calls.drop(idempotencyKey)
  })

  readonly #step = Effect.fnUntraced(function*(this: SyncRounds, state: JobState, context: TaskExecutionContext, config: PluginConfig, terms: JobTerms) {
    if (state.phase === "NotStarted") return advanceJob(state, { _tag: "TokenGranted", lease: undefined }, terms)
    if (state.phase !== "AllocationTokenAcquired") return advanceJob(state, { _tag: "NotSeen", trouble: undefined }, terms)
    const answer = yield* this.#do(state, context, config)
    if (!("status" in answer)) return advanceJob(state, answer.event, terms)
    const status = yield* sensible(this.#parts.id, answer.status)
    if (!Phase.isTerminal(status.phase.phase)) {
      this.#parts.calls.drop(state.key)
      const description = `the plugin reported the phase "${status.phase.phase}" although its call has ended`
      return yield* new PluginError({ plugin: this.#parts.id, code: "UnexpectedPhase", description, kind: "SYSTEM", retryable: true })
    }
    const phase = scrubbed(this.#parts, yield* settleOutputs(status, context))
    return advanceJob({ ...state, phase: "ResourcesCreated" }, { _tag: "Seen", phase, trouble: undefined }, terms)
  }.bind(this))

  readonly #do = Effect.fnUntraced(function*(this: SyncRounds, state: JobState, context: TaskExecutionContext, config: PluginConfig): Effect.fn.Return<{ readonly event: JobEvent } | { readonly status: JobStatus }> {
    const { calls, gate, guard, plugin } = this.#parts
    const { creating, key } = state
    const project = context.metadata.taskExecutionId.id.nodeExecutionId?.executionId?.project ?? ""
    let call = calls.get(key)
    if (call === undefined) {
      if (creating !== undefined && creating.retryAt > context.now) return { event: { _tag: "CreateHeld", reason: state.reported.reason } }
      if (!gate.ask(key, state.endpoint, project, context.wake)) return { event: { _tag: "CreateHeld", reason: "waits for its turn: as many calls are made as the limit allows" } }
      const task = taskOf(this.#parts, context, key)
      call = calls.begin(key, bounded(() => plugin.do(task), config.timeouts.do), context.wake)
    }
    if (call.exit === undefined) yield* Effect.timeoutOption(Deferred.await(call.done), patience)
    if (call.exit === undefined) return { event: { _tag: "CreateHeld", reason: "the service works on it" } }
    if (Exit.isSuccess(call.exit)) return { status: call.exit.value }
    calls.drop(key)
    const error = errorOf(call.exit.cause)
    if (error.fault === "Throttled") gate.pause(state.endpoint, error.retryAfter ?? 1000)
    return { event: { _tag: "CreateFailed", error: new WebApiError({ ...error, fault: error.fault, description: guard.scrub(error.description) }) } }
  }.bind(this))
}
