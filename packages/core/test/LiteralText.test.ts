import { equals } from "@bufbuild/protobuf"
import { Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Literal, LiteralSchema, SimpleType } from "../src/idl/core.generated.ts"
import { formatFloat, formatFloatPlain } from "../src/internal/goText.ts"
import { decodeMsgpackUnsafe } from "../src/internal/msgpack.ts"
import * as Literals from "../src/Literals.ts"
import * as LiteralText from "../src/LiteralText.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (contents: Uint8Array | undefined): string | undefined => contents === undefined ? undefined : new TextDecoder().decode(contents)

describe("toArgument", () => {
  it.each<[string, Literal, string]>([
    ["an integer", Literals.integer(2n ** 62n), "4611686018427387904"],
    ["a boolean", Literals.boolean(true), "true"],
    ["a float", Literals.float(1e21), "1e+21"],
    ["a text with $ and braces", Literals.string("$1 {{.x}}"), "$1 {{.x}}"],
    ["a time", Literals.datetime({ seconds: -2208985139n, nanos: 1 }), "1900-01-01T01:01:01.000000001Z"],
    ["a whole second", Literals.datetime({ seconds: 0n, nanos: 0 }), "1970-01-01T00:00:00Z"],
    ["a length of time", Literals.duration(90_000_000_005n), "seconds:90 nanos:5"],
    ["no length of time", Literals.duration(0n), ""],
    ["a file", Literals.blob("asdf fdsa"), "asdf fdsa"],
    ["a schema", Literals.scalar({ case: "schema", value: { $typeName: "flyteidl2.core.Schema", uri: "s3://some-bucket/fdsa/x.parquet" } }), "s3://some-bucket/fdsa/x.parquet"],
    ["lists in a list", Literals.collection([Literals.collection([Literals.string("a"), Literals.string("b")]), Literals.collection([Literals.integer(1), Literals.integer(2)])]), "[[a,b],[1,2]]"],
    ["no items", Literals.collection([]), "[]"],
    // {"d": "string", "a": 1, "b": true, "c": 1.1}
    ["MessagePack", Literals.binary(Uint8Array.from([0x84, 0xa1, 0x64, 0xa6, ...bytes("string"), 0xa1, 0x61, 0x01, 0xa1, 0x62, 0xc3, 0xa1, 0x63, 0xcb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]), "msgpack"), "map[a:1 b:true c:1.1 d:string]"]
  ])("writes %s as Flyte does", (_, literal, expected) => {
    expect(LiteralText.toArgument(literal)).toEqual(Result.succeed(expected))
  })

  it.each<[string, Literal, string]>([
    ["an object", Literals.struct({}), "kind generic"],
    ["a map", Literals.map({}), "kind map"],
    ["void", Literals.none(), "kind noneType"],
    ["a list with an object in it", Literals.collection([Literals.struct({})]), "kind generic"],
    ["bytes of another kind", Literals.binary(Uint8Array.of(1), "cbor"), 'tag "cbor"'],
    ["broken MessagePack", Literals.binary(Uint8Array.of(0x92, 1), "msgpack"), "cut off at byte 2"]
  ])("refuses %s with a sentence", (_, literal, expected) => {
    expect(LiteralText.toArgument(literal).pipe(Result.flip, Result.getOrThrow)).toContain(expected)
  })
})

describe("files", () => {
  it.each<[string, Literal, string | undefined]>([
    ["an integer", Literals.integer(-5), "-5"],
    ["a float without exponent", Literals.float(1e-7), "0.0000001"],
    ["a text as it is", Literals.string(" a\n"), " a\n"],
    ["a boolean", Literals.boolean(false), "false"],
    ["a time", Literals.datetime({ seconds: 0n, nanos: 500_000_000 }), "1970-01-01T00:00:00.5Z"],
    ["a length of time", Literals.duration(5_400_000_000_000n), "1h30m0s"],
    ["an object as JSON", Literals.struct({ a: [1] }), '{"a":[1]}'],
    ["void", Literals.none(), "null"],
    ["bytes as they are", Literals.binary(bytes("raw")), "raw"],
    ["a file elsewhere", Literals.blob("s3://b/k"), undefined],
    ["a list", Literals.collection([]), undefined]
  ])("toFile writes %s", (_, literal, expected) => {
    expect(text(LiteralText.toFile(literal))).toBe(expected)
  })

  it.each<[SimpleType, string, Literal]>([
    [SimpleType.INTEGER, " +5\n", Literals.integer(5)],
    [SimpleType.FLOAT, "1e3", Literals.float(1000)],
    [SimpleType.FLOAT, "-Inf", Literals.float(-Infinity)],
    [SimpleType.BOOLEAN, "TRUE\n", Literals.boolean(true)],
    [SimpleType.BOOLEAN, "0", Literals.boolean(false)],
    [SimpleType.STRING, "\tone two\r\n", Literals.string("one two")],
    [SimpleType.STRING, "", Literals.string("")],
    [SimpleType.DATETIME, "2026-01-01T00:00:00+01:00", Literals.datetime({ seconds: 1767222000n, nanos: 0 })],
    [SimpleType.DURATION, "1.5h", Literals.duration(5_400_000_000_000n)],
    [SimpleType.STRUCT, '{"a":{"b":1}}', Literals.struct({ a: { b: 1 } })],
    [SimpleType.BINARY, " raw ", Literals.binary(bytes(" raw "), "msgpack")],
    [SimpleType.NONE, "whatever", Literals.none()]
  ])("fromFile reads type %i from %j", (type, contents, expected) => {
    expect(equals(LiteralSchema, Result.getOrThrow(LiteralText.fromFile(type, bytes(contents))), expected)).toBe(true)
  })

  it.each([
    [SimpleType.INTEGER, "", 'expected integer, found ""'],
    [SimpleType.INTEGER, "1.0", 'expected integer, found "1.0"'],
    [SimpleType.INTEGER, "9223372036854775808", 'expected integer, found "9223372036854775808"'],
    [SimpleType.FLOAT, "1,5", 'expected float, found "1,5"'],
    [SimpleType.FLOAT, "1e999", 'expected float, found "1e999"'],
    [SimpleType.BOOLEAN, "yes", 'expected boolean, found "yes"'],
    [SimpleType.DATETIME, "today", 'expected datetime, found "today"'],
    [SimpleType.DURATION, "", 'expected duration, found ""'],
    [SimpleType.STRUCT, "[1]", 'expected struct, found "[1]"'],
    [SimpleType.STRUCT, "{", 'expected struct, found "{"']
  ])("fromFile refuses type %i from %j", (type, contents, expected) => {
    expect(LiteralText.fromFile(type, bytes(contents))).toEqual(Result.fail(expected))
  })

  it("fromFile reads what toFile wrote", () => {
    const literals: fc.Arbitrary<readonly [SimpleType, Literal]> = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((it) => [SimpleType.INTEGER, Literals.integer(it)] as const),
      fc.double().map((it) => [SimpleType.FLOAT, Literals.float(it)] as const),
      fc.boolean().map((it) => [SimpleType.BOOLEAN, Literals.boolean(it)] as const),
      fc.string().map((it) => [SimpleType.STRING, Literals.string(it.trim())] as const),
      fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }).map((it) => [SimpleType.DURATION, Literals.duration(it)] as const),
      fc.record({ seconds: fc.bigInt({ min: 0n, max: 253402300799n }), nanos: fc.integer({ min: 0, max: 999_999_999 }) })
        .map((it) => [SimpleType.DATETIME, Literals.datetime(it)] as const)
    )
    fc.assert(fc.property(literals, ([type, literal]) => {
      const again = Result.getOrThrow(LiteralText.fromFile(type, LiteralText.toFile(literal)!))
      // Not `equals` of the library, to which NaN is not NaN.
      expect(again).toEqual(literal)
    }), { examples: [[[SimpleType.FLOAT, Literals.float(Number.NaN)]], [[SimpleType.FLOAT, Literals.float(-0)]]] })
  })
})

describe("floats as Go prints them", () => {
  it.each([
    [0, "0", "0"],
    [-0, "-0", "-0"],
    [1, "1", "1"],
    [100, "100", "100"],
    [0.1, "0.1", "0.1"],
    [1e20, "100000000000000000000", "100000000000000000000"],
    [1e21, "1e+21", "1000000000000000000000"],
    [1.5e300, "1.5e+300", `15${"0".repeat(299)}`],
    [0.0001, "0.0001", "0.0001"],
    [0.00001, "1e-05", "0.00001"],
    [-1.25e-7, "-1.25e-07", "-0.000000125"],
    [123456.789, "123456.789", "123456.789"],
    [Number.NaN, "NaN", "NaN"],
    [Infinity, "+Inf", "+Inf"],
    [-Infinity, "-Inf", "-Inf"]
  ])("%d", (value, general, plain) => {
    expect(formatFloat(value)).toBe(general)
    expect(formatFloatPlain(value)).toBe(plain)
  })
})

describe("MessagePack", () => {
  it.each<[string, ReadonlyArray<number>, unknown]>([
    ["fixed numbers", [0x93, 0x7f, 0xff, 0xe0], [127, -1, -32]],
    ["unsigned numbers", [0x94, 0xcc, 200, 0xcd, 1, 0, 0xce, 0, 1, 0, 0, 0xcf, 0, 0, 0, 0, 0, 0, 0, 9], [200, 256, 65536, 9]],
    ["signed numbers", [0x94, 0xd0, 0x80, 0xd1, 0x80, 0, 0xd2, 0x80, 0, 0, 0, 0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], [-128, -32768, -2147483648, -(2n ** 63n)]],
    ["floats", [0x92, 0xca, 0x3f, 0x8c, 0xcc, 0xcd, 0xcb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], [1.1, 1.1]],
    ["texts", [0x93, 0xa1, 0x61, 0xd9, 1, 0x62, 0xda, 0, 1, 0x63], ["a", "b", "c"]],
    ["bytes", [0xc4, 2, 1, 2], Uint8Array.of(1, 2)],
    ["the longest short list, map and text", [0x93, 0x9f, ...Array.from({ length: 15 }, () => 0), 0x8f, ...Array.from({ length: 15 }, (_, index) => [index, 1]).flat(), 0xbf, ...bytes("x".repeat(31))], [Array.from({ length: 15 }, () => 0), new Map(Array.from({ length: 15 }, (_, index) => [index, 1])), "x".repeat(31)]],
    ["long lists", [0xdc, 0, 1, 0xc2], [false]],
    ["long maps", [0xde, 0, 1, 1, 2], new Map([[1, 2]])]
  ])("reads %s", (_, input, expected) => {
    expect(decodeMsgpackUnsafe(Uint8Array.from(input))).toEqual(expected)
  })

  it.each<[string, ReadonlyArray<number>, string]>([
    ["nothing", [], "cut off at byte 0"],
    ["half a text", [0xa5, 0x61], "cut off at byte 2"],
    ["a type for extensions", [0xd4, 1, 1], "type 0xd4 at byte 0 is not supported"],
    ["more than a value", [1, 2], "1 bytes follow the value"],
    ["lists without end", Array.from({ length: 500 }, () => 0x91), "nested more than 100 deep"]
  ])("refuses %s", (_, input, expected) => {
    expect(() => decodeMsgpackUnsafe(Uint8Array.from(input))).toThrow(expected)
  })
})
