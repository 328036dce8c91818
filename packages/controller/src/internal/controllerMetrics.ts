/** The figures of a controller under the names that controller-runtime made known, and what it says about its health. */
import type { Clock, Context } from "effect"
import type { HealthCheck } from "../Health.ts"
import type { Informer } from "../Informer.ts"
import type { QueueStats } from "../WorkQueue.ts"
import type { ControllerCore } from "./controllerCore.ts"
import { monotonicMillis } from "../MonotonicTime.ts"
import { Series } from "./series.ts"

/** Registers all series of a controller; answers the way to remove them. */
export const registerController = (name: string, workers: number, core: ControllerCore, clock: Clock.Clock, context: Context.Context<never>): () => void => {
  const { outcomes } = core
  const reconcile = new Series(context, { controller: name })
  const total = (result: string, read: () => number): void =>
    void reconcile.counter("controller_runtime_reconcile_total", "Reconciles by their result", read, { result })
  const errors = (): number => outcomes.Failed + outcomes.Terminal + outcomes.Defect + outcomes.TimedOut + outcomes.Interrupted
  total("success", () => outcomes.Done)
  total("requeue_after", () => outcomes.RequeueAfter)
  total("error", errors)
  reconcile
    .counter("controller_runtime_reconcile_errors_total", "Reconciles that failed", errors)
    .counter("controller_runtime_terminal_reconcile_errors_total", "Reconciles that failed for good", () => outcomes.Terminal)
    .counter("controller_runtime_reconcile_panics_total", "Reconciles that died of a defect", () => outcomes.Defect)
    .counter("controller_runtime_reconcile_timeouts_total", "Reconciles that were interrupted by their timeout", () => outcomes.TimedOut)
    .histogram("controller_runtime_reconcile_time_seconds", "Length of reconciles", core.reconcileSeconds)
    .gauge("controller_runtime_max_concurrent_reconciles", "Most reconciles at once", () => workers)
    .gauge("controller_runtime_active_workers", "Reconciles that are going on", () => core.active)
    .gauge("controller_runtime_stuck_reconciles", "Reconciles that do not react to their interruption", () => core.abandoned)
    .counter("controller_runtime_own_writes_waits_total", "Runs put off until the key can see its own writes", () => core.waits)
    .counter("controller_runtime_own_writes_reads_total", "Runs that read their own writes from the server, because no watch showed them", () => core.catchUps)
  const queue = registerQueue(name, core, clock, context)
  return () => {
    reconcile.remove()
    queue.remove()
  }
}

const registerQueue = (name: string, core: ControllerCore, clock: Clock.Clock, context: Context.Context<never>): Series => {
  const stats = (): QueueStats => core.queue.stats()
  const now = (): number => monotonicMillis(clock)
  const depth = (matches: (priority: number) => boolean) => (): number =>
    stats().depths.reduce((sum, [priority, ready]) => sum + (matches(priority) ? ready : 0), 0)
  const longest = (): number => {
    const { oldestStart } = stats()
    return oldestStart === undefined ? 0 : (now() - oldestStart) / 1000
  }
  return new Series(context, { name, controller: name })
    .gauge("workqueue_depth", "Ready keys", depth((it) => it === 0), { priority: "0" })
    .gauge("workqueue_depth", "Ready keys", depth((it) => it === -100), { priority: "-100" })
    .gauge("workqueue_depth", "Ready keys", depth((it) => it !== 0 && it !== -100), { priority: "other" })
    .gauge("workqueue_delayed", "Keys that are not due yet", () => stats().delayed)
    .counter("workqueue_adds_total", "Keys added", () => stats().adds)
    .counter("workqueue_retries_total", "Keys added after a failure", () => stats().retries)
    .histogram("workqueue_queue_duration_seconds", "Time that keys were ready before their run", core.queueSeconds)
    .histogram("workqueue_work_duration_seconds", "Length of runs", core.workSeconds)
    .gauge("workqueue_unfinished_work_seconds", "Sum of the lengths of the runs that go on", () => core.queue.unfinishedMillis(now()) / 1000)
    .gauge("workqueue_longest_running_processor_seconds", "Length of the run that has lasted longest", longest)
}

/** Without a timeout a queue that stands still this long is worth a restart. */
const progressMillis = 1_800_000

/** Ready: everything is in the caches and work has begun. Live: keys do not wait while nothing ever ends. */
export const controllerHealth = (
  name: string,
  core: ControllerCore,
  informers: ReadonlyArray<Informer>,
  options: { readonly workers: number; readonly timeoutMillis: number },
  now: () => number
): HealthCheck => ({
  name: `controller ${name}`,
  ready: () => {
    const missing = informers.filter((it) => !it.isSynced()).map((it) => it.resource.plural)
    if (missing.length > 0) return `waiting for the first list of ${missing.join(", ")}`
    return core.isOpen ? undefined : "not started"
  },
  live: () => {
    if (core.abandoned >= options.workers) return `${core.abandoned} reconciles do not react to their interruption`
    const idle = now() - core.progressedAt
    const limit = Number.isFinite(options.timeoutMillis) ? 2 * options.timeoutMillis : progressMillis
    return core.isOpen && core.queue.depth > 0 && idle > limit ? `${core.queue.depth} keys wait, and nothing has ended for ${Math.round(idle / 1000)} s` : undefined
  }
})
