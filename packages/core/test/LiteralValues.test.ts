import { equals } from "@bufbuild/protobuf"
import { Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { LiteralMapSchema, LiteralSchema, type LiteralType, SimpleType } from "../src/idl/core.generated.ts"
import * as Literals from "../src/Literals.ts"
import * as LiteralTypes from "../src/LiteralTypes.ts"
import * as LiteralValues from "../src/LiteralValues.ts"

const { fromName } = LiteralTypes
const read = (type: LiteralType, value: unknown) => Result.getOrThrow(LiteralValues.fromValue(type, value))
const fault = (type: LiteralType, value: unknown) => Result.getOrThrow(Result.flip(LiteralValues.fromValue(type, value))).message

describe("fromValue and toValue", () => {
  it.each<[string, LiteralType, unknown, unknown]>([
    ["integers", fromName("integer"), 42, 42],
    ["integers as text", fromName("integer"), "-9223372036854775808", "-9223372036854775808"],
    ["bigints", fromName("integer"), 5n, 5],
    ["floats", fromName("float"), 1.5, 1.5],
    ["floats that JSON has not", fromName("float"), "-Infinity", "-Infinity"],
    ["texts", fromName("string"), " a ", " a "],
    ["booleans", fromName("boolean"), false, false],
    ["times", fromName("datetime"), "2026-01-02T05:04:05.600+02:00", "2026-01-02T03:04:05.6Z"],
    ["lengths of time", fromName("duration"), "90m", "1h30m0s"],
    ["lengths of time in seconds", fromName("duration"), 1.5, "1.5s"],
    ["objects", fromName("struct"), { a: [1, null, { b: "c" }] }, { a: [1, null, { b: "c" }] }],
    ["files", fromName("blob"), "s3://b/k", "s3://b/k"],
    ["void", LiteralTypes.simple(SimpleType.NONE), null, null],
    ["bytes", LiteralTypes.simple(SimpleType.BINARY), "AQID", "AQID"],
    ["lists", LiteralTypes.collection(LiteralTypes.collection(fromName("integer"))), [[1], []], [[1], []]],
    ["maps", LiteralTypes.map(fromName("float")), { b: 1, a: 2 }, { a: 2, b: 1 }],
    ["enumerations", LiteralTypes.enumeration("red", "blue"), "blue", "blue"],
    ["unions", LiteralTypes.union(fromName("integer"), fromName("string")), "x", "x"]
  ])("carry %s", (_, type, value, expected) => {
    expect(LiteralValues.toValue(read(type, value))).toEqual(expected)
  })

  it("take a URI with a slash at its end as a folder", () => {
    const folder = Literals.blobOf(read(fromName("blob"), "file:///data/set/"))!
    expect(folder.uri).toBe("file:///data/set")
    expect(Literals.isMultipart(folder)).toBe(true)
    expect(Literals.isMultipart(Literals.blobOf(read(fromName("blob"), "file:///data/set"))!)).toBe(false)
    expect(Literals.isMultipart(Literals.blobOf(read(LiteralTypes.blob({ multipart: true }), "file:///data/set"))!)).toBe(true)
  })

  it("remember which variant of a union a value is of", () => {
    const literal = read(LiteralTypes.union(fromName("integer"), fromName("string")), "5.5")
    expect(literal.value).toMatchObject({ case: "scalar", value: { value: { case: "union", value: { type: fromName("string") } } } })
  })

  it.each<[string, LiteralType, unknown, string]>([
    ["a fraction as integer", fromName("integer"), 1.5, "expected an integer, got 1.5"],
    ["an integer that a number cannot hold", fromName("integer"), 2 ** 60, "expected an integer that JSON can carry exactly, got 1152921504606847000; put larger ones in quotes"],
    ["an integer of more than 64 bits", fromName("integer"), "9223372036854775808", 'expected an integer of 64 bits, got "9223372036854775808"'],
    ["a text as number", fromName("float"), "1.5", 'expected a number, got "1.5"'],
    ["a number as text", fromName("string"), 5, "expected a text, got 5; put it in quotes"],
    ["a text as boolean", fromName("boolean"), "true", 'expected true or false, got "true"'],
    ["a day as time", fromName("datetime"), "2026-01-02", 'expected a time, got "2026-01-02"; write it as 2026-01-31T12:00:00Z'],
    ["words as length of time", fromName("duration"), "soon", 'expected a length of time, got "soon"; write it as 90s, 5m or 1h30m'],
    ["a list as object", fromName("struct"), [1], "expected an object, got [1]"],
    ["a path as file", fromName("blob"), "data.csv", 'expected the URI of a file, got "data.csv"; write it as s3://bucket/key or file:///folder/file'],
    ["nothing as list", LiteralTypes.collection(fromName("integer")), null, "expected a list of integer, got null"],
    ["a list as map", LiteralTypes.map(fromName("integer")), [], "expected a map of integer, got []"],
    ["a stranger in an enumeration", LiteralTypes.enumeration("red"), "blue", 'expected one of red, got "blue"'],
    ["what no variant takes", LiteralTypes.union(fromName("integer"), fromName("boolean")), "x", 'expected integer or boolean, got "x"'],
    ["text that is not base64", LiteralTypes.simple(SimpleType.BINARY), "?", 'expected bytes as base64 text, got "?"']
  ])("refuse %s", (_, type, value, expected) => {
    expect(fault(type, value)).toBe(expected)
  })

  it("name the place of every fault in lists and maps", () => {
    expect(fault(LiteralTypes.map(LiteralTypes.collection(fromName("integer"))), { a: [1, "x"], "b c": 2 })).toBe(
      'a[1]: expected an integer, got "x"; ["b c"]: expected a list of integer, got 2'
    )
  })

  it("show MessagePack as what it holds, and other bytes as base64", () => {
    // {"a": 1, "b": [true, null], "c": 2^63}
    const packed = Uint8Array.from([0x83, 0xa1, 0x61, 0x01, 0xa1, 0x62, 0x92, 0xc3, 0xc0, 0xa1, 0x63, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0])
    expect(LiteralValues.toValue(Literals.binary(packed, "msgpack"))).toEqual({ a: 1, b: [true, null], c: "9223372036854775808" })
    expect(LiteralValues.toValue(Literals.binary(packed.slice(0, 3), "msgpack"))).toBe("g6Fh")
    expect(LiteralValues.toValue(Literals.binary(Uint8Array.of(1), "other"))).toBe("AQ==")
  })

  it("write a time before the year 1 as its numbers", () => {
    expect(LiteralValues.toValue(Literals.datetime({ seconds: -99_999_999_999_999n, nanos: 1 }))).toBe("-99999999999999.000000001")
  })
})

describe("maps of literals", () => {
  const value = fc.letrec<{ any: unknown; typed: readonly [LiteralType, unknown] }>((tie) => ({
    any: fc.anything(),
    typed: fc.oneof(
      { depthSize: "small" },
      fc.maxSafeInteger().map((it) => [fromName("integer"), it] as const),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => [fromName("float"), it + 0] as const),
      fc.string().map((it) => [fromName("string"), it] as const),
      fc.boolean().map((it) => [fromName("boolean"), it] as const),
      fc.dictionary(fc.string().filter((it) => it !== "__proto__"), fc.jsonValue({ maxDepth: 1 }).map((it) => JSON.parse(JSON.stringify(it)) as unknown)).map((it) => [fromName("struct"), it] as const),
      tie("typed").map(([type, it]) => [LiteralTypes.collection(type), [it, it]] as const),
      tie("typed").map(([type, it]) => [LiteralTypes.map(type), { a: it, b: it }] as const)
    )
  })).typed

  it("survive being written as bytes and as JSON", () => {
    fc.assert(fc.property(value, ([type, input]) => {
      const literal = read(type, input)
      const map = Literals.literalMap({ x: literal })
      const bytes = Result.getOrThrow(Literals.decodeMap(Literals.encodeMap(map)))
      expect(equals(LiteralMapSchema, bytes, map)).toBe(true)
      const readable = JSON.parse(JSON.stringify(LiteralValues.toValue(literal))) as unknown
      expect(equals(LiteralSchema, read(type, readable), literal)).toBe(true)
    }))
  })

  it("decodeMap takes no bytes as the empty map and refuses what is no map", () => {
    expect(Result.getOrThrow(Literals.decodeMap(new Uint8Array())).literals).toEqual({})
    const error = Result.getOrThrow(Result.flip(Literals.decodeMap(Uint8Array.of(10, 5, 1))))
    expect(error.message).toMatch(/^3 bytes are no core\.LiteralMap: /)
  })

  it("mapToValue sorts by name", () => {
    const map = Literals.literalMap({ b: Literals.integer(1), a: Literals.none() })
    expect(JSON.stringify(LiteralValues.mapToValue(map))).toBe('{"a":null,"b":1}')
  })
})

describe("LiteralTypes", () => {
  it.each(["integer", "float", "string", "boolean", "datetime", "duration", "struct", "blob"] as const)("toName gives back %s", (name) => {
    expect(LiteralTypes.toName(fromName(name))).toBe(name)
  })

  it("toName has no word for folders, lists and maps, but describe has", () => {
    const types = [LiteralTypes.blob({ multipart: true }), LiteralTypes.collection(fromName("blob")), LiteralTypes.map(fromName("integer"))]
    expect(types.map(LiteralTypes.toName)).toEqual([undefined, undefined, undefined])
    expect(types.map(LiteralTypes.describe)).toEqual(["folder", "list of file", "map of integer"])
  })
})
