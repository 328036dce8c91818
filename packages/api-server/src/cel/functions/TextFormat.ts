/** Puts values into texts. */
import { goQuote } from "../../builtin/GoText.ts"
import { Type } from "../types/Type.ts"
import { compareTexts } from "../values/Compare.ts"
import { goFloat } from "../values/FloatText.ts"
import { typeOf } from "../values/TypeOf.ts"
import { Duration, fail, ListValue, MapValue, Timestamp, Uint, type Value } from "../values/Value.ts"
import { type Clause, clauseProblem, replaceClauses } from "./FormatClauses.ts"
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

const entry = (map: MapValue, key: Value): string => {
  if (typeof key !== "string" && typeof key !== "boolean" && typeof key !== "bigint" && !(key instanceof Uint)) {
    return unformatted(`no formatting function for map key of type ${typeName(key)}`)
  }
  return `${element(key)}:${element(map.find(key) ?? null)}`
}

/** A value for `%s`. */
const plain = (value: Value, otherwise: (type: string) => string = (name) => clauseProblem("s", name)): string => {
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

const inBase = (letter: string, value: Value, base: number): string => whole(value)?.toString(base) ?? unformatted(clauseProblem(letter, typeName(value)))

const special: ReadonlySet<Value> = new Set(["NaN", "Infinity", "-Infinity"])

const float = (letter: string, value: Value, print: (value: number) => string): string => {
  if (typeof value !== "number" && !special.has(value)) return unformatted(clauseProblem(letter, typeName(value)))
  const number = Number(value)
  return Number.isFinite(number) ? print(number) : Number.isNaN(number) ? "NaN" : number > 0 ? "∞" : "-∞"
}

const grouped = (text: string): string => text.replace(/^-?\d+/, (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, ","))

const superscript = (digits: string): string => digits.replaceAll(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]!).replace("-", "⁻").replace("+", "")

/** A number as English texts print it with an exponent. */
const scientific = (value: number, digits: number): string =>
  value.toExponential(digits).replace(/e([+-])(\d+)$/, (_, sign: string, exponent: string) => `\u202f×\u202f10${superscript(sign + exponent.padStart(2, "0"))}`)

const hex = (value: Value): string => {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : undefined
  return bytes === undefined ? inBase("x", value, 16) : bytesHex(bytes)
}

const bytesHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

const clauseText = (letter: string, precision: number, value: Value): string => {
  switch (letter) {
    case "s":
      return plain(value)
    case "d":
      return inBase(letter, value, 10)
    case "f":
      return float(letter, value, (number) => grouped(number.toFixed(precision)))
    case "e":
      return float(letter, value, (number) => scientific(number, precision))
    case "b":
      return typeof value === "boolean" ? String(Number(value)) : inBase(letter, value, 2)
    case "x":
      return hex(value)
    case "X":
      return hex(value).toUpperCase()
    default:
      return inBase(letter, value, 8)
  }
}

const defaultPrecision = 6
const mostDigits = 100

const formatted = ({ letter, precision = defaultPrecision, problem }: Clause, value: Value): string => {
  if (problem !== undefined) return fail(problem)
  try {
    return clauseText(letter, Math.min(precision, mostDigits), value)
  } catch (error) {
    if (error instanceof Unformatted) return fail(`error during formatting: ${error.message}`)
    throw error
  }
}

/** Puts values in place of the clauses of a text. */
export const formatText = (text: string, args: ListValue): string => {
  let next = 0
  return replaceClauses(text, (clause) => (next < args.size ? formatted(clause, args.at(next++)) : fail(`index ${next} out of range`)))
}
