import { describe, expect, it } from "vitest"
import type { KubeObject } from "@fairlead/kube"
import { type NamedObject, StoreState } from "../../src/internal/storeState.ts"

const object = (name: string, version: number, labels: { readonly [key: string]: string } = {}): KubeObject => ({
  metadata: { name, namespace: "n", resourceVersion: String(version), labels }
})

const named = (it: KubeObject): NamedObject<KubeObject> => ({ namespace: "n", name: it.metadata.name!, object: it })

const storeOf = (...objects: ReadonlyArray<KubeObject>): StoreState<KubeObject> => {
  const store = new StoreState<KubeObject>({ color: (it) => Object.values(it.metadata.labels ?? {}) })
  store.replace(objects.map(named), "10")
  return store
}

const names = (objects: ReadonlyArray<KubeObject>): ReadonlyArray<string> => objects.map((it) => `${it.metadata.name}@${it.metadata.resourceVersion}`)

describe("upsert", () => {
  it.each([
    ["a newer version replaces the object", 7, "Updated"],
    ["the same version changes nothing", 5, undefined],
    ["an older version changes nothing", 4, undefined]
  ])("%s", (_, version, type) => {
    const store = storeOf(object("a", 5))
    expect(store.upsert("n", "a", object("a", version))?.type).toBe(type)
    expect(names(store.list())).toEqual([`a@${type === undefined ? 5 : version}`])
  })

  it("moves an object between the values of an index, and keeps its place in the others", () => {
    const store = storeOf(object("a", 1, { x: "red", y: "round" }), object("b", 2, { x: "red" }))
    store.upsert("n", "a", object("a", 11, { x: "blue", y: "round" }))
    expect([names(store.byIndex("color", "red")), names(store.byIndex("color", "blue")), names(store.byIndex("color", "round"))]).toEqual([["b@2"], ["a@11"], ["a@11"]])
  })
})

describe("remove", () => {
  it("takes the object and its index entries away and answers its last state", () => {
    const store = storeOf(object("a", 5, { x: "red" }))
    expect(store.remove("n", "a", object("a", 12))).toMatchObject({ type: "Deleted", object: { metadata: { resourceVersion: "12" } }, previous: { metadata: { resourceVersion: "5" } } })
    expect(store.size).toBe(0)
    expect(store.byIndex("color", "red")).toEqual([])
    expect(store.remove("n", "a", object("a", 12))).toBeUndefined()
  })

  it("does not take away a newer object of the same name", () => {
    const store = storeOf(object("a", 5))
    expect(store.remove("n", "a", object("a", 4))).toBeUndefined()
    expect(store.size).toBe(1)
  })
})

describe("removeAbsent", () => {
  it("keeps older events from bringing the object back, until they are all past", () => {
    const store = storeOf(object("a", 5))
    expect(store.removeAbsent("n", "a", "20")?.type).toBe("Deleted")
    expect(store.upsert("n", "a", object("a", 15))).toBeUndefined()
    store.advance("20")
    expect(store.upsert("n", "a", object("a", 21))?.type).toBe("Added")
  })

  it("leaves an object that is newer than the read", () => {
    const store = storeOf(object("a", 5))
    store.upsert("n", "a", object("a", 30))
    expect(store.removeAbsent("n", "a", "20")).toBeUndefined()
  })
})

describe("replace", () => {
  it("answers exactly what changed, and keeps the same object for the same version", () => {
    const store = storeOf(object("same", 1), object("changed", 2), object("gone", 3))
    const same = store.get("n", "same")
    const changes = store.replace([object("same", 1), object("changed", 12), object("new", 13)].map(named), "20")
    expect(changes.map((it) => `${it.type} ${it.object.metadata.name}`)).toEqual(["Updated changed", "Added new", "Deleted gone"])
    expect(store.get("n", "same")).toBe(same)
    expect(store.version).toBe("20")
  })

  it("leaves what a live read knows better", () => {
    const store = storeOf(object("a", 5), object("b", 6))
    store.upsert("n", "a", object("a", 40))
    store.upsert("n", "b", object("b", 41))
    expect(store.replace([named(object("a", 12))], "20")).toEqual([])
    expect(names(store.list())).toEqual(["a@40", "b@41"])
  })

  it("keeps one of two that a list shows of the same object", () => {
    const store = storeOf(object("a", 5))
    store.replace([named(object("a", 12, { x: "red" })), named(object("a", 13, { x: "red" }))], "20")
    expect([names(store.list()), names(store.byIndex("color", "red")), store.size]).toEqual([["a@13"], ["a@13"], 1])
  })

  it("believes a list of a rewound history", () => {
    const store = storeOf(object("a", 5))
    store.replace([named(object("a", 2))], "3")
    expect(names(store.list())).toEqual(["a@2"])
  })
})

it("byIndex says which indexes there are when it is asked for another", () => {
  expect(() => storeOf().byIndex("owner", "x")).toThrow('the store has no index "owner", only [color]')
})

it("list answers the same array while nothing changes", () => {
  const store = storeOf(object("a", 5))
  const before = store.list()
  expect(store.list()).toBe(before)
  store.upsert("n", "b", object("b", 11))
  expect(store.list()).not.toBe(before)
  expect(names(before)).toEqual(["a@5"])
})

describe("readAhead", () => {
  it("is ahead until the watch has reached what was read", () => {
    const store = storeOf(object("a", 5))
    store.readAhead("9")
    expect(store.isAhead).toBe(false)
    store.readAhead("20")
    store.readAhead("15")
    store.advance("19")
    expect(store.isAhead).toBe(true)
    store.advance("20")
    expect(store.isAhead).toBe(false)
  })

  it("stays ahead of a list that is older, but not of one that rewinds everything", () => {
    const store = storeOf(object("a", 5))
    store.readAhead("20")
    store.replace([], "12")
    expect(store.isAhead).toBe(true)
    store.replace([], "3")
    expect(store.isAhead).toBe(false)
  })
})
