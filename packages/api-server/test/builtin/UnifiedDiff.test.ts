import { array, assert, constantFrom, property } from "fast-check"
import { describe, expect, it } from "vitest"
import { unifiedDiff } from "../../src/builtin/UnifiedDiff.ts"

/** Applies a diff to the text that it starts from. */
const applyDiff = (before: string, diff: string): string => {
  const lines = before.split("\n")
  const out: Array<string> = []
  let at = 0
  for (const line of diff.split("\n")) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+/.exec(line)
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === "0" ? 0 : 1)
      out.push(...lines.slice(at, start))
      at = start
    } else if (line.startsWith(" ")) {
      expect(line.slice(1)).toBe(lines[at])
      out.push(lines[at++]!)
    } else if (line.startsWith("-")) expect(line.slice(1)).toBe(lines[at++])
    else if (line.startsWith("+")) out.push(line.slice(1))
  }
  return [...out, ...lines.slice(at)].join("\n")
}

describe("unifiedDiff", () => {
  it("shows a change with the lines around it", () => {
    const lines = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
    const changed = lines.map((line) => (line === "e" ? "E" : line))
    expect(unifiedDiff(lines.join("\n"), changed.join("\n"))).toBe("@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n")
  })

  it("says nothing of texts that are the same", () => {
    expect(unifiedDiff("a\nb", "a\nb")).toBe("")
  })

  it("leads from one text to the other", () => {
    const text = array(constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 20 }).map((lines) => lines.join("\n"))
    assert(property(text, text, (before, after) => {
      expect(applyDiff(before, unifiedDiff(before, after))).toBe(after)
    }))
  })
})
