import { expect, it } from "vitest"
import { goQuote } from "../../src/internal/goQuote.ts"

it.each([
  ["plain é 日本", "\"plain é 日本\""],
  ["a\"b\\c", "\"a\\\"b\\\\c\""],
  ["\n\t\r\u0007\b\f\v", "\"\\n\\t\\r\\a\\b\\f\\v\""],
  ["\0\u007f", "\"\\x00\\x7f\""],
  ["\u00a0\u2028\u200b", "\"\\u00a0\\u2028\\u200b\""],
  ["🚢\u{e0001}", "\"🚢\\U000e0001\""],
  ["\ud800", "\"\ufffd\""]
])("quotes %o as Go does", (text, quoted) => {
  expect(goQuote(text)).toBe(quoted)
})
