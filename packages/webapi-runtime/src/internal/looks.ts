/** Looks under way: calls of `get` or `getMany`, each with its time limit, none of which can harm another. */
import { Cause, Deferred, Duration, Effect, Exit, type Fiber } from "effect"
import type { AsyncPlugin, JobContext, Json } from "../AsyncPlugin.ts"
import { WebApiError } from "../WebApiError.ts"
import type { Endpoint, LiveJob } from "./liveJob.ts"

/** One call. */
export interface Look<Meta, Resource> {
  readonly jobs: ReadonlyArray<LiveJob<Meta, Resource>>
  readonly endpoint: Endpoint<Meta, Resource>
  readonly startedAt: number
  fiber: Fiber.Fiber<unknown, WebApiError> | undefined
  isOver: boolean
}

type Answers<Resource> = ReadonlyArray<Resource | WebApiError | undefined>

/** Begins calls and hands their answers on. */
export class Looks<Meta extends Json, Resource> {
  readonly #plugin: Pick<AsyncPlugin<Meta, Resource>, "get" | "getMany">
  readonly #run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly #answer: (look: Look<Meta, Resource>, answers: Answers<Resource>) => void
  /** In the order of their start, which is that of their limits. */
  readonly #running = new Set<Look<Meta, Resource>>()
  #idle: Deferred.Deferred<void> | undefined

  constructor(
    plugin: Pick<AsyncPlugin<Meta, Resource>, "get" | "getMany">,
    run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>,
    answer: (look: Look<Meta, Resource>, answers: Answers<Resource>) => void
  ) {
    this.#plugin = plugin
    this.#run = run
    this.#answer = answer
  }

  /** Calls under way. */
  get running(): number {
    return this.#running.size
  }

  /** Begins a call for these jobs of one tenant. */
  begin(endpoint: Endpoint<Meta, Resource>, jobs: ReadonlyArray<LiveJob<Meta, Resource>>, now: number): void {
    const look: Look<Meta, Resource> = { jobs, endpoint, startedAt: now, fiber: undefined, isOver: false }
    this.#running.add(look)
    const fiber = this.#run(this.#callFor(jobs) as Effect.Effect<unknown, WebApiError>)
    look.fiber = fiber
    fiber.addObserver((exit) => this.#end(look, () => answersOf<Resource>(exit, jobs.length, this.#plugin.getMany !== undefined)))
  }

  /** When the oldest call under way began; infinity when there is none. */
  get oldest(): number {
    for (const look of this.#running) return look.startedAt
    return Number.POSITIVE_INFINITY
  }

  /** Ends calls that have taken longer than `timeout`. */
  expire(now: number, timeout: number): void {
    for (const look of this.#running) {
      if (look.startedAt + timeout > now) return
      const error = new WebApiError({ fault: "Unknown", description: `no answer within ${Duration.format(Duration.millis(timeout))}` })
      // The worker is free from now on, even if the call does not react to its interruption.
      this.#end(look, () => look.jobs.map(() => error))
      look.fiber?.interruptUnsafe()
    }
  }

  /** Completes when no call is under way. */
  idle(): Deferred.Deferred<void> {
    this.#idle ??= Deferred.makeUnsafe<void>()
    if (this.#running.size === 0) Deferred.doneUnsafe(this.#idle, Exit.void)
    return this.#idle
  }

  interruptAll(): void {
    for (const look of Array.from(this.#running)) look.fiber?.interruptUnsafe()
  }

  #callFor(jobs: ReadonlyArray<LiveJob<Meta, Resource>>): Effect.Effect<Resource | ReadonlyArray<Resource | WebApiError>, WebApiError> {
    const { get, getMany } = this.#plugin
    return getMany === undefined
      ? Effect.suspend(() => get(jobs[0] as JobContext<Meta>))
      : Effect.suspend(() => getMany.get(jobs))
  }

  #end(look: Look<Meta, Resource>, answers: () => Answers<Resource>): void {
    if (look.isOver) return
    look.isOver = true
    this.#running.delete(look)
    this.#answer(look, answers())
    if (this.#running.size === 0 && this.#idle !== undefined) Deferred.doneUnsafe(this.#idle, Exit.void)
  }
}

const answersOf = <Resource>(exit: Exit.Exit<unknown, WebApiError>, count: number, isBatch: boolean): Answers<Resource> => {
  if (Exit.isFailure(exit)) {
    const error = errorOf(exit.cause)
    return Array.from({ length: count }, () => error)
  }
  if (!isBatch) return [exit.value as Resource]
  if (Array.isArray(exit.value) && exit.value.length === count) return exit.value as Answers<Resource>
  const error = new WebApiError({ fault: "Unavailable", description: `the plugin did not answer for each of the ${count} jobs that it was asked about` })
  return Array.from({ length: count }, () => error)
}

/** What ended a call, whatever it was, as an error of the service. */
export const errorOf = (cause: Cause.Cause<WebApiError>): WebApiError => {
  const error: unknown = Cause.squash(cause)
  if (error instanceof WebApiError) return error
  return new WebApiError({ fault: "Unknown", description: `the plugin threw: ${error instanceof Error ? error.message : String(error)}` })
}
