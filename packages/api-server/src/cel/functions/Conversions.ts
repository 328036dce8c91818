/** Functions that turn values into values of other types. */
import { type Type, typeOfType } from "../types/Type.ts"
import { typeOf } from "../values/TypeOf.ts"
import { Duration, fail, type ListValue, type MapValue, type Timestamp, type Uint, type Value } from "../values/Value.ts"
import { goFloat } from "../values/FloatText.ts"
import { type Declared, declare } from "./Declare.ts"
import { int, timestamp, uint } from "./Operators.ts"
import { durationText, parseDuration, parseTimestamp, timestampText } from "./Times.ts"

const cannot = (from: string, to: string): never => fail(`type conversion error from '${from}' to '${to}'`)

const decimal = /^[+-]?\d+$/

const toInt = (text: string): bigint => {
  const value = decimal.test(text) ? BigInt(text.replace("+", "")) : undefined
  return value !== undefined && BigInt.asIntN(64, value) === value ? value : cannot("string", "int")
}

const toUint = (text: string): Uint => {
  const value = /^\d+$/.test(text) ? BigInt(text) : undefined
  return value !== undefined && BigInt.asUintN(64, value) === value ? uint(value) : cannot("string", "uint")
}

const float = /^[+-]?(?:(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|infinity|nan)$/i

const toDouble = (text: string): number => {
  if (!float.test(text)) return cannot("string", "double")
  const lower = text.toLowerCase()
  if (lower.endsWith("nan")) return Number.NaN
  if (lower.includes("inf")) return lower.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const value = Number(text)
  return Number.isFinite(value) ? value : cannot("string", "double")
}

const yes: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"])
const no: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"])

const toBool = (text: string): boolean => (yes.has(text) ? true : no.has(text) ? false : cannot("string", "bool"))

const toDuration = (text: string): Duration => new Duration(parseDuration(text) ?? cannot("string", "google.protobuf.Duration"))

const toTimestamp = (text: string): Timestamp => {
  const found = parseTimestamp(text) ?? cannot("string", "google.protobuf.Timestamp")
  return timestamp(found.nanos, found.offset)
}

const truncated = (value: number, fits: boolean, message: string): bigint => (fits ? BigInt(Math.trunc(value)) : fail(message))

const bytesText = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return fail("invalid UTF-8 in bytes, cannot convert to string")
  }
}

const same = (value: Value): Value => value

const unixSeconds = ({ nanos }: Timestamp): bigint => (nanos - (((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n

/** How many characters a text has. */
export const textSize = (text: string): number => {
  let size = text.length
  for (let index = 1; index < text.length; index++) if ((text.charCodeAt(index) & 0xfc00) === 0xdc00 && (text.charCodeAt(index - 1) & 0xfc00) === 0xd800) size--
  return size
}

const sizes: ReadonlyArray<Declared> = ["size", "size."].flatMap((name) => [
  declare(`${name}(string) -> int`, (text: string) => BigInt(textSize(text))),
  declare(`${name}(bytes) -> int`, (bytes: Uint8Array) => BigInt(bytes.length)),
  declare(`${name}(list(A)) -> int`, (list: ListValue) => BigInt(list.size)),
  declare(`${name}(map(A, B)) -> int`, (map: MapValue) => BigInt(map.size))
])

/** Conversions, `type` and `size`. */
export const conversions: ReadonlyArray<Declared> = [
  ...["bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"].map((type) => declare(`${type}(${type}) -> ${type}`, same)),
  declare("bool(string) -> bool", toBool),
  declare("bytes(string) -> bytes", (text: string) => new TextEncoder().encode(text)),
  declare("double(int) -> double", Number),
  declare("double(string) -> double", toDouble),
  declare("double(uint) -> double", (value: Uint) => Number(value.value)),
  declare("duration(int) -> duration", (nanos: bigint) => new Duration(nanos)),
  declare("duration(string) -> duration", toDuration),
  declare("int(double) -> int", (value: number) => truncated(value, value > -(2 ** 63) && value < 2 ** 63, "integer overflow")),
  declare("int(duration) -> int", (value: Duration) => value.nanos),
  declare("int(string) -> int", toInt),
  declare("int(timestamp) -> int", unixSeconds),
  declare("int(uint) -> int", (value: Uint) => int(value.value)),
  declare("string(bool) -> string", String),
  declare("string(bytes) -> string", bytesText),
  declare("string(double) -> string", goFloat),
  declare("string(duration) -> string", durationText),
  declare("string(int) -> string", String),
  declare("string(timestamp) -> string", timestampText),
  declare("string(uint) -> string", (value: Uint) => String(value.value)),
  declare("timestamp(int) -> timestamp", (seconds: bigint) => timestamp(seconds * 1_000_000_000n)),
  declare("timestamp(string) -> timestamp", toTimestamp),
  declare("uint(double) -> uint", (value: number) => uint(truncated(value, value >= 0 && value < 2 ** 64, "unsigned integer overflow"))),
  declare("uint(int) -> uint", uint),
  declare("uint(string) -> uint", toUint),
  declare("type(A) -> type(A)", (value: Value): Type => plainType(typeOf(value))),
  ...sizes
]

/** Values tell no more of their types than the names. */
const plainType = (type: Type): Type => (type.kind === "type" ? typeOfType(type) : type)
