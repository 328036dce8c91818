import { Effect } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { Informer } from "../src/index.ts"
import { type ClusterFake, expiredStatus, unavailable } from "./support/clusterFake.ts"
import { simulate, widget, type Widget, widgets } from "./support/objects.ts"

type Step =
  | { readonly do: "put" | "remove"; readonly name: string; readonly size: number }
  | { readonly do: "end" | "break" | "expire" | "compact" | "freeze" | "thaw" | "bookmark" | "failLists" | "failWatches" | "heal" }
  | { readonly do: "sleep"; readonly millis: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom("put" as const, "remove" as const), name: fc.constantFrom("a", "b", "c", "d"), size: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("end", "break", "expire", "compact", "freeze", "thaw", "bookmark", "failLists", "failWatches", "heal") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("sleep" as const), millis: fc.constantFrom(1, 900, 5000, 200_000) }) }
)

const act = (cluster: ClusterFake, step: Step): Effect.Effect<void> => {
  switch (step.do) {
    case "put": return Effect.sync(() => void cluster.put(widgets, widget(step.name, {}, { spec: { size: step.size } })))
    case "remove": return Effect.sync(() => cluster.remove(widgets, "default", step.name))
    case "sleep": return Effect.sleep(step.millis)
    case "end": return Effect.sync(() => cluster.endWatches())
    case "break": return Effect.sync(() => cluster.endWatches(unavailable()))
    case "expire": return Effect.sync(() => {
      cluster.send([{ type: "ERROR", object: expiredStatus }])
      cluster.endWatches()
    })
    case "compact": return Effect.sync(() => cluster.compact())
    case "freeze": return Effect.sync(() => void (cluster.frozen = true))
    case "thaw": return Effect.sync(() => cluster.thaw())
    case "bookmark": return Effect.sync(() => cluster.frozen || cluster.bookmark()).pipe(Effect.asVoid)
    case "failLists": return Effect.sync(() => void (cluster.rule = (verb) => (verb === "list" ? { before: unavailable() } : undefined)))
    case "failWatches": return Effect.sync(() => void (cluster.rule = (verb) => (verb === "watch" ? { before: unavailable() } : undefined)))
    case "heal": return Effect.sync(() => void (cluster.rule = () => undefined))
  }
}

it.each([{ watchList: false }, { watchList: true }])("whatever happens to lists and watches, store and listeners end equal to the cluster ($watchList)", ({ watchList }) => {
  fc.assert(fc.property(fc.array(step, { maxLength: 40, size: "max" }), fc.nat(), (steps, seed) => {
    simulate((cluster, logs) => Effect.gen(function*() {
      const informer = yield* Informer.make<Widget>({
        resource: widgets, watchList, pageSize: 2, indexes: { size: (it) => [String(it.spec?.size)] }
      })
      const heard = new Map<string, Widget>()
      informer.subscribe((change) => {
        const name = change.object.metadata.name!
        expect(change.type === "Added", `${change.type} ${name}`).toBe(!heard.has(name))
        expect(change.previous).toBe(heard.get(name))
        if (change.type === "Deleted") heard.delete(name)
        else heard.set(name, change.object)
      })
      for (const it of steps) yield* act(cluster, it)
      cluster.rule = () => undefined
      cluster.thaw()
      yield* Effect.sleep("10 minutes")
      const plain = (objects: Iterable<Widget>): ReadonlyArray<string> => Array.from(objects, (it) => `${it.metadata.name} ${it.spec?.size}`).sort()
      expect(plain(informer.store.list())).toEqual(plain(cluster.all(widgets) as ReadonlyArray<Widget>))
      expect(plain(heard.values())).toEqual(plain(informer.store.list()))
      for (let size = 0; size < 10; size++) {
        expect(plain(informer.store.byIndex("size", String(size)))).toEqual(plain(informer.store.list().filter((it) => it.spec?.size === size)))
      }
      expect(informer.parked.size).toBe(0)
      expect(logs.filter((it) => it.includes("threw"))).toEqual([])
    }), seed)
  }), { numRuns: 150 })
})
