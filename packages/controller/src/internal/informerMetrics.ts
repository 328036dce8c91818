/** The figures of an informer, and what it says about its health. */
import type { Context } from "effect"
import type { HealthCheck } from "../Health.ts"
import type { Informer } from "../Informer.ts"
import { Series } from "./series.ts"

/** Registers all series of an informer; answers the way to remove them. */
export const registerInformer = (informer: Informer, now: () => number, context: Context.Context<never>): () => void => {
  const { group, plural, version } = informer.resource
  const series = new Series(context, { group, version, resource: plural, namespace: informer.namespace ?? "" })
    .gauge("informer_store_objects", "Objects in the store", () => informer.store.size)
    .gauge("informer_parked_objects", "Objects whose newest state cannot be read", () => informer.parked.size)
    .counter("informer_events_total", "Events of objects", () => informer.stats().events)
    .counter("informer_relists_total", "Lists after the first, because the watch could not be resumed", () => informer.stats().relists)
    .counter("informer_unreadable_total", "States of objects that could not be read", () => informer.stats().parkings)
    .gauge("informer_watch_age_seconds", "Age of the open watch; 0 while there is none", () => watchSeconds(informer, now))
    .gauge("informer_failures", "Failures of lists and watches in a row", () => informer.stats().failures)
  return () => series.remove()
}

/** Ready: the first list has come. Live: no watch is older than its time limit allows. */
export const informerHealth = (informer: Informer, watchSecondsMax: number, now: () => number): HealthCheck => ({
  name: `informer ${informer.resource.plural}`,
  ready: () => (informer.isSynced() ? undefined : "the first list has not come"),
  live: () => {
    const seconds = watchSeconds(informer, now)
    return seconds > 2 * watchSecondsMax ? `its watch is ${Math.round(seconds)} s old, though it should end after ${watchSecondsMax} s` : undefined
  }
})

const watchSeconds = (informer: Informer, now: () => number): number => {
  const { watchingSince } = informer.stats()
  return watchingSince === undefined ? 0 : (now() - watchingSince) / 1000
}
