import { describe, expect, it } from "vitest"
import { cutLog, fallbackMessage } from "../../src/internal/logText.ts"

describe("cutLog", () => {
  it.each([
    ["a\nb\nc\n", { tailLines: 2 }, "b\nc\n"],
    ["a\nb\nc", { tailLines: 2 }, "b\nc"],
    ["a\nb\n", { tailLines: 5 }, "a\nb\n"],
    ["a\n\n\n", { tailLines: 2 }, "\n\n"],
    ["a\nb\n", { tailLines: 0 }, ""],
    ["", { tailLines: 3 }, ""],
    ["abcdef", { limitBytes: 3 }, "abc"],
    ["a\nbc\nde\n", { tailLines: 2, limitBytes: 4 }, "bc\nd"],
    ["abc", { limitBytes: 100 }, "abc"]
  ])("of %j with %j is %j", (text, options, cut) => {
    expect(cutLog(text, options)).toBe(cut)
  })
})

describe("fallbackMessage", () => {
  it("is at most 80 lines and 2048 characters from the end", () => {
    const lines = Array.from({ length: 100 }, (_, at) => `${at}`)
    expect(fallbackMessage(lines.join("\n")).split("\n")).toEqual(lines.slice(20))
    expect(fallbackMessage("x".repeat(5000))).toBe("x".repeat(2048))
  })
})
