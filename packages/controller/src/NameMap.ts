/** Values by namespace and name. */
import type { ReconcileRequest } from "./ReconcileRequest.ts"

/** Namespaces that may stay without values: those that a queue empties are filled again soon. */
const emptyMax = 64

/**
 * A map with keys of two parts. Both are texts that objects hold anyway: a key put together from them would have to be
 * copied and hashed for every look-up, which costs several times what the look-up does.
 */
export class NameMap<V> {
  readonly #spaces = new Map<string, Map<string, V>>()
  /** The namespace that was asked for last: most often it is the next one too. */
  #lastNamespace: string | undefined
  #lastSpace: Map<string, V> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get(namespace: string | undefined, name: string): V | undefined {
    return this.#space(namespace ?? "")?.get(name)
  }

  set(namespace: string | undefined, name: string, value: V): void {
    const space = this.#space(namespace ?? "") ?? this.#makeSpace(namespace ?? "")
    const before = space.size
    space.set(name, value)
    this.#size += space.size - before
  }

  delete(namespace: string | undefined, name: string): boolean {
    const space = this.#space(namespace ?? "")
    if (space?.delete(name) !== true) return false
    this.#size--
    if (space.size === 0 && this.#spaces.size > emptyMax) {
      this.#spaces.delete(namespace ?? "")
      this.#lastSpace = undefined
    }
    return true
  }

  #space(namespace: string): Map<string, V> | undefined {
    if (this.#lastSpace !== undefined && namespace === this.#lastNamespace) return this.#lastSpace
    this.#lastNamespace = namespace
    return (this.#lastSpace = this.#spaces.get(namespace))
  }

  #makeSpace(namespace: string): Map<string, V> {
    const space = new Map<string, V>()
    this.#spaces.set(namespace, space)
    return space
  }
}

/** A map in which requests are the same key when they name the same object. */
export class RequestMap<V> {
  readonly #names = new NameMap<V>()

  get size(): number {
    return this.#names.size
  }

  get({ name, namespace }: ReconcileRequest): V | undefined {
    return this.#names.get(namespace, name)
  }

  set({ name, namespace }: ReconcileRequest, value: V): void {
    this.#names.set(namespace, name, value)
  }

  delete({ name, namespace }: ReconcileRequest): boolean {
    return this.#names.delete(namespace, name)
  }
}
