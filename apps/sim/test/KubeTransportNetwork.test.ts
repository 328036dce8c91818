import { KubeResource, KubeTransport, type WatchEvent } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Effect, Layer } from "effect"
import { expect, it } from "vitest"
import * as KubeTransportNetwork from "../src/KubeTransportNetwork.ts"

const eventOf = (version: number): WatchEvent =>
  ({ type: "MODIFIED", object: { apiVersion: "v1", kind: "Pod", metadata: { name: "one", resourceVersion: String(version) } } })

/** What one watch hears, with the times at which it hears it, of a server that sends twice at each moment: every millisecond, for as long as `sends`. */
const hear = (seed: number, sends: number): ReadonlyArray<{ readonly at: number; readonly versions: ReadonlyArray<number> }> => {
  const simulation = Simulation.make({ seed })
  const heard: Array<{ at: number; versions: ReadonlyArray<number> }> = []
  const server = Layer.succeed(KubeTransport, {
    request: () => Effect.never,
    watch: (_request, onEvents) =>
      Effect.gen(function*() {
        for (let sent = 0; sent < sends; sent++) {
          onEvents([eventOf(2 * sent)])
          onEvents([eventOf(2 * sent + 1)])
          yield* Effect.sleep(1)
        }
      })
  })
  const program = Effect.flatMap(KubeTransport, (transport) =>
    transport.watch({ resource: KubeResource.pods, query: {} }, (events) =>
      void heard.push({ at: simulation.elapsed(), versions: events.map((event) => Number((event as { object: { metadata: { resourceVersion: string } } }).object.metadata.resourceVersion)) })))
  simulation.run(program.pipe(Effect.provide(KubeTransportNetwork.layer(simulation, "test").pipe(Layer.provide(server)))))
  return heard
}

it("events that a slow one held up arrive together with it, all of them and in their order", () => {
  const heard = hear(7, 500)
  expect(heard.flatMap(({ versions }) => versions)).toEqual(Array.from({ length: 1000 }, (_, version) => version))
  expect(heard.length).toBeLessThan(200)
  expect(heard.every(({ at }, index) => index === 0 || at > heard[index - 1]!.at)).toBe(true)
})

it("events of one moment arrive together, however many calls they came in", () => {
  const heard = hear(3, 1)
  expect(heard.map(({ versions }) => versions)).toEqual([[0, 1]])
})

it("the same seed gives the same times", () => {
  expect(hear(5, 100)).toEqual(hear(5, 100))
  expect(hear(5, 100)).not.toEqual(hear(6, 100))
})
