import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { parse } from "../../src/internal/cronJobs/cronSchedule.ts"

const next = (schedule: string, after: string, timeZone?: string): string => {
  const parsed = parse(schedule, timeZone)
  if (Result.isFailure(parsed)) return parsed.failure.message
  const at = parsed.success.next(Date.parse(after))
  return at === undefined ? "never" : new Date(at).toISOString().slice(0, 16)
}

describe("a cron schedule", () => {
  it.each([
    ["* * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01"],
    ["*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30"],
    ["5 4 * * *", "2026-01-01T04:05:00Z", "2026-01-02T04:05"],
    ["0 9-17/4 * * MON-FRI", "2026-01-02T17:30:00Z", "2026-01-05T09:00"],
    ["0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00"],
    ["0 0 31 2 *", "2026-01-01T00:00:00Z", "never"],
    // Both days are given: either one is enough.
    ["0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00"],
    ["0 0 13 * ?", "2026-01-01T00:00:00Z", "2026-01-13T00:00"],
    ["0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00"],
    ["@monthly", "2026-01-15T00:00:00Z", "2026-02-01T00:00"],
    ["@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01"],
    ["0 12 1,15 JAN,jul *", "2026-01-16T00:00:00Z", "2026-07-01T12:00"]
  ])("%s after %s is at %s", (schedule, after, expected) => {
    expect(next(schedule, after)).toBe(expected)
  })

  it.each([
    ["30 8 * * *", "2026-06-01T00:00:00Z", "Europe/Berlin", "2026-06-01T06:30"],
    ["30 8 * * *", "2026-12-01T00:00:00Z", "Europe/Berlin", "2026-12-01T07:30"],
    // The hour that the change of the clock skips.
    ["30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin", "2026-03-30T00:30"],
    ["0 0 * * *", "2026-01-01T00:00:00Z", "Asia/Kolkata", "2026-01-01T18:30"]
  ])("%s after %s in %s is at %s", (schedule, after, zone, expected) => {
    expect(next(schedule, after, zone)).toBe(expected)
  })

  it.each([
    ["* * * *", /expected exactly 5 fields, found 4/],
    ["60 * * * *", /end of range \(60\) above maximum \(59\)/],
    ["a * * * *", /failed to parse int/],
    ["@often", /unrecognized descriptor/]
  ])("%s is refused", (schedule, message) => {
    expect(next(schedule, "2026-01-01T00:00:00Z")).toMatch(message)
  })
})
