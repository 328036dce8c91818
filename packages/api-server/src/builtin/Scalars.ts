/** How each scalar type reads JSON: its stored form, or what Go's decoder says about a value that does not fit. */
import { Quantity } from "@fairlead/kube"
import { parseTime } from "./GoTime.ts"
import type { ScalarType } from "./SchemaNode.ts"
import { toBase64 } from "../internal/base64.ts"

/** Brings a JSON scalar into its stored form; `undefined` when it does not fit the type (`problemOf` tells why). */
export const normalise = (type: ScalarType, value: unknown): unknown => {
  switch (type) {
    case "string":
      return typeof value === "string" ? value : undefined
    case "boolean":
      return typeof value === "boolean" ? value : undefined
    case "int32":
      return Number.isInteger(value) && (value as number) >= -0x80000000 && (value as number) <= 0x7fffffff ? value : undefined
    case "int64":
    case "int":
      return Number.isInteger(value) && (value as number) >= -(2 ** 63) && (value as number) < 2 ** 63 ? value : undefined
    case "float64":
      return typeof value === "number" ? value : undefined
    case "bytes":
      return typeof value === "string" ? base64(value) : Array.isArray(value) ? bytesOfNumbers(value) : undefined
    case "time":
    case "microTime":
      return typeof value === "string" ? time(value, type) : undefined
    case "quantity":
      return typeof value === "string" || typeof value === "number" ? quantity(value) : undefined
    case "intOrString":
      return typeof value === "string" ? value : normalise("int32", value)
    default:
      return typeof value === "object" ? undefined : value
  }
}

/** What a struct field of this type holds when nothing was given, where Go writes it out all the same. */
export const zeroOf = (type: ScalarType): unknown => {
  switch (type) {
    case "string":
      return ""
    case "boolean":
      return false
    case "quantity":
      return "0"
    case "int32":
    case "int64":
    case "int":
    case "float64":
    case "intOrString":
      return 0
    case "duration":
      return "0s"
    default:
      return null
  }
}

/** Go also reads bytes that are listed as numbers; what is no byte counts as zero here. */
const bytesOfNumbers = (values: ReadonlyArray<unknown>): string =>
  toBase64(values.map((value) => (Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256 ? (value as number) : 0)))

const timeCache = new Map<string, string>()

/** Times of one second stand in many objects, and in each of them again and again. */
const time = (value: string, type: "time" | "microTime"): string | undefined => {
  if (type === "time") {
    const known = timeCache.get(value)
    if (known !== undefined) return known
  }
  const result = parseTime(value, type === "time" ? "seconds" : "micros")
  if (!("text" in result)) return undefined
  // Mostly it is canonical already.
  const text = result.text === value ? value : result.text
  if (type === "time") {
    if (timeCache.size >= cacheMax) timeCache.clear()
    timeCache.set(value, text)
  }
  return text
}

/** Entries after which a cache starts anew. */
const cacheMax = 4096

const quantityCache = new Map<string | number, string | undefined>()

/** Quantities repeat endlessly in pods, so their canonical forms are remembered. */
const quantity = (value: string | number): string | undefined => {
  const known = quantityCache.get(value)
  if (known !== undefined) return known
  const text = Quantity.canonical(typeof value === "string" ? value.trim() : value)
  if (text !== undefined) {
    if (quantityCache.size >= cacheMax) quantityCache.clear()
    quantityCache.set(value, text)
  }
  return text
}

const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const base64 = (value: string): string | undefined => {
  if (canonicalBase64.test(value)) return clearTrailingBits(value)
  const plain = value.replace(/[\r\n]/g, "")
  return plain !== value && canonicalBase64.test(plain) ? clearTrailingBits(plain) : undefined
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/** Bits of the last letter that no byte takes up are zero once the bytes are written again. */
const clearTrailingBits = (value: string): string => {
  if (!value.endsWith("=")) return value
  const at = value.indexOf("=") - 1
  const index = alphabet.indexOf(value[at] ?? "A")
  const clean = value.endsWith("==") ? index & 0b110000 : index & 0b111100
  return clean === index ? value : `${value.slice(0, at)}${alphabet[clean]}${value.slice(at + 1)}`
}

/** A problem that stops Go's decoder at once, in contrast to a mere mismatch of types, after which it reads on. */
export interface ScalarProblem {
  /** Complete message of an error that the type's own decoder raises. */
  readonly fatal?: string
  /** What was found, for `json: cannot unmarshal <found> into Go struct field … of type <goType>`. */
  readonly mismatch?: string
}

/** A JSON scalar (numbers as written) or the kind of a non-scalar. */
export type Written =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "array" | "object" }

const intoString = (written: Written): string => `json: cannot unmarshal ${written.kind} into Go value of type string`

/** What Go says when `written` is decoded into a scalar of this type; `undefined` when it fits. */
export const problemOf = (type: ScalarType, written: Written): ScalarProblem | undefined => {
  switch (type) {
    case "string":
      return written.kind === "string" ? undefined : { mismatch: written.kind }
    case "boolean":
      return written.kind === "bool" ? undefined : { mismatch: written.kind }
    case "int32":
    case "int64":
    case "int":
      if (written.kind !== "number") return { mismatch: written.kind }
      return fitsInteger(written.text, type) ? undefined : { mismatch: `number ${written.text}` }
    case "float64":
      return written.kind === "number" ? undefined : { mismatch: written.kind }
    case "bytes":
      return bytesProblem(written)
    case "time":
    case "microTime": {
      if (written.kind !== "string") return { fatal: intoString(written) }
      const result = parseTime(written.value, type === "time" ? "seconds" : "micros")
      return "problem" in result ? { fatal: result.problem } : undefined
    }
    case "quantity": {
      const text = written.kind === "string" ? written.value.trim() : written.kind === "number" ? written.text : "x"
      const problem = Quantity.problemOf(text)
      return problem === undefined ? undefined : { fatal: problem }
    }
    case "intOrString":
      if (written.kind === "string") return undefined
      if (written.kind === "number" && fitsInteger(written.text, "int32")) return undefined
      return { fatal: `json: cannot unmarshal ${written.kind}${written.kind === "number" ? ` ${written.text}` : ""} into Go value of type int32` }
    default:
      return undefined
  }
}

const fitsInteger = (text: string, type: "int32" | "int64" | "int"): boolean => {
  if (!/^-?\d+$/.test(text)) return false
  if (text.length < 10) return true
  const value = BigInt(text)
  const bits = type === "int32" ? 31n : 63n
  return value >= -(1n << bits) && value < 1n << bits
}

const bytesProblem = (written: Written): ScalarProblem | undefined => {
  if (written.kind !== "string") return written.kind === "array" ? undefined : { mismatch: written.kind }
  if (base64(written.value) !== undefined) return undefined
  return { fatal: `illegal base64 data at input byte ${base64ErrorAt(written.value)}` }
}

/** Where Go's decoder stops: at the first foreign character, at misplaced padding, or at the end of a short group. */
const base64ErrorAt = (value: string): number => {
  let inGroup = 0
  for (let i = 0; i < value.length; i++) {
    const char = value[i] ?? ""
    if (char === "\n" || char === "\r") continue
    if (alphabet.includes(char)) {
      inGroup = (inGroup + 1) % 4
      continue
    }
    if (char !== "=" || inGroup < 2) return i
    let next = i + 1
    if (inGroup === 2) {
      while (value[next] === "\n" || value[next] === "\r") next++
      if (next >= value.length) return value.length
      if (value[next] !== "=") return next - 1
      next++
    }
    while (value[next] === "\n" || value[next] === "\r") next++
    return next
  }
  return value.length - inGroup
}
