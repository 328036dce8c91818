/** Where the engine's news about actions goes. */
import { Context, Data, Effect, Layer } from "effect"
import type { ActionEvent } from "./ActionEvent.ts"

/** The receiver did not take the events. */
export class EventSinkError extends Data.TaggedError("EventSinkError")<{
  readonly description: string
  /** False when the same events would be refused again. */
  readonly retryable: boolean
  /** True when the receiver saw the events and said no, so that one of them may be to blame. */
  readonly isAnswer?: boolean | undefined
}> {
  override get message(): string {
    return `EventSink.record failed: ${this.description}`
  }
}

/**
 * Receives events.
 *
 * Guarantees of the engine: the status that an event tells of is stored before; events of one action come in the order
 * of their versions; an event may come again after a failure or a restart, with the same identity.
 * Guarantee of a sink: when `record` succeeds the events are safe with the receiver.
 */
export class EventSink extends Context.Service<EventSink, {
  readonly record: (events: ReadonlyArray<ActionEvent>) => Effect.Effect<void, EventSinkError>
}>()("@fairlead/reconciler/EventSink") {
  /** Nobody listens. */
  static readonly layerNone: Layer.Layer<EventSink> = Layer.succeed(EventSink, { record: () => Effect.void })
}
