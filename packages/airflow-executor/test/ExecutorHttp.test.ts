import { FakeCluster } from "@fairlead/fake-cluster"
import { Effect, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { ExecutorHttp } from "../src/index.ts"
import { RunBook } from "../src/RunBook.ts"
import { inWorld, keyOf, lost, newWire, providerConfig, refusal, type Services, startExecutor, words } from "./support/world.ts"

const token = "secret"
const wireKey = (task: string) => ({ dag_id: "dag", task_id: task, run_id: "run", try_number: 1, map_index: -1 })
const runOf = (task: string, rest: object = { command: ["airflow", "tasks", "run"] }) => ({ id: `id-${task}`, key: wireKey(task), ...rest })

interface Answer {
  readonly status: number
  readonly body: { readonly [name: string]: unknown }
  readonly headers: Headers
}

type Call = (method: string, path: string, body?: unknown, headers?: { readonly [name: string]: string }) => Effect.Effect<Answer>

/** The service on a cluster; promises are in play, so time passes while they settle. */
const served = (test: (call: Call, handler: ExecutorHttp.RequestHandler) => Effect.Effect<void, unknown, Services>, options: { readonly wire?: ReturnType<typeof newWire>; readonly nodes?: number; readonly parallelism?: string; readonly run?: number } = {}) =>
  inWorld({ nodes: options.nodes ?? 1, isAsync: true, script: () => ({ default: { start: 200, run: options.run ?? 1000 } }) }, () => Effect.gen(function*() {
    const executor = yield* startExecutor({ config: providerConfig({}, { parallelism: options.parallelism ?? "5" }) }, options.wire)
    const handler = yield* ExecutorHttp.make({ executor, token })
    yield* Effect.forkScoped(ExecutorHttp.beat(executor))
    const call: Call = (method, path, body, headers = {}) => Effect.promise(async () => {
      const response = await handler(new Request(`http://service${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
      }))
      return { status: response.status, headers: response.headers, body: await response.json() as { readonly [name: string]: unknown } }
    })
    yield* test(call, handler)
  }))

const states = ({ body }: Answer) => (body["runs"] as ReadonlyArray<{ readonly id: string; readonly state: string }>).map(({ id, state }) => `${id}: ${state}`)

/** Lines of the stream as they come; `next` waits for one that is no sign of life. */
const follow = (handler: ExecutorHttp.RequestHandler, path: string, headers: { readonly [name: string]: string } = {}): Effect.Effect<{ readonly status: number; readonly next: Effect.Effect<string>; readonly rest: () => string }, never, Scope.Scope> =>
  Effect.gen(function*() {
    const signal = yield* Effect.abortSignal
    const response = yield* Effect.promise(() => handler(new Request(`http://service${path}`, { headers: { authorization: `Bearer ${token}`, ...headers }, signal })))
    const reader = response.body!.getReader()
    let text = ""
    const next = Effect.promise(async () => {
      while (!text.includes("\n")) text += new TextDecoder().decode((await reader.read()).value)
      const [line = ""] = text.split("\n")
      text = text.slice(line.length + 1)
      return line
    })
    return { status: response.status, next, rest: () => text }
  })

describe("the service", () => {
  it("takes runs, once each, lists them, and tells how they end", async () => {
    await served((call) => Effect.gen(function*() {
      const first = yield* call("POST", "/v1/runs", { runs: [runOf("a"), runOf("b", { workload: { token: "t" }, priority: 3 })] })
      expect([first.status, ...states(first)]).toEqual([200, "id-a: waiting", "id-b: waiting"])
      yield* Effect.sleep("800 millis")
      expect(states(yield* call("GET", "/v1/runs?state=running"))).toEqual(["id-a: running", "id-b: running"])
      yield* Effect.sleep("20 seconds")
      expect(states(yield* call("POST", "/v1/runs", { runs: [runOf("a")] }))).toEqual(["id-a: success"])
      expect((yield* call("GET", "/v1/runs/id-b")).body).toMatchObject({ id: "id-b", key: wireKey("b"), state: "success", final: true, pod: { namespace: "default" } })
      expect(states(yield* call("POST", "/v1/runs/lookup", { keys: [wireKey("a"), wireKey("x")], ids: ["id-b", "id-y"] }))).toEqual(["id-b: success", "id-a: success"])
    }))
  })

  it("a bad run fails alone, with what is wrong with it", async () => {
    await served((call) => Effect.gen(function*() {
      const answer = yield* call("POST", "/v1/runs", { runs: [runOf("bad", { command: ["x"], executor_config: { pod_overide: {} } }), runOf("good")] })
      expect(states(answer)).toEqual(["id-bad: failed", "id-good: waiting"])
      expect(JSON.stringify(answer.body)).toContain(`no \\"pod_overide\\"`)
    }), { nodes: 0 })
  })

  it("takes runs back, before and after they are launched", async () => {
    await served((call) => Effect.gen(function*() {
      yield* call("POST", "/v1/runs", { runs: ["a", "b", "c", "d", "e", "f"].map((it) => runOf(it)) })
      yield* Effect.sleep("1 second")
      expect((yield* call("DELETE", "/v1/runs/id-f")).body).toMatchObject({ state: "revoked", final: true })
      expect((yield* call("DELETE", "/v1/runs/id-a")).body).toMatchObject({ state: "revoked" })
      expect((yield* call("DELETE", "/v1/runs/id-a")).body).toMatchObject({ state: "revoked" })
      expect((yield* call("DELETE", "/v1/runs/none")).status).toBe(404)
    }), { nodes: 0 })
  })

  it("streams changes, from a cursor on if asked so, and says when one is too old", async () => {
    await served((call, handler) => Effect.gen(function*() {
      const stream = yield* follow(handler, "/v1/changes")
      expect(JSON.parse(yield* stream.next)).toMatchObject({ type: "reset" })
      yield* call("POST", "/v1/runs", { runs: [runOf("a")] })
      const seen: Array<{ readonly state: string; readonly cursor: string }> = []
      while (seen.at(-1)?.state !== "success") seen.push(JSON.parse(yield* stream.next))
      expect(seen.map((it) => it.state)).toEqual(["waiting", "queued", "launched", "running", "success"])
      const again = yield* follow(handler, `/v1/changes?after=${seen[2]!.cursor}`)
      expect(JSON.parse(yield* again.next)).toMatchObject({ state: "running" })
      const events = yield* follow(handler, "/v1/changes", { accept: "text/event-stream", "last-event-id": seen[3]!.cursor })
      expect(yield* events.next).toBe(`id: ${seen[4]!.cursor}`)
      expect(yield* events.next).toContain(`"state":"success"`)
      for (const cursor of ["other-1", `${seen[0]!.cursor}000`, "nonsense"]) expect((yield* call("GET", `/v1/changes?after=${cursor}`)).status).toBe(410)
      const late = yield* follow(handler, "/v1/changes")
      yield* late.next
      expect(JSON.parse(yield* late.next)).toMatchObject({ id: "id-a", state: "success", final: true })
    }))
  })

  it("refuses what it cannot carry out, in words", async () => {
    await served((call, handler) => Effect.gen(function*() {
      const refused: ReadonlyArray<readonly [Effect.Effect<Answer>, number, RegExp]> = [
        [call("GET", "/v1/runs", undefined, { authorization: "Bearer wrong!" }), 401, /must be Bearer/],
        [call("GET", "/v1/runs", undefined, { authorization: "" }), 401, /must be Bearer/],
        [call("GET", "/v2"), 404, /nothing at \/v2/],
        [call("PUT", "/v1/runs"), 405, /takes POST, GET, not PUT/],
        [call("POST", "/v1/runs", "{", {}), 400, /is no JSON/],
        [call("POST", "/v1/runs", "x", { "content-type": "text/plain" }), 415, /must be application\/json, but is text\/plain/],
        [call("POST", "/v1/runs", { runs: {} }), 400, /"runs": \[/],
        [call("POST", "/v1/runs", { runs: [{ ...runOf("a"), id: "a b" }] }), 400, /runs\[0\]\.id/],
        [call("POST", "/v1/runs", { runs: [runOf("a"), runOf("b", {})] }), 400, /runs\[1\] must have either command or workload/],
        [call("POST", "/v1/runs", { runs: [runOf("a", { command: "x" })] }), 400, /command must be a list of texts/],
        [call("POST", "/v1/runs", { runs: [{ ...runOf("a"), key: { dag_id: 1 } }] }), 400, /key\.dag_id must be a text/],
        [call("POST", "/v1/runs", { runs: [{ ...runOf("a"), surprise: 1 }] }), 400, /"surprise", which nobody knows/]
      ]
      for (const [answer, status, words] of refused) {
        const { body, status: given } = yield* answer
        expect([given, (body["error"] as { readonly message: string }).message]).toEqual([status, expect.stringMatching(words)])
      }
      expect((yield* call("GET", "/v1/runs")).body).toEqual({ runs: [] })
      const health = yield* Effect.promise(() => handler(new Request("http://service/healthz")))
      expect(health.status).toBe(200)
    }), { nodes: 0 })
  })

  it("a pod that is refused is a failed run, with the server's words", async () => {
    const wire = newWire()
    wire.fault = ({ verb }) => verb === "create" ? { error: refusal(422, "Invalid", "spec is wrong") } : undefined
    await served((call) => Effect.gen(function*() {
      yield* call("POST", "/v1/runs", { runs: [runOf("a")] })
      yield* Effect.sleep("1 second")
      expect((yield* call("GET", "/v1/runs/id-a")).body).toMatchObject({ state: "failed", info: "the pod could not be created: Invalid: spec is wrong" })
    }), { wire, nodes: 0 })
  })
})

/** Hands in several runs of one task, one after the other: a deferred task comes back while the pod of its run before is still there. */
const handInAll = (call: Call, ...ids: ReadonlyArray<string>) => Effect.gen(function*() {
  for (const id of ids) {
    yield* call("POST", "/v1/runs", { runs: [{ ...runOf("a"), id }] })
    yield* Effect.sleep("2 seconds")
  }
})

describe("several runs of one task", () => {
  it.each(["5", "1"])("taking back the one that waits leaves the one that runs, with %s slots", async (parallelism) => {
    await served((call) => Effect.gen(function*() {
      yield* handInAll(call, "one", "two")
      expect((yield* call("DELETE", "/v1/runs/two")).body).toMatchObject({ state: "revoked" })
      yield* Effect.sleep("30 seconds")
      expect(states(yield* call("GET", "/v1/runs"))).toEqual(["one: success", "two: revoked"])
    }), { parallelism, run: 20_000 })
  })

  it("taking back the one that runs lets the one that waits for its end begin", async () => {
    await served((call) => Effect.gen(function*() {
      yield* handInAll(call, "one", "two")
      expect((yield* call("DELETE", "/v1/runs/one")).body).toMatchObject({ state: "revoked" })
      yield* Effect.sleep("30 seconds")
      expect(states(yield* call("GET", "/v1/runs"))).toEqual(["one: revoked", "two: success"])
    }), { run: 20_000 })
  })

  it.each(["5", "1"])("one that a newer one replaces while it waits is told of, with %s slots", async (parallelism) => {
    await served((call) => Effect.gen(function*() {
      yield* handInAll(call, "one", "two", "three")
      yield* Effect.sleep("1 minute")
      expect(states(yield* call("GET", "/v1/runs"))).toEqual(["one: success", "two: revoked", "three: success"])
    }), { parallelism, run: 20_000 })
  })

  it("one that was taken back does not go on when the service dies right after it has said so", async () => {
    await inWorld({ isAsync: true, script: () => ({ default: { start: 200, run: "forever" } }) }, () => Effect.gen(function*() {
      const wire = newWire()
      wire.latency = ({ verb }) => (verb === "patch" ? 200 : 0)
      const executor = yield* startExecutor({}, wire)
      executor.executeAsync(keyOf("a"), words(), { runId: "one" })
      yield* Effect.sleep("2 seconds")
      const handler = yield* ExecutorHttp.make({ executor })
      yield* Effect.promise(() => handler(new Request("http://service/v1/runs/one", { method: "DELETE" })))
      wire.fault = () => ({ error: lost })
      yield* executor.terminate
      yield* startExecutor()
      yield* Effect.sleep("8 minutes")
      expect((yield* FakeCluster).pods()).toEqual([])
    }))
  })

  it("one with a pod is not said to be taken back while the lease is not held, for nothing could be done to it", async () => {
    await inWorld({ isAsync: true, script: () => ({ default: { start: 200, run: "forever" } }) }, () => Effect.gen(function*() {
      const lease = { namespace: "default" }
      const wire = newWire()
      const first = yield* startExecutor({ lease }, wire)
      yield* Effect.sleep("5 seconds")
      first.executeAsync(keyOf("a"), words(), { runId: "one" })
      yield* Effect.sleep("2 seconds")
      wire.fault = () => ({ error: lost })
      yield* first.terminate
      const second = yield* startExecutor({ lease })
      const handler = yield* ExecutorHttp.make({ executor: second })
      const cancel = Effect.promise(() => handler(new Request("http://service/v1/runs/one", { method: "DELETE" })))
      expect(second.mayWrite()).toBe(false)
      expect((yield* cancel).status).toBe(503)
      yield* Effect.sleep("1 minute")
      expect([second.mayWrite(), (yield* cancel).status]).toEqual([true, 200])
      yield* Effect.sleep("8 minutes")
      expect((yield* FakeCluster).pods()).toEqual([])
    }))
  })

  it("the newest one is the one of the task, also when an earlier one ends", async () => {
    const wire = newWire()
    wire.fault = ({ body, verb }) => verb === "create" && JSON.stringify(body).includes("two") ? { error: refusal(503, "ServiceUnavailable") } : undefined
    await served((call) => Effect.gen(function*() {
      yield* handInAll(call, "one", "two")
      yield* Effect.sleep("30 seconds")
      expect(states(yield* call("GET", "/v1/runs"))).toEqual(["one: success", "two: queued"])
      expect(states(yield* call("POST", "/v1/runs/lookup", { keys: [wireKey("a")] }))).toEqual(["two: queued"])
    }), { wire, run: 5000 })
  })
})

describe("RunBook", () => {
  it("forgets the oldest ended runs and changes, never those that go on", () => {
    const book = new RunBook({ endedMost: 2, changesMost: 4 })
    book.note({ id: "live", key: keyOf("live"), state: "running", info: undefined, pod: undefined })
    for (const id of ["a", "b", "c"]) book.note({ id, key: keyOf(id), state: "success", info: undefined, pod: undefined })
    expect(book.list().map(({ id }) => id)).toEqual(["live", "b", "c"])
    expect(book.ofKey(keyOf("a"))).toBeUndefined()
    for (let at = 0; at < 6; at++) book.note({ id: "live", key: keyOf("live"), state: "running", info: String(at), pod: undefined })
    expect(book.after(0, 10)).toBeUndefined()
    expect(book.after(9, 10)?.map(({ run }) => run.info)).toEqual(["5"])
    expect(book.after(10, 10)).toEqual([])
    expect(book.after(11, 10)).toBeUndefined()
  })
})
