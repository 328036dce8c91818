import { describe, expect, it } from "vitest"
import { Phase } from "../src/index.ts"

const error: Phase.TaskError = { code: "OOMKilled", message: "too much", kind: "USER" }

describe("withReason", () => {
  it.each([["a", "b", "a, b"], ["", "b", "b"], ["a, b", "c", "a, b, c"]])("of %j and %j is %j", (before, more, after) => {
    expect(Phase.withReason(Phase.queued(0, before), more).reason).toBe(after)
  })

  it("changes nothing else", () => {
    const failed = Phase.permanentFailure(error, { cleanup: true, info: { occurredAt: 7 } })
    expect(Phase.withReason(failed, "b")).toEqual({ ...failed, reason: "too much, b" })
    expect(failed.reason).toBe("too much")
  })
})

describe("phases", () => {
  it.each(Phase.phases.map((phase) => [phase] as const))("%s reads back from the wire", (phase) => {
    expect(Phase.toWire(phase)).toBe(`Phase${phase}`)
    expect(Phase.fromWire(Phase.toWire(phase))).toBe(phase)
  })

  it("have Flyte's order, and none for other words", () => {
    expect(Phase.phases.map((it, number) => `${number} ${it}`)).toEqual([
      "0 Undefined", "1 NotReady", "2 WaitingForResources", "3 Queued", "4 Initializing", "5 Running", "6 Success",
      "7 RetryableFailure", "8 PermanentFailure", "9 WaitingForCache", "10 Aborted"
    ])
    expect(["Running", "PhaseNothing", undefined, ""].map(Phase.fromWire)).toEqual([undefined, undefined, undefined, undefined])
  })

  it("end with success, failure or abort", () => {
    expect(Phase.phases.filter(Phase.isTerminal)).toEqual(["Success", "RetryableFailure", "PermanentFailure", "Aborted"])
  })

  it("are made without logs and reasons, and failures with version 0 and the words of their error", () => {
    const { info, reason, version } = Phase.retryableFailure(error)
    expect([info, reason, version]).toEqual([Phase.emptyInfo, "too much", 0])
    expect(Phase.running(3, "on a node", { occurredAt: 5 })).toMatchObject({ version: 3, reason: "on a node", info: { occurredAt: 5, logs: [] }, cleanupOnFailure: false })
  })
})

describe("errorFromProto", () => {
  it("knows the kinds, and takes no error for an unknown one", () => {
    const of = (kind: number) => Phase.errorFromProto({ code: "c", message: "m", kind } as Parameters<typeof Phase.errorFromProto>[0])
    expect([0, 1, 2].map((it) => of(it).kind)).toEqual(["UNKNOWN", "USER", "SYSTEM"])
    expect(Phase.errorFromProto(undefined)).toEqual({ code: "Unknown", message: "", kind: "UNKNOWN" })
  })
})
