import { describe, expect, it } from "vitest"
import * as LabelSyntax from "../src/LabelSyntax.ts"

describe("LabelSyntax", () => {
  it.each(["a", "A-b_c.9", "example.com/a", `${"a".repeat(253)}/${"b".repeat(63)}`])("accepts the key %s", (key) => {
    expect(LabelSyntax.keyProblems(key)).toEqual([])
  })

  it.each(["", "a".repeat(63), "A-b_c.9"])("accepts the value %o", (value) => {
    expect(LabelSyntax.valueProblems(value)).toEqual([])
  })

  it("counts bytes, not characters", () => {
    expect(LabelSyntax.valueProblems("é".repeat(32))[0]).toBe("must be no more than 63 bytes")
    expect(LabelSyntax.valueProblems("é".repeat(31))[0]).toContain("a valid label must be an empty string")
    expect(LabelSyntax.keyProblems("a".repeat(64))).toEqual(["name part must be no more than 63 bytes"])
    expect(LabelSyntax.keyProblems(`${"a".repeat(254)}/b`)).toEqual(["prefix part must be no more than 253 bytes"])
  })

  it("names every rule that is broken", () => {
    expect(LabelSyntax.keyProblems("")).toEqual([
      "name part must be non-empty",
      expect.stringContaining("name part must consist of alphanumeric characters")
    ])
    expect(LabelSyntax.keyProblems("-/-").length).toBe(2)
  })

  it("is quick on long texts that almost fit", () => {
    for (const text of ["a".repeat(100_000) + "!", "a.".repeat(50_000) + "/b", "-".repeat(100_000)]) {
      expect(LabelSyntax.keyProblems(text).length).toBeGreaterThan(0)
      expect(LabelSyntax.valueProblems(text).length).toBeGreaterThan(0)
    }
  })
})
