import { Phase } from "@fairlead/core"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { advanceJob, decodeState, encodeState, initialState, isTerminalJob, type JobEvent, type JobPhase, jobPhases, type JobState, jobStateVersion, jobTable, toJobPhase, WebApiError } from "../src/index.ts"
import { Result } from "effect"

const terms = { now: 1_000_000, createBudget: 300_000, canFind: false }
const error = (fault: WebApiError["fault"], more: object = {}): WebApiError => new WebApiError({ fault, description: "the service said no", ...more })

const stateIn = (phase: JobPhase): JobState => ({
  ...initialState("key", "endpoint", 500_000),
  phase,
  lease: { pool: "default", project: "p", namespace: "p-d" },
  ...(phase === "NotStarted" ? {} : { reported: { phase: "Queued", version: 2, reason: "before", digest: "d" } }),
  ...(phase === "ResourcesCreated" ? { meta: { id: "j" } } : {})
})

const events: { readonly [E in JobEvent["_tag"]]: Extract<JobEvent, { readonly _tag: E }> } = {
  TokenGranted: { _tag: "TokenGranted", lease: { pool: "default", project: "p", namespace: "p-d" } },
  TokenRefused: { _tag: "TokenRefused", reason: "the quota is used up" },
  CreateHeld: { _tag: "CreateHeld", reason: "waits for its turn" },
  Created: { _tag: "Created", meta: { id: "new" }, isKnown: false },
  CreateFailed: { _tag: "CreateFailed", error: error("Failed") },
  NotSeen: { _tag: "NotSeen", trouble: undefined },
  Seen: { _tag: "Seen", phase: Phase.running(0, "at work"), trouble: undefined },
  GaveUp: { _tag: "GaveUp", error: error("Unavailable") },
  Gone: { _tag: "Gone", error: error("NotFound") }
}

/** Every cell that does something: stored phase, event, next phase, reported phase and version. All others report again what was reported. */
const cells: ReadonlyArray<readonly [JobPhase, JobEvent["_tag"], JobPhase, Phase.Phase, number]> = [
  ["NotStarted", "TokenGranted", "AllocationTokenAcquired", "Queued", 0],
  ["NotStarted", "TokenRefused", "NotStarted", "WaitingForResources", 0],
  ["AllocationTokenAcquired", "CreateHeld", "AllocationTokenAcquired", "Queued", 3],
  ["AllocationTokenAcquired", "Created", "ResourcesCreated", "Queued", 3],
  ["AllocationTokenAcquired", "CreateFailed", "UserFailure", "RetryableFailure", 0],
  ["ResourcesCreated", "Seen", "ResourcesCreated", "Running", 0],
  ["ResourcesCreated", "GaveUp", "SystemFailure", "RetryableFailure", 0],
  ["ResourcesCreated", "Gone", "SystemFailure", "RetryableFailure", 0]
]

describe("The table of a job's life", () => {
  const names = Object.keys(events) as ReadonlyArray<JobEvent["_tag"]>
  const all = jobPhases.flatMap((phase) => names.map((event) => [phase, event] as const))

  test("has a cell for every phase and event", () => {
    expect(Object.keys(jobTable)).toEqual([...jobPhases])
    for (const phase of jobPhases) expect(Object.keys(jobTable[phase]).sort()).toEqual([...names].sort())
    expect(all).toHaveLength(54)
  })

  test.each(all)("%s × %s", (phase, event) => {
    const before = stateIn(phase)
    const { phase: reported, state } = advanceJob(before, events[event], terms)
    const cell = cells.find(([p, e]) => p === phase && e === event)
    if (cell === undefined) {
      expect(state).toBe(before)
      expect([reported.phase, reported.version, reported.reason]).toEqual([before.reported.phase, before.reported.version, before.reported.reason])
    } else expect([state.phase, reported.phase, reported.version]).toEqual(cell.slice(2))
  })

  test.each(jobPhases)("never leads from %s back to where the job would be created again", (phase) => {
    const before = jobPhases.indexOf(phase)
    const after = Object.values(events).map((event) => jobPhases.indexOf(advanceJob(stateIn(phase), event, terms).state.phase))
    expect(after.every((next) => next >= before)).toBe(true)
  })

  test("ends give the lease back with the write that tells of them, and keep the meta (A3, A4)", () => {
    for (const event of [events.GaveUp, events.Gone, { ...events.Seen, phase: Phase.success() }, { ...events.Seen, phase: Phase.permanentFailure({ code: "c", message: "m", kind: "USER" }) }]) {
      const { state } = advanceJob(stateIn("ResourcesCreated"), event, terms)
      expect(isTerminalJob(state.phase)).toBe(true)
      expect(state.lease).toBeUndefined()
      expect(state.meta).toEqual({ id: "j" })
      const again = advanceJob(state, events.Seen, terms)
      expect(again.state).toBe(state)
      expect(again.phase.phase).toBe(state.reported.phase)
      expect(again.phase.error).toEqual(state.reported.error)
    }
  })

  test("a job that was given up is marked, for it may still be at work; one that the service lost is not", () => {
    expect(advanceJob(stateIn("ResourcesCreated"), events.GaveUp, terms).state.isAbandoned).toBe(true)
    expect(advanceJob(stateIn("ResourcesCreated"), events.Gone, terms).state.isAbandoned).toBeUndefined()
  })

  test("losing what was created does no harm when the job can be found", () => {
    expect(advanceJob(stateIn("AllocationTokenAcquired"), events.Created, terms).deferrable).toBe(false)
    expect(advanceJob(stateIn("AllocationTokenAcquired"), events.Created, { ...terms, canFind: true }).deferrable).toBe(true)
    expect(advanceJob(stateIn("NotStarted"), events.TokenGranted, { ...terms, canFind: true }).deferrable).toBe(false)
  })

  test("pauses between failed creations double, end at a minute, and are never shorter than what the service asks for", () => {
    let state = stateIn("AllocationTokenAcquired")
    const pauses: Array<number> = []
    for (let i = 0; i < 9; i++) {
      state = advanceJob(state, { _tag: "CreateFailed", error: error("Unavailable") }, terms).state
      pauses.push(state.creating!.retryAt - terms.now)
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
    state = advanceJob(state, { _tag: "CreateFailed", error: error("Throttled", { retryAfter: 90_000 }) }, terms).state
    expect(state.creating!.retryAt - terms.now).toBe(90_000)
  })

  test("versions never fall within a phase, whatever comes (A17)", () => {
    const phase = fc.oneof(
      fc.record({ version: fc.integer({ min: 0, max: 5 }), reason: fc.constantFrom("a", "b") }).map(({ reason, version }) => Phase.running(version, reason)),
      fc.record({ version: fc.integer({ min: 0, max: 5 }), reason: fc.constantFrom("a", "b") }).map(({ reason, version }) => Phase.queued(version, reason))
    )
    fc.assert(fc.property(fc.array(phase, { maxLength: 20 }), (seen) => {
      let state = stateIn("ResourcesCreated")
      for (const it of seen) {
        const step = advanceJob(state, { _tag: "Seen", phase: it, trouble: undefined }, terms)
        if (state.reported.phase === step.phase.phase) {
          expect(step.phase.version).toBeGreaterThanOrEqual(state.reported.version)
          if (state.reported.reason !== step.phase.reason) expect(step.phase.version).toBeGreaterThan(state.reported.version)
        }
        state = step.state
      }
    }))
  })
})

test("only the last three phases are terminal, and names survive being stored", () => {
  expect(jobPhases.map(isTerminalJob)).toEqual([false, false, false, true, true, true])
  for (const phase of jobPhases) expect(Result.getOrThrow(decodeState(encodeState(stateIn(phase)))).phase).toBe(phase)
})

test("phases of tasks map to phases of jobs as in Flyte, but nothing maps to the beginning", () => {
  expect(Phase.phases.map((it) => [it, toJobPhase(it)])).toEqual([
    ["Undefined", "ResourcesCreated"],
    ["NotReady", "ResourcesCreated"],
    ["WaitingForResources", "ResourcesCreated"],
    ["Queued", "ResourcesCreated"],
    ["Initializing", "ResourcesCreated"],
    ["Running", "ResourcesCreated"],
    ["Success", "Succeeded"],
    ["RetryableFailure", "UserFailure"],
    ["PermanentFailure", "UserFailure"],
    ["WaitingForCache", undefined],
    ["Aborted", "UserFailure"]
  ])
})

describe("The stored state (A13)", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

  test("comes back as it was, with whatever meta JSON can hold", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.string(), (meta, reason) => {
      const state = { ...stateIn("ResourcesCreated"), meta: JSON.parse(JSON.stringify(meta)) as unknown, reported: { phase: "Running" as const, version: 3, reason, digest: "x" } }
      expect(Result.getOrThrow(decodeState(encodeState(state)))).toEqual(state)
    }))
  })

  test.each([
    ["of a newer version", { version: jobStateVersion + 1, bytes: bytes("{}") }, "written by a newer engine"],
    ["of a version that never was", { version: 0, bytes: bytes("{}") }, "there never was such a version"],
    ["of another kind", { version: jobStateVersion, bytes: new Uint8Array([0, 255, 3]) }, "are no JSON"],
    ["with a phase that is none", { version: jobStateVersion, bytes: bytes("{\"phase\":\"Nowhere\"}") }, "phase"]
  ])("%s is refused in words", (_, stored, problem) => {
    const read = decodeState(stored)
    expect(Result.isFailure(read) && read.failure.message).toContain(problem)
  })
})
