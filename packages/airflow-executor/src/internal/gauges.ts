/** What an executor shows at each beat, under Airflow's names. */
import { Effect, Metric } from "effect"

const slots = Metric.gauge("executor.open_slots", { description: "Tasks that could be started at once" })
const queued = Metric.gauge("executor.queued_tasks", { description: "Commands that wait for a slot" })
const running = Metric.gauge("executor.running_tasks", { description: "Commands that have a slot" })
const oldest = Metric.gauge("executor.oldest_queued_seconds", { description: "How long the oldest of the commands that have no pod has waited" })

export const showGauges = (now: { readonly openSlots: number; readonly queued: number; readonly running: number; readonly oldestSeconds: number }): Effect.Effect<void> =>
  Effect.all([Metric.update(slots, now.openSlots), Metric.update(queued, now.queued), Metric.update(running, now.running), Metric.update(oldest, now.oldestSeconds)], { discard: true })
