/** Figures of the engine, for whoever scrapes them. */
import type { TaskAction } from "@fairlead/core"
import { Context, Effect, Metric } from "effect"
import { terminalCondition } from "./internal/conditions.ts"

type Attributes = { readonly [label: string]: string }

// A metric that is made with its attributes finds its series without computing anything; `Metric.withAttributes` works out the name every time.

const actionsActiveOf = (attributes?: Attributes) => Metric.gauge("taskaction_active", { description: "unfinished TaskActions by plugin phase", attributes })

/** Unfinished actions by the phase that their plugin reported last; `Unknown` before the first report. */
export const actionsActive: Metric.Gauge<number> = actionsActiveOf()

/** Bytes of an action as JSON whenever its status was stored: how near it comes to what etcd takes. */
export const actionSize: Metric.Histogram<number> = Metric.histogram("taskaction_crd_size_bytes", {
  description: "size of TaskActions as JSON",
  boundaries: [1024, 4096, 16_384, 65_536, 262_144, 524_288, 1_048_576, 1_572_864]
})

const writeDurationOf = (attributes?: Attributes) => Metric.histogram("taskaction_k8s_duration_milliseconds", {
  description: "time that writes of TaskActions took",
  boundaries: [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000],
  attributes
})

/** Milliseconds that writes of actions took, by `op` (`update` of metadata, `status_update`) and `error`. */
export const writeDuration: Metric.Histogram<number> = writeDurationOf()

const transitionsStoredOf = (attributes?: Attributes) => Metric.counter("taskaction_transitions_total", {
  description: "statuses stored, by plugin phase",
  incremental: true,
  attributes
})

/** Status writes by the plugin phase that they store. */
export const transitionsStored: Metric.Counter<number> = transitionsStoredOf()

/** Failures that were taken from the budget of the system. */
export const systemFailures: Metric.Counter<number> = Metric.counter("taskaction_system_failures_total", {
  description: "system failures tolerated or fatal",
  incremental: true
})

const relaunchesOf = (attributes?: Attributes) => Metric.counter("taskaction_relaunches_total", {
  description: "failed launches that are followed by another one",
  incremental: true,
  attributes
})

/** Launches that another one takes the place of, by `kind` of the failure: `USER` or `SYSTEM`. */
export const relaunches: Metric.Counter<number> = relaunchesOf()

const cleanupsFailedOf = (attributes?: Attributes) => Metric.counter("taskaction_cleanups_failed_total", {
  description: "failed aborts and finalizations of workloads",
  incremental: true,
  attributes
})

/** Cleanups that failed, by `outcome`: `retried`, or `given_up` when the workload is left to the cluster's garbage collector. */
export const cleanupsFailed: Metric.Counter<number> = cleanupsFailedOf()

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
  readonly relaunched: (kind: string) => void
  readonly cleanupFailed: (outcome: "retried" | "given_up") => void
  /** A write of an action came back. */
  readonly wrote: (op: "update" | "status_update", millis: number, isError: boolean) => void
  /** The action as it is stored now. */
  readonly sized: (action: TaskAction.TaskAction) => void
  /** An action of the cache changed; `undefined` for one that came or went. */
  readonly movedPhase: (from: TaskAction.TaskAction | undefined, to: TaskAction.TaskAction | undefined) => void
}

/** Makes counters that write to the metrics of the running program. */
export const make: Effect.Effect<EngineMetrics> = Effect.map(Effect.context<never>(), makeIn)

function makeIn(context: Context.Context<never>): EngineMetrics {
  const active = new Map<string, number>()
  const tagged = (make: (attributes: Attributes) => Metric.Metric<number, unknown>, label: string) => {
    const made = new Map<string, Metric.Metric<number, unknown>>()
    return (value: string): Metric.Metric<number, unknown> => {
      const known = made.get(value)
      if (known !== undefined) return known
      const fresh = make({ [label]: value })
      made.set(value, fresh)
      return fresh
    }
  }
  const stored = tagged(transitionsStoredOf, "phase")
  const relaunchesByKind = tagged(relaunchesOf, "kind")
  const cleanupsByOutcome = tagged(cleanupsFailedOf, "outcome")
  const durations = tagged((op) => writeDurationOf({ ...op, error: "false" }), "op")
  const failedDurations = tagged((op) => writeDurationOf({ ...op, error: "true" }), "op")
  // Phases change all the time and are rarely asked for, so that their gauges look at the counts instead of being told each.
  const change = (phase: string, by: number): void => {
    const count = active.get(phase)
    active.set(phase, (count ?? 0) + by)
    if (count === undefined) Metric.registerUnsafe(actionsActiveOf({ phase }), context, { get: () => ({ value: active.get(phase)! }), update: nothing, modify: nothing })
  }
  return {
    storedPhase: (phase) => stored(phase ?? "Unknown").updateUnsafe(1, context),
    systemFailed: () => systemFailures.updateUnsafe(1, context),
    refusedEvents: () => eventsRefused.updateUnsafe(1, context),
    relaunched: (kind) => relaunchesByKind(kind).updateUnsafe(1, context),
    cleanupFailed: (outcome) => cleanupsByOutcome(outcome).updateUnsafe(1, context),
    wrote: (op, millis, isError) => (isError ? failedDurations : durations)(op).updateUnsafe(millis, context),
    sized: (action) => actionSize.updateUnsafe(sizeOf(action), context),
    movedPhase: (from, to) => {
      if (from !== undefined && from.status === to?.status) return
      const before = activePhase(from)
      const after = activePhase(to)
      if (before === after) return
      if (before !== undefined) change(before, -1)
      if (after !== undefined) change(after, 1)
    }
  }
}

const nothing = (): void => undefined

const utf8 = new TextEncoder()

const hasMore = /[^\0-\x7f]/

const bytesOf = (value: object | null): number => {
  const text = JSON.stringify(value)
  return hasMore.test(text) ? utf8.encode(text).length : text.length
}

/** Bytes of a spec. It holds the template, which may be large, and stays the same while the status changes. */
const specBytes = new WeakMap<object, number>()

/** Bytes of an action as JSON. */
const sizeOf = (action: TaskAction.TaskAction): number => {
  let bytes = 1
  for (const field of Object.keys(action) as Array<keyof TaskAction.TaskAction>) {
    const value: unknown = action[field]
    if (value === undefined) continue
    const isSpec = field === "spec" && typeof value === "object" && value !== null
    bytes += `"":,`.length + field.length + (isSpec ? specBytesOf(value) : typeof value === "object" ? bytesOf(value) : JSON.stringify(value).length)
  }
  return bytes
}

const specBytesOf = (spec: object): number => {
  let bytes = specBytes.get(spec)
  if (bytes === undefined) specBytes.set(spec, (bytes = bytesOf(spec)))
  return bytes
}

const activePhase = (action: TaskAction.TaskAction | undefined): string | undefined =>
  action === undefined || terminalCondition(action.status) !== undefined ? undefined : (action.status?.pluginPhase ?? "Unknown")
