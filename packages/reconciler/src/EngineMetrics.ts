/** Figures of the engine, for whoever scrapes them. */
import type { TaskAction } from "@fairlead/core"
import { Context, Effect, Metric } from "effect"

/** Unfinished and kept actions by the phase that their plugin reported last; `Unknown` before the first report. */
export const actionsActive: Metric.Gauge<number> = Metric.gauge("taskaction_active", { description: "TaskActions by plugin phase" })

/** Status writes by the plugin phase that they store. */
export const transitionsStored: Metric.Counter<number> = Metric.counter("taskaction_transitions_total", {
  description: "statuses stored, by plugin phase",
  incremental: true
})

/** Failures that were taken from the budget of the system. */
export const systemFailures: Metric.Counter<number> = Metric.counter("taskaction_system_failures_total", {
  description: "system failures tolerated or fatal",
  incremental: true
})

/** Calls of the event sink that failed. */
export const eventsRefused: Metric.Counter<number> = Metric.counter("taskaction_events_refused_total", {
  description: "failed deliveries of action events",
  incremental: true
})

/** Where the engine counts: plain calls, for they sit on the hot path. */
export interface EngineMetrics {
  readonly storedPhase: (phase: string | undefined) => void
  readonly systemFailed: () => void
  readonly refusedEvents: () => void
  /** An action of the cache changed; `undefined` for one that came or went. */
  readonly movedPhase: (from: TaskAction.TaskAction | undefined, to: TaskAction.TaskAction | undefined) => void
}

/** Makes counters that write to the metrics of the running program. */
export const make: Effect.Effect<EngineMetrics> = Effect.map(Effect.context<never>(), makeIn)

function makeIn(context: Context.Context<never>): EngineMetrics {
  const active = new Map<string, number>()
  const gauges = new Map<string, Metric.Metric<number, unknown>>()
  const stored = new Map<string, Metric.Metric<number, unknown>>()
  const tagged = (made: Map<string, Metric.Metric<number, unknown>>, metric: Metric.Metric<number, unknown>, phase: string) => {
    const known = made.get(phase)
    if (known !== undefined) return known
    const fresh = Metric.withAttributes(metric, { phase })
    made.set(phase, fresh)
    return fresh
  }
  const change = (phase: string, by: number): void => {
    const count = (active.get(phase) ?? 0) + by
    active.set(phase, count)
    tagged(gauges, actionsActive, phase).updateUnsafe(count, context)
  }
  return {
    storedPhase: (phase) => tagged(stored, transitionsStored, phase ?? "Unknown").updateUnsafe(1, context),
    systemFailed: () => systemFailures.updateUnsafe(1, context),
    refusedEvents: () => eventsRefused.updateUnsafe(1, context),
    movedPhase: (from, to) => {
      const before = from === undefined ? undefined : (from.status?.pluginPhase ?? "Unknown")
      const after = to === undefined ? undefined : (to.status?.pluginPhase ?? "Unknown")
      if (before === after) return
      if (before !== undefined) change(before, -1)
      if (after !== undefined) change(after, 1)
    }
  }
}
