/** Quotes a text as Go's `%q` does, which is how Kubernetes shows a wrong value. */
export const goQuote = (text: string): string => `"${Array.from(text, quoteCharacter).join("")}"`

const short: Readonly<Record<string, string>> = {
  "\u0007": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\"": "\\\"", "\\": "\\\\"
}

const quoteCharacter = (character: string): string => {
  const code = character.codePointAt(0)!
  if (short[character] !== undefined) return short[character]
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`
  if (code < 0x7f || printable.test(character)) return character
  if (code >= 0xd800 && code <= 0xdfff) return "\ufffd"
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`
}

/** Letters, marks, numbers, punctuation and symbols, as in Go's `unicode.IsPrint`; of the spaces only the plain one. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u
