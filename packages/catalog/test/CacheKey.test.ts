import { create } from "@bufbuild/protobuf"
import { Idl, Literals, LiteralTypes } from "@fairlead/core"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as CacheKey from "../src/CacheKey.ts"

const id = (fields: Partial<Idl.Identifier>) => create(Idl.IdentifierSchema, fields as object)
const integers = (values: { readonly [name: string]: number }) =>
  Literals.literalMap(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Literals.integer(value)])))

describe("Flyte's vectors", () => {
  it("hash inputs to the same text", () => {
    expect(CacheKey.hashInputs(integers({ "1": 1, "2": 2 }))).toBe("GQid5LjHbakcW68DS3P2jp80QLbiF0olFHF2hTh5bg8")
    expect(CacheKey.hashInputs(integers({ "2": 2, "1": 1 }))).toBe("GQid5LjHbakcW68DS3P2jp80QLbiF0olFHF2hTh5bg8")
    expect(CacheKey.hashInputs(Literals.literalMap({}))).toBe("GKw-c0PwFokMUQ6T-TUmEWnZ4_VlQ2Qpgw-vCTT0-OQ")
    expect(CacheKey.hashInputs(undefined)).toBe("GKw-c0PwFokMUQ6T-TUmEWnZ4_VlQ2Qpgw-vCTT0-OQ")
  })

  it("hash an identifier to the same text, whatever its version", () => {
    const parts = { project: "project_1", domain: "domain_1", name: "name_1", org: "org_1" }
    expect(CacheKey.hashId(id(parts))).toBe("+UmrGhEwHv3FesdpA4gliBluF3FUXz4tshmuOlw1FSk=")
    expect(CacheKey.hashId(id({ ...parts, version: "0" }))).toBe("+UmrGhEwHv3FesdpA4gliBluF3FUXz4tshmuOlw1FSk=")
  })
})

describe("hashInputs", () => {
  const hashed = (value: number, hash: string) => ({ ...Literals.integer(value), hash })

  it("takes the hash of a literal for its value, however deep", () => {
    const deep = (value: number, hash: string) => Literals.literalMap({
      a: hashed(value, hash),
      list: Literals.collection([hashed(value, hash), Literals.map({ x: hashed(value, hash) })])
    })
    expect(CacheKey.hashInputs(deep(1, "h"))).toBe(CacheKey.hashInputs(deep(2, "h")))
    expect(CacheKey.hashInputs(deep(1, "h"))).not.toBe(CacheKey.hashInputs(deep(1, "other")))
    expect(CacheKey.hashInputs(deep(1, ""))).not.toBe(CacheKey.hashInputs(deep(2, "")))
  })

  it("takes ignored inputs for absent ones", () => {
    expect(CacheKey.hashInputs(integers({ a: 1, b: 2 }), ["b"])).toBe(CacheKey.hashInputs(integers({ a: 1 })))
    expect(CacheKey.hashInputs(integers({ a: 1, b: 2 }), ["a"])).not.toBe(CacheKey.hashInputs(integers({ a: 1 })))
  })

  it("tells values of every kind apart", () => {
    const values = [
      Literals.none(), Literals.integer(0), Literals.integer(1), Literals.float(0), Literals.float(0.5), Literals.float(1), Literals.float(-1.5), Literals.float(Number.NaN),
      Literals.string(""), Literals.string("0"), Literals.boolean(false), Literals.boolean(true), Literals.struct({ a: null }), Literals.struct({ a: [1, 2] }),
      Literals.struct({ a: [2, 1] }), Literals.struct({}), Literals.blob("s3://a"), Literals.blob("s3://a", { multipart: true }), Literals.binary(Uint8Array.of(1)), Literals.collection([]), Literals.map({}),
      Literals.duration(1n), Literals.duration(1_000_000n), Literals.float(1e300), Literals.float(5e-324)
    ]
    expect(new Set(values.map((it) => CacheKey.hashInputs(Literals.literalMap({ it })))).size).toBe(values.length)
  })
})

describe("compose", () => {
  const interface_: Idl.TypedInterface = create(Idl.TypedInterfaceSchema, {
    inputs: LiteralTypes.variables([{ name: "a", type: LiteralTypes.fromName("integer") }, { name: "b", type: LiteralTypes.fromName("integer") }]),
    outputs: LiteralTypes.variables([{ name: "total", type: LiteralTypes.fromName("integer") }])
  })
  const parts: CacheKey.KeyParts = { id: id({ name: "sum", project: "p" }), interface: interface_, inputs: integers({ a: 1, b: 2 }), ignoredInputs: [], version: "v-1" }

  it("joins id, interface, inputs and version", () => {
    expect(CacheKey.compose(parts)).toMatch(/^[A-Za-z0-9+/]{43}=-[\w-]{8}-[\w-]{8}-[\w-]{43}-v-1$/)
  })

  it("changes with each of them and with nothing else", () => {
    const keys = [
      parts,
      { ...parts, version: "v2" },
      { ...parts, id: id({ name: "sum2", project: "p" }) },
      { ...parts, inputs: integers({ a: 1, b: 3 }) },
      { ...parts, ignoredInputs: ["a"] },
      { ...parts, interface: create(Idl.TypedInterfaceSchema, { inputs: interface_.inputs! }) }
    ].map(CacheKey.compose)
    expect(new Set(keys).size).toBe(keys.length)
    expect(CacheKey.compose({ ...parts, id: id({ name: "sum", project: "p", version: "other" }) })).toBe(keys[0])
  })

  it("leaves inputs out that the interface does not declare", () => {
    const none = { ...parts, interface: undefined }
    expect(CacheKey.compose(none)).toBe(CacheKey.compose({ ...none, inputs: Literals.literalMap({}) }))
  })
})

describe("text", () => {
  it("is different for different keys, and is read back", () => {
    const word = fc.string({ maxLength: 5, unit: fc.constantFrom("a", "-", "/", "%", "2", "F", "1") })
    fc.assert(fc.property(word, word, word, (project, domain, rest) => {
      const key = { project, domain, key: `${rest}k` }
      expect(CacheKey.fromText(CacheKey.text(key))).toEqual(key)
    }))
    expect(CacheKey.fromText("a-b-c")).toBeUndefined()
  })
})
