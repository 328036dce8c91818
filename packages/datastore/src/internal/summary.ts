/** The summary of all inputs that lies next to their files: `inputs.json`, which is valid YAML as well. */

/** A value of the summary; integers keep all their digits. */
export type SummaryValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | ReadonlyArray<SummaryValue>
  | { readonly [key: string]: SummaryValue }

/** Writes JSON with keys sorted and integers of any size as plain digits. */
export const jsonText = (value: SummaryValue): string => {
  if (typeof value === "bigint") return value.toString()
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value))
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`
  if (typeof value === "object" && value !== null) {
    const fields = value as { readonly [key: string]: SummaryValue }
    return `{${Object.keys(fields).sort().map((key) => `${JSON.stringify(key)}:${jsonText(fields[key]!)}`).join(",")}}`
  }
  return JSON.stringify(value)
}
