/** Values of custom resources as Go writes them into messages. */
import { goQuote } from "../builtin/GoText.ts"
import { goFloat } from "../cel/values/FloatText.ts"
import { isInt64 } from "./ValueChecks.ts"

/** A number as `%v` prints it when it came out of JSON: whole ones that fit into 64 bits are integers. */
export const goNumber = (value: number): string => (isInt64(value) ? BigInt(value).toString() : goFloat(value))

/** JSON as Go's encoder writes it: keys of objects sorted, `<`, `>` and `&` escaped. */
export const goJson = (value: unknown): string => escapeHtml(sortedJson(value))

/** Escapes what Go's encoder escapes beyond plain JSON. */
export const escapeHtml = (json: string): string =>
  json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

const sortedJson = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null)
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`
  const fields = value as { readonly [key: string]: unknown }
  return `{${Object.keys(fields).sort().map((key) => `${JSON.stringify(key)}:${sortedJson(fields[key])}`).join(",")}}`
}

/** A value behind `Invalid value: `. */
export const goValue = (value: unknown): string => {
  if (typeof value === "string") return goQuote(value)
  return typeof value === "number" ? goNumber(value) : goJson(value)
}
