/** What other programs do to keys in the same file: SQLite tells nobody, so the file is looked at while somebody waits. */
import { Clock, Effect, type Scope } from "effect"
import type { CatalogError } from "../Catalog.ts"
import type { Listeners } from "../internal/listeners.ts"

/** How long somebody who waits for another program may have to wait longer than needed, in milliseconds. */
export const newsAfter = 200

/** What one look at the file brings: a number that changes when another program stored something, and the present state of keys. */
export interface NewsReader {
  readonly version: Effect.Effect<number, CatalogError>
  /** A text for each key that is another one when its reservation or its entry is. */
  readonly states: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, CatalogError>
}

/** Keys that somebody waits for, and the fiber that looks after them. */
export class SqliteNews {
  readonly #awaited = new Map<string, { readonly state: string; readonly until: number }>()
  readonly #reader: NewsReader
  readonly #listeners: Listeners
  readonly #scope: Scope.Scope
  #isLooking = false

  constructor(reader: NewsReader, listeners: Listeners, scope: Scope.Scope) {
    this.#reader = reader
    this.#listeners = listeners
    this.#scope = scope
  }

  /** Tells the listeners when a key is not in `state` any more. Ends at `until`, when its reservation expires: then those who wait look by themselves. */
  await(key: string, state: string, until: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#listeners.size === 0) return Effect.void
      this.#awaited.set(key, { state, until })
      if (this.#isLooking) return Effect.void
      this.#isLooking = true
      return Effect.asVoid(Effect.forkIn(this.#look(), this.#scope))
    })
  }

  #look(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      let version = -1
      while (this.#awaited.size > 0) {
        yield* Effect.sleep(newsAfter)
        // A file that cannot be read now can be the next time, or those who wait find it out.
        const seen = yield* Effect.orElseSucceed(this.#reader.version, () => version)
        if (seen !== version) yield* Effect.ignore(this.#tell())
        version = seen
        const now = yield* Clock.currentTimeMillis
        for (const [key, { until }] of this.#awaited) if (until <= now) this.#awaited.delete(key)
      }
      this.#isLooking = false
    })
  }

  #tell(): Effect.Effect<void, CatalogError> {
    const keys = [...this.#awaited.keys()]
    return Effect.map(this.#reader.states(keys), (states) => {
      for (const [index, key] of keys.entries()) {
        if (this.#awaited.get(key)?.state === states[index]) continue
        this.#awaited.delete(key)
        this.#listeners.tell(key)
      }
    })
  }
}
