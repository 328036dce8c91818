/** Events kept in memory, for tests and for programs that show what happened. */
import { Context, Effect, Layer } from "effect"
import type { ActionEvent } from "./ActionEvent.ts"
import { EventSink, EventSinkError } from "./EventSink.ts"

/** Looks into the sink, and makes it refuse. */
export class EventJournal extends Context.Service<EventJournal, {
  /** Everything recorded so far, repetitions included, in the order of arrival. */
  readonly events: ReadonlyArray<ActionEvent>
  /** Refuses this many of the calls to come. */
  readonly refuse: (calls: number, options?: { readonly retryable: boolean }) => void
}>()("@fairlead/reconciler/EventJournal") {}

/** Keeps every event; `EventJournal` reads them. */
export const layer: Layer.Layer<EventSink | EventJournal> = Layer.effectContext(Effect.sync(() => {
  const events: Array<ActionEvent> = []
  let refusals = 0
  let retryable = true
  const record = (more: ReadonlyArray<ActionEvent>): Effect.Effect<void, EventSinkError> =>
    Effect.suspend(() => {
      if (refusals > 0) {
        refusals--
        return Effect.fail(new EventSinkError({ description: "the journal was told to refuse", retryable }))
      }
      events.push(...more)
      return Effect.void
    })
  return Context.make(EventSink, { record }).pipe(Context.add(EventJournal, {
    events,
    refuse: (calls, options) => {
      refusals = calls
      retryable = options?.retryable ?? true
    }
  }))
}))
