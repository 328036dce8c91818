import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Durations from "../src/Durations.ts"

describe("Durations", () => {
  it.each([
    ["90", 90_000],
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1h0m0s", 3_600_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["100ms", 100],
    ["1500us", 1],
    ["1500µs", 1],
    ["-2m30s", -150_000],
    ["+1s", 1_000],
    ["0", 0]
  ])("parseMillis reads %s as %i", (text, expected) => {
    expect(Durations.parseMillis(text)).toBe(expected)
  })

  it.each(["", "-", "s", "1x", "1h 30m", "one hour", "1.2.3s", "1s2"])("parseMillis refuses %j", (text) => {
    expect(Durations.parseMillis(text)).toBeUndefined()
  })

  it.each([
    [0n, "0s"],
    [1n, "1ns"],
    [1_500n, "1.5µs"],
    [300_000_000n, "300ms"],
    [1_500_000_000n, "1.5s"],
    [60_000_000_000n, "1m0s"],
    [5_400_000_000_000n, "1h30m0s"],
    [-90_000_000_000n, "-1m30s"]
  ])("formatNanos writes %i as Go does: %s", (nanos, expected) => {
    expect(Durations.formatNanos(nanos)).toBe(expected)
  })

  it("reads back what it wrote, and joins what it split", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanos) => {
      expect(Durations.parseNanos(Durations.formatNanos(nanos))).toBe(nanos)
      expect(Durations.join(Durations.split(nanos))).toBe(nanos)
    }))
  })

  it("formatMillis rounds to whole milliseconds", () => {
    expect(Durations.formatMillis(3_600_000)).toBe("1h0m0s")
    expect(Durations.formatMillis(0.6)).toBe("1ms")
  })
})
