import { array, assert, constantFrom, dictionary, letrec, oneof, property, type Arbitrary } from "fast-check"
import { describe, expect, it } from "vitest"
import { mergePatch } from "../../src/patch/MergePatch.ts"

const value = letrec((tie) => ({
  any: oneof({ depthSize: "small" }, constantFrom(1, "x", true), array(constantFrom(1, 2), { maxLength: 2 }), tie("object")),
  object: dictionary(constantFrom("a", "b", "c"), tie("any"), { maxKeys: 3 })
}))["object"] as Arbitrary<Record<string, unknown>>

describe("mergePatch", () => {
  it.each([
    ["sets fields at any depth", { a: { b: 1 } }, { a: { c: 2 } }, { a: { b: 1, c: 2 } }],
    ["removes fields by null", { a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
    ["replaces lists as a whole", { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ["replaces a scalar by an object, without its nulls", { a: 1 }, { a: { b: null, c: 2 } }, { a: { c: 2 } }],
    ["leaves alone what the patch does not name", { a: 1, b: 2 }, {}, { a: 1, b: 2 }]
  ])("%s", (_, current, patch, expected) => {
    const before = structuredClone(current)
    expect(mergePatch(current, patch)).toEqual(expected)
    expect(current).toEqual(before)
  })

  it("treats __proto__ as an ordinary key, in the document and in the patch", () => {
    const [current, patch] = [JSON.parse('{"__proto__":{"a":1},"b":1}'), JSON.parse('{"__proto__":{"c":2},"b":2}')] as [Record<string, unknown>, Record<string, unknown>]
    const kept = mergePatch(current, { b: 2 })
    expect([Object.keys(kept), kept["a"]]).toEqual([["__proto__", "b"], undefined])
    expect(JSON.stringify(mergePatch(current, patch))).toBe('{"__proto__":{"a":1,"c":2},"b":2}')
    expect(JSON.stringify(mergePatch({}, patch))).toBe('{"__proto__":{"c":2},"b":2}')
  })

  it("comes to the same end when it is applied twice, and gives back an object that has it all", () => {
    assert(property(value, value, (current, patch) => {
      const once = mergePatch(current, patch)
      expect(mergePatch(once, patch)).toEqual(once)
      expect(mergePatch(patch, patch)).toEqual(patch)
    }))
  })
})
