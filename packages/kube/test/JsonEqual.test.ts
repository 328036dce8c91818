import { describe, expect, it } from "vitest"
import * as fc from "fast-check"
import { jsonEqual } from "../src/index.ts"

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  return Object.entries(value).filter(([, it]) => it !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, it]) => [key, sorted(it)])
}

const named = (key: string, value: unknown): unknown => Object.defineProperty({}, key, { value, enumerable: true })

describe("jsonEqual", () => {
  it.each<[string, unknown, unknown, boolean]>([
    ["the order of keys does not matter", { a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 }, true],
    ["the order of items does", [1, 2], [2, 1], false],
    ["a field that is undefined is not there", { a: 1, b: undefined }, { a: 1 }, true],
    ["so are two different ones", { a: undefined }, { b: undefined }, true],
    ["a field that is null is there", { a: null }, {}, false],
    ["a field more on the right", { a: 1 }, { a: 1, b: 2 }, false],
    ["a field in the place of one that is undefined", { a: undefined, b: 1 }, { a: 1, b: undefined }, false],
    ["no list is an object", [], {}, false],
    ["no object is a list", {}, [], false],
    ["null is no object", null, {}, false],
    ["a number is no text", 1, "1", false],
    ["what objects inherit is no field", { constructor: {} }, { other: {} }, false],
    ["nor is __proto__, unless it is a key of its own", named("__proto__", {}), { other: {} }, false],
    ["which it may be", named("__proto__", {}), named("__proto__", {}), true]
  ])("%s", (_, a, b, expected) => {
    expect(jsonEqual(a, b)).toBe(expected)
    expect(jsonEqual(b, a)).toBe(expected)
  })

  it("says of any two values what their texts with sorted keys say", () => {
    const json = fc.jsonValue({ maxDepth: 3 })
    fc.assert(fc.property(fc.oneof(fc.tuple(json, json), json.map((it) => [it, structuredClone(it)] as const)), ([a, b]) => {
      expect(jsonEqual(a, b)).toBe(JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)))
    }))
  })
})
