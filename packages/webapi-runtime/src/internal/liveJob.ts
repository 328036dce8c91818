/** Jobs, tenants and endpoints as the cache keeps them. Mutable, plain, small: there may be a hundred thousand of them. */
import type { SecretAccessor } from "@fairlead/core"
import { TokenBucket } from "../TokenBucket.ts"
import type { WebApiError } from "../WebApiError.ts"
import type { Due } from "./dueHeap.ts"
import { Fifo } from "./fifo.ts"

/** One job that is looked after. */
export class LiveJob<Meta, Resource> implements Due {
  dueAt = 0
  heapIndex = -1
  resource: Resource | undefined = undefined
  /** When the last look succeeded; when it was added, before that. */
  seenAt: number
  changedAt: number
  /** When the engine last asked about it. */
  visitedAt: number
  /** Its task was woken because nobody asked about it, and has not asked since. */
  isAsked = false
  failures = 0
  failingSince = 0
  missed = 0
  error: WebApiError | undefined = undefined
  /** `Live`; `Ended`: will not change any more; `GaveUp`, `Gone`: see `error`; `Removed`: nobody wants to know. */
  fate: "Live" | "Ended" | "GaveUp" | "Gone" | "Removed" = "Live"
  readonly key: string
  readonly meta: Meta
  readonly secrets: SecretAccessor
  readonly wake: () => void
  readonly tenant: Tenant<Meta, Resource>

  constructor(key: string, meta: Meta, secrets: SecretAccessor, wake: () => void, tenant: Tenant<Meta, Resource>, now: number) {
    this.key = key
    this.meta = meta
    this.secrets = secrets
    this.wake = wake
    this.tenant = tenant
    this.seenAt = now
    this.changedAt = now
    this.visitedAt = now
  }
}

/** All jobs of one project on one endpoint. */
export class Tenant<Meta, Resource> {
  jobs = 0
  weight = 1
  /** Turns left before the next tenant is served. */
  credit = 0
  /** The interval at which every job of it can be looked at. */
  loadInterval = 0
  /** The longest such interval that looks may still be planned by. */
  plannedInterval = 0
  isShort = false
  perSecond = 0
  /** The last moment that was given away, while there is less room than the tenant wants. */
  slot = 0
  /** Jobs that are due, oldest first. */
  readonly ready = new Fifo<LiveJob<Meta, Resource>>()
  readonly name: string
  readonly endpoint: Endpoint<Meta, Resource>

  constructor(name: string, endpoint: Endpoint<Meta, Resource>) {
    this.name = name
    this.endpoint = endpoint
  }
}

/** One server. */
export class Endpoint<Meta, Resource> {
  readonly tenants = new Map<string, Tenant<Meta, Resource>>()
  /** Tenants that have jobs ready, in the order of their turns. */
  turns: Array<Tenant<Meta, Resource>> = []
  jobs = 0
  /** Number of jobs that the shares were worked out for. */
  sharedFor = 0
  inFlight = 0
  /** Answers in a row that asked for fewer calls. */
  throttles = 0
  readonly read: TokenBucket
  readonly name: string

  constructor(name: string, limits: { readonly qps: number; readonly burst: number }, now: number) {
    this.name = name
    this.read = new TokenBucket(limits, now)
  }
}
