import { Phase } from "@fairlead/core"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { risingVersion } from "../../src/internal/phaseVersions.ts"

const previous = { phase: "Running", version: 3, reason: "a" } as const
const event = { reason: "Pulled", at: 1, cursor: 1 }

describe("risingVersion", () => {
  it.each([
    ["the first phase", Phase.running(1, "a"), undefined, [], 1],
    ["another phase", Phase.queued(0, "a"), previous, [], 0],
    ["the same phase with a lower version", Phase.running(1, "a"), previous, [], 3],
    ["the same phase with a higher version", Phase.running(7, "a"), previous, [], 7],
    ["the same phase with another reason", Phase.running(1, "b"), previous, [], 4],
    ["a higher version with another reason", Phase.running(7, "b"), previous, [], 7],
    ["the same phase with new events", Phase.running(1, "a"), previous, [event], 4],
    ["another phase with new events", Phase.queued(0, "a"), previous, [event], 0]
  ] as const)("of %s", (_name, phase, before, events, version) => {
    expect(risingVersion(phase, before, events).version).toBe(version)
  })

  it("appends events to the reasons that are there", () => {
    const phase = Phase.running(0, "", { additionalReasons: [{ reason: "own", occurredAt: 0 }] })
    expect(risingVersion(phase, undefined, [event]).info.additionalReasons).toEqual([{ reason: "own", occurredAt: 0 }, { reason: "Pulled", occurredAt: 1 }])
  })

  it("never lets the version of a phase fall, whatever reasons come", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(5), fc.constantFrom("a", "b", "x".repeat(300)))), (rounds) => {
      let before: { readonly phase: Phase.Phase; readonly version: number; readonly reason: string } | undefined
      for (const [version, reason] of rounds) {
        const next = risingVersion(Phase.running(version, reason), before, [])
        if (before !== undefined) {
          expect(next.version).toBeGreaterThanOrEqual(before.version + (reason.slice(0, 256) === before.reason ? 0 : 1))
        }
        before = { phase: "Running", version: next.version, reason: reason.slice(0, 256) }
      }
    }))
  })
})
