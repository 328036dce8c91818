/** A catalog that Flyte 2's cache service keeps, or one that speaks like it, by the Connect protocol over any fetch. */
import { create, type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf"
import {
  DeleteCacheResponseSchema,
  GetCacheResponseSchema,
  GetOrExtendReservationResponseSchema,
  PutCacheResponseSchema,
  ReleaseReservationResponseSchema,
  V2DeleteCacheRequestSchema,
  V2GetCacheRequestSchema,
  V2GetOrExtendReservationRequestSchema,
  V2PutCacheRequestSchema,
  V2ReleaseReservationRequestSchema
} from "@fairlead/core/cacheservice"
import { Clock, Duration, Effect, Layer, Option, Schema } from "effect"
import { Catalog, CatalogError, type CatalogEntry, type CatalogKey, type CatalogReason, type CatalogService, type NewEntry, type PutOptions } from "./Catalog.ts"
import { fenceHeader, identifierOf, releasedHeader, servicePath, sourceOf, toCachedOutput, toDuration, toMillis } from "./internal/cacheServiceWire.ts"
import { checked } from "./internal/checks.ts"

/** Where the service is, and how it is reached. */
export interface CatalogFlyteOptions {
  /** `http://localhost:8094`. */
  readonly baseUrl: string
  readonly fetch: (request: Request) => Promise<Response>
  /** Sent with every call, for instance to authenticate. */
  readonly headers?: { readonly [name: string]: string } | undefined
  /** The call is given up after this time; 10 seconds if left out. */
  readonly timeout?: Duration.Input | undefined
  /** Organization of all keys. Flyte's service wants one but does not look at it. */
  readonly org?: string | undefined
}

interface Answer<Desc extends DescMessage> {
  readonly message: MessageShape<Desc>
  readonly headers: Headers
  /** What time it is there. */
  readonly now: number
}

/** A refusal by the service; `code` is Connect's. */
interface Refusal {
  readonly _tag: "Refusal"
  readonly code: string
  readonly reason: CatalogReason
}

/** Codes of Connect by which the service asks for another try. */
const passing: ReadonlySet<string> = new Set(["unavailable", "deadline_exceeded", "aborted", "resource_exhausted", "internal", "unknown", "canceled"])

const decodeError = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ code: Schema.String, message: Schema.optionalKey(Schema.String) })))

const refusalOf = (status: number, text: string): Refusal => {
  const error = Option.getOrUndefined(decodeError(text))
  const code = error?.code ?? (status >= 500 || status === 429 ? "unavailable" : status === 401 || status === 403 ? "permission_denied" : "unimplemented")
  const description = error === undefined ? `HTTP ${status}: ${text.slice(0, 200)}` : `${code}: ${error.message ?? "no reason given"}`
  if (passing.has(code)) return { _tag: "Refusal", code, reason: { _tag: "Unavailable", description } }
  return { _tag: "Refusal", code, reason: { _tag: code === "invalid_argument" ? "Invalid" : "Refused", description } }
}

/**
 * Makes a catalog of a service.
 *
 * Caveats with Flyte's own service: it knows no fences, so that whoever stores under a lease asks once more whose it is, and
 * something may happen in between; it cannot list, count or purge; it tells nobody what changed.
 */
export const make = (options: CatalogFlyteOptions): CatalogService => {
  const { org = "fairlead" } = options
  const call = caller(options)

  const reserve: CatalogService["reserve"] = Effect.fnUntraced(function*(key, { heartbeat, owner }) {
    const text = yield* checked("reserve", key)
    const baseRequest = { key: key.key, ownerId: owner, heartbeatInterval: toDuration(Math.max(0, heartbeat)) }
    const { headers, message, now } = yield* call("GetOrExtendReservation", V2GetOrExtendReservationRequestSchema, GetOrExtendReservationResponseSchema, {
      baseRequest,
      identifier: identifierOf(key, org)
    }).pipe(Effect.mapError(refuse("reserve", text)))
    const { expiresAt, heartbeatInterval, ownerId = "" } = message.reservation ?? {}
    const granted = toMillis(heartbeatInterval)
    return {
      owner: ownerId,
      fence: Number(headers.get(fenceHeader) ?? 0),
      isMine: ownerId === owner,
      heartbeat: granted,
      // Clocks may differ by anything: no reservation lasts longer than three heartbeats.
      expiresIn: Math.round(Math.min(Math.max(0, toMillis(expiresAt) - now), granted * 3))
    }
  })

  const store = Effect.fnUntraced(function*(method: string, key: CatalogKey, entry: NewEntry, overwrite: boolean, { lease, maxAge = 0 }: PutOptions) {
    const text = yield* checked(method, key, entry)
    if (lease !== undefined && lease.fence === 0) {
      const held = yield* reserve(key, { owner: lease.owner, heartbeat: 0 })
      if (!held.isMine) return yield* new CatalogError({ method, key: text, reason: { _tag: "ReservationLost", owner: held.owner } })
    }
    const baseRequest = { key: key.key, output: toCachedOutput(entry), overwrite: { overwrite, maxAge: toDuration(maxAge) } }
    const headers = lease === undefined || lease.fence === 0 ? {} : { [fenceHeader]: `${lease.fence} ${encodeURIComponent(lease.owner)}` }
    return yield* call("Put", V2PutCacheRequestSchema, PutCacheResponseSchema, { baseRequest, identifier: identifierOf(key, org) }, headers).pipe(
      Effect.as("Stored" as const),
      Effect.catch((refusal) => {
        if (refusal.code === "already_exists") return Effect.succeed("Kept" as const)
        if (refusal.code !== "failed_precondition") return Effect.fail(refuse(method, text)(refusal))
        const owner = "description" in refusal.reason ? refusal.reason.description.replace(/^failed_precondition: the reservation is held by ?/, "") : ""
        return Effect.fail(new CatalogError({ method, key: text, reason: { _tag: "ReservationLost", owner } }))
      })
    )
  })

  const cannot = (method: string) => Effect.fail(new CatalogError({ method, reason: { _tag: "Refused", description: "Flyte's cache service has no such call" } }))
  return {
    reserve,
    get: getWith(call, org),
    put: (key, entry, given = {}) => store("put", key, entry, false, given),
    update: (key, entry, given = {}) => Effect.asVoid(store("update", key, entry, true, given)),
    delete: (key) => Effect.flatMap(checked("delete", key), (text) =>
      call("Delete", V2DeleteCacheRequestSchema, DeleteCacheResponseSchema, { baseRequest: { key: key.key }, identifier: identifierOf(key, org) }).pipe(
        Effect.as(true),
        Effect.catchIf(({ code }) => code === "not_found", () => Effect.succeed(false)),
        Effect.mapError(refuse("delete", text))
      )),
    release: (key, { fence = 0, owner }) => Effect.flatMap(checked("release", key), (text) =>
      call("ReleaseReservation", V2ReleaseReservationRequestSchema, ReleaseReservationResponseSchema, {
        baseRequest: { key: key.key, ownerId: owner },
        identifier: identifierOf(key, org)
      }, fence === 0 ? {} : { [fenceHeader]: String(fence) }).pipe(
        Effect.map(({ headers }) => headers.get(releasedHeader) !== "false"),
        Effect.mapError(refuse("release", text))
      )),
    list: () => cannot("list"),
    purge: () => cannot("purge"),
    usage: cannot("usage"),
    follow: () => Effect.void
  }
}

const refuse = (method: string, key: string | undefined) => ({ reason }: Refusal) => new CatalogError({ method, key, reason })

const getWith = (call: ReturnType<typeof caller>, org: string): CatalogService["get"] =>
Effect.fnUntraced(function*(key, { maxAge = 0 } = {}): Effect.fn.Return<Option.Option<CatalogEntry>, CatalogError> {
    const text = yield* checked("get", key)
    const answer = yield* call("Get", V2GetCacheRequestSchema, GetCacheResponseSchema, { baseRequest: { key: key.key }, identifier: identifierOf(key, org) }).pipe(
      Effect.asSome,
      Effect.catchIf(({ code }) => code === "not_found", () => Effect.succeedNone),
      Effect.mapError(refuse("get", text))
    )
    if (Option.isNone(answer)) return Option.none()
    const { message: { output }, now } = answer.value
    if (output?.output.case !== "outputUri") return yield* new CatalogError({ method: "get", key: text, reason: { _tag: "Corrupt", description: "the entry holds no URI of outputs" } })
    const updatedAt = toMillis(output.metadata?.lastUpdatedAt ?? output.metadata?.createdAt)
    const age = Math.max(0, Math.round(now - updatedAt))
    if (maxAge > 0 && age > maxAge) return Option.none()
    return Option.some({ outputUri: output.output.value, source: sourceOf(output), size: 0, createdAt: toMillis(output.metadata?.createdAt), updatedAt, age })
  })

const caller = ({ baseUrl, fetch: send, headers, timeout = "10 seconds" }: CatalogFlyteOptions) =>
  Effect.fnUntraced(function*<In extends DescMessage, Out extends DescMessage>(name: string, input: In, output: Out, message: MessageInitShape<In>, more: Record<string, string> = {}) {
    const url = `${baseUrl.replace(/\/+$/, "")}${servicePath}/${name}`
    const limit = Duration.fromInputUnsafe(timeout)
    const unavailable = (description: string): Refusal => ({ _tag: "Refusal", code: "unavailable", reason: { _tag: "Unavailable", description: `${url} ${description}` } })
    const answer = yield* Effect.tryPromise({
      try: async (signal) => {
        const body = toBinary(input, create(input, message)) as Uint8Array<ArrayBuffer>
        const sent = { ...headers, ...more, "content-type": "application/proto", "connect-protocol-version": "1", "connect-timeout-ms": String(Duration.toMillis(limit)) }
        const response = await send(new Request(url, { method: "POST", body, signal, headers: sent }))
        return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) }
      },
      catch: (error) => unavailable(`got no answer: ${String(error)}`)
    }).pipe(Effect.timeoutOrElse({ duration: limit, orElse: () => Effect.fail(unavailable(`got no answer within ${Duration.format(limit)}`)) }))
    if (answer.status !== 200) return yield* Effect.fail(refusalOf(answer.status, new TextDecoder().decode(answer.bytes)))
    const date = Date.parse(answer.headers.get("date") ?? "")
    const own = yield* Clock.currentTimeMillis
    // Dates have whole seconds: they are used only when the clocks plainly differ.
    const now = Number.isNaN(date) || Math.abs(date - own) < 2000 ? own : date
    return yield* Effect.try({
      try: (): Answer<Out> => ({ message: fromBinary(output, answer.bytes), headers: answer.headers, now }),
      catch: (error): Refusal => ({ _tag: "Refusal", code: "data_loss", reason: { _tag: "Corrupt", description: `the answer of ${url} cannot be read: ${String(error)}` } })
    })
  })

/** A catalog of a service. */
export const layer = (options: CatalogFlyteOptions): Layer.Layer<Catalog> => Layer.succeed(Catalog, make(options))
