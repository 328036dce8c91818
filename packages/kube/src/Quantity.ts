/** Exact arithmetic on Kubernetes quantities such as `500m`, `1.5Gi` and `2e3`. */

/** How a quantity was written, and so how it will be printed. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent"

/**
 * An amount of something: an exact number of billionths.
 *
 * Kubernetes keeps no more precision than that either: a finer amount is rounded away from zero when it is parsed.
 */
export interface Quantity {
  readonly nanos: bigint
  readonly format: QuantityFormat
  /** The text that it was parsed from, where Kubernetes prints that text again instead of the canonical one. */
  readonly text?: string | undefined
}

/** Nothing at all; takes the format of whatever is added to it. */
export const zero: Quantity = { nanos: 0n, format: "DecimalSI", text: "0" }

/** Reads a quantity; `undefined` when the text is none. Numbers count as their JSON text. */
export const parse = (text: string | number): Quantity | undefined => {
  const parsed = recall(textOf(text))
  return typeof parsed === "string" ? undefined : parsed
}

/** Tells, in the words of Kubernetes, what keeps `text` from being a quantity; `undefined` when it is one. */
export const problemOf = (text: string | number): string | undefined => {
  const parsed = recall(textOf(text))
  return typeof parsed === "string" ? parsed : undefined
}

/** The text as Kubernetes would store it; `undefined` when it is no quantity. */
export const canonical = (text: string | number): string | undefined => {
  const quantity = parse(text)
  return quantity === undefined ? undefined : format(quantity)
}

/**
 * Prints a quantity as Kubernetes does: no fraction, the largest suffix that loses nothing, in the format that it
 * was written in. Binary amounts below 1024 or with a fraction are printed as decimal ones.
 */
export const format = (quantity: Quantity): string => {
  if (quantity.text !== undefined) return quantity.text
  const { nanos } = quantity
  if (nanos === 0n) return "0"
  if (quantity.format === "BinarySI" && nanos % nanosPerOne === 0n && (nanos >= kibiNanos || nanos <= -kibiNanos)) {
    return formatBinary(nanos / nanosPerOne)
  }
  return formatDecimal(nanos, quantity.format)
}

/** Orders two quantities by their amounts, whatever their formats. */
export const compare = (self: Quantity, that: Quantity): -1 | 0 | 1 =>
  self.nanos < that.nanos ? -1 : self.nanos > that.nanos ? 1 : 0

/** The sum, in the format of `self` unless that is zero. */
export const add = (self: Quantity, that: Quantity): Quantity => ({
  nanos: self.nanos + that.nanos,
  format: self.nanos === 0n ? that.format : self.format
})

/** The difference, in the format of `self` unless that is zero. */
export const subtract = (self: Quantity, that: Quantity): Quantity => ({
  nanos: self.nanos - that.nanos,
  format: self.nanos === 0n ? that.format : self.format
})

/** The nearest number; exact for whole amounts up to 2^53. */
export const toNumber = ({ nanos }: Quantity): number =>
  Number(nanos / nanosPerOne) + Number(nanos % nanosPerOne) / Number(nanosPerOne)

/** The amount in whole units of 10^`scale`, rounded away from zero: `scale` 0 counts ones, -3 thousandths. */
export const toScaled = ({ nanos }: Quantity, scale: number): bigint =>
  scale >= nanoScale ? divideAwayFromZero(nanos, 10n ** BigInt(scale - nanoScale)) : nanos * 10n ** BigInt(nanoScale - scale)

const nanoScale = -9
const nanosPerOne = 1_000_000_000n
const kibiNanos = 1024n * nanosPerOne
/** Kubernetes caps binary amounts at the largest 64-bit integer. */
const binaryNanosMax = (2n ** 63n - 1n) * nanosPerOne
/** Beyond these a text is refused, so that a short text can never ask for gigabytes of digits. */
const exponentMax = 10_000
const lengthMax = 4_096

const formatProblem = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const numberProblem = "unable to parse numeric part of quantity"
const suffixProblem = "unable to parse quantity's suffix"

/**
 * What Kubernetes' scanner accepts; unlike the expression in its message it allows no second point, and no digits at
 * all. The suffix cannot begin with a digit, so there is one way to match and nothing to backtrack over.
 */
const shape = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]+[+-]?[0-9]*|[+-][0-9]*)?$/

interface Suffix {
  readonly format: QuantityFormat
  readonly exponent: number
}

const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

const suffixes: ReadonlyMap<string, Suffix> = new Map([
  ...decimalSuffixes.map((suffix, index): [string, Suffix] => [suffix, { format: "DecimalSI", exponent: nanoScale + 3 * index }]),
  ...binarySuffixes.slice(1).map((suffix, index): [string, Suffix] => [suffix, { format: "BinarySI", exponent: 10 * (index + 1) }])
])

const suffixOf = (text: string): Suffix | undefined => {
  const known = suffixes.get(text)
  if (known !== undefined) return known
  const exponent = /^[eE]([+-]?[0-9]+)$/.exec(text)?.[1]
  return exponent === undefined ? undefined : { format: "DecimalExponent", exponent: Number(exponent) }
}

/** JavaScript writes `1e+21` where JSON from elsewhere has `1e21`. */
const textOf = (text: string | number): string => (typeof text === "string" ? text : String(text).replace("e+", "e"))

/** Quantities are few and come again and again: those that were read first are remembered, for the whole program, since they follow from their texts alone. */
const known = new Map<string, Quantity>()
const knownMax = 1000

const recall = (text: string): Quantity | string => {
  const before = known.get(text)
  if (before !== undefined) return before
  const parsed = parseParts(text)
  if (typeof parsed !== "string" && known.size < knownMax) known.set(text, parsed)
  return parsed
}

/** The quantity, or what is wrong. */
const parseParts = (text: string): Quantity | string => {
  if (text === "0") return zero
  const match = text === "" || text.length > lengthMax ? null : shape.exec(text)
  if (match === null) return formatProblem
  const fraction = match[3] ?? ""
  const digits = (match[2]!.replace(/^0+/, "") || "0") + fraction
  const suffix = suffixOf(match[4] ?? "")
  if (suffix === undefined || suffix.exponent > exponentMax) return suffixProblem
  // The largest suffix is read another way, by which no digits are no number.
  if (match[4] === "Ei" && match[2] === "" && fraction === "") return numberProblem
  const amount = nanosOf(BigInt(digits), fraction.length, suffix)
  return {
    nanos: match[1] === "-" ? -amount : amount,
    format: suffix.format === "BinarySI" && amount > 0n && amount < nanosPerOne ? "DecimalSI" : suffix.format,
    text: keepsText(digits, fraction.length, suffix) ? text : undefined
  }
}

const nanosOf = (digits: bigint, places: number, suffix: Suffix): bigint => {
  if (digits === 0n) return 0n
  if (suffix.format === "BinarySI") {
    const amount = divideAwayFromZero((digits << BigInt(suffix.exponent)) * nanosPerOne, 10n ** BigInt(places))
    return amount > binaryNanosMax ? binaryNanosMax : amount
  }
  const scale = suffix.exponent - places - nanoScale
  if (scale >= 0) return digits * 10n ** BigInt(scale)
  return -scale > lengthMax ? 1n : divideAwayFromZero(digits, 10n ** BigInt(-scale))
}

/** Kubernetes reuses the text of a short number that looks canonical to it: `1.234`, `+5` and `1E3` stay as they are. */
const keepsText = (digits: string, places: number, suffix: Suffix): boolean => {
  if (suffix.format === "BinarySI") {
    const precision = 14 - digits.length - Math.floor((suffix.exponent * 3) / 10)
    return places === 0 && precision >= 0 && Number(digits) % 8 !== 0
  }
  const scale = suffix.exponent - places
  return digits.length <= 18 && scale >= nanoScale && scale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0")
}

const formatBinary = (amount: bigint): string => {
  let rest = amount
  let power = 0
  while (power < binarySuffixes.length - 1 && rest % 1024n === 0n) {
    rest /= 1024n
    power++
  }
  return `${rest}${binarySuffixes[power]}`
}

const formatDecimal = (nanos: bigint, style: QuantityFormat): string => {
  let rest = nanos
  let exponent = nanoScale
  while (rest % 1000n === 0n) {
    rest /= 1000n
    exponent += 3
  }
  if (exponent === 0) return `${rest}`
  // Beyond the largest suffix Kubernetes prints none, and so another amount.
  return `${rest}${style === "DecimalExponent" ? `e${exponent}` : (decimalSuffixes[(exponent - nanoScale) / 3] ?? "")}`
}

const divideAwayFromZero = (dividend: bigint, divisor: bigint): bigint => {
  const quotient = dividend / divisor
  if (quotient * divisor === dividend) return quotient
  return dividend > 0n ? quotient + 1n : quotient - 1n
}
