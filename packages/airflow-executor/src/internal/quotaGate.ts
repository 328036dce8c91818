/** Who waits for room in a namespace whose quota is used up. One probes at a time, so that a full namespace costs a call now and then. */

interface Gate {
  readonly waiting: Array<string>
  /** The same, so that nobody waits in two places. */
  readonly members: Set<string>
  /** Who may try although the gate is closed. */
  readonly admitted: Set<string>
  backoff: number
  /** How many follow when a probe goes well. */
  credit: number
}

const backoffMin = 1000
const backoffMax = 30_000

export class QuotaGate {
  readonly #gates = new Map<string, Gate>()

  /** How many wait. */
  get size(): number {
    let sum = 0
    for (const { waiting } of this.#gates.values()) sum += waiting.length
    return sum
  }

  /** True when `key` must wait behind others and may not even try; it is then waiting. */
  holdsBack(namespace: string, key: string): boolean {
    const gate = this.#gates.get(namespace)
    if (gate === undefined || gate.admitted.has(key)) return false
    if (!gate.members.has(key)) gate.waiting.push(key)
    gate.members.add(key)
    return true
  }

  /** The server refused `key` for the quota. Answers who is to try next, and after how long, if nobody is about to try. */
  refused(namespace: string, key: string): { readonly key: string; readonly delay: number } | undefined {
    const gate = this.#gates.get(namespace) ?? { waiting: [], members: new Set<string>(), admitted: new Set<string>(), backoff: backoffMin, credit: 1 }
    this.#gates.set(namespace, gate)
    const wasAdmitted = gate.admitted.delete(key)
    if (!gate.members.has(key)) gate.waiting.unshift(key)
    gate.members.add(key)
    gate.credit = 1
    if (gate.admitted.size > 0) return undefined
    const delay = gate.backoff
    if (wasAdmitted) gate.backoff = Math.min(backoffMax, gate.backoff * 2)
    const [next] = this.#admit(gate, 1)
    return next === undefined ? undefined : { key: next, delay: wasAdmitted ? Math.min(backoffMax, delay * 2) : delay }
  }

  /** `key` got through, or has nothing to do with the quota any more. Answers who may try now. */
  passed(namespace: string, key: string): ReadonlyArray<string> {
    const gate = this.#gates.get(namespace)
    if (gate === undefined || !gate.admitted.delete(key)) return []
    gate.backoff = backoffMin
    gate.credit *= 2
    return this.#next(namespace, gate, gate.credit)
  }

  /** Something in the namespace ended, so there is room for one. */
  freed(namespace: string): ReadonlyArray<string> {
    const gate = this.#gates.get(namespace)
    return gate === undefined ? [] : this.#next(namespace, gate, 1)
  }

  /** Forgets one that will not try again. Answers who may try in its place. */
  forget(namespace: string, key: string): ReadonlyArray<string> {
    const gate = this.#gates.get(namespace)
    if (gate === undefined) return []
    if (gate.members.delete(key)) gate.waiting.splice(gate.waiting.indexOf(key), 1)
    return gate.admitted.delete(key) ? this.#next(namespace, gate, 1) : []
  }

  #next(namespace: string, gate: Gate, count: number): ReadonlyArray<string> {
    const next = this.#admit(gate, count)
    if (gate.waiting.length === 0 && gate.admitted.size === 0) this.#gates.delete(namespace)
    return next
  }

  #admit(gate: Gate, count: number): ReadonlyArray<string> {
    const next = gate.waiting.splice(0, count)
    for (const key of next) {
      gate.members.delete(key)
      gate.admitted.add(key)
    }
    return next
  }
}
