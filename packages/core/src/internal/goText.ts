/** Values as Go's `fmt` and `strconv` print them: what ends up in arguments and files must not depend on the engine. */
import type { MsgpackValue } from "./msgpack.ts"

/** A float as `%v` prints it: shortest form, exponent below 1e-4 and from 1e21. */
export const formatFloat = (value: number): string => {
  const special = notFinite(value)
  if (special !== undefined) return special
  const { digits, exponent, sign } = decompose(value)
  if (exponent >= -4 && exponent < 21) return sign + positional(digits, exponent)
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`
}

/** A float without exponent, as `strconv.FormatFloat(x, 'f', -1, 64)` prints it. */
export const formatFloatPlain = (value: number): string => {
  const special = notFinite(value)
  if (special !== undefined) return special
  const { digits, exponent, sign } = decompose(value)
  return sign + positional(digits, exponent)
}

const notFinite = (value: number): string | undefined => {
  if (Number.isNaN(value)) return "NaN"
  return Number.isFinite(value) ? undefined : value > 0 ? "+Inf" : "-Inf"
}

/** Shortest digits d and exponent e of d[0].d[1]… × 10^e. */
const decompose = (value: number): { digits: string; exponent: number; sign: string } => {
  const [mantissa = "0", exponent = "0"] = Math.abs(value).toExponential().split("e")
  return { digits: mantissa.replace(".", ""), exponent: Number(exponent), sign: value < 0 || Object.is(value, -0) ? "-" : "" }
}

const positional = (digits: string, exponent: number): string => {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0")
  const fraction = digits.slice(exponent + 1)
  return fraction === "" ? whole : `${whole}.${fraction}`
}

/** Any value as `%v` prints what MessagePack decodes to: `map[a:1 b:[x y]]`, keys sorted. */
export const formatAny = (value: MsgpackValue): string => {
  if (value === null) return "<nil>"
  if (typeof value === "number") return formatFloat(value)
  if (value instanceof Uint8Array) return `[${[...value].join(" ")}]`
  if (Array.isArray(value)) return `[${value.map(formatAny).join(" ")}]`
  if (value instanceof Map) {
    const entries = [...value].sort(([left], [right]) => compareKeys(left, right))
    return `map[${entries.map(([key, item]) => `${formatAny(key)}:${formatAny(item)}`).join(" ")}]`
  }
  return String(value)
}

const compareKeys = (left: MsgpackValue, right: MsgpackValue): number => {
  if (typeof left === "number" && typeof right === "number") return left - right
  const [a, b] = [formatAny(left), formatAny(right)]
  return a < b ? -1 : a > b ? 1 : 0
}
