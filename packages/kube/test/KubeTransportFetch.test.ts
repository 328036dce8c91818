import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Queue } from "effect"
import { TestClock } from "effect/testing"
import { type KubeAnswer, KubeError, KubeResource, KubeTransport, KubeTransportFetch, type KubeWatchRequest, type WatchEvent } from "../src/index.ts"

type Options = KubeTransportFetch.KubeTransportFetchOptions
type Handler = (request: Request) => Response | Promise<Response>

const { configMaps, jobs, nodes, pods } = KubeResource
const object = { metadata: { name: "a" } }
const json = (value: unknown, init?: ResponseInit): Response => Response.json(value, init)
const statusBody = (code: number, reason: string, more: object = {}) => ({
  kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: `said ${reason}`, reason, code, ...more
})

const withServer = <A, E>(handler: Handler, effect: Effect.Effect<A, E, KubeTransport>, options: Partial<Options> = {}): Effect.Effect<A, E> =>
  Effect.provide(effect, KubeTransportFetch.layer({ baseUrl: "https://kube.test:6443", fetch: async (request) => handler(request), ...options }))

const request = (call: Parameters<KubeTransport["Service"]["request"]>[0]): Effect.Effect<KubeAnswer, KubeError.KubeError, KubeTransport> =>
  Effect.flatMap(KubeTransport, (transport) => transport.request(call))

const getA = request({ verb: "get", resource: configMaps, namespace: "n", name: "a" })

/** The requests that a call sends, with their bodies as text. */
const sent = (call: Parameters<KubeTransport["Service"]["request"]>[0], options: Partial<Options> = {}) =>
  Effect.gen(function*() {
    const requests: Array<{ line: string; headers: Headers; body: string }> = []
    yield* withServer(async (received) => {
      requests.push({ line: `${received.method} ${received.url}`, headers: received.headers, body: await received.text() })
      return json(object)
    }, request(call), options)
    expect(requests.length).toBe(1)
    return requests[0]!
  })

const errorOf = (handler: Handler, options: Partial<Options> = {}): Effect.Effect<KubeError.KubeError> => Effect.flip(withServer(handler, getA, options)).pipe(Effect.orDie)

describe("KubeTransportFetch.request", () => {
  it.effect.each([
    [{ verb: "get", resource: configMaps, namespace: "n", name: "a" }, "GET /api/v1/namespaces/n/configmaps/a"],
    [{ verb: "list", resource: nodes }, "GET /api/v1/nodes"],
    [{ verb: "list", resource: pods, query: { labelSelector: "a in (b,c)", limit: undefined, continue: "x/y=" } },
      "GET /api/v1/pods?labelSelector=a+in+%28b%2Cc%29&continue=x%2Fy%3D"],
    [{ verb: "create", resource: jobs, namespace: "n", body: {} }, "POST /apis/batch/v1/namespaces/n/jobs"],
    [{ verb: "create", resource: pods, namespace: "n", name: "p", subresource: "binding", body: {} }, "POST /api/v1/namespaces/n/pods/p/binding"],
    [{ verb: "update", resource: pods, namespace: "n", name: "p", subresource: "status", body: {} }, "PUT /api/v1/namespaces/n/pods/p/status"],
    [{ verb: "patch", resource: nodes, name: "n 1", patchType: "merge", body: {} }, "PATCH /api/v1/nodes/n%201"],
    [{ verb: "delete", resource: pods, namespace: "n", name: "p" }, "DELETE /api/v1/namespaces/n/pods/p"],
    [{ verb: "deletecollection", resource: pods, namespace: "n" }, "DELETE /api/v1/namespaces/n/pods"]
  ] as const)("sends %o", ([call, line]) =>
    Effect.gen(function*() {
      expect((yield* sent(call)).line).toBe(line.replace(" ", " https://kube.test:6443"))
    }))

  it.effect.each([
    ["json", "application/json-patch+json"], ["merge", "application/merge-patch+json"],
    ["strategic", "application/strategic-merge-patch+json"], ["apply", "application/apply-patch+yaml"]
  ] as const)("a patch of type %s travels under its media type", ([patchType, type]) =>
    Effect.gen(function*() {
      const { headers, body } = yield* sent({ verb: "patch", resource: pods, namespace: "n", name: "p", patchType, body: [{ op: "test" }] })
      expect(headers.get("content-type")).toBe(type)
      expect(JSON.parse(body)).toEqual([{ op: "test" }])
    }))

  it.effect("bodies are JSON, and a call without one has no content type", () =>
    Effect.gen(function*() {
      const create = yield* sent({ verb: "create", resource: configMaps, namespace: "n", body: { ...object, data: { k: "é\u2028" } } })
      expect(create.headers.get("content-type")).toBe("application/json")
      expect(JSON.parse(create.body)).toEqual({ ...object, data: { k: "é\u2028" } })
      const get = yield* sent({ verb: "get", resource: configMaps, namespace: "n", name: "a" })
      expect(get.headers.get("content-type")).toBeNull()
      expect(get.headers.get("accept")).toBe("application/json")
    }))

  it.effect("sends its user agent and the headers that it was given", () =>
    Effect.gen(function*() {
      const call = { verb: "get", resource: nodes, name: "a" } as const
      expect((yield* sent(call)).headers.get("user-agent")).toBe("fairlead")
      const { headers } = yield* sent(call, { userAgent: "kubelet/1", headers: { "Impersonate-User": "eve" }, token: "t" })
      expect(headers.get("user-agent")).toBe("kubelet/1")
      expect(headers.get("impersonate-user")).toBe("eve")
      expect(headers.get("authorization")).toBe("Bearer t")
    }))

  it.effect("a server may be served below a path", () =>
    Effect.gen(function*() {
      const { line } = yield* sent({ verb: "list", resource: nodes }, { baseUrl: "http://proxy/k8s/clusters/c1/" })
      expect(line).toBe("GET http://proxy/k8s/clusters/c1/api/v1/nodes")
    }))

  it.effect("answers the object of the server", () =>
    Effect.gen(function*() {
      expect(yield* withServer(() => json(object), getA)).toEqual(object)
    }))

  it.effect("a Status becomes an error with its reason", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(() => json(statusBody(404, "NotFound"), { status: 404 }))
      expect(KubeError.isReason(error, "NotFound")).toBe(true)
      expect(error.message).toBe("get /api/v1/namespaces/n/configmaps/a failed: NotFound: said NotFound")
      expect([error.code, error.retryable]).toEqual([404, false])
    }))

  it.effect("a failure Status is an error even when the code says that all is well", () =>
    Effect.gen(function*() {
      expect((yield* errorOf(() => json(statusBody(409, "Conflict")))).reason._tag).toBe("Conflict")
    }))

  it.effect("a success Status is an answer", () =>
    Effect.gen(function*() {
      const answer = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" }
      expect(yield* withServer(() => json(answer), request({ verb: "delete", resource: pods, namespace: "n", name: "p" }))).toEqual(answer)
    }))

  it.effect("the wait that the server asks for comes from the Status, else from the header", () =>
    Effect.gen(function*() {
      const headers = { "retry-after": "7" }
      const wait = (body: object) => Effect.map(errorOf(() => json(body, { status: 429, headers })), (error) => error.retryAfterSeconds)
      expect(yield* wait(statusBody(429, "TooManyRequests", { details: { retryAfterSeconds: 3 } }))).toBe(3)
      expect(yield* wait(statusBody(429, "TooManyRequests", { details: { kind: "pods" } }))).toBe(7)
      const dated = yield* errorOf(() => json(statusBody(429, "TooManyRequests"), { status: 429, headers: { "retry-after": "Fri, 31 Dec 1999 23:59:59 GMT" } }))
      expect(dated.retryAfterSeconds).toBeUndefined()
    }))

  it.effect.each([
    [404, "NotFound"], [401, "Unauthorized"], [403, "Forbidden"], [409, "Conflict"], [410, "Gone"], [413, "RequestEntityTooLarge"],
    [422, "Invalid"], [429, "TooManyRequests"], [500, "InternalError"], [502, "Unknown"], [503, "ServiceUnavailable"], [504, "Timeout"]
  ] as const)("an answer %i that is no Status gets the reason %s from its code", ([code, tag]) =>
    Effect.gen(function*() {
      const error = yield* errorOf(() => new Response("<html>proxy says no</html>", { status: code }))
      expect(error.reason._tag).toBe(tag)
      expect(error.code).toBe(code)
      expect(error.message).toContain(`the server answered ${code} without a Status: "<html>proxy says no</html>"`)
      expect(error.retryable).toBe(code >= 500 || [409, 410, 429].includes(code))
    }))

  it.effect.each(["<html>", "", "[]", "null", "{\"a\":"])("an answer 200 with the body %o fails to decode", (text) =>
    Effect.gen(function*() {
      const error = yield* errorOf(() => new Response(text, { headers: { "content-type": "text/html" } }))
      expect(error.reason._tag).toBe("DecodeFailed")
      expect(error.message).toContain("the answer (text/html) is not a JSON object")
      expect(error.retryable).toBe(false)
    }))

  it.effect("a broken connection is a retryable error with the address and the cause", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(() => {
        throw new TypeError("fetch failed", { cause: Object.assign(new Error(""), { code: "ECONNREFUSED" }) })
      })
      expect(error.message).toBe(
        "get /api/v1/namespaces/n/configmaps/a failed: TransportFailed: https://kube.test:6443: fetch failed: ECONNREFUSED"
      )
      expect(error.retryable).toBe(true)
    }))

  it.effect("errors never show credentials", () =>
    Effect.gen(function*() {
      const token = "s3cret\nline"
      const error = yield* errorOf(() => json(object), { token })
      expect(error.reason._tag).toBe("TransportFailed")
      expect(error.message).toContain("<redacted>")
      expect(error.message).not.toContain("s3cret")
    }))

  it.effect("an interrupted call aborts its request", () =>
    Effect.gen(function*() {
      const aborted = yield* Deferred.make<void>()
      const started = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(withServer((received) => {
        received.signal.addEventListener("abort", () => Deferred.doneUnsafe(aborted, Exit.void))
        Deferred.doneUnsafe(started, Exit.void)
        return new Promise<Response>(() => undefined)
      }, getA))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(aborted)
    }))

  it.effect.each([
    ["not a url", /must be an http or https address, but is "not a url"/], ["ftp://host", /http or https/],
    ["https://user:pass@host", /baseUrl of host holds credentials/]
  ] as const)("refuses the address %s", ([baseUrl, message]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(withServer(() => json(object), getA, { baseUrl }))
      expect(Exit.isFailure(exit) && String(exit.cause)).toMatch(message)
      expect(String(exit)).not.toContain("pass@")
    }))
})

describe("KubeTransportFetch token", () => {
  const counted = (): Effect.Effect<string> => {
    let reads = 0
    return Effect.sync(() => `token-${++reads}`)
  }
  const echo = (received: Request): Response => json({ metadata: { name: received.headers.get("authorization") } })

  it.effect("is read once and again when it is too old", () =>
    withServer(echo, Effect.gen(function*() {
      expect(yield* getA).toEqual({ metadata: { name: "Bearer token-1" } })
      yield* TestClock.adjust("59 seconds")
      expect(yield* getA).toEqual({ metadata: { name: "Bearer token-1" } })
      yield* TestClock.adjust("2 seconds")
      expect(yield* getA).toEqual({ metadata: { name: "Bearer token-2" } })
    }), { token: counted() }))

  it.effect("is read again after it was refused", () =>
    withServer(
      (received) => received.headers.get("authorization") === "Bearer token-1" ? json(statusBody(401, "Unauthorized"), { status: 401 }) : echo(received),
      Effect.gen(function*() {
        expect((yield* Effect.flip(getA)).reason._tag).toBe("Unauthorized")
        expect(yield* getA).toEqual({ metadata: { name: "Bearer token-2" } })
      }),
      { token: counted() }
    ))

  it.effect("that cannot be read fails the call, and the next call tries again", () => {
    const unreadable = new KubeError.KubeError({ method: "token", reason: { _tag: "TransportFailed", description: "no such file" } })
    let reads = 0
    const token = Effect.suspend(() => ++reads === 1 ? Effect.fail(unreadable) : Effect.succeed("t"))
    return withServer(echo, Effect.gen(function*() {
      expect(yield* Effect.flip(getA)).toBe(unreadable)
      expect(yield* getA).toEqual({ metadata: { name: "Bearer t" } })
    }), { token })
  })
})

describe("KubeTransportFetch.watch", () => {
  const watchPods: KubeWatchRequest = { resource: pods, namespace: "n", query: { resourceVersion: "5", allowWatchBookmarks: "true" } }
  const event = (name: string, type: WatchEvent["type"] = "ADDED"): string => JSON.stringify({ type, object: { metadata: { name } } })
  const encoder = new TextEncoder()

  /** Watches a server that sends `pieces` and then ends; gives the batches and how the watch ended. */
  const watchPieces = (pieces: ReadonlyArray<string | Uint8Array | Error>) =>
    Effect.gen(function*() {
      const batches: Array<ReadonlyArray<WatchEvent>> = []
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const piece = pieces[next++]
          if (piece === undefined) controller.close()
          else if (piece instanceof Error) controller.error(piece)
          else controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece)
        }
      }, { highWaterMark: 0 })
      let next = 0
      const exit = yield* Effect.exit(withServer(
        () => new Response(body),
        Effect.flatMap(KubeTransport, (transport) => transport.watch(watchPods, (events) => void batches.push(events)))
      ))
      return { exit, batches: batches.map((events) => events.map((one) => `${one.type} ${nameOf(one)}`)) }
    })
  const nameOf = (one: WatchEvent): string => ("name" in one.object.metadata ? String(one.object.metadata.name) : "")
  const problemOf = (exit: Exit.Exit<void, KubeError.KubeError>): KubeError.KubeError => {
    const error = Exit.findErrorOption(exit)
    if (error._tag === "None") throw new Error("the watch did not fail")
    return error.value
  }

  it.effect("asks for a watch with its parameters", () =>
    Effect.gen(function*() {
      let url = ""
      yield* withServer((received) => {
        url = received.url
        return new Response("")
      }, Effect.flatMap(KubeTransport, (transport) => transport.watch(watchPods, () => undefined)))
      expect(url).toBe("https://kube.test:6443/api/v1/namespaces/n/pods?resourceVersion=5&allowWatchBookmarks=true&watch=true")
    }))

  it.effect("hands on one batch for each piece and ends with the server", () =>
    Effect.gen(function*() {
      const { exit, batches } = yield* watchPieces([`${event("a")}\n${event("b", "MODIFIED")}\n`, `${event("c", "DELETED")}\n`])
      expect(batches).toEqual([["ADDED a", "MODIFIED b"], ["DELETED c"]])
      expect(exit).toEqual(Exit.void)
    }))

  it.effect("puts lines together wherever they were cut, also inside a character", () =>
    Effect.gen(function*() {
      const bytes = encoder.encode(`${event("zoë-日本-🚢")}\n${event("b")}\n`)
      for (const size of [1, 2, 3, 7, 50]) {
        const pieces: Array<Uint8Array> = []
        for (let start = 0; start < bytes.length; start += size) pieces.push(bytes.slice(start, start + size))
        const { batches } = yield* watchPieces(pieces)
        expect(batches.flat()).toEqual(["ADDED zoë-日本-🚢", "ADDED b"])
      }
    }))

  it.effect("only a line feed ends a line, and blank lines are ignored", () =>
    Effect.gen(function*() {
      const { exit, batches } = yield* watchPieces([`\n\r\n  \n${event("a\u2028b\u2029c\u0085")}\r\n\n`])
      expect(batches).toEqual([["ADDED a\u2028b\u2029c\u0085"]])
      expect(exit).toEqual(Exit.void)
    }))

  it.effect("a last line without a line feed counts when it is complete", () =>
    Effect.gen(function*() {
      const { exit, batches } = yield* watchPieces([`${event("a")}\n${event("b")}`])
      expect(batches).toEqual([["ADDED a"], ["ADDED b"]])
      expect(exit).toEqual(Exit.void)
    }))

  it.effect("a stream that ends inside an event is a broken connection", () =>
    Effect.gen(function*() {
      const { exit, batches } = yield* watchPieces([`${event("a")}\n{"type":"ADD`])
      expect(batches).toEqual([["ADDED a"]])
      const error = problemOf(exit)
      expect(error.reason._tag).toBe("TransportFailed")
      expect(error.message).toContain("the watch ended inside an event")
    }))

  it.effect.each([
    ["not JSON", "is not an event"], ["[]", "is not an event"], ["{\"type\":\"RENAMED\",\"object\":{\"metadata\":{}}}", "is not an event"],
    ["{\"type\":\"ADDED\",\"object\":null}", "is not an event"], ["{\"type\":\"ADDED\",\"object\":{}}", "has no metadata"]
  ] as const)("the line %s fails the watch after the events before it", ([line, message]) =>
    Effect.gen(function*() {
      const { exit, batches } = yield* watchPieces([`${event("a")}\n${line}\n${event("b")}\n`, `${event("c")}\n`])
      expect(batches).toEqual([["ADDED a"]])
      const error = problemOf(exit)
      expect(error.reason._tag).toBe("DecodeFailed")
      expect(error.message).toContain(message)
    }))

  it.effect("an ERROR event is handed on and ends the watch, also when the server goes on", () =>
    Effect.gen(function*() {
      const gone = JSON.stringify({ type: "ERROR", object: statusBody(410, "Expired") })
      const { exit, batches } = yield* watchPieces([`${event("a")}\n${gone}\n${event("b")}\n`, `${event("c")}\n`])
      expect(batches).toEqual([["ADDED a", "ERROR "]])
      expect(exit).toEqual(Exit.void)
    }))

  it.effect("a bookmark is an event like any other", () =>
    Effect.gen(function*() {
      const bookmark = JSON.stringify({ type: "BOOKMARK", object: { kind: "Pod", metadata: { resourceVersion: "9" } } })
      expect((yield* watchPieces([`${bookmark}\n`])).batches).toEqual([["BOOKMARK "]])
    }))

  it.effect("a connection that breaks fails the watch", () =>
    Effect.gen(function*() {
      const { exit, batches } = yield* watchPieces([`${event("a")}\n`, new Error("socket hang up")])
      expect(batches).toEqual([["ADDED a"]])
      expect(problemOf(exit).message).toBe(
        "watch /api/v1/namespaces/n/pods failed: TransportFailed: https://kube.test:6443: the watch broke: socket hang up"
      )
    }))

  it.effect("a watch that is refused fails with the Status", () =>
    Effect.gen(function*() {
      const refuse = (): Response => json(statusBody(403, "Forbidden"), { status: 403 })
      const watch = Effect.flatMap(KubeTransport, (transport) => transport.watch(watchPods, () => undefined))
      expect((yield* Effect.flip(withServer(refuse, watch))).reason._tag).toBe("Forbidden")
    }))

  it.effect("an interrupted watch closes its stream and hands on nothing more", () =>
    Effect.gen(function*() {
      const cancelled = yield* Deferred.make<void>()
      const events = yield* Queue.unbounded<WatchEvent>()
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined
      const body = new ReadableStream<Uint8Array>({
        start: (given) => void (controller = given),
        cancel: () => void Deferred.doneUnsafe(cancelled, Exit.void)
      })
      const fiber = yield* Effect.forkChild(withServer(
        () => new Response(body),
        Effect.flatMap(KubeTransport, (transport) => transport.watch(watchPods, (batch) => void Queue.offerAllUnsafe(events, batch)))
      ))
      controller!.enqueue(encoder.encode(`${event("a")}\n`))
      yield* Queue.take(events)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(cancelled)
      expect(Queue.sizeUnsafe(events)).toBe(0)
    }))

  it.effect("a listener that throws is a defect", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(withServer(
        () => new Response(`${event("a")}\n`),
        Effect.flatMap(KubeTransport, (transport) =>
          transport.watch(watchPods, () => {
            throw new Error("bug in the listener")
          }))
      ))
      expect(Exit.isFailure(exit) && Exit.hasDies(exit)).toBe(true)
    }))
})
