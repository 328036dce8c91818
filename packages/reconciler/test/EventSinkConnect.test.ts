import { fromBinary } from "@bufbuild/protobuf"
import { ActionPhase, type RecordRequest, RecordRequestSchema } from "@fairlead/core/workflow"
import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { type ActionEvent, EventSink, EventSinkConnect, type EventSinkError } from "../src/index.ts"

const event: ActionEvent = {
  id: { project: "p", domain: "d", run: "r", action: "a0" },
  attempt: 2,
  phase: "TIMED_OUT",
  version: 7,
  updatedTime: 1_767_225_600_123,
  error: { code: "TimeoutExpired", message: "too long", kind: "USER" },
  cluster: "east",
  outputs: { outputUri: "s3://b/outputs.pb", reportUri: "s3://b/report.html" },
  clusterEvents: [{ message: "pulled", occurredAt: 1_767_225_600_000 }],
  logs: [],
  cacheStatus: 3
}
interface Seen {
  readonly url: string
  readonly headers: Headers
  readonly message: RecordRequest
}

/** A service that keeps what it gets and answers with `answer`. */
const service = (answer: () => Response | Promise<Response>) => {
  const seen: Array<Seen> = []
  const fetch = async (request: Request): Promise<Response> => {
    const bytes = new Uint8Array(await request.arrayBuffer())
    seen.push({ url: request.url, headers: request.headers, message: fromBinary(RecordRequestSchema, bytes) })
    return answer()
  }
  const sink = EventSinkConnect.layer({ baseUrl: "http://events.invalid", fetch, headers: { authorization: "Bearer x" }, timeout: "1 second" })
  const record = Effect.provide(Effect.flatMap(EventSink, (it) => it.record([event, { ...event, version: 8, error: undefined, outputs: undefined }])), sink)
  return { seen, record: () => Effect.runPromiseExit(record) }
}
const failureOf = (exit: Exit.Exit<void, EventSinkError>): EventSinkError => {
  const failure = Exit.isFailure(exit) ? exit.cause.reasons.find((it) => it._tag === "Fail") : undefined
  if (failure === undefined) throw new Error("the call did not fail")
  return failure.error
}

describe("EventSinkConnect", () => {
  it("sends a RecordRequest as Connect wants it", async () => {
    const { seen, record } = service(() => new Response(new Uint8Array()))
    expect(Exit.isSuccess(await record())).toBe(true)
    expect(seen[0]?.url).toBe("http://events.invalid/flyteidl2.workflow.EventsProxyService/Record")
    expect(Object.fromEntries(seen[0]!.headers)).toMatchObject({
      "content-type": "application/proto", "connect-protocol-version": "1", "connect-timeout-ms": "1000", authorization: "Bearer x"
    })
    const [first, second] = seen[0]!.message.events
    expect(first).toMatchObject({
      id: { run: { project: "p", domain: "d", name: "r", org: "" }, name: "a0" },
      attempt: 2,
      phase: ActionPhase.TIMED_OUT,
      version: 7,
      updatedTime: { seconds: 1_767_225_600n, nanos: 123_000_000 },
      errorInfo: { message: "too long", kind: 1 },
      cluster: "east",
      outputs: { outputUri: "s3://b/outputs.pb", reportUri: "s3://b/report.html" },
      clusterEvents: [{ message: "pulled", occurredAt: { seconds: 1_767_225_600n, nanos: 0 } }],
      cacheStatus: 3
    })
    expect(first?.reportedTime).toBeDefined()
    expect([second?.errorInfo, second?.outputs]).toEqual([undefined, undefined])
  })

  it.each([
    ["invalid_argument", 400, false],
    ["already_exists", 409, false],
    ["unavailable", 503, true],
    ["internal", 500, true],
    ["unauthenticated", 401, true],
    ["unimplemented", 404, true]
  ])("an answer of %s (HTTP %i) is repeated: %s", async (code, status, retryable) => {
    const { record } = service(() => new Response(JSON.stringify({ code, message: "because" }), { status }))
    const error = failureOf(await record())
    expect(error).toMatchObject({ retryable, isAnswer: true })
    expect(error.message).toContain(`${code}: because`)
  })

  it.each([[502, true], [404, true], [413, false]])("an answer of a proxy with HTTP %i is repeated: %s", async (status, retryable) => {
    const { record } = service(() => new Response("<html>", { status }))
    expect(failureOf(await record())).toMatchObject({ retryable })
  })

  it("a connection that fails is repeated, and nobody is to blame", async () => {
    const { record } = service(() => Promise.reject(new Error("refused")))
    const error = failureOf(await record())
    expect(error.retryable).toBe(true)
    expect(error.isAnswer).toBeUndefined()
    expect(error.message).toContain("refused")
  })
})
