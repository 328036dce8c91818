import { expect, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Redacted, Stream } from "effect"
import { afterAll, describe } from "vitest"
import { Datastore } from "../src/Datastore.ts"
import * as DatastoreS3 from "../src/DatastoreS3.ts"
import * as S3Credentials from "../src/S3Credentials.ts"
import { suite } from "../src/testing/DatastoreSuite.ts"
import { keys, missing, startServer } from "./s3Server.ts"

const server = missing === undefined ? await startServer(["tests", "other"]) : undefined
afterAll(() => server?.close())

const credentials = S3Credentials.chain([S3Credentials.fixed(keys.id, Redacted.make(keys.secret))], "set them")
const optionsOf = (more: Partial<DatastoreS3.DatastoreS3Options> = {}): DatastoreS3.DatastoreS3Options => ({ endpoint: server!.endpoint, credentials, fetch, retryDelay: "10 millis", ...more })
const within = <A, E>(use: (store: Datastore["Service"]) => Effect.Effect<A, E>, more?: Partial<DatastoreS3.DatastoreS3Options>) =>
  Effect.suspend(() => use(DatastoreS3.make(optionsOf(more))))

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (it: string): Uint8Array => new TextEncoder().encode(it)

describe.skipIf(server === undefined)(`a server of S3${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  if (server === undefined) return
  suite("S3", Layer.unwrap(Effect.sync(() => DatastoreS3.layer(optionsOf()))), { base: "s3://tests/suite" })

  it.live("a missing bucket is one clear error for every method", () => within((store) => Effect.gen(function*() {
    const uri = "s3://nowhere/x"
    const errors = yield* Effect.all([
      Effect.flip(store.head(uri)), Effect.flip(store.read(uri)), Effect.flip(store.write(uri, bytes("1"))), Effect.flip(store.list(uri)),
      Effect.flip(Stream.runDrain(store.readStream(uri))), Effect.flip(store.writeStream(uri, Stream.make(bytes("1")))), Effect.flip(store.copy("s3://tests/none", uri))
    ])
    for (const error of errors.slice(0, 6)) expect(error).toMatchObject({ retryable: false, reason: { _tag: "InvalidUri", description: expect.stringContaining('there is no bucket "nowhere"') as string } })
    expect(errors[6]!.reason._tag).toBe("NotFound")
  })))

  it.live("wrong keys are told as such, without the keys", () => Effect.gen(function*() {
    const wrong = S3Credentials.chain([S3Credentials.fixed(keys.id, Redacted.make("not-the-secret"))], "")
    const error = yield* Effect.flip(within((store) => store.read("s3://tests/x"), { credentials: wrong }))
    expect(error).toMatchObject({ retryable: false, reason: { _tag: "AccessDenied" } })
    expect(error.message).toContain("SignatureDoesNotMatch")
    expect(error.message).not.toContain("not-the-secret")
    const unknown = S3Credentials.chain([S3Credentials.fixed("somebody", Redacted.make("x"))], "")
    expect((yield* Effect.flip(within((store) => store.read("s3://tests/x"), { credentials: unknown }))).reason._tag).toBe("AccessDenied")
    const none = S3Credentials.chain([S3Credentials.fromVariables({})], "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    expect((yield* Effect.flip(within((store) => store.head("s3://tests/x"), { credentials: none }))).message).toContain("set AWS_ACCESS_KEY_ID")
  }))

  it.live("a stream of many parts is stored whole, with the checksum of every part", () => within((store) => Effect.gen(function*() {
    const piece = new Uint8Array(1_000_003).map((_, index) => index % 251)
    yield* store.writeStream("s3://tests/parts/big", Stream.fromIterable(Array.from({ length: 17 }, () => piece)))
    expect(yield* store.head("s3://tests/parts/big")).toEqual(Option.some({ uri: "s3://tests/parts/big", size: 17 * piece.length }))
    let at = 0
    let differences = 0
    yield* Stream.runForEach(store.readStream("s3://tests/parts/big"), (chunk) => Effect.sync(() => {
      for (const byte of chunk) if (byte !== piece[at++ % piece.length]) differences++
    }))
    expect([at, differences]).toEqual([17 * piece.length, 0])
    yield* store.copy("s3://tests/parts/big", "s3://other/copied")
    expect(Option.getOrThrow(yield* store.head("s3://other/copied")).size).toBe(17 * piece.length)
  }), { partSize: 5 * 1024 * 1024 }))

  it.live("a stream that is cut off leaves neither an object nor parts", () => within((store) => Effect.gen(function*() {
    const piece = new Uint8Array(6 * 1024 * 1024)
    const endless = Stream.concat(Stream.make(piece, piece), Stream.never)
    const fiber = yield* Effect.forkChild(store.writeStream("s3://tests/cut", endless))
    yield* Effect.sleep(500)
    yield* Fiber.interrupt(fiber)
    expect(yield* store.head("s3://tests/cut")).toEqual(Option.none())
    expect(yield* store.list("s3://tests/cut")).toEqual([])
  }), { partSize: 5 * 1024 * 1024 }))

  it.live("lists more than fits on a page", () => within((store) => Effect.gen(function*() {
    yield* Effect.forEach(Array.from({ length: 25 }, (_, index) => `s3://tests/pages/${String(index).padStart(4, "0")}`), (uri) => store.write(uri, bytes(uri)), { concurrency: 20, discard: true })
    expect((yield* store.list("s3://tests/pages")).map((it) => it.uri.slice(-4))).toEqual(Array.from({ length: 25 }, (_, index) => String(index).padStart(4, "0")))
  }), { pageSize: 10 }))

  it.live("signed URLs let anybody read or write, for a time", () => within((store) => Effect.gen(function*() {
    const uri = "s3://tests/signed/what #1?.txt"
    const write = yield* store.signedUrl(uri, { operation: "write", expiresIn: "1 minute" })
    expect((yield* Effect.promise(() => fetch(write, { method: "PUT", body: "by anybody" }))).status).toBe(200)
    expect(text(yield* store.read(uri))).toBe("by anybody")
    const read = yield* store.signedUrl(uri)
    expect(yield* Effect.promise(() => fetch(read).then((it) => it.text()))).toBe("by anybody")
    expect((yield* Effect.promise(() => fetch(read.replace(/Signature=./, "Signature=0")))).status).toBe(403)
    expect((yield* Effect.promise(() => fetch(read, { method: "PUT", body: "no" }))).status).toBe(403)
    expect((yield* Effect.flip(store.signedUrl(uri, { expiresIn: "8 days" }))).reason._tag).toBe("Unsupported")
  })))

  it.live("a server that answers badly is asked again, and given up at last", () => Effect.gen(function*() {
    let calls = 0
    const shaky = (failures: number, failure: () => Promise<Response>) => (request: Request) => ++calls <= failures ? failure() : fetch(request)
    const unavailable = () => Promise.resolve(new Response("<Error><Code>SlowDown</Code><Message>Please reduce</Message></Error>", { status: 503 }))
    yield* within((store) => store.write("s3://tests/shaky", bytes("x")), { fetch: shaky(3, unavailable) })
    expect(calls).toBe(4)
    calls = 0
    expect(text(yield* within((store) => store.read("s3://tests/shaky"), { fetch: shaky(2, () => Promise.reject(new TypeError("fetch failed"))) }))).toBe("x")
    const error = yield* Effect.flip(within((store) => store.read("s3://tests/shaky"), { fetch: unavailable, retries: 2 }))
    expect(error).toMatchObject({ retryable: true, reason: { _tag: "Unavailable", description: "HTTP 503 SlowDown Please reduce" } })
  }))

  it.live("an answer that breaks off or was changed on its way is not taken for the object", () => Effect.gen(function*() {
    yield* within((store) => store.write("s3://tests/whole", bytes("the whole of it")))
    const changed = (change: (body: string, headers: Headers) => Response) => async (request: Request) => {
      const response = await fetch(request)
      return change(await response.text(), response.headers)
    }
    const cut = yield* Effect.flip(within((store) => store.read("s3://tests/whole"), { retries: 1, fetch: changed((body, headers) => new Response(body.slice(0, 5), { headers })) }))
    expect(cut.reason).toEqual({ _tag: "Unavailable", description: "5 of 15 bytes came" })
    const other = yield* Effect.flip(within((store) => store.read("s3://tests/whole"), { retries: 1, fetch: changed((body, headers) => new Response(body.replace("whole", "WHOLE"), { headers })) }))
    expect(other.reason).toMatchObject({ _tag: "Unavailable", description: expect.stringContaining("another checksum") as string })
  }))

  it.live("what is too large is not downloaded", () => Effect.gen(function*() {
    yield* within((store) => store.write("s3://tests/large", new Uint8Array(3_000_000)))
    let taken = 0
    const counting = async (request: Request) => {
      const response = await fetch(request)
      const body = response.body!.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({ transform: (chunk, controller) => {
        taken += chunk.length
        controller.enqueue(chunk)
      } }))
      return new Response(body, { headers: response.headers, status: response.status })
    }
    const error = yield* Effect.flip(within((store) => store.read("s3://tests/large", { maxBytes: 1000 }), { fetch: counting }))
    expect(error.reason).toEqual({ _tag: "LimitExceeded", size: 3_000_000, limit: 1000 })
    expect(taken).toBeLessThan(300_000)
  }))
})
