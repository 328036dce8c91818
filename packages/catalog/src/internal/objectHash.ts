/** The hash of a JSON value that does not depend on the order of keys: `objecthash`, which Flyte's `pbhash` uses. */
import type { JsonValue } from "@bufbuild/protobuf"
import { sha256 } from "@noble/hashes/sha2.js"

const encoder = new TextEncoder()

const tagged = (tag: string, pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const hash = sha256.create().update(encoder.encode(tag))
  for (const piece of pieces) hash.update(piece)
  return hash.digest()
}
const ofText = (tag: string, text: string): Uint8Array => sha256(encoder.encode(tag + text))

/** Hashes a value; every number counts as a float, as in JSON. */
export const objectHash = (value: JsonValue): Uint8Array => {
  if (value === null) return ofText("n", "")
  if (typeof value === "string") return ofText("u", value)
  if (typeof value === "boolean") return ofText("b", value ? "1" : "0")
  if (typeof value === "number") return ofText("f", normalizedFloat(value))
  if (Array.isArray(value)) return tagged("l", value.map(objectHash))
  const pairs = Object.entries(value).map(([key, it]) => [ofText("u", key), objectHash(it)] as const)
  pairs.sort(([left], [right]) => compareBytes(left, right))
  return tagged("d", pairs.flat())
}

const compareBytes = (left: Uint8Array, right: Uint8Array): number => {
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!
  return 0
}

/** Sign, exponent and the bits of the mantissa: the one spelling of a float. */
const normalizedFloat = (value: number): string => {
  if (Number.isNaN(value)) return "NaN"
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity"
  if (value === 0) return "+0:"
  let rest = Math.abs(value)
  let exponent = 0
  for (; rest > 1; exponent++) rest /= 2
  for (; rest <= 0.5; exponent--) rest *= 2
  let bits = ""
  while (rest !== 0) {
    bits += rest >= 1 ? "1" : "0"
    if (rest >= 1) rest--
    rest *= 2
  }
  return `${value < 0 ? "-" : "+"}${exponent}:${bits}`
}
