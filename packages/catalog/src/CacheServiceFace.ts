/** Flyte 2's cache service over a catalog of ours, as `(Request) → Response`: Flyte's executors and tools can use it by the Connect protocol. */
import { create, type DescMessage, fromBinary, fromJson, type JsonValue, type MessageInitShape, type MessageShape, toBinary, toJson } from "@bufbuild/protobuf"
import {
  DeleteCacheResponseSchema,
  GetCacheResponseSchema,
  GetOrExtendReservationResponseSchema,
  PutCacheResponseSchema,
  ReleaseReservationResponseSchema,
  type V2Identifier,
  V2DeleteCacheRequestSchema,
  V2GetCacheRequestSchema,
  V2GetOrExtendReservationRequestSchema,
  V2PutCacheRequestSchema,
  V2ReleaseReservationRequestSchema
} from "@fairlead/core/cacheservice"
import { Clock, Effect, Option } from "effect"
import type { CatalogError, CatalogKey, CatalogService, Lease } from "./Catalog.ts"
import { fenceHeader, releasedHeader, servicePath, sourceOf, toCachedOutput, toDuration, toMillis, toTimestamp } from "./internal/cacheServiceWire.ts"

/** A refusal in Connect's words. */
interface Refusal {
  readonly code: "invalid_argument" | "not_found" | "already_exists" | "failed_precondition" | "unavailable" | "internal" | "unimplemented"
  readonly message: string
}

const statusOf: { readonly [code in Refusal["code"]]: number } = {
  invalid_argument: 400, failed_precondition: 400, not_found: 404, already_exists: 409, internal: 500, unimplemented: 501, unavailable: 503
}

interface Reply<Out extends DescMessage> {
  readonly message: MessageInitShape<Out>
  readonly headers?: { readonly [name: string]: string } | undefined
}

/** One call of the service: how its messages are read and written, and what it does. */
interface Call<In extends DescMessage, Out extends DescMessage> {
  readonly input: In
  readonly output: Out
  readonly handle: (message: MessageShape<In>, headers: Headers) => Effect.Effect<Reply<Out>, Refusal | CatalogError>
}

const call = <In extends DescMessage, Out extends DescMessage>(it: Call<In, Out>): Call<In, Out> => it

const refuse = (code: Refusal["code"], message: string): Effect.Effect<never, Refusal> => Effect.fail({ code, message })

/** Flyte's service wants a base request, a key and an identifier; its organization is not looked at. */
const keyOf = (base: { readonly key: string } | undefined, identifier: V2Identifier | undefined): Effect.Effect<CatalogKey, Refusal> => {
  if (base === undefined) return refuse("invalid_argument", "base_request is missing")
  if (base.key === "") return refuse("invalid_argument", "key is missing")
  if (identifier === undefined) return refuse("invalid_argument", "identifier is missing")
  return Effect.succeed({ project: identifier.project, domain: identifier.domain, key: base.key })
}

const ownerOf = (owner: string): Effect.Effect<string, Refusal> => owner === "" ? refuse("invalid_argument", "owner_id is missing") : Effect.succeed(owner)

const fenceOf = (text: string): Effect.Effect<number, Refusal> =>
  /^\d{1,15}$/.test(text) ? Effect.succeed(Number(text)) : refuse("invalid_argument", `the header ${fenceHeader} is "${text}", and should begin with a whole number`)

/** The lease that our own client sends along. */
const leaseIn = (headers: Headers): Effect.Effect<Lease | undefined, Refusal> => {
  const [fence = "", owner] = (headers.get(fenceHeader) ?? "").split(" ")
  if (owner === undefined) return Effect.undefined
  const read = Effect.try({
    try: () => decodeURIComponent(owner),
    catch: (): Refusal => ({ code: "invalid_argument", message: `the header ${fenceHeader} names an owner that is encoded wrongly` })
  })
  return Effect.all({ fence: fenceOf(fence), owner: read })
}

const callsOf = (catalog: CatalogService) => ({
  Get: call({
    input: V2GetCacheRequestSchema,
    output: GetCacheResponseSchema,
    handle: Effect.fnUntraced(function*({ baseRequest, identifier }) {
      const found = yield* catalog.get(yield* keyOf(baseRequest, identifier))
      if (Option.isNone(found)) return yield* refuse("not_found", "there is no entry with this key")
      return { message: { output: toCachedOutput(found.value, found.value) } }
    })
  }),
  Put: call({
    input: V2PutCacheRequestSchema,
    output: PutCacheResponseSchema,
    handle: Effect.fnUntraced(function*({ baseRequest, identifier }, headers) {
      const key = yield* keyOf(baseRequest, identifier)
      const { output, overwrite } = baseRequest!
      if (output?.output.case !== "outputUri" || output.output.value === "") return yield* refuse("invalid_argument", "output_uri is missing; literals are not stored here")
      const entry = { outputUri: output.output.value, source: sourceOf(output), size: 0 }
      const lease = yield* leaseIn(headers)
      if (overwrite?.overwrite === true) yield* catalog.update(key, entry, { lease })
      else if ((yield* catalog.put(key, entry, { lease, maxAge: toMillis(overwrite?.maxAge) })) === "Kept") return yield* refuse("already_exists", "there is an entry with this key")
      return { message: {} }
    })
  }),
  Delete: call({
    input: V2DeleteCacheRequestSchema,
    output: DeleteCacheResponseSchema,
    handle: Effect.fnUntraced(function*({ baseRequest, identifier }) {
      if (!(yield* catalog.delete(yield* keyOf(baseRequest, identifier)))) return yield* refuse("not_found", "there is no entry with this key")
      return { message: {} }
    })
  }),
  GetOrExtendReservation: call({
    input: V2GetOrExtendReservationRequestSchema,
    output: GetOrExtendReservationResponseSchema,
    handle: Effect.fnUntraced(function*({ baseRequest, identifier }) {
      const key = yield* keyOf(baseRequest, identifier)
      const owner = yield* ownerOf(baseRequest!.ownerId)
      const held = yield* catalog.reserve(key, { owner, heartbeat: toMillis(baseRequest!.heartbeatInterval) })
      const now = yield* Clock.currentTimeMillis
      const reservation = { key: key.key, ownerId: held.owner, heartbeatInterval: toDuration(held.heartbeat), expiresAt: toTimestamp(now + held.expiresIn) }
      return { message: { reservation }, headers: { [fenceHeader]: String(held.fence) } }
    })
  }),
  ReleaseReservation: call({
    input: V2ReleaseReservationRequestSchema,
    output: ReleaseReservationResponseSchema,
    handle: Effect.fnUntraced(function*({ baseRequest, identifier }, headers) {
      const key = yield* keyOf(baseRequest, identifier)
      const owner = yield* ownerOf(baseRequest!.ownerId)
      const fence = headers.get(fenceHeader)
      const released = yield* catalog.release(key, { owner, ...(fence === null ? {} : { fence: yield* fenceOf(fence) }) })
      return { message: {}, headers: { [releasedHeader]: String(released) } }
    })
  })
})

/** Makes the service. Its answers follow the Connect protocol, in binary or JSON as the request is. */
export const make = (catalog: CatalogService): Effect.Effect<(request: Request) => Promise<Response>> =>
  Effect.map(Effect.context<never>(), (context) => {
    const calls: { readonly [name: string]: Call<DescMessage, DescMessage> } = callsOf(catalog) as never
    const run = Effect.runPromiseWith(context)
    return async (request) => {
      const { pathname } = new URL(request.url)
      const found = pathname.startsWith(`${servicePath}/`) ? calls[pathname.slice(servicePath.length + 1)] : undefined
      if (found === undefined || request.method !== "POST") return failure({ code: "unimplemented", message: `there is no call ${request.method} ${pathname}` })
      const isJson = (request.headers.get("content-type") ?? "").startsWith("application/json")
      const body = new Uint8Array(await request.arrayBuffer())
      return run(answer(found, isJson, body, request.headers))
    }
  })

const answer = ({ handle, input, output }: Call<DescMessage, DescMessage>, isJson: boolean, body: Uint8Array, headers: Headers): Effect.Effect<Response> =>
  Effect.try({
    try: () => isJson ? fromJson(input, JSON.parse(new TextDecoder().decode(body)) as JsonValue, { ignoreUnknownFields: true }) : fromBinary(input, body),
    catch: (error): Refusal => ({ code: "invalid_argument", message: `the request cannot be read: ${String(error)}` })
  }).pipe(
    Effect.flatMap((message) => handle(message, headers)),
    Effect.map((reply) => {
      const message = create(output, reply.message)
      const type = isJson ? "application/json" : "application/proto"
      return new Response(isJson ? JSON.stringify(toJson(output, message)) : (toBinary(output, message) as Uint8Array<ArrayBuffer>), { headers: { ...reply.headers, "content-type": type } })
    }),
    Effect.catch((error) => Effect.succeed(failure("code" in error ? error : refusalOf(error))))
  )

const refusalOf = (error: CatalogError): Refusal => {
  switch (error.reason._tag) {
    case "Unavailable": return { code: "unavailable", message: error.message }
    case "Invalid": return { code: "invalid_argument", message: error.reason.description }
    case "ReservationLost": return { code: "failed_precondition", message: `the reservation is held by ${error.reason.owner}` }
    default: return { code: "internal", message: error.message }
  }
}

const failure = ({ code, message }: Refusal): Response => Response.json({ code, message }, { status: statusOf[code] })
