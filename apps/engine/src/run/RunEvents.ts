/** Listens to the engine's events and remembers where each action's outputs are. */
import type { TaskAction } from "@fairlead/core"
import { EventSink } from "@fairlead/reconciler"
import { Context, Deferred, Duration, Effect, Layer } from "effect"

/** How long an event may be on its way. */
const patience = Duration.seconds(5)

/** What the events of a run have told so far. */
export class RunEvents extends Context.Service<RunEvents, {
  /**
   * Folder of the outputs of the action's last attempt. The status of an action is stored before its events go out, so
   * that the event which tells the folder may still be on its way; it is waited for, but not for ever.
   */
  readonly outputFolder: (action: TaskAction.TaskAction) => Effect.Effect<string | undefined>
}>()("@fairlead/engine/RunEvents") {
  /** An event sink, and the view on it. */
  static readonly layer: Layer.Layer<RunEvents | EventSink> = Layer.suspend(() => RunEvents.layerWith(new Map(), () => undefined))

  /** The same, going on from what an earlier part of the run has told, and telling what is new. */
  static readonly layerWith = (known: ReadonlyMap<string, string>, onNews: (key: string, folder: string) => void): Layer.Layer<RunEvents | EventSink> => Layer.effectContext(Effect.sync(() => {
    const folders = new Map(known)
    const heard = new Map<string, Deferred.Deferred<void>>()
    const keyOf = (project: string, domain: string, run: string, action: string): string => [project, domain, run, action].join("\n")
    const sink = EventSink.of({
      record: (events) =>
        Effect.sync(() => {
          for (const { id, outputs } of events) {
            if (outputs === undefined) continue
            const key = keyOf(id.project, id.domain, id.run, id.action)
            const folder = outputs.outputUri.replace(/\/[^/]*$/, "")
            if (folders.get(key) !== folder) onNews(key, folder)
            folders.set(key, folder)
            const waiting = heard.get(key)
            heard.delete(key)
            if (waiting !== undefined) Deferred.doneUnsafe(waiting, Effect.void)
          }
        })
    })
    const view = RunEvents.of({
      outputFolder: ({ spec }) => Effect.suspend(() => {
        const key = keyOf(spec.project, spec.domain, spec.runName, spec.actionName)
        if (folders.has(key)) return Effect.succeed(folders.get(key))
        const waiting = heard.get(key) ?? Deferred.makeUnsafe<void>()
        heard.set(key, waiting)
        return Effect.map(Effect.timeoutOption(Deferred.await(waiting), patience), () => folders.get(key))
      })
    })
    return Context.make(EventSink, sink).pipe(Context.add(RunEvents, view))
  }))
}
