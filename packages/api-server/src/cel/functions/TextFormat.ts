/** Puts values into texts. */
import { goQuote } from "../../builtin/GoText.ts"
import { Type } from "../types/Type.ts"
import { compareTexts } from "../values/Compare.ts"
import { goFloat } from "../values/FloatText.ts"
import { typeOf } from "../values/TypeOf.ts"
import { Duration, fail, ListValue, MapValue, Timestamp, Uint, type Value } from "../values/Value.ts"
import { durationText, timestampText } from "./Times.ts"

const escapes: Readonly<Record<string, string>> = {
  "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"'
}

/** A text in quotes, with escapes for what cannot stand between them. */
export const quoteText = (text: string): string => `"${text.replaceAll(/[\x07\b\f\n\r\t\v\\"]/g, (character) => escapes[character]!)}"`

const typeName = (value: Value): string => typeOf(value).name

class Unformatted {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

const unformatted = (message: string): never => {
  throw new Unformatted(message)
}

const bytesText = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)

/** A value as a part of a list or map, in the form in which expressions write it. */
const element = (value: Value): string => {
  if (typeof value === "string") return goQuote(value)
  if (typeof value === "number") return Number.isFinite(value) ? value.toFixed(6) : `"${goFloat(value)}"`
  if (value instanceof Uint8Array) return `b${goQuote(bytesText(value))}`
  if (value instanceof Timestamp) return `timestamp(${goQuote(timestampText(value))})`
  if (value instanceof Duration) return `duration(${goQuote(durationText(value))})`
  return plain(value, (name) => `no formatting function for ${name}`)
}

const stringProblem = (name: string): string =>
  `string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${name}`

const entry = (map: MapValue, key: Value): string => {
  if (typeof key !== "string" && typeof key !== "boolean" && typeof key !== "bigint" && !(key instanceof Uint)) {
    return unformatted(`no formatting function for map key of type ${typeName(key)}`)
  }
  return `${element(key)}:${element(map.find(key) ?? null)}`
}

/** A value for `%s`. */
const plain = (value: Value, otherwise: (type: string) => string = stringProblem): string => {
  if (value === null) return "null"
  if (typeof value === "number") return goFloat(value)
  if (typeof value !== "object") return String(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof ListValue) return `[${value.items().map(element).join(", ")}]`
  if (value instanceof MapValue) return `{${value.keys().map((key) => entry(value, key)).sort(compareTexts).join(", ")}}`
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (value instanceof Uint8Array) return bytesText(value)
  return value instanceof Type ? value.name : unformatted(otherwise(typeName(value)))
}

const whole = (value: Value): bigint | undefined => (typeof value === "bigint" ? value : value instanceof Uint ? value.value : undefined)

const inBase = (value: Value, base: number, otherwise: string): string => {
  const number = whole(value)
  return number === undefined ? unformatted(`${otherwise}, was given ${typeName(value)}`) : number.toString(base)
}

const special: ReadonlySet<Value> = new Set(["NaN", "Infinity", "-Infinity"])

const float = (value: Value, clause: string, print: (value: number) => string): string => {
  if (typeof value !== "number" && !special.has(value)) return unformatted(`${clause} clause can only be used on doubles, was given ${typeName(value)}`)
  const number = Number(value)
  return Number.isFinite(number) ? print(number) : Number.isNaN(number) ? "NaN" : number > 0 ? "∞" : "-∞"
}

const grouped = (text: string): string => text.replace(/^-?\d+/, (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, ","))

const superscript = (digits: string): string => digits.replaceAll(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]!).replace("-", "⁻").replace("+", "")

/** A number as English texts print it with an exponent. */
const scientific = (value: number, digits: number): string =>
  value.toExponential(digits).replace(/e([+-])(\d+)$/, (_, sign: string, exponent: string) => ` × 10${superscript(sign + exponent.padStart(2, "0"))}`)

const hex = (value: Value): string => {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : undefined
  return bytes === undefined ? inBase(value, 16, "only integers, byte buffers, and strings can be formatted as hex") : bytesHex(bytes)
}

const bytesHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

const clause = (letter: string, precision: number, value: Value): string => {
  switch (letter) {
    case "s":
      return plain(value)
    case "d":
      return inBase(value, 10, "decimal clause can only be used on integers")
    case "f":
      return float(value, "fixed-point", (number) => grouped(number.toFixed(precision)))
    case "e":
      return float(value, "scientific", (number) => scientific(number, precision))
    case "b":
      return typeof value === "boolean" ? String(Number(value)) : inBase(value, 2, "only integers and bools can be formatted as binary")
    case "x":
      return hex(value)
    case "X":
      return hex(value).toUpperCase()
    default:
      return inBase(value, 8, "octal clause can only be used on integers")
  }
}

const formatted = (letter: string | undefined, precision: string | undefined, value: Value): string => {
  if (letter === undefined) return fail("unexpected end of string")
  if (precision === "") return fail('could not parse formatting clause: error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax')
  if (!"sdfebxXo".includes(letter)) return fail(`could not parse formatting clause: unrecognized formatting clause "${letter}"`)
  try {
    return clause(letter, precision === undefined ? 6 : Math.min(Number(precision), 100), value)
  } catch (error) {
    if (error instanceof Unformatted) return fail(`error during formatting: ${error.message}`)
    throw error
  }
}

/** Puts values in place of the clauses of a text. */
export const formatText = (text: string, args: ListValue): string => {
  let next = 0
  return text.replaceAll(/%%|%(?:\.(\d*))?([^])?/gu, (found, precision: string | undefined, letter: string | undefined) => {
    if (found === "%%") return "%"
    if (next >= args.size) return fail(`index ${next} out of range`)
    return formatted(letter, precision, args.at(next++))
  })
}
