/** Calls that go on while rounds come and go: one at a time for a key, their answers kept until somebody has stored them. */
import { type Context, Deferred, Effect, Exit, type Fiber, type Scope } from "effect"

/** A call that was begun. */
export interface Call<A, E> {
  /** The answer, once there is one. */
  exit: Exit.Exit<A, E> | undefined
  readonly done: Deferred.Deferred<void>
}

/** Time that calls have to end by themselves when the plugin stops. */
const drainTime = "5 seconds"

/** Keeps calls by key. */
export class Calls<A, E> {
  readonly #calls = new Map<string, Call<A, E>>()
  readonly #fibers = new Set<Fiber.Fiber<A, E>>()
  readonly #run: <A2, E2>(effect: Effect.Effect<A2, E2>) => Fiber.Fiber<A2, E2>

  private constructor(context: Context.Context<never>) {
    this.#run = Effect.runForkWith(context)
  }

  /** Calls that end with the scope. */
  static make<A, E>(): Effect.Effect<Calls<A, E>, never, Scope.Scope> {
    return Effect.acquireRelease(Effect.map(Effect.context<never>(), (context) => new Calls<A, E>(context)), (calls) => calls.#drain())
  }

  /** The call under this key. */
  get(key: string): Call<A, E> | undefined {
    return this.#calls.get(key)
  }

  /** Begins a call, unless there is one under this key. `onEnd` is told when it has ended. */
  begin(key: string, effect: Effect.Effect<A, E>, onEnd: () => void): Call<A, E> {
    const known = this.#calls.get(key)
    if (known !== undefined) return known
    const call: Call<A, E> = { exit: undefined, done: Deferred.makeUnsafe<void>() }
    this.#calls.set(key, call)
    const fiber = this.#run(effect)
    this.#fibers.add(fiber)
    fiber.addObserver((exit) => {
      this.#fibers.delete(fiber)
      call.exit = exit
      Deferred.doneUnsafe(call.done, Exit.void)
      onEnd()
    })
    return call
  }

  /** Forgets the answer under this key. A call that is under way stays. */
  drop(key: string): void {
    if (this.#calls.get(key)?.exit !== undefined) this.#calls.delete(key)
  }

  /** Calls under way. */
  get running(): number {
    return this.#fibers.size
  }

  #drain(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const running = Array.from(this.#calls.values(), (call) => Deferred.await(call.done))
      const ended = Effect.timeoutOption(Effect.all(running, { concurrency: "unbounded", discard: true }), drainTime)
      return Effect.andThen(ended, Effect.sync(() => {
        for (const fiber of Array.from(this.#fibers)) fiber.interruptUnsafe()
      }))
    })
  }
}
