/** Quotas of jobs as leases: who may begin one, in which order, and who gives way. */

/** What a job takes from, and for whom. */
export interface QuotaLease {
  readonly pool: string
  readonly project: string
  /** Project and domain. */
  readonly namespace: string
}

/** Somebody who wants a lease. */
export interface QuotaRequest extends QuotaLease {
  readonly key: string
  /** Most leases of the project, of the namespace. */
  readonly projectMax?: number | undefined
  readonly namespaceMax?: number | undefined
  /** When the task first asked. Older ones come first, also after a restart. */
  readonly since: number
  /** Tells that there is room now. */
  readonly wake: () => void
}

/** The answer to a request: a lease, or why there is none. */
export type QuotaVerdict = { readonly isGranted: true } | { readonly isGranted: false; readonly reason: string }

interface Waiter extends QuotaRequest {
  seenAt: number
}

interface Held extends QuotaLease {
  /** Set while the lease is kept for a waiter that has not come for it. */
  offeredAt: number | undefined
}

/** A waiter that has not asked for this long, or does not come for what was kept for it, is taken for gone. */
export const waiterPatience = 5 * 60_000

/**
 * Hands out leases.
 *
 * Guarantees: never more leases than the quota; the oldest request that its project and namespace have room for comes first, and
 * one whose tenant is at its bound holds nobody else up; asking again with the same key answers the same lease; what is given back
 * is given to the next one at once. A pool without a quota, or whose quota was removed, has room for all.
 */
export class Quotas {
  readonly #held = new Map<string, Held>()
  #waiting: Array<Waiter> = []
  #pools: { readonly [pool: string]: number } = {}
  readonly #counts = new Map<string, number>()

  /** Sets the quotas. Leases that are held stay, also when there is now one too many. */
  configure(pools: { readonly [pool: string]: number }, now: number): void {
    if (pools === this.#pools) return
    this.#pools = pools
    this.#offer(now)
  }

  /** Counts a lease that was granted before a restart. */
  hold(key: string, lease: QuotaLease): void {
    if (this.#held.has(key)) return
    this.#take(key, lease, undefined)
  }

  /** Asks for a lease, or again for one that was asked for. */
  request(request: QuotaRequest, now: number): QuotaVerdict {
    const held = this.#held.get(request.key)
    if (held !== undefined) {
      held.offeredAt = undefined
      return { isGranted: true }
    }
    const known = this.#waiting.find((it) => it.key === request.key)
    if (known === undefined) this.#enqueue({ ...request, seenAt: now })
    else known.seenAt = now
    this.#offer(now)
    const given = this.#held.get(request.key)
    if (given !== undefined) {
      given.offeredAt = undefined
      return { isGranted: true }
    }
    return { isGranted: false, reason: this.#reasonFor(request) }
  }

  /** Gives a lease back, or takes a request back. Any number of times. */
  release(key: string, now: number): void {
    const held = this.#held.get(key)
    if (held === undefined) {
      const index = this.#waiting.findIndex((it) => it.key === key)
      if (index < 0) return
      this.#waiting.splice(index, 1)
    } else {
      this.#held.delete(key)
      for (const scope of scopesOf(held)) this.#counts.set(scope, this.#count(scope) - 1)
    }
    this.#offer(now)
  }

  /** Leases of a pool that are held or kept for somebody. */
  heldOf(pool: string): number {
    return this.#count(poolScope(pool))
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  #count(scope: string): number {
    return this.#counts.get(scope) ?? 0
  }

  #take(key: string, { namespace, pool, project }: QuotaLease, offeredAt: number | undefined): void {
    const held: Held = { pool, project, namespace, offeredAt }
    this.#held.set(key, held)
    for (const scope of scopesOf(held)) this.#counts.set(scope, this.#count(scope) + 1)
  }

  #enqueue(waiter: Waiter): void {
    let index = this.#waiting.length
    while (index > 0 && this.#waiting[index - 1]!.since > waiter.since) index--
    this.#waiting.splice(index, 0, waiter)
  }

  #hasRoom(request: QuotaRequest): boolean {
    const [pool, project, namespace] = scopesOf(request)
    return this.#count(pool) < (this.#pools[request.pool] ?? Infinity) &&
      this.#count(project) < (request.projectMax ?? Infinity) &&
      this.#count(namespace) < (request.namespaceMax ?? Infinity)
  }

  /** Keeps free leases for the first waiters that they fit, and wakes them. */
  #offer(now: number): void {
    for (const [key, held] of this.#held) {
      if (held.offeredAt !== undefined && now - held.offeredAt > waiterPatience) {
        this.#held.delete(key)
        for (const scope of scopesOf(held)) this.#counts.set(scope, this.#count(scope) - 1)
      }
    }
    if (this.#waiting.length === 0) return
    const left: Array<Waiter> = []
    for (const waiter of this.#waiting) {
      if (now - waiter.seenAt > waiterPatience) continue
      if (this.#hasRoom(waiter)) {
        this.#take(waiter.key, waiter, now)
        waiter.wake()
      } else left.push(waiter)
    }
    this.#waiting = left
  }

  #reasonFor(request: QuotaRequest): string {
    const { key, namespace, namespaceMax, pool, project, projectMax } = request
    const quota = this.#pools[pool] ?? Infinity
    if (this.#count(projectScope(request)) >= (projectMax ?? Infinity)) return `project ${project} has all ${projectMax} jobs of "${pool}" that it may have`
    if (this.#count(namespaceScope(request)) >= (namespaceMax ?? Infinity)) return `${namespace} has all ${namespaceMax} jobs of "${pool}" that it may have`
    const ahead = this.#waiting.findIndex((it) => it.key === key)
    return `the quota of ${quota} jobs of "${pool}" is used up${ahead > 0 ? "; others were there before" : ""}`
  }
}

/** A character that no name holds ends every name: project `a` never counts for `ab`. */
const separator = "\u0000"
const poolScope = (pool: string): string => `pool${separator}${pool}`
const projectScope = ({ pool, project }: QuotaLease): string => `project${separator}${pool}${separator}${project}`
const namespaceScope = ({ namespace, pool }: QuotaLease): string => `namespace${separator}${pool}${separator}${namespace}`
const scopesOf = (lease: QuotaLease): readonly [string, string, string] => [poolScope(lease.pool), projectScope(lease), namespaceScope(lease)]
