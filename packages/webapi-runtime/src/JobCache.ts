/** Looks after all live jobs of a plugin: asks the service how they are, at a pace that it allows, and wakes their tasks on news. */
import type { SecretAccessor } from "@fairlead/core"
import { Clock, Effect, Random, type Scope } from "effect"
import type { AsyncPlugin, Json } from "./AsyncPlugin.ts"
import { JobCacheCore } from "./internal/jobCacheCore.ts"
import type { PluginConfig } from "./PluginConfig.ts"
import type { WebApiError } from "./WebApiError.ts"

/** A job to look after. */
export interface JobToWatch<Meta, Resource> {
  /** Unlike that of any other launch: an old job under the same name is another job. */
  readonly key: string
  readonly meta: Meta
  readonly secrets: SecretAccessor
  readonly endpoint: string
  /** Tenants share what an endpoint allows. */
  readonly tenant: string
  /** Called on news. */
  readonly wake: () => void
  /** What `create` already told. */
  readonly resource?: Resource | undefined
}

/** What is known about a job. Times are milliseconds since the epoch. */
export interface JobView<Resource> {
  readonly resource: Resource | undefined
  /** When the last look succeeded; when it was added, before that. */
  readonly seenAt: number
  /** Failed looks in a row, and since when. */
  readonly failures: number
  readonly failingSince: number
  readonly error: WebApiError | undefined
  readonly fate: "Live" | "Ended" | "GaveUp" | "Gone" | "Removed"
}

/** Figures of a cache. */
export interface JobCacheStats {
  readonly jobs: number
  readonly inFlight: number
  /** Jobs that are due and wait for a call. */
  readonly waiting: number
  readonly polls: number
  readonly failures: number
  /** Age of the oldest knowledge about a live job, in milliseconds. Looks at all jobs. */
  readonly stalest: number
}

/** How a cache asks. */
export interface JobCacheOptions<Meta extends Json, Resource> {
  readonly plugin: Pick<AsyncPlugin<Meta, Resource>, "get" | "getMany" | "isSame" | "isTerminal">
  readonly config: PluginConfig
  /** Takes secrets out of texts. */
  readonly scrub?: ((text: string) => string) | undefined
  /** Hears how late each look began, in milliseconds. */
  readonly observe?: ((lateness: number) => void) | undefined
}

/**
 * A cache of live jobs.
 *
 * Guarantees: every live job is in it, however many there are; a job is never asked for twice at once; a call that fails, throws,
 * hangs or answers nonsense harms only its own jobs; no more calls than the limits allow, and where they allow less than is wanted,
 * every tenant gets its share and every job its turn.
 */
export interface JobCache<Meta extends Json, Resource> {
  /** Looks after a job; answers false when there are as many as allowed. Adding a known key changes nothing. */
  readonly add: (job: JobToWatch<Meta, Resource>) => boolean
  /** What is known about a job; `undefined` when it is not looked after. */
  readonly look: (key: string) => JobView<Resource> | undefined
  /** Looks after it no longer. What a call under way answers is thrown away. */
  readonly remove: (key: string) => void
  /** True when there is room for one more job. */
  readonly hasRoom: () => boolean
  readonly configure: (config: PluginConfig) => void
  readonly stats: () => JobCacheStats
}

/** Makes a cache that works until the scope ends: calls under way get five seconds then. */
export const makeJobCache = <Meta extends Json, Resource>(
  options: JobCacheOptions<Meta, Resource>
): Effect.Effect<JobCache<Meta, Resource>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      return new JobCacheCore<Meta, Resource>({
        ...options,
        clock: yield* Clock.Clock,
        random: yield* Random.Random,
        context: yield* Effect.context<never>()
      })
    }),
    (core) => core.shutDown
  )
