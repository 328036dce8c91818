import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Draft } from "../../src/Draft.ts"
import type { StoreEvent } from "../../src/store/History.ts"
import { snapshotAt } from "../../src/store/Snapshot.ts"
import { Store } from "../../src/store/Store.ts"

const things = { group: "", plural: "things" }
const make = (historyMax = 1000): Store => new Store({ historyMax, revisionStart: 100, freeze: true })
const draft = (namespace: string, name: string, labels: Record<string, string> = {}): Draft => ({ metadata: { namespace, name, labels } })
const names = (objects: ReadonlyArray<{ metadata: { namespace?: string; name?: string } }>): ReadonlyArray<string> =>
  objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)

describe("Store", () => {
  it("every change takes the next revision, whatever it is about", () => {
    const store = make()
    const collection = store.collection(things)
    const other = store.collection({ group: "", plural: "others" })
    expect(store.put(collection, "n", "a", draft("n", "a")).metadata.resourceVersion).toBe("101")
    expect(store.put(other, "n", "a", draft("n", "a")).metadata.resourceVersion).toBe("102")
    expect(store.delete(collection, "n", "a").metadata.resourceVersion).toBe("103")
    expect(store.revision).toBe(103)
  })

  it("lists by storage key, where a dash comes before the end of a namespace", () => {
    const store = make()
    const collection = store.collection(things)
    for (const [namespace, name] of [["x", "b"], ["x-b", "a"], ["x", "a"], ["a", "z"]] as const) store.put(collection, namespace, name, draft(namespace, name))
    expect(names(collection.list(""))).toEqual(["a/z", "x-b/a", "x/a", "x/b"])
    expect(names(collection.list("x"))).toEqual(["x/a", "x/b"])
  })

  it("a write made while a change is told is told after it, to everybody", () => {
    const store = make()
    const collection = store.collection(things)
    const seen: Array<string> = []
    collection.watchers.add({
      namespace: "",
      onEvent: ({ name }) => {
        seen.push(`first ${name}`)
        if (name === "a") store.put(collection, "n", "b", draft("n", "b"))
      }
    })
    collection.watchers.add({ namespace: "", onEvent: ({ name }) => void seen.push(`second ${name}`) })
    store.put(collection, "n", "a", draft("n", "a"))
    expect(seen).toEqual(["first a", "second a", "first b", "second b"])
  })

  it("a full history forgets the oldest change and says up to where", () => {
    const store = make(2)
    const collection = store.collection(things)
    for (const name of ["a", "b", "c"]) store.put(collection, "n", name, draft("n", name))
    expect(collection.history.compactedRevision).toBe(101)
    expect(collection.history.after(101).map((event) => event.name)).toEqual(["b", "c"])
  })

  it("what is stored cannot be changed afterwards", () => {
    const store = make()
    const stored = store.put(store.collection(things), "n", "a", draft("n", "a"))
    expect(() => Object.assign(stored.metadata, { name: "b" })).toThrow(TypeError)
  })
})

/** A random history of writes over few names. */
const writes = fc.array(
  fc.record({ namespace: fc.constantFrom("x", "x-b", "y"), name: fc.constantFrom("a", "b", "c"), remove: fc.boolean(), label: fc.constantFrom("1", "2") }),
  { maxLength: 40 }
)

describe("Store against a map", () => {
  it("shows every earlier version as it was, and finds by label what a scan finds", () => {
    fc.assert(fc.property(writes, (history) => {
      const store = make()
      const collection = store.collection(things)
      const model = new Map<string, string>()
      const states = new Map<number, ReadonlyArray<readonly [string, string]>>([[100, []]])
      for (const { namespace, name, remove, label } of history) {
        const key = `${namespace}/${name}`
        if (remove && model.has(key)) {
          store.delete(collection, namespace, name)
          model.delete(key)
        } else if (!remove) {
          store.put(collection, namespace, name, draft(namespace, name, { label }))
          model.set(key, label)
        }
        states.set(store.revision, [...model].sort(([a], [b]) => (a < b ? -1 : 1)))
        const found = names(collection.list("x", { key: "label", value: "1" }))
        expect(found).toEqual([...model].filter(([at, value]) => at.startsWith("x/") && value === "1").map(([at]) => at).sort())
      }
      for (const [revision, state] of states) {
        const shown = snapshotAt(collection, "", revision)
        expect(shown.map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.labels?.["label"]])).toEqual(state)
      }
    }))
  })

  it("its events, replayed over any earlier state, give the present one", () => {
    fc.assert(fc.property(writes, fc.nat(), (history, at) => {
      const store = make()
      const collection = store.collection(things)
      const revisions = [100]
      for (const { namespace, name, remove, label } of history) {
        if (!remove) store.put(collection, namespace, name, draft(namespace, name, { label }))
        else if (collection.get(namespace, name) !== undefined) store.delete(collection, namespace, name)
        revisions.push(store.revision)
      }
      const since = revisions[at % revisions.length]!
      const state = new Map(snapshotAt(collection, "", since).map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]))
      const apply = ({ type, namespace, name, object }: StoreEvent): void => {
        if (type === "DELETED") state.delete(`${namespace}/${name}`)
        else state.set(`${namespace}/${name}`, object)
      }
      for (const event of collection.history.after(since)) apply(event)
      expect(new Set(state.values())).toEqual(new Set(collection.list("")))
    }))
  })
})
