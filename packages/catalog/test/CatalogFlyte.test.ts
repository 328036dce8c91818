import { Code, ConnectError, createClient } from "@connectrpc/connect"
import { createConnectTransport } from "@connectrpc/connect-web"
import { CacheServiceFace, CatalogFlyte } from "../src/Flyte.ts"
import { Catalog, CatalogError, CatalogMemory, type CatalogService } from "../src/index.ts"
import { expect, it } from "@effect/vitest"
import { V2CacheService } from "@fairlead/core/cacheservice"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import { suite } from "../src/testing/CatalogSuite.ts"

const entry = { outputUri: "s3://b/outputs.pb", source: { project: "p", domain: "d", name: "t", version: "v", org: "", labels: { "exec-node": "a0" } }, size: 0 }
const key = { project: "p", domain: "d", key: "k" }

/** What the messages have no room for. */
const news = "the service tells nobody what changed"
const noList = "the service has no such call"

suite("Flyte's client and service", Layer.effect(Catalog, Effect.map(CacheServiceFace.make(CatalogMemory.make()), (fetch) => CatalogFlyte.make({ baseUrl: "http://cache.test/", fetch }))), {
  pass: TestClock.adjust,
  hasSizes: false,
  skip: {
    "list keeps every character of keys": noList,
    "followers hear of entries and of reservations that were released": news,
    "list gives the entries of a project and domain in pages, sorted": noList,
    "purge removes what is too old, then the oldest of what is too much": noList
  }
})

const refusing = (reason: CatalogError["reason"]): CatalogService => ({ ...CatalogMemory.make(), get: () => Effect.fail(new CatalogError({ method: "get", reason })) })

describe("CatalogFlyte", () => {
  it.effect("stores under a lease only while it is held, also with a service that knows no fences", () => Effect.gen(function*() {
    const inner = yield* CacheServiceFace.make(CatalogMemory.make())
    const plain = async (request: Request) => {
      const response = await inner(new Request(request, { headers: { "content-type": request.headers.get("content-type")! } }))
      return new Response(response.body, { status: response.status })
    }
    const catalog = CatalogFlyte.make({ baseUrl: "http://flyte.test", fetch: plain })
    const first = yield* catalog.reserve(key, { owner: "a", heartbeat: 1000 })
    expect(first).toMatchObject({ isMine: true, fence: 0, heartbeat: 1000, expiresIn: 3000 })
    yield* TestClock.adjust("4 seconds")
    expect((yield* catalog.reserve(key, { owner: "b", heartbeat: 1000 })).isMine).toBe(true)
    expect((yield* Effect.flip(catalog.put(key, entry, { lease: first }))).reason).toEqual({ _tag: "ReservationLost", owner: "b" })
    expect(yield* catalog.put(key, entry, { lease: { owner: "b", fence: 0 } })).toBe("Stored")
    expect(yield* catalog.release(key, { owner: "b" })).toBe(true)
  }))

  it.effect("tells what may pass from what will not, with the address", () => Effect.gen(function*() {
    const of = (fetch: (request: Request) => Promise<Response>) => Effect.flip(CatalogFlyte.make({ baseUrl: "http://flyte.test", fetch }).get(key))
    const answer = (status: number, body: string) => () => Promise.resolve(new Response(body, { status }))
    expect(yield* of(() => Promise.reject(new Error("refused")))).toMatchObject({ retryable: true, message: expect.stringContaining("http://flyte.test") as string })
    expect(yield* of(answer(502, "<html>"))).toMatchObject({ retryable: true })
    expect(yield* of(answer(401, "who are you"))).toMatchObject({ retryable: false, reason: { _tag: "Refused" } })
    expect(yield* of(answer(200, "\u0001\u0002\u0003"))).toMatchObject({ retryable: false, reason: { _tag: "Corrupt" } })
    const down = yield* CacheServiceFace.make(refusing({ _tag: "Unavailable", description: "no database" }))
    expect(yield* of(down)).toMatchObject({ retryable: true, message: expect.stringContaining("no database") as string })
    const broken = yield* CacheServiceFace.make(refusing({ _tag: "Refused", description: "no rights" }))
    expect((yield* of(broken)).message).toContain("no rights")
  }))
})

describe("the official Connect client", () => {
  for (const useBinaryFormat of [true, false]) {
    it.effect(`talks to our service in ${useBinaryFormat ? "binary" : "JSON"}`, () => Effect.gen(function*() {
      const face = yield* CacheServiceFace.make(CatalogMemory.make())
      const fetch = (input: RequestInfo | URL, init?: RequestInit) => face(new Request(input, init))
      const client = createClient(V2CacheService, createConnectTransport({ baseUrl: "http://cache.test", useBinaryFormat, fetch })) as unknown as
        { readonly [call: string]: (message: object) => Promise<{ readonly [field: string]: unknown }> }
      const identifier = { org: "o", project: "p", domain: "d" }
      const ask = (call: string, baseRequest: object) => Effect.promise(() => client[call]!({ baseRequest, identifier }).then(
        (value) => ({ value, code: undefined as Code | undefined }),
        (error: unknown) => ({ value: undefined, code: ConnectError.from(error).code })
      ))
      expect((yield* ask("get", { key: "k" })).code).toBe(Code.NotFound)
      const output = { output: { case: "outputUri", value: "s3://b/o.pb" }, metadata: { sourceIdentifier: { project: "p", domain: "d", name: "t" }, keyMap: { values: { "exec-node": "a0" } } } }
      expect((yield* ask("put", { key: "k", output })).code).toBeUndefined()
      expect((yield* ask("put", { key: "k", output })).code).toBe(Code.AlreadyExists)
      expect((yield* ask("put", { key: "k", output, overwrite: { overwrite: true } })).code).toBeUndefined()
      expect((yield* ask("get", { key: "k" })).value).toMatchObject({ output: { ...output, metadata: { ...output.metadata, lastUpdatedAt: {} } } })
      const reserve = (ownerId: string) => ask("getOrExtendReservation", { key: "k", ownerId, heartbeatInterval: { seconds: 60n } })
      expect((yield* reserve("first")).value).toMatchObject({ reservation: { key: "k", ownerId: "first", heartbeatInterval: { seconds: 10n } } })
      expect((yield* reserve("second")).value).toMatchObject({ reservation: { ownerId: "first" } })
      expect((yield* ask("releaseReservation", { key: "k", ownerId: "second" })).code).toBeUndefined()
      expect((yield* reserve("second")).value).toMatchObject({ reservation: { ownerId: "first" } })
      yield* ask("releaseReservation", { key: "k", ownerId: "first" })
      expect((yield* reserve("second")).value).toMatchObject({ reservation: { ownerId: "second" } })
      expect((yield* ask("delete", { key: "k" })).code).toBeUndefined()
      expect((yield* ask("delete", { key: "k" })).code).toBe(Code.NotFound)
      for (const wrong of [ask("get", {}), ask("put", { key: "k" }), ask("put", { key: "k", output: { output: { case: "outputLiterals", value: {} } } }), ask("getOrExtendReservation", { key: "k" })]) {
        expect((yield* wrong).code).toBe(Code.InvalidArgument)
      }
    }))
  }

  it.effect("is told what is not served here", () => Effect.gen(function*() {
    const face = yield* CacheServiceFace.make(CatalogMemory.make())
    for (const [method, path] of [["POST", "/other"], ["GET", "/flyteidl2.cacheservice.v2.CacheService/Get"], ["POST", "/flyteidl2.cacheservice.v2.CacheService/List"]] as const) {
      expect((yield* Effect.promise(() => face(new Request(`http://x${path}`, { method })))).status).toBe(501)
    }
    for (const [call, fence] of [["Put", "5 %E0%A4%A"], ["Put", "x y"], ["ReleaseReservation", "soon"]] as const) {
      const body = JSON.stringify({ baseRequest: { key: "k", ownerId: "o", output: { outputUri: "s3://b/o.pb" } }, identifier: { project: "p", domain: "d" } })
      const headers = { "content-type": "application/json", "fairlead-fence": fence }
      expect([call, (yield* Effect.promise(() => face(new Request(`http://x/flyteidl2.cacheservice.v2.CacheService/${call}`, { method: "POST", body, headers })))).status]).toEqual([call, 400])
    }
    const garbled = yield* Effect.promise(() => face(new Request("http://x/flyteidl2.cacheservice.v2.CacheService/Get", { method: "POST", body: "{", headers: { "content-type": "application/json" } })))
    expect([garbled.status, ((yield* Effect.promise(() => garbled.json())) as { code: string }).code]).toEqual([400, "invalid_argument"])
  }))
})
