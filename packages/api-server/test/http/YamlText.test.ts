import { describe, expect, it } from "vitest"
import { parse } from "yaml"
import { yamlText } from "../../src/http/YamlText.ts"

const words = (count: number): string => Array.from({ length: count }, (_, i) => `word${i}`).join(" ")

describe("YAML", () => {
  it.each<readonly [unknown, string]>([
    ["plain", "plain"],
    ["", '""'],
    ["1", '"1"'],
    ["1.5e3", '"1.5e3"'],
    ["0x1f", '"0x1f"'],
    ["12:30", '"12:30"'],
    ["true", '"true"'],
    ["No", '"No"'],
    ["null", '"null"'],
    ["2026-01-01T00:00:00Z", '"2026-01-01T00:00:00Z"'],
    ["1.2.3", "1.2.3"],
    ["a: b", "'a: b'"],
    ["a:b", "a:b"],
    ["it's", "it's"],
    ["it's: so", "'it''s: so'"],
    ["#a", "'#a'"],
    ["a #b", "'a #b'"],
    ["- a", "'- a'"],
    ["[a]", "'[a]'"],
    [" a", "' a'"],
    ["a\tb\u0001", '"a\\tb\\x01"'],
    ["a\nb", "|-\n  a\n  b"],
    ["a\n", "|\n  a"],
    ["a\n\n", "|+\n  a\n"],
    [[], "[]"],
    [{}, "{}"],
    [null, "null"],
    [[1, true], "- 1\n- true"],
    [{ b: [1], a: { c: "d" } }, "a:\n  c: d\nb:\n- 1"],
    [[{ a: "1", b: [] }], '- a: "1"\n  b: []'],
    [{ a10: 1, a9: 2, B: 3, "1": 4 }, '"1": 4\nB: 3\na9: 2\na10: 1']
  ])("%j", (value, text) => {
    expect(yamlText(value)).toBe(`${text}\n`)
  })

  it("breaks long lines at the first space behind the eightieth character", () => {
    const text = yamlText({ message: words(30) })
    const lines = text.trimEnd().split("\n")
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines.slice(0, -1)) expect(line.length).toBeGreaterThan(80)
    expect(parse(text)).toEqual({ message: words(30) })
  })

  it("can be read back", () => {
    const value = { text: `${words(40)}: '${words(10)}'`, list: [{ deep: [{ a: "x  y ".repeat(30) }] }], special: "\u2028 tab\t".repeat(15), lines: "a\n\n b \nc" }
    expect(parse(yamlText(value))).toEqual(value)
  })
})
