/** Lengths of time as text: `90`, `90s`, `1h30m` as people write them, and Go's form `1h30m0s` that Flyte's tools exchange. */

const nanosecondsPer: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "µs": 1_000n,
  "μs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n
}

const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y

/**
 * Reads a length of time into nanoseconds; `undefined` if the text is none.
 *
 * Takes what Go's `time.ParseDuration` takes (`1.5h`, `-2m30s`, `100ms`) and a bare number, which counts seconds.
 */
export const parseNanos = (text: string): bigint | undefined => {
  const unsigned = text.replace(/^[-+]/, "")
  if (/^(\d+\.?\d*|\.\d+)$/.test(unsigned)) return sign(text, scale(unsigned, nanosecondsPer["s"]!))
  let total = 0n
  part.lastIndex = 0
  while (part.lastIndex < unsigned.length) {
    const match = part.exec(unsigned)
    if (match === null) return undefined
    total += scale(match[1]!, nanosecondsPer[match[2]!]!)
  }
  return unsigned === "" ? undefined : sign(text, total)
}

const sign = (text: string, value: bigint): bigint => (text.startsWith("-") ? -value : value)

const scale = (decimal: string, unit: bigint): bigint => {
  const [whole = "", fraction = ""] = decimal.split(".")
  return BigInt(whole || "0") * unit + (BigInt(fraction || "0") * unit) / 10n ** BigInt(fraction.length)
}

/** Writes nanoseconds as Go does: `1h30m0s`, `1.5s`, `300ms`, `0s`. */
export const formatNanos = (nanos: bigint): string => {
  if (nanos < 0n) return `-${formatNanos(-nanos)}`
  if (nanos === 0n) return "0s"
  if (nanos < 1_000n) return `${nanos}ns`
  if (nanos < 1_000_000n) return `${decimal(nanos, 3)}µs`
  if (nanos < 1_000_000_000n) return `${decimal(nanos, 6)}ms`
  const minutes = nanos / nanosecondsPer["m"]!
  const seconds = `${decimal(nanos % nanosecondsPer["m"]!, 9)}s`
  if (minutes === 0n) return seconds
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`
}

const decimal = (value: bigint, places: number): string => {
  const digits = value.toString().padStart(places + 1, "0")
  const fraction = digits.slice(-places).replace(/0+$/, "")
  return `${digits.slice(0, -places)}${fraction === "" ? "" : `.${fraction}`}`
}

/** Reads a length of time into milliseconds, rounded down; `undefined` if the text is none. */
export const parseMillis = (text: string): number | undefined => {
  const nanos = parseNanos(text)
  return nanos === undefined ? undefined : Number(nanos / 1_000_000n)
}

/** Writes milliseconds as Go does. */
export const formatMillis = (millis: number): string => formatNanos(BigInt(Math.round(millis)) * 1_000_000n)

/** Seconds and nanoseconds of the protobuf form; both carry the sign. */
export interface SplitDuration {
  readonly seconds: bigint
  readonly nanos: number
}

/** Splits nanoseconds into the fields of `google.protobuf.Duration`. */
export const split = (nanos: bigint): SplitDuration => ({
  seconds: nanos / 1_000_000_000n,
  nanos: Number(nanos % 1_000_000_000n)
})

/** Joins the fields of `google.protobuf.Duration` into nanoseconds. */
export const join = (duration: SplitDuration): bigint => duration.seconds * 1_000_000_000n + BigInt(duration.nanos)
