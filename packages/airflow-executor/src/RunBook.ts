/** What a service remembers of its runs, and the numbered changes that others follow. Plain and synchronous. */
import type { ExecutorChange } from "./ExecutorEvent.ts"
import { type TaskKey, textOfKey } from "./TaskKey.ts"

/** A run as the service shows it. */
export interface RunView {
  readonly id: string
  readonly key: TaskKey
  /** `waiting`: it has no slot yet. */
  readonly state: ExecutorChange["state"] | "waiting"
  readonly info: string | undefined
  readonly pod: { readonly namespace: string; readonly name: string } | undefined
  /** Nothing comes after this state. */
  readonly isFinal: boolean
}

/** A change with its number. */
export interface NumberedChange {
  readonly number: number
  readonly run: RunView
}

/** How much is kept. */
export interface RunBookOptions {
  /** Runs that have ended; 100,000. */
  readonly endedMost?: number | undefined
  /** Changes that may still be asked for; 100,000. */
  readonly changesMost?: number | undefined
}

const finalStates: ReadonlySet<string> = new Set(["success", "failed", "adopted", "revoked"])

/** Runs by id and by key, and the last changes. What is over the limits is forgotten, the oldest first. */
export class RunBook {
  readonly #endedMost: number
  readonly #changesMost: number
  readonly #runs = new Map<string, RunView>()
  readonly #ended = new Set<string>()
  readonly #idOfKey = new Map<string, string>()
  readonly #listeners = new Set<() => void>()
  #changes: Array<NumberedChange> = []
  #last = 0

  constructor({ changesMost = 100_000, endedMost = 100_000 }: RunBookOptions = {}) {
    this.#endedMost = endedMost
    this.#changesMost = changesMost
  }

  /** Number of the last change. */
  get last(): number {
    return this.#last
  }

  get(id: string): RunView | undefined {
    return this.#runs.get(id)
  }

  /** The newest run of a key. */
  ofKey(key: TaskKey): RunView | undefined {
    return this.#runs.get(this.#idOfKey.get(textOfKey(key)) ?? "")
  }

  list(): ReadonlyArray<RunView> {
    return Array.from(this.#runs.values())
  }

  /** Notes the state of a run. What is over stays as it is. */
  note(change: Omit<RunView, "isFinal">): RunView {
    const before = this.#runs.get(change.id)
    if (before?.isFinal === true) return before
    const run: RunView = { ...change, pod: change.pod ?? before?.pod, isFinal: finalStates.has(change.state) }
    this.#runs.set(run.id, run)
    // A run that ends while a newer one of its key waits is not the newest for that.
    if (before === undefined) this.#idOfKey.set(textOfKey(run.key), run.id)
    if (run.isFinal) this.#end(run)
    this.#changes.push({ number: ++this.#last, run })
    // Cut seldom, so that it costs little for each.
    if (this.#changes.length > 2 * this.#changesMost) this.#changes = this.#changes.slice(-this.#changesMost)
    for (const listener of this.#listeners) listener()
    return run
  }

  #end(run: RunView): void {
    this.#ended.add(run.id)
    if (this.#ended.size <= this.#endedMost) return
    const [oldest = ""] = this.#ended
    const forgotten = this.#runs.get(oldest)
    this.#ended.delete(oldest)
    this.#runs.delete(oldest)
    if (forgotten !== undefined && this.#idOfKey.get(textOfKey(forgotten.key)) === oldest) this.#idOfKey.delete(textOfKey(forgotten.key))
  }

  /** The changes after a number, so many at most; `undefined` when some of them are forgotten or it has not come yet. */
  after(number: number, most: number): ReadonlyArray<NumberedChange> | undefined {
    const first = this.#changes[0]?.number ?? this.#last + 1
    if (number > this.#last || number + 1 < first) return undefined
    return this.#changes.slice(number + 1 - first, number + 1 - first + most)
  }

  /** Calls a plain function after each change. Answers the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
