/** Waits for something to show in the stores of informers. */
import type { Informer } from "@fairlead/controller"
import type { KubeObject } from "@fairlead/kube"
import { Effect } from "effect"

/** Done as soon as `holds` is true; asked now and after every change of the informers. */
export const awaitStores = (informers: ReadonlyArray<Pick<Informer<KubeObject>, "subscribe">>, holds: () => boolean): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const stops: Array<() => void> = []
    const look = (): void => {
      if (holds()) resume(Effect.void)
    }
    for (const informer of informers) stops.push(informer.subscribe(look))
    look()
    return Effect.sync(() => stops.forEach((stop) => stop()))
  })
