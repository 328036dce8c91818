/** Actions that wait for the result of another one, by its key. */
import type { ReconcileRequest } from "@fairlead/controller"

/** Who waits for what. */
export class CacheWaits {
  readonly #byKey = new Map<string, Map<string, ReconcileRequest>>()
  readonly #keyOf = new Map<string, string>()

  /** An action waits for a key, and no other one. */
  add(key: string, request: ReconcileRequest): void {
    this.remove(request)
    const waiting = this.#byKey.get(key) ?? new Map<string, ReconcileRequest>()
    this.#byKey.set(key, waiting)
    waiting.set(idOf(request), request)
    this.#keyOf.set(idOf(request), key)
  }

  /** An action does not wait any more. */
  remove(request: ReconcileRequest): void {
    const id = idOf(request)
    const key = this.#keyOf.get(id)
    if (key === undefined) return
    this.#keyOf.delete(id)
    const waiting = this.#byKey.get(key)
    waiting?.delete(id)
    if (waiting?.size === 0) this.#byKey.delete(key)
  }

  /** Takes all that wait for a key, in the order in which they came. */
  take(key: string): ReadonlyArray<ReconcileRequest> {
    const requests = [...(this.#byKey.get(key)?.values() ?? [])]
    for (const request of requests) this.remove(request)
    return requests
  }

  get size(): number {
    return this.#keyOf.size
  }
}

const idOf = ({ name, namespace }: ReconcileRequest): string => `${namespace ?? ""}/${name}`
