import { describe, expect, it } from "vitest"
import { changedFields, isSameProgress } from "../../src/internal/statusPatch.ts"

const line = { phase: "Queued", occurredAt: "2026-01-01T00:00:00.000Z", attempt: 1 }

describe("changedFields", () => {
  it.each([
    ["nothing of an equal status", { attempts: 1, phaseHistory: [] as ReadonlyArray<typeof line> }, {}, {}],
    ["what is new", {}, { attempts: 1 }, { attempts: 1 }],
    ["what is another value", { attempts: 1 }, { attempts: 2 }, { attempts: 2 }],
    ["null for what goes", { pluginState: "AQ==" }, { pluginState: undefined }, { pluginState: null }],
    ["a history that grew, whole", { phaseHistory: [line] }, { phaseHistory: [line, line] }, { phaseHistory: [line, line] }]
  ])("is %s", (_, base, change, expected) => {
    expect(changedFields(base, { ...base, ...change } as typeof base)).toEqual(expected)
  })

  it("leaves out what others write", () => {
    expect(changedFields({ signalValue: "x", attempts: 1 }, { signalValue: "x", attempts: 2 })).toEqual({ attempts: 2 })
  })

  it("of no status is all of it", () => expect(changedFields(undefined, { attempts: 1 })).toEqual({ attempts: 1 }))
})

describe("isSameProgress", () => {
  it.each(["sequence", "attempts", "launches", "systemFailures", "pluginPhaseVersion"] as const)("sees another %s", (field) => {
    expect(isSameProgress({ [field]: 1 }, { [field]: 2 })).toBe(false)
    expect(isSameProgress({ [field]: 1 }, { [field]: 1 })).toBe(true)
    expect(isSameProgress({ [field]: 0 }, {})).toBe(true)
  })
  it.each(["pluginPhase", "pluginState"] as const)("sees another %s", (field) => {
    expect(isSameProgress({ [field]: "a" }, { [field]: "b" })).toBe(false)
    expect(isSameProgress({ [field]: "a" }, {})).toBe(false)
  })
  it("does not look at what others write", () => {
    expect(isSameProgress({ sequence: 1, signalValue: "a" }, { sequence: 1 })).toBe(true)
    expect(isSameProgress(undefined, {})).toBe(true)
  })
})
