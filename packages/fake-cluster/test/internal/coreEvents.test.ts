import { type CoreEvent, KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { CoreEvents } from "../../src/internal/coreEvents.ts"
import { eventsOf, simulate } from "../world.ts"

const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "default", uid: "u" } }
const telling = Effect.map(KubeClient, (client) => {
  const tell = new CoreEvents(client).of("tester")
  return (message: string) => tell(KubeResource.configMaps, object, "Warning", "Odd", message)
})

describe("events of the core group", () => {
  it("are written once and then counted", () => {
    simulate(Effect.gen(function*() {
      const tell = yield* telling
      yield* tell("one")
      yield* tell("two")
      yield* Effect.sleep("1 minute")
      yield* tell("one")
      const { items } = yield* (yield* KubeClient).list<CoreEvent>(KubeResource.coreEvents, "default")
      expect(items.find((it) => it.message === "one")).toMatchObject({
        type: "Warning", reason: "Odd", count: 2, firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:01:00Z",
        source: { component: "tester" }, reportingComponent: "tester", involvedObject: { kind: "ConfigMap", name: "c", uid: "u" }
      })
      expect(yield* eventsOf("ConfigMap", "c")).toEqual(["Warning Odd one x2", "Warning Odd two"])
    }))
  })

  it("become one when their messages differ too often", () => {
    simulate(Effect.gen(function*() {
      const tell = yield* telling
      for (let i = 0; i < 15; i++) yield* tell(`number ${i}`)
      const told = yield* eventsOf("ConfigMap", "c")
      expect(told.length).toBe(10)
      expect(told.at(-1)).toBe("Warning Odd (combined from similar events): number 14 x6")
      yield* Effect.sleep("11 minutes")
      yield* tell("number 20")
      expect((yield* eventsOf("ConfigMap", "c")).at(-1)).toBe("Warning Odd number 20")
    }))
  })
})
