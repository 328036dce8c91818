import { describe, expect, it } from "vitest"
import { applyJsonPatch } from "../../src/patch/JsonPatch.ts"

const document = { data: { k: "1" }, list: ["a", "b", "c"] }

describe("applyJsonPatch", () => {
  it.each([
    ["replace of a missing key adds it", [{ op: "replace", path: "/data/n", value: "2" }], { data: { k: "1", n: "2" }, list: document.list }],
    ["copy of a missing key copies null", [{ op: "copy", from: "/data/none", path: "/data/n" }], { data: { k: "1", n: null }, list: document.list }],
    ["add without a value adds null", [{ op: "add", path: "/data/n" }], { data: { k: "1", n: null }, list: document.list }],
    ["a negative index counts from the end", [{ op: "remove", path: "/list/-1" }], { data: document.data, list: ["a", "b"] }],
    ["add at a negative index counts from behind the end", [{ op: "add", path: "/list/-1", value: "d" }], { data: document.data, list: ["a", "b", "c", "d"] }],
    ["add at - appends", [{ op: "add", path: "/list/-", value: "d" }], { data: document.data, list: ["a", "b", "c", "d"] }],
    ["replace of the whole document takes objects", [{ op: "replace", path: "", value: { x: 1 } }], { x: 1 }],
    ["test of a missing key passes for null", [{ op: "test", path: "/data/none", value: null }], document],
    ["move takes the value along", [{ op: "move", from: "/data/k", path: "/list/0" }], { data: {}, list: ["1", "a", "b", "c"] }],
    ["escaped slashes and tildes are read", [{ op: "add", path: "/data/a~1b~0c", value: "x" }], { data: { k: "1", "a/b~c": "x" }, list: document.list }]
  ])("%s", (_, operations, expected) => {
    const before = structuredClone(document)
    expect(applyJsonPatch(document, operations)).toEqual(expected)
    expect(document).toEqual(before)
  })

  it.each([
    ["a missing path is removed", [{ op: "remove", path: "/data/none" }]],
    ["a missing key is moved", [{ op: "move", from: "/data/none", path: "/data/q" }]],
    ["the whole document is added", [{ op: "add", path: "", value: {} }]],
    ["the whole document is removed", [{ op: "remove", path: "" }]],
    ["the whole document becomes a scalar", [{ op: "replace", path: "", value: 1 }]],
    ["an index is out of range", [{ op: "remove", path: "/list/-9" }]],
    ["an index is one too many", [{ op: "add", path: "/list/4", value: "x" }]],
    ["a test fails", [{ op: "test", path: "/data/k", value: "2" }]],
    ["the parent is missing", [{ op: "add", path: "/none/k", value: "2" }]],
    ["the operation is unknown", [{ op: "merge", path: "/data/k" }]],
    ["the path is missing", [{ op: "add", value: 1 }]]
  ])("refuses when %s", (_, operations) => {
    expect(() => applyJsonPatch(document, operations)).toThrow()
  })

  it("shares what it does not touch", () => {
    const result = applyJsonPatch(document, [{ op: "add", path: "/data/n", value: "2" }]) as typeof document
    expect(result.list).toBe(document.list)
  })

  it("refuses copies that double the document again and again", () => {
    const operations = Array.from({ length: 40 }, (_, i) => ({ op: "copy", from: "", path: `/data/c${i}` })).map((one) => ({ ...one, from: "/data" }))
    expect(() => applyJsonPatch({ data: { text: "x".repeat(1000) } }, operations)).toThrow(/exceed the limit/)
  })

  it("treats __proto__ as an ordinary key", () => {
    const result = applyJsonPatch({ data: {} }, [{ op: "add", path: "/data/__proto__", value: { polluted: true } }]) as { data: object }
    expect(Object.keys(result.data)).toEqual(["__proto__"])
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined()
  })
})
