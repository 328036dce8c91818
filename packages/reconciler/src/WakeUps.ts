/** Wakes actions: whoever hears news that no watch tells of asks for an early round. */
import type { Enqueue, Source } from "@fairlead/controller"
import { Context, Layer } from "effect"

/** Carries requests for early rounds to the engine. Requests made while no engine works are dropped: it looks at all when it starts. */
export class WakeUps extends Context.Service<WakeUps, {
  /** Asks for an early round of one action. Cheap, never fails; many calls before the round make one round. */
  readonly wake: (namespace: string | undefined, name: string) => void
  /** What the engine's controller listens to. */
  readonly source: Source
}>()("@fairlead/reconciler/WakeUps") {
  /** Makes one; the engine makes its own when its surroundings have none. */
  static readonly make = (): WakeUps["Service"] => make()

  /** Provides one to the engine and to those who wake. */
  static readonly layer: Layer.Layer<WakeUps> = Layer.sync(WakeUps, () => make())
}

function make(): WakeUps["Service"] {
  const listeners = new Set<Enqueue>()
  return {
    wake: (namespace, name) => {
      for (const enqueue of listeners) enqueue(namespace, name, 0)
    },
    source: {
      informers: [],
      start: (enqueue) => {
        listeners.add(enqueue)
        return () => void listeners.delete(enqueue)
      }
    }
  }
}
