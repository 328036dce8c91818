/** The rounds of tasks whose jobs run on a service: each finds out one thing and lets the table decide what follows. */
import { type PluginError, type PluginState, type TaskExecutionContext, type Transition } from "@fairlead/core"
import { Deferred, Duration, Effect, Exit, Result } from "effect"
import type { AsyncPlugin, Created, Json } from "../AsyncPlugin.ts"
import type { JobCache } from "../JobCache.ts"
import { advanceJob, type JobEvent } from "../JobMachine.ts"
import { decodeState, encodeState, initialState, isTerminalJob, type JobState } from "../JobState.ts"
import type { PluginConfig } from "../PluginConfig.ts"
import type { Quotas } from "../Quotas.ts"
import { WebApiError } from "../WebApiError.ts"
import type { WebApiMetrics } from "../WebApiMetrics.ts"
import type { Calls } from "./calls.ts"
import { createJob } from "./createJob.ts"
import { visitInterval } from "./jobCacheCore.ts"
import type { LiveSettings } from "./liveSettings.ts"
import { errorOf } from "./looks.ts"
import { corrupt, pluginErrorOf } from "./roundErrors.ts"
import type { SecretGuard } from "./secretGuard.ts"
import { statusEvent } from "./statusEvent.ts"
import { stopJob } from "./stopJob.ts"
import { taskOf } from "./webApiTask.ts"
import type { WriteGate } from "./writeGate.ts"

/** Everything that rounds work with. */
export interface AsyncParts<Meta extends Json, Resource> {
  readonly id: string
  readonly plugin: AsyncPlugin<Meta, Resource>
  readonly settings: LiveSettings
  readonly cache: JobCache<Meta, Resource>
  readonly gate: WriteGate
  readonly quotas: Quotas
  readonly calls: Calls<Created<Meta, Resource>, WebApiError>
  readonly guard: SecretGuard
  readonly metrics: WebApiMetrics
}

/** How long a round waits for a service that answers at once; slower ones answer to a later round. */
const patience = "200 millis"
/** Tasks that wait for a place are woken when there is one; this is for those that nobody wakes. */
const waitInterval = 30_000
const noRoomInterval = 10_000

/** Handles, aborts and finalizes the tasks of one plugin. */
export class AsyncRounds<Meta extends Json, Resource> {
  readonly #parts: AsyncParts<Meta, Resource>
  /** Keys whose job this engine has intended and not yet asked for: nobody can have created it. */
  readonly #untouched = new Set<string>()
  /** Keys of launches that may have a job: there is room for so many. */
  readonly #admitted = new Set<string>()

  constructor(parts: AsyncParts<Meta, Resource>) {
    this.#parts = parts
    parts.settings.follow((config) => {
      parts.cache.configure(config)
      parts.gate.configure(config.writeRateLimiter)
    })
  }

  readonly handle = (context: TaskExecutionContext): Effect.Effect<Transition, PluginError> => this.#handle(context)

  readonly #handle = Effect.fnUntraced(function*(this: AsyncRounds<Meta, Resource>, context: TaskExecutionContext): Effect.fn.Return<Transition, PluginError> {
    const { id, plugin, settings } = this.#parts
    const { config, problem } = settings.read()
    if (problem !== undefined) yield* Effect.logWarning(`plugin ${id} keeps its settings, for the new ones cannot be used: ${problem.message}`)
    const stored = this.#stateOf(context)
    if (Result.isFailure(stored)) return yield* corrupt(id, stored.failure.message)
    const state = stored.success
    const { event, lookAfter } = yield* this.#learn(state, context, config)
    const step = advanceJob(state, event, {
      now: context.now,
      createBudget: Duration.toMillis(config.failureBudget),
      canFind: plugin.find !== undefined
    })
    if (isTerminalJob(step.state.phase)) this.#ended(step.state, context.now)
    return {
      phase: step.phase,
      deferrable: step.deferrable,
      ...(step.state === state ? {} : { state: encodeState(step.state) }),
      lookAfter: step.isHurried ? 0 : this.#lookAfter(step.state, context.now) ?? lookAfter
    }
  }.bind(this))

  /** Stops the job, however far it came. Succeeds only when it is known to be stopped, or when nobody can know. */
  readonly abort = (context: TaskExecutionContext, reason: string): Effect.Effect<void, PluginError> => {
    this.#parts.gate.forget(context.idempotencyKey)
    const stop = stopJob(this.#parts, context, reason, this.#stateOf(context), this.#untouched.has(context.idempotencyKey))
    return Effect.andThen(stop, Effect.sync(() => this.#forget(context)))
  }

  readonly finalize = (context: TaskExecutionContext): Effect.Effect<void, PluginError> => Effect.sync(() => this.#forget(context))

  /** Counts the leases of launches that were under way with another engine, or with this one long ago, and forgets what it thought of them. */
  readonly recover = (states: ReadonlyArray<PluginState>): Effect.Effect<void> => Effect.sync(() => {
    for (const stored of states) {
      const state = decodeState(stored)
      if (Result.isFailure(state)) continue
      const { key, lease } = state.success
      this.#admitted.delete(key)
      this.#untouched.delete(key)
      if (lease !== undefined) this.#parts.quotas.hold(key, lease)
    }
  })

  #admit(key: string): void {
    this.#admitted.add(key)
    this.#untouched.add(key)
  }

  #stateOf(context: TaskExecutionContext) {
    return context.state === undefined
      ? Result.succeed(initialState(context.idempotencyKey, this.#parts.plugin.endpoint?.(taskOf(this.#parts, context, context.idempotencyKey)) ?? "", context.now))
      : decodeState(context.state)
  }

  #lookAfter({ creating, phase }: JobState, now: number): number | undefined {
    if (phase === "NotStarted") return waitInterval
    return phase === "AllocationTokenAcquired" && creating !== undefined && creating.retryAt > now ? creating.retryAt - now : undefined
  }

  /** The one thing to find out in the phase that the job is in. */
  #learn(state: JobState, context: TaskExecutionContext, config: PluginConfig): Effect.Effect<{ readonly event: JobEvent; readonly lookAfter?: number }, PluginError> {
    if (state.phase === "AllocationTokenAcquired" || state.phase === "ResourcesCreated") this.#admitted.add(state.key)
    switch (state.phase) {
      case "NotStarted": return Effect.map(this.#askForRoom(state, context, config), (event) => ({ event }))
      case "AllocationTokenAcquired": return Effect.map(this.#create(state, context, config), (event) => ({ event }))
      case "ResourcesCreated": return this.#observe(state, context)
      default: return Effect.succeed({ event: { _tag: "NotSeen", trouble: undefined } })
    }
  }

  readonly #askForRoom = Effect.fnUntraced(function*(this: AsyncRounds<Meta, Resource>, state: JobState, context: TaskExecutionContext, config: PluginConfig): Effect.fn.Return<JobEvent, PluginError> {
    const { id, metrics, plugin, quotas } = this.#parts
    if (this.#admitted.size >= config.caching.size) return { _tag: "TokenRefused", reason: `plugin ${id} looks after as many jobs as it may, ${config.caching.size}` }
    if (Object.keys(config.resourceQuotas).length === 0) {
      this.#admit(state.key)
      return { _tag: "TokenGranted", lease: undefined }
    }
    quotas.configure(config.resourceQuotas, context.now)
    const requirements = plugin.resourceRequirements === undefined
      ? { namespace: "default" }
      : yield* Effect.mapError(plugin.resourceRequirements(taskOf(this.#parts, context, state.key)), (error) => pluginErrorOf(this.#parts, "ResourceRequirements", error))
    const { executionId } = context.metadata.taskExecutionId.id.nodeExecutionId ?? {}
    const project = executionId?.project ?? ""
    const lease = { pool: requirements.namespace, project, namespace: `${project}-${executionId?.domain ?? ""}` }
    const { namespaceMax, projectMax } = requirements
    const verdict = quotas.request({ ...lease, key: state.key, projectMax, namespaceMax, since: state.requestedAt, wake: context.wake }, context.now)
    if (!verdict.isGranted) return { _tag: "TokenRefused", reason: verdict.reason }
    metrics.granted(context.now - state.requestedAt)
    this.#admit(state.key)
    return { _tag: "TokenGranted", lease }
  }.bind(this))

  readonly #create = Effect.fnUntraced(function*(this: AsyncRounds<Meta, Resource>, state: JobState, context: TaskExecutionContext, config: PluginConfig): Effect.fn.Return<JobEvent> {
    const { calls, gate, metrics } = this.#parts
    const { key } = state
    let call = calls.get(key)
    if (call === undefined) {
      const { creating } = state
      if (creating !== undefined && creating.retryAt > context.now) return { _tag: "CreateHeld", reason: state.reported.reason }
      if (!gate.ask(key, state.endpoint, tenantOf(context), context.wake)) return { _tag: "CreateHeld", reason: "waits for its turn: as many jobs are begun as the limit allows" }
      const isUntouched = this.#untouched.delete(key)
      call = calls.begin(key, createJob(this.#parts, context, key, config, !isUntouched), context.wake)
    }
    if (call.exit === undefined) yield* Effect.timeoutOption(Deferred.await(call.done), patience)
    const { exit } = call
    // Why it had to be asked again says more than that it is being asked.
    if (exit === undefined) return { _tag: "CreateHeld", reason: state.creating === undefined ? "the service is asked to begin the job" : state.reported.reason }
    if (Exit.isSuccess(exit)) return { _tag: "Created", meta: exit.value.meta, isKnown: exit.value.resource !== undefined }
    calls.drop(key)
    const error = errorOf(exit.cause)
    metrics.created(error.fault)
    if (error.fault === "Throttled") gate.pause(state.endpoint, error.retryAfter ?? 1000)
    return { _tag: "CreateFailed", error }
  }.bind(this))

  readonly #observe = Effect.fnUntraced(function*(this: AsyncRounds<Meta, Resource>, state: JobState, context: TaskExecutionContext): Effect.fn.Return<{ readonly event: JobEvent; readonly lookAfter: number }, PluginError> {
    const { cache, calls, guard, id, plugin } = this.#parts
    const { key } = state
    const meta = Result.try(() => plugin.decodeMeta === undefined ? state.meta as Meta : plugin.decodeMeta(state.meta as Json))
    if (Result.isFailure(meta)) return yield* corrupt(id, `its meta cannot be read: ${String(meta.failure)}`)
    if (cache.look(key) === undefined) {
      const exit = calls.get(key)?.exit
      const resource = exit !== undefined && Exit.isSuccess(exit) ? exit.value.resource : undefined
      const secrets = guard.watch(context.secrets)
      const isAdded = cache.add({ key, meta: meta.success, secrets, endpoint: state.endpoint, tenant: tenantOf(context), wake: context.wake, resource })
      if (!isAdded) return { event: { _tag: "NotSeen", trouble: undefined }, lookAfter: noRoomInterval }
    }
    calls.drop(key)
    const view = cache.look(key)
    if (view === undefined) return { event: { _tag: "NotSeen", trouble: undefined }, lookAfter: noRoomInterval }
    return { event: yield* statusEvent(this.#parts, context, key, meta.success, view), lookAfter: visitInterval }
  }.bind(this))

  /** The job is over: its place is free, even before the engine has stored that. One that was given up keeps it until it is deleted. */
  #ended(state: JobState, now: number): void {
    const { cache, calls, quotas } = this.#parts
    cache.remove(state.key)
    calls.drop(state.key)
    this.#admitted.delete(state.key)
    if (state.isAbandoned !== true) quotas.release(state.key, now)
  }

  #forget({ idempotencyKey: key, now }: TaskExecutionContext): void {
    const { cache, calls, gate, quotas } = this.#parts
    cache.remove(key)
    calls.drop(key)
    gate.forget(key)
    quotas.release(key, now)
    this.#untouched.delete(key)
    this.#admitted.delete(key)
  }
}

/** Who shares with whom: a project. */
export const tenantOf = ({ metadata }: Pick<TaskExecutionContext, "metadata">): string =>
  metadata.taskExecutionId.id.nodeExecutionId?.executionId?.project ?? ""
