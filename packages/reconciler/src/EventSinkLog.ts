/** Events as lines of the log. */
import { Effect, Layer } from "effect"
import type { ActionEvent } from "./ActionEvent.ts"
import { EventSink } from "./EventSink.ts"

/** One line for an event: what happened to which action, and why. */
export const lineOf = (event: ActionEvent): string => {
  const { id, attempt, phase, version, error, clusterEvents } = event
  const why = error === undefined ? clusterEvents[0]?.message : `[${error.code}] ${error.message}`
  return `${id.project}/${id.domain}/${id.run}/${id.action} attempt ${attempt} ${phase} (event ${version})${why === undefined ? "" : `: ${why}`}`
}

/** Writes every event to the log at level Info. */
export const layer: Layer.Layer<EventSink> = Layer.succeed(EventSink, {
  record: (events) => Effect.forEach(events, (event) => Effect.logInfo(lineOf(event)), { discard: true })
})
