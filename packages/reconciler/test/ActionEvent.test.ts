import { create, fromBinary } from "@bufbuild/protobuf"
import { Idl, Phase, type TaskAction } from "@fairlead/core"
import { type ActionEvent as WireEvent, ActionPhase, RecordRequestSchema } from "@fairlead/core/workflow"
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ActionEvent } from "../src/index.ts"
import { EventSinkMemory } from "../src/index.ts"
import { encodeRequest } from "../src/internal/eventEncoding.ts"
import { buildActionEvent, type Report } from "../src/internal/reports.ts"
import { fail, forever, lose, makeScriptedPlugin, quick } from "./scriptedPlugin.ts"
import { abort, create as submit, inWorld, taskAction, withEngine } from "./world.ts"

const known: ReadonlySet<number> = new Set(Object.values(ActionPhase).filter((it) => it !== ActionPhase.UNSPECIFIED))

/** What the events service demands of a message before it looks at it, by the rules in its own description. */
const faultsOf = ({ attempt, id, phase, updatedTime }: WireEvent): ReadonlyArray<string> => {
  const long = (name: string, text: string | undefined, most: number) => (text !== undefined && text.length >= 1 && text.length <= most ? [] : [`${name} has ${text?.length} characters`])
  return [
    ...long("run.project", id?.run?.project, 63),
    ...long("run.domain", id?.run?.domain, 63),
    ...long("run.name", id?.run?.name, 30),
    ...long("name", id?.name, 30),
    ...(attempt > 0 ? [] : ["attempt is 0"]),
    ...(known.has(phase) ? [] : [`phase is ${phase}`]),
    ...(updatedTime === undefined || updatedTime.nanos < 0 || updatedTime.nanos >= 1e9 ? ["updated_time is no time"] : [])
  ]
}

const sent = (events: ReadonlyArray<ActionEvent>): ReadonlyArray<WireEvent> => fromBinary(RecordRequestSchema, encodeRequest(events, 1_767_225_600_001.7)).events

const phases = ["QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING", "SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"] as const
const name = (maxLength: number) => fc.string({ minLength: 1, maxLength })
const time = fc.double({ min: 0, max: 4e12, noNaN: true })
const report: fc.Arbitrary<Report> = fc.record({
  sequence: fc.nat(),
  attempt: fc.nat({ max: 1000 }),
  phase: fc.constantFrom(...phases),
  at: time,
  reason: fc.string({ unit: "binary" }),
  info: fc.record({
    logs: fc.array(fc.webUrl().map((uri) => create(Idl.TaskLogSchema, { uri }))),
    occurredAt: fc.option(time, { nil: undefined }),
    externalResources: fc.array(fc.record({
      externalId: fc.string(), cacheStatus: fc.nat({ max: 7 }), index: fc.nat({ max: 9 }), retryAttempt: fc.nat({ max: 9 }), phase: fc.constantFrom(...Phase.phases), logs: fc.constant([])
    })),
    additionalReasons: fc.array(fc.record({ reason: fc.string(), occurredAt: time }))
  }),
  error: fc.option(fc.record({ code: fc.string(), message: fc.string({ unit: "binary" }), kind: fc.constantFrom("USER", "SYSTEM", "UNKNOWN") }), { nil: undefined })
})

describe("events on the wire", () => {
  it("whatever is reported, the service gets a message that it accepts and that says the same", () => {
    const id = fc.record({ project: name(63), domain: name(63), run: name(30), action: name(30) })
    fc.assert(fc.property(report, id, (it, of) => {
      const event = buildActionEvent(it, of, "east", "s3://b/out")
      const [wire] = sent([event])
      expect(faultsOf(wire!)).toEqual([])
      expect(wire).toMatchObject({ attempt: Math.max(1, it.attempt), version: it.sequence, phase: ActionPhase[it.phase], cluster: "east", outputs: { outputUri: "s3://b/out/outputs.pb" } })
      expect(wire!.clusterEvents).toHaveLength(event.clusterEvents.length)
      expect(wire!.logInfo.map((log) => log.uri)).toEqual(it.info.logs.map((log) => log.uri))
      expect(wire!.errorInfo === undefined).toBe(it.error === undefined)
    }))
  })

  it("all that an engine tells of actions that succeed, fail, are lost, time out and are aborted is accepted", () => {
    const scripts = { ok: quick, fails: fail(), lost: lose, runs: forever, stops: forever }
    const { plugin } = makeScriptedPlugin((action) => scripts[action.slice(4) as keyof typeof scripts])
    const spec = (timeout?: string): Partial<TaskAction.TaskActionSpec> => ({ task: { container: { image: "img" }, retries: 1, ...(timeout === undefined ? {} : { timeout }) } })
    const config = { cluster: "east", maxSystemFailures: 1, systemFailureWindow: "1 second" }
    inWorld({ plugins: [plugin], config }, (_, engine) => withEngine(engine, Effect.gen(function*() {
      yield* submit(...Object.keys(scripts).map((action) => taskAction(action, spec(action === "stops" ? "5s" : undefined))))
      yield* Effect.sleep("1 minute")
      yield* abort("runs")
      yield* Effect.sleep("5 minutes")
      const { events } = yield* EventSinkMemory.EventJournal
      expect(new Set(events.map((it) => it.phase))).toEqual(new Set(["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]))
      expect(sent(events).flatMap(faultsOf)).toEqual([])
    })))
  })
})
