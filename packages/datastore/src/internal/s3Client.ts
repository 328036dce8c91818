/** Requests to S3: signed, repeated when that is worth it, their refusals put into words. */
import { Clock, type Duration, Effect, Schedule } from "effect"
import { DatastoreError, type DatastoreReason } from "../Datastore.ts"
import type { S3Credentials, S3CredentialsMissing } from "../S3Credentials.ts"
import type { Reference } from "../Reference.ts"
import { canonicalQuery, encodeUri, payloadHash, signHeaders, unsignedPayload } from "./s3Signer.ts"
import { valueOf } from "./xml.ts"

/** Where a store is, and how it is reached. */
export interface S3Place {
  /** `https://host[:port]`, without a slash at its end. */
  readonly endpoint: string
  readonly region: string
  /** `path`: the bucket is a step of the path. `virtual`: it is part of the host. */
  readonly addressing: "path" | "virtual"
  readonly credentials: Effect.Effect<S3Credentials, S3CredentialsMissing>
  readonly fetch: (request: Request) => Promise<Response>
  /** Further tries after one that failed for a reason that may pass. */
  readonly retries: number
  readonly retryDelay: Duration.Input
}

/** One request. */
export interface S3Call {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE"
  /** Name of the method of the store, and its URI, for errors. */
  readonly of: string
  readonly uri: string
  readonly at: Reference
  readonly query?: { readonly [name: string]: string } | undefined
  readonly headers?: { readonly [name: string]: string } | undefined
  readonly body?: Uint8Array | undefined
}

/** URL of an object or, without a key, of a bucket. */
export const urlOf = ({ addressing, endpoint }: Pick<S3Place, "addressing" | "endpoint">, { container, key }: Reference, query: S3Call["query"] = {}): URL => {
  const base = new URL(endpoint)
  // A dot in the name of a bucket would not match the certificate.
  const isVirtual = addressing === "virtual" && !(base.protocol === "https:" && container.includes("."))
  const host = isVirtual ? `${container}.${base.host}` : base.host
  const path = isVirtual ? `/${encodeUri(key, true)}` : `/${encodeUri(container)}${key === "" ? "" : `/${encodeUri(key, true)}`}`
  const text = canonicalQuery(new URLSearchParams(Object.entries(query)))
  return new URL(`${base.protocol}//${host}${path}${text === "" ? "" : `?${text}`}`)
}

/** A refusal, and whether another try may help. */
interface Failed {
  readonly reason: DatastoreReason
  readonly isPassing: boolean
}

/**
 * Sends a request and hands the answer to `take`, all of it again when it fails for a reason that may pass. Every request of
 * this store can be repeated without harm.
 */
export const send = <A>(place: S3Place, call: S3Call, take: (response: Response) => Promise<A>): Effect.Effect<A, DatastoreError> =>
  attempt(place, call, take).pipe(
    Effect.retry({
      while: (failed: Failed) => failed.isPassing,
      schedule: Schedule.max([Schedule.jittered(Schedule.exponential(place.retryDelay)), Schedule.recurs(place.retries)])
    }),
    Effect.mapError(({ reason }) => new DatastoreError({ method: call.of, uri: call.uri, reason }))
  )

const attempt = Effect.fnUntraced(function*<A>(place: S3Place, call: S3Call, take: (response: Response) => Promise<A>) {
  const credentials = yield* Effect.mapError(place.credentials, ({ description, retryable }): Failed =>
    ({ reason: { _tag: retryable ? "Unavailable" : "AccessDenied", description }, isPassing: retryable }))
  const now = yield* Clock.currentTimeMillis
  const response = yield* Effect.tryPromise({
    try: async (signal) => {
      const url = urlOf(place, call.at, call.query)
      const hash = await hashOf(call)
      const headers = await signHeaders({ method: call.method, url, headers: call.headers ?? {}, payloadHash: hash }, { credentials, region: place.region, service: "s3", now })
      const body = call.body as Uint8Array<ArrayBuffer> | undefined
      const answer = await place.fetch(new Request(url, { method: call.method, headers, signal, ...(body === undefined ? {} : { body }) }))
      return answer.status >= 400 ? { refusal: refusalOf(answer.status, call, await answer.text()) } : { value: await take(answer) }
    },
    catch: (error): Failed => isReason(error) ? { reason: error, isPassing: error._tag === "Unavailable" } : { reason: { _tag: "Unavailable", description: `no answer from ${place.endpoint}: ${causeOf(error)}` }, isPassing: true }
  })
  return "refusal" in response ? yield* Effect.fail(response.refusal) : response.value
})

/** The checksum of an object is the hash of its payload in other digits: large ones are not read twice. */
const hashOf = async ({ body, headers, method }: S3Call): Promise<string> => {
  const known = headers?.["x-amz-checksum-sha256"]
  if (body !== undefined && known !== undefined) return [...atob(known)].map((it) => it.charCodeAt(0).toString(16).padStart(2, "0")).join("")
  return body === undefined && (method === "GET" || method === "HEAD") ? unsignedPayload : payloadHash(body ?? new Uint8Array())
}

/** `fetch` puts what it knows into the cause. */
const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

const isReason = (error: unknown): error is DatastoreReason =>
  typeof error === "object" && error !== null && !(error instanceof Error) && typeof (error as { readonly _tag?: unknown })._tag === "string"

/** Codes by which a server asks for another try although the number does not tell. */
const passing: ReadonlySet<string> = new Set(["RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "OperationAborted", "ExpiredToken"])

/** Codes of an object that is not there; answers without a body have none. */
const absent: ReadonlySet<string> = new Set(["", "NoSuchKey", "NotFound"])

/** Codes of keys that are refused, which not every server answers with 403, nor with the words of AWS. */
const refused = /^AccessDenied$|AccessKey|Signature|User|InvalidToken/

const refusalOf = (status: number, { at }: S3Call, text: string): Failed => {
  const code = valueOf(text, "Code") ?? ""
  const message = valueOf(text, "Message") ?? ""
  const description = [`HTTP ${status}`, code, message].filter((it) => it !== "").join(" ")
  if (status >= 500 || status === 429 || status === 409 || passing.has(code)) return { reason: { _tag: "Unavailable", description }, isPassing: true }
  if (code === "NoSuchBucket") return { reason: { _tag: "InvalidUri", description: `there is no bucket "${at.container}"; make it, or name another one` }, isPassing: false }
  if (status === 404 && absent.has(code)) return { reason: { _tag: "NotFound" }, isPassing: false }
  if (status === 401 || status === 403 || refused.test(code)) return { reason: { _tag: "AccessDenied", description }, isPassing: false }
  return { reason: { _tag: "InvalidUri", description }, isPassing: false }
}
