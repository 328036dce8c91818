import { describe, expect, it } from "vitest"
import { parseTime } from "../../src/builtin/GoTime.ts"

describe("parseTime", () => {
  it.each([
    ["2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"],
    ["2026-01-01T01:30:00+01:30", "2026-01-01T00:00:00Z"],
    ["2026-01-01T00:00:00.999Z", "2026-01-01T00:00:00Z"],
    ["2025-12-31T23:00:00-02:00", "2026-01-01T01:00:00Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"]
  ])("reads %s as %s", (text, expected) => {
    expect(parseTime(text, "seconds")).toEqual({ text: expected })
  })

  it.each([
    ["yesterday", "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\""],
    ["2026-13-01T00:00:00Z", "parsing time \"2026-13-01T00:00:00Z\": month out of range"],
    ["2026-02-29T00:00:00Z", "parsing time \"2026-02-29T00:00:00Z\": day out of range"],
    ["2026-01-01T24:00:00Z", "parsing time \"2026-01-01T24:00:00Z\": hour out of range"],
    ["2026-01-01", "parsing time \"2026-01-01\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\""],
    ["2026-01-01T00:00:00", "parsing time \"2026-01-01T00:00:00\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\""],
    ["2026-01-01T00:00:00Zx", "parsing time \"2026-01-01T00:00:00Zx\": extra text: \"x\""]
  ])("says what is wrong with %s", (text, problem) => {
    expect(parseTime(text, "seconds")).toEqual({ problem })
  })

  it("keeps six digits where it needs them", () => {
    expect(parseTime("2026-01-01T00:00:00.123456Z", "micros")).toEqual({ text: "2026-01-01T00:00:00.123456Z" })
    expect(parseTime("2026-01-01T00:00:00Z", "micros")).toHaveProperty("problem")
  })
})
