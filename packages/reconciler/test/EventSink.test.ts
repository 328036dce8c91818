import { create } from "@bufbuild/protobuf"
import { Idl } from "@fairlead/core"
import { Effect, Layer, Logger } from "effect"
import { describe, expect, it } from "vitest"
import { type ActionEvent, EventSink, EventSinkLog, EventSinkMemory } from "../src/index.ts"
import { toProto } from "../src/internal/eventEncoding.ts"
import { buildActionEvent, type Report, toClusterEvents, untold } from "../src/internal/reports.ts"

const report: Report = {
  sequence: 4,
  attempt: 2,
  phase: "FAILED",
  at: 1000,
  reason: "exit code 1",
  info: { logs: [], occurredAt: 700, externalResources: [], additionalReasons: [{ reason: "pulled", occurredAt: 500 }, { reason: "started", occurredAt: 600 }] },
  error: { code: "ExitCode", message: "exit code 1", kind: "USER" }
}
const id = { project: "p", domain: "d", run: "r", action: "a0" }
const event = (over: Partial<ActionEvent> = {}): ActionEvent => ({ ...buildActionEvent(report, id, "east", "s3://b/out"), ...over })

describe("an event", () => {
  it("says what, when, where and why", () => {
    expect(event()).toEqual({
      id,
      attempt: 2,
      phase: "FAILED",
      version: 4,
      updatedTime: 1000,
      error: { code: "ExitCode", message: "exit code 1", kind: "USER" },
      cluster: "east",
      outputs: { outputUri: "s3://b/out/outputs.pb", reportUri: "s3://b/out/report.html" },
      clusterEvents: [{ message: "exit code 1", occurredAt: 700 }, { message: "pulled", occurredAt: 500 }, { message: "started", occurredAt: 600 }],
      logs: [],
      cacheStatus: 0
    })
  })
  it("has no outputs when there is no place for them, and an attempt of at least one", () => {
    expect(buildActionEvent({ ...report, attempt: 0 }, id, "", undefined)).toMatchObject({ outputs: undefined, attempt: 1 })
  })
  it("takes its own time for a reason without one, and lists nothing when there is nothing", () => {
    expect(toClusterEvents({ ...report, info: { ...report.info, occurredAt: undefined, additionalReasons: [] } })).toEqual([{ message: "exit code 1", occurredAt: 1000 }])
    expect(toClusterEvents({ ...report, reason: "", info: { ...report.info, additionalReasons: [] } })).toEqual([])
  })
  it("says where the logs are found", () => {
    const logContext = create(Idl.LogContextSchema, { primaryPodName: "r-a0-0" })
    const told = buildActionEvent({ ...report, info: { ...report.info, logContext } }, id, "", undefined)
    expect(told.logContext).toBe(logContext)
    expect(toProto(told, 0).logContext?.primaryPodName).toBe("r-a0-0")
  })
  it("takes the first cache status that says anything", () => {
    const resource = { externalId: "cache", index: 0, retryAttempt: 0, phase: "Success" as const, logs: [] }
    const info = { ...report.info, externalResources: [{ ...resource, cacheStatus: 0 }, { ...resource, cacheStatus: 3 }, { ...resource, cacheStatus: 1 }] }
    expect(buildActionEvent({ ...report, info }, id, "", undefined).cacheStatus).toBe(3)
  })
})

describe("what a stored status has left to tell", () => {
  const line = (phase: string, sequence: number, attempt = 1) => ({ phase, occurredAt: "2026-01-01T00:00:00.500Z", message: `m${sequence}`, sequence, attempt })
  it("is every line after the last one delivered, with its attempt and time", () => {
    const status = { delivered: 1, phaseHistory: [line("Queued", 1), line("RetryableFailure", 2), line("Queued", 4, 2), line("PermanentFailure", 5, 2)], errorState: { code: "X", kind: "SYSTEM" as const, message: "long" } }
    expect(untold(status).map((it) => [it.sequence, it.attempt, it.phase, it.error])).toEqual([
      [2, 1, "FAILED", { code: "Unknown", message: "m2", kind: "UNKNOWN" }],
      [4, 2, "QUEUED", undefined],
      [5, 2, "FAILED", { code: "X", message: "long", kind: "SYSTEM" }]
    ])
    expect(untold(status)[0]?.at).toBe(Date.parse("2026-01-01T00:00:00.500Z"))
  })
  it("is nothing for lines without a number, such as those of other engines", () => {
    expect(untold({ phaseHistory: [{ phase: "Queued", occurredAt: "2026-01-01T00:00:00Z" }] })).toEqual([])
  })
})

describe("EventSinkLog", () => {
  it("writes one line for an event", () => {
    const lines: Array<unknown> = []
    const logger = Logger.layer([Logger.make(({ message }) => lines.push(message))])
    const program = Effect.flatMap(EventSink, (sink) => sink.record([event(), event({ error: undefined, clusterEvents: [] })]))
    Effect.runSync(Effect.provide(program, Layer.merge(EventSinkLog.layer, logger)))
    expect(lines.flat()).toEqual(["p/d/r/a0 attempt 2 FAILED (event 4): [ExitCode] exit code 1", "p/d/r/a0 attempt 2 FAILED (event 4)"])
  })
})

describe("EventSinkMemory", () => {
  it("keeps what it takes and nothing of what it refuses", () => {
    const program = Effect.gen(function*() {
      const sink = yield* EventSink
      const journal = yield* EventSinkMemory.EventJournal
      journal.refuse(1)
      const error = yield* Effect.flip(sink.record([event()]))
      expect(error).toMatchObject({ retryable: true })
      expect(error.message).toContain("EventSink.record failed")
      yield* sink.record([event({ version: 9 })])
      expect(journal.events.map((it) => it.version)).toEqual([9])
    })
    Effect.runSync(Effect.provide(program, EventSinkMemory.layer))
  })
})

describe("EventSink.layerNone", () => {
  it("takes everything", () => {
    const exit = Effect.runSyncExit(Effect.provide(Effect.flatMap(EventSink, (sink) => sink.record([event()])), EventSink.layerNone))
    expect(exit._tag).toBe("Success")
  })
})
