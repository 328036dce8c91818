/** Listens to the engine's events and remembers where each action's outputs are. */
import type { TaskAction } from "@fairlead/core"
import { EventSink } from "@fairlead/reconciler"
import { Context, Effect, Layer } from "effect"

/** What the events of a run have told so far. */
export class RunEvents extends Context.Service<RunEvents, {
  /** Folder of the outputs of the action's last attempt. */
  readonly outputFolder: (action: TaskAction.TaskAction) => string | undefined
}>()("@fairlead/engine/RunEvents") {
  /** An event sink, and the view on it. */
  static readonly layer: Layer.Layer<RunEvents | EventSink> = Layer.effectContext(Effect.sync(() => {
    const folders = new Map<string, string>()
    const keyOf = (project: string, domain: string, run: string, action: string): string => [project, domain, run, action].join("\n")
    const sink = EventSink.of({
      record: (events) =>
        Effect.sync(() => {
          for (const { id, outputs } of events) {
            if (outputs !== undefined) folders.set(keyOf(id.project, id.domain, id.run, id.action), outputs.outputUri.replace(/\/[^/]*$/, ""))
          }
        })
    })
    const view = RunEvents.of({
      outputFolder: ({ spec }) => folders.get(keyOf(spec.project, spec.domain, spec.runName, spec.actionName))
    })
    return Context.make(EventSink, sink).pipe(Context.add(RunEvents, view))
  }))
}
