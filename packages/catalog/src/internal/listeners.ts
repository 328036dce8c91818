/** Those who want to hear of changes of keys. */
import { Effect, type Scope } from "effect"

/** A set of listeners; a listener must not throw. */
export class Listeners {
  readonly #listeners = new Set<(key: string) => void>()

  /** Tells all of them, in the order in which they came. */
  readonly tell = (key: string): void => {
    for (const listener of this.#listeners) listener(key)
  }

  get size(): number {
    return this.#listeners.size
  }

  /** Adds one for as long as the scope is open. */
  readonly follow = (listener: (key: string) => void): Effect.Effect<void, never, Scope.Scope> =>
    Effect.asVoid(Effect.acquireRelease(
      Effect.sync(() => {
        const own = (key: string): void => listener(key)
        this.#listeners.add(own)
        return own
      }),
      (own) => Effect.sync(() => void this.#listeners.delete(own))
    ))
}
