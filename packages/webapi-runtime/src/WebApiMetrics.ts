/** Figures of web API plugins, each with the plugin's id as the label `plugin`. */
import { type Context, Effect, Metric } from "effect"

/** Looks at jobs. */
export const looks: Metric.Counter<number> = Metric.counter("webapi_looks_total", { description: "jobs that a service was asked about", incremental: true })

/** How late looks began. */
export const lateness: Metric.Histogram<number> = Metric.histogram("webapi_look_lateness_seconds", {
  description: "time between when a job was due to be looked at and when it was",
  boundaries: [0.01, 0.1, 1, 5, 10, 30, 60, 300, 1800]
})

/** Calls of `create`, by `outcome`: `created`, `adopted`, or the fault of the error. */
export const creations: Metric.Counter<number> = Metric.counter("webapi_creations_total", { description: "calls that create a job", incremental: true })

/** Calls of `delete`, by `outcome`: `deleted`, or the fault of the error. */
export const deletions: Metric.Counter<number> = Metric.counter("webapi_deletions_total", { description: "calls that delete a job", incremental: true })

/** Milliseconds between the first request for a place in a quota and the grant. */
export const quotaWait: Metric.Histogram<number> = Metric.histogram("webapi_quota_wait_seconds", {
  description: "time that tasks waited for a place in a quota",
  boundaries: [0.1, 1, 10, 60, 600, 3600, 36_000]
})

/** Where a plugin counts: plain calls. */
export interface WebApiMetrics {
  readonly looked: (latenessMillis: number) => void
  readonly created: (outcome: string) => void
  readonly deleted: (outcome: string) => void
  readonly granted: (waitedMillis: number) => void
}

/** Makes the counters of one plugin. */
export const make = (plugin: string): Effect.Effect<WebApiMetrics> => Effect.map(Effect.context<never>(), (context) => makeIn(plugin, context))

function makeIn(plugin: string, context: Context.Context<never>): WebApiMetrics {
  const looksHere = Metric.withAttributes(looks, { plugin })
  const latenessHere = Metric.withAttributes(lateness, { plugin })
  const quotaWaitHere = Metric.withAttributes(quotaWait, { plugin })
  const count = (metric: Metric.Counter<number>) => (outcome: string): void => Metric.withAttributes(metric, { plugin, outcome }).updateUnsafe(1, context)
  return {
    looked: (millis) => {
      looksHere.updateUnsafe(1, context)
      latenessHere.updateUnsafe(millis / 1000, context)
    },
    created: count(creations),
    deleted: count(deletions),
    granted: (millis) => quotaWaitHere.updateUnsafe(millis / 1000, context)
  }
}
