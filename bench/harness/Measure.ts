/** One figure that a benchmark reports, and its bar. */

/** A line that a benchmark prints. */
export interface Measure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same figure for something simple, from the same run. */
  readonly baseline?: number
  /** The bar: most that `value` may be. */
  readonly atMost?: number
  /** The bar: least that `value` must be. */
  readonly atLeast?: number
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value)

/** Reads a printed line. Undefined when it is not meant as a measure; a text when it is but breaks the contract. */
export const measureOf = (line: string): Measure | string | undefined => {
  if (!line.startsWith("{")) return undefined
  let parsed: Record<string, unknown>
  try {
    parsed = JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
  if (typeof parsed["name"] !== "string") return `a line without "name": ${line}`
  if (!isNumber(parsed["value"]) || typeof parsed["unit"] !== "string") return `"${parsed["name"]}" needs a number as "value" and a text as "unit"`
  for (const key of ["baseline", "atMost", "atLeast"]) {
    if (parsed[key] !== undefined && !isNumber(parsed[key])) return `"${parsed["name"]}" has a "${key}" that is no number: ${JSON.stringify(parsed[key])}`
  }
  return parsed as unknown as Measure
}

/** The bars that the measure misses, in words; none when all is well. */
export const missesOf = ({ atLeast, atMost, name, unit, value }: Measure): ReadonlyArray<string> => [
  ...(atMost !== undefined && value > atMost ? [`${name}: ${amount(value)} ${unit}, at most ${amount(atMost)} allowed`] : []),
  ...(atLeast !== undefined && value < atLeast ? [`${name}: ${amount(value)} ${unit}, at least ${amount(atLeast)} wanted`] : [])
]

/** One line for a person. */
export const describeMeasure = (measure: Measure): string => {
  const { atLeast, atMost, baseline, name, unit, value } = measure
  const bars = [
    ...(atLeast === undefined ? [] : [`at least ${amount(atLeast)}`]),
    ...(atMost === undefined ? [] : [`at most ${amount(atMost)}`]),
    ...(baseline === undefined ? [] : [`baseline ${amount(baseline)}`])
  ]
  return `${missesOf(measure).length > 0 ? "✗" : bars.length > 0 ? "✓" : "·"} ${name}: ${amount(value)} ${unit}${bars.length === 0 ? "" : ` (${bars.join(", ")})`}`
}

/** Four digits are enough to compare. */
const amount = (value: number): string => (Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4))))
