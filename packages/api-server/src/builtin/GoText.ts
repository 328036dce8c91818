/** Values as Go prints them; error texts contain them. */
import { isObject } from "./Sharing.ts"

const escapes: Readonly<Record<string, string>> = {
  "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", "\"": "\\\""
}

const escapeOf = (char: string): string => {
  const known = escapes[char]
  if (known !== undefined) return known
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`
}

/** A string in quotes as `strconv.Quote` writes it. */
export const goQuote = (text: string): string => `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeOf)}"`

/** A number as `%v` prints it: integers plainly, others as Go's shortest float. */
export const goNumber = (value: number): string => {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value)
  return String(value).replace(/e([+-])(\d)$/, "e$10$2")
}

/** The kind of a JSON value, as Go's decoder names it. */
export const kindOfJson = (value: unknown): string => (Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value)

/** Orders texts by their code units. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A JSON value as `%v` prints it: `map[a:1 b:[x y]]`, keys sorted, strings bare. */
export const goPrint = (value: unknown): string => {
  if (value === null || value === undefined) return "<nil>"
  if (typeof value === "number") return goNumber(value)
  if (Array.isArray(value)) return `[${value.map(goPrint).join(" ")}]`
  if (isObject(value)) return `map[${Object.keys(value).sort(byText).map((key) => `${key}:${goPrint(value[key])}`).join(" ")}]`
  return String(value)
}

/** The Go type that a decoded JSON value has. */
export const goTypeOf = (value: unknown): string => {
  if (value === null || value === undefined) return "%!s(<nil>)"
  if (Array.isArray(value)) return "[]interface {}"
  switch (typeof value) {
    case "object":
      return "map[string]interface {}"
    case "number":
      return Number.isInteger(value) ? "int64" : "float64"
    case "boolean":
      return "bool"
    default:
      return "string"
  }
}
