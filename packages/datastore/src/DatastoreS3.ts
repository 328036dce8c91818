/** A store in S3, or in what speaks its language: MinIO, Google Cloud Storage with interoperability keys, and many more. */
import { Clock, Duration, Effect, Layer, Option, Result, Stream } from "effect"
import { Datastore, DatastoreError, type DatastoreReason, type DatastoreService, findBy, type SignedUrlOptions, type StoredObject } from "./Datastore.ts"
import { checksum, drained, pageOf, takeWhole, withoutError } from "./internal/s3Answers.ts"
import { type S3Call, type S3Place, send, urlOf } from "./internal/s3Client.ts"
import { presign } from "./internal/s3Signer.ts"
import { Upload } from "./internal/s3Upload.ts"
import { elementsOf, valueOf } from "./internal/xml.ts"
import * as Reference from "./Reference.ts"
import type { S3Credentials, S3CredentialsMissing } from "./S3Credentials.ts"

/** Settings of a store in S3. */
export interface DatastoreS3Options {
  readonly credentials: Effect.Effect<S3Credentials, S3CredentialsMissing>
  /** Region of the buckets; `us-east-1` if left out. */
  readonly region?: string | undefined
  /** `https://s3.<region>.amazonaws.com` if left out; `https://storage.googleapis.com` for Google. */
  readonly endpoint?: string | undefined
  /** Where the bucket stands in URLs: in the host for AWS, in the path elsewhere, unless said otherwise. */
  readonly addressing?: "path" | "virtual" | undefined
  /** Carries requests: the `fetch` of the runtime, in general. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Size of the parts of streams, in bytes; 5 MiB if left out, and at least that. A stream has at most 10,000 parts. */
  readonly partSize?: number | undefined
  /** Parts under way at the same time; 2 if left out. Memory for a stream is a few times this many parts. */
  readonly partsAtOnce?: number | undefined
  /** Objects on a page of a list; 1000 if left out, which is also the most that servers give. */
  readonly pageSize?: number | undefined
  /** Further tries; 4 if left out. */
  readonly retries?: number | undefined
  /** First pause before a further try; it doubles. 200 milliseconds if left out. */
  readonly retryDelay?: Duration.Input | undefined
}

/** Objects up to here are copied by the server in one step: 5 GB. */
const copyMost = 5_000_000_000

/** Longest life of a signed URL: seven days. */
const signedMost = Duration.days(7)

/** Makes a store that takes URIs of every scheme whose container is a bucket: `s3://bucket/key`, `gs://bucket/key`. */
export const make = (options: DatastoreS3Options): DatastoreService => {
  const place = placeOf(options)
  const buckets = new Set<string>()

  const at = (method: string, uri: string): Effect.Effect<Reference.Reference, DatastoreError> => {
    const fail = (description: string) => Effect.fail(new DatastoreError({ method, uri, reason: { _tag: "InvalidUri", description } }))
    const parsed = Reference.parse(uri)
    if (Result.isFailure(parsed)) return fail(parsed.failure)
    if (parsed.success.container === "") return fail("it names no bucket; write it as s3://bucket/key")
    return method !== "list" && parsed.success.key === "" ? fail("it names a bucket, and no object in it") : Effect.succeed(parsed.success)
  }

  /** Answers to HEAD have no body, so that a missing object looks like a missing bucket. */
  const assertBucket = Effect.fnUntraced(function*(of: string, uri: string, reference: Reference.Reference) {
    if (buckets.has(reference.container)) return
    yield* send(place, { method: "GET", of, uri, at: { ...reference, key: "" }, query: { "list-type": "2", "max-keys": "0" } }, drained)
    buckets.add(reference.container)
  })

  const head: DatastoreService["head"] = Effect.fnUntraced(function*(uri) {
    const reference = yield* at("head", uri)
    const size = yield* send(place, { method: "HEAD", of: "head", uri, at: reference }, async ({ headers }) => Number(headers.get("content-length") ?? 0)).pipe(
      Effect.asSome,
      Effect.catchIf(isNotFound, () => Effect.as(assertBucket("head", uri, reference), Option.none<number>()))
    )
    return Option.map(size, (it): StoredObject => ({ uri: Reference.format(reference), size: it }))
  })

  const put = Effect.fnUntraced(function*(of: string, uri: string, reference: Reference.Reference, body: Uint8Array) {
    const headers = { "content-type": "application/octet-stream", "x-amz-checksum-sha256": yield* Effect.promise(() => checksum(body)) }
    yield* send(place, { method: "PUT", of, uri, at: reference, headers, body }, drained)
  })

  const readStream: DatastoreService["readStream"] = (uri) =>
    Stream.unwrap(Effect.gen(function*() {
      const call: S3Call = { method: "GET", of: "readStream", uri, at: yield* at("readStream", uri) }
      const body = yield* send(place, call, async (response) => response.body ?? new ReadableStream<Uint8Array>({ start: (controller) => controller.close() }))
      return Stream.fromReadableStream<Uint8Array, DatastoreError>({
        evaluate: () => body,
        onError: (error) => new DatastoreError({ method: "readStream", uri, reason: { _tag: "Unavailable", description: `the connection broke: ${String(error)}` } })
      })
    }))

  const writeStream: DatastoreService["writeStream"] = (uri, bytes) =>
    Effect.flatMap(at("writeStream", uri), (reference) => {
      const upload = new Upload(place, uri, reference, options)
      return upload.carryOut(bytes, (rest) => put("writeStream", uri, reference, rest))
    })

  const read: DatastoreService["read"] = Effect.fnUntraced(function*(uri, { maxBytes = 0 } = {}) {
    const call: S3Call = { method: "GET", of: "read", uri, at: yield* at("read", uri), headers: { "x-amz-checksum-mode": "ENABLED" } }
    return yield* send(place, call, (response) => takeWhole(response, maxBytes))
  })

  return {
    head,
    list: (folder) => Effect.flatMap(at("list", folder), (reference) => listAll(place, folder, reference, options.pageSize ?? 1000)),
    readStream,
    writeStream,
    read,
    find: findBy(read),
    write: (uri, bytes) => Effect.flatMap(at("write", uri), (reference) => put("write", uri, reference, bytes)),
    copy: Effect.fnUntraced(function*(from, to) {
      const source = yield* at("copy", from)
      const target = yield* at("copy", to)
      const found = yield* head(from)
      if (Option.isNone(found)) return yield* new DatastoreError({ method: "copy", uri: from, reason: { _tag: "NotFound" } })
      if (found.value.size > copyMost) return yield* writeStream(to, readStream(from))
      const { pathname } = urlOf({ ...place, addressing: "path" }, source)
      yield* send(place, { method: "PUT", of: "copy", uri: from, at: target, headers: { "x-amz-copy-source": pathname } }, withoutError)
    }),
    delete: (uri) => Effect.flatMap(at("delete", uri), (reference) =>
      send(place, { method: "DELETE", of: "delete", uri, at: reference }, drained).pipe(Effect.catchIf(isNotFound, () => Effect.void))),
    signedUrl: (uri, given = {}) => Effect.flatMap(at("signedUrl", uri), (reference) => signedUrl(place, uri, reference, given))
  }
}

const placeOf = ({ addressing, credentials, endpoint, fetch, region = "us-east-1", retries = 4, retryDelay = "200 millis" }: DatastoreS3Options): S3Place => ({
  endpoint: (endpoint ?? `https://s3.${region}.amazonaws.com`).replace(/\/+$/, ""),
  region,
  addressing: addressing ?? (endpoint === undefined ? "virtual" : "path"),
  credentials,
  fetch,
  retries,
  retryDelay
})

const signedUrl = Effect.fnUntraced(function*(place: S3Place, uri: string, reference: Reference.Reference, { expiresIn = "1 hour", operation = "read" }: SignedUrlOptions) {
  const life = Duration.fromInputUnsafe(expiresIn)
  const fail = (reason: DatastoreReason) => new DatastoreError({ method: "signedUrl", uri, reason })
  if (Duration.isGreaterThan(life, signedMost)) return yield* fail({ _tag: "Unsupported", description: `signed URLs last at most seven days, not ${Duration.format(life)}` })
  const credentials = yield* Effect.mapError(place.credentials, ({ description, retryable }) => fail({ _tag: retryable ? "Unavailable" : "AccessDenied", description }))
  const now = yield* Clock.currentTimeMillis
  const signing = { credentials, region: place.region, service: "s3", now }
  return yield* Effect.promise(() => presign(operation === "read" ? "GET" : "PUT", urlOf(place, reference), Math.max(1, Math.round(Duration.toSeconds(life))), signing))
})

/** Everything below a key, page by page. */
const listAll = Effect.fnUntraced(function*(place: S3Place, folder: string, reference: Reference.Reference, pageSize: number) {
  const found: Array<StoredObject> = []
  for (let token: string | undefined = ""; token !== undefined;) {
    const query: Record<string, string> = { "list-type": "2", "max-keys": String(pageSize), prefix: reference.key === "" ? "" : `${reference.key}/`, ...(token === "" ? {} : { "continuation-token": token }) }
    const sent: string = token
    const { next, text } = yield* send(place, { method: "GET", of: "list", uri: folder, at: { ...reference, key: "" }, query }, (response) => pageOf(response, sent))
    for (const contents of elementsOf(text, "Contents")) {
      const key = valueOf(contents, "Key") ?? ""
      // Some tools store an empty object where they want a folder to be seen.
      if (!key.endsWith("/")) found.push({ uri: Reference.format({ ...reference, key }), size: Number(valueOf(contents, "Size") ?? 0) })
    }
    token = next
  }
  return found.sort((left, right) => (left.uri < right.uri ? -1 : 1))
})

const isNotFound = (error: DatastoreError): boolean => error.reason._tag === "NotFound"

/** A store in S3. */
export const layer = (options: DatastoreS3Options): Layer.Layer<Datastore> => Layer.sync(Datastore, () => make(options))
