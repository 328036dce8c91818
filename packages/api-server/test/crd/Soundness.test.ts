import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { compileDuplicates } from "../../src/crd/ListTypes.ts"
import { compileNormalise } from "../../src/crd/Normalise.ts"
import type { SchemaProps } from "../../src/crd/SchemaProps.ts"
import { Part } from "../../src/crd/Soundness.ts"
import { Structural } from "../../src/crd/Structural.ts"
import { compileValidity } from "../../src/crd/Validity.ts"

const props: SchemaProps = {
  type: "object",
  required: ["count"],
  properties: {
    count: { type: "integer", format: "int32", minimum: 1 },
    name: { type: "string", nullable: true, maxLength: 3, default: "x" },
    at: { type: "string", format: "date-time" },
    raw: { type: "string", format: "byte" },
    either: { "x-kubernetes-int-or-string": true },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    open: { type: "object", additionalProperties: { type: "string", enum: ["a", "b"] } },
    any: { type: "object", additionalProperties: true },
    one: { type: "object", properties: { a: { type: "string" } }, anyOf: [{ required: ["a"] }] },
    set: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
    map: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      items: { type: "object", required: ["type"], properties: { type: { type: "string" }, flag: { type: "boolean" } } }
    }
  }
} as SchemaProps

const leaf = fc.constantFrom<unknown>(0, 1, 1.5, 2 ** 40, "a", "abcd", "2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "QUJD", "QQ", true, null, undefined, {}, [])

/** Mostly one of the values that are meant, and now and then anything. */
const mostly = <A>(meant: fc.Arbitrary<A>): fc.Arbitrary<unknown> => fc.oneof({ weight: 15, arbitrary: meant }, { weight: 1, arbitrary: leaf })
const of = (...values: ReadonlyArray<unknown>): fc.Arbitrary<unknown> => mostly(fc.constantFrom(...values))
const bag = (one: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => mostly(fc.dictionary(fc.constantFrom("a", "b"), one, { maxKeys: 2 }))
const item = mostly(fc.record({ type: of("a", "b", "c", "d"), flag: of(true, false) }, { requiredKeys: ["type"] }))
const value = fc.record({
  count: of(1, 2, 3),
  name: of("a", "b", null),
  at: of("2026-01-01T00:00:00Z", "2026-02-28T00:00:00.5Z", "2026-01-31T00:00:00+01:00"),
  raw: of("QUJD", "QQ=="),
  either: of(1, "1"),
  free: bag(leaf),
  open: bag(of("a", "b")),
  any: bag(of(1)),
  one: of({ a: "b" }),
  set: mostly(fc.array(of("a", "b", "c"), { maxLength: 2 })),
  map: mostly(fc.array(item, { maxLength: 2 }))
}, { requiredKeys: [] })

const schema = new Structural(props)
const [valid, normalise, duplicates] = [compileValidity(props), compileNormalise(schema), compileDuplicates(schema)]
const isFine = (object: unknown): boolean => valid(object) && normalise(object) === object && duplicates(object).length === 0

describe("Soundness", () => {
  it("calls sound what is in normal form, valid and free of duplicates", () => {
    const part = new Part(schema)
    let sound = 0
    fc.assert(fc.property(value, (object) => {
      if (part.isSound(object, undefined)) {
        sound++
        assert.isTrue(isFine(object), JSON.stringify(object))
      }
    }), { numRuns: 3000, seed: 7 })
    assert.isAbove(sound, 100)
  })

  it("finds what is wrong beside parts that are those of a sound value", () => {
    let sound = 0
    fc.assert(fc.property(value, value, (before, next) => {
      const part = new Part(schema)
      if (!part.isSound(before, undefined)) return
      const both = Array.isArray(before.map) && Array.isArray(next.map) ? { map: [...before.map, ...next.map] as ReadonlyArray<unknown> } : {}
      const mixed = { ...before, ...next, ...both }
      if (!part.isSound(mixed, before)) return
      sound++
      assert.isTrue(isFine(mixed), JSON.stringify(mixed))
    }), { numRuns: 3000, seed: 7 })
    assert.isAbove(sound, 100)
  })

  it("calls sound what a schema says in all its parts", () => {
    const object = { count: 2, name: "a", at: "2026-01-01T00:00:00.25Z", raw: "QUI=", free: { x: null }, open: { k: "a" }, one: { a: "b" }, set: ["a"], map: [{ type: "a" }, { type: "b", flag: true }] }
    assert.isTrue(new Part(schema).isSound(object, undefined))
  })
})
