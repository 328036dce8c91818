/** The HTTP face of a server: one request in, one response out. */
import { ApiFailure, failure, internalError } from "../ApiFailure.ts"
import type { ApiServer } from "../ApiServer.ts"
import type { User } from "../ApiRequest.ts"
import { authorize, type Attributes } from "../policy/Authorization.ts"
import { refusedByRules } from "../policy/fairness/TooMany.ts"
import { impersonate } from "../policy/Impersonation.ts"
import { authenticate, wantedUser } from "./Authentication.ts"
import { contentType, encode } from "./Encoding.ts"
import { compressed } from "./Compression.ts"
import { discoveryResponse } from "./Discovery.ts"
import { healthResponse } from "./Health.ts"
import { type HttpRequest, type HttpResponse, pageNotFound } from "./HttpMessage.ts"
import { type Encoding, negotiate, plainShape } from "./MediaTypes.ts"
import { openApiResponse } from "./OpenApi.ts"
import { attributesOf, resourceResponse } from "./ResourceFace.ts"
import { parseRoute, segmentsOf } from "./Route.ts"

/** Largest body that is read. */
export const bodyBytesMax = 3 * 1024 * 1024

/** Carries out a request. Nothing that a client sends makes it throw: a broken invariant of the server becomes an internal error. */
export const respond = async (server: ApiServer, request: HttpRequest): Promise<HttpResponse> => {
  const answer = await compressed(request, await answerTo(server, request))
  return request.method === "HEAD" ? { ...answer, body: "" } : answer
}

const answerTo = async (server: ApiServer, request: HttpRequest): Promise<HttpResponse> => {
  try {
    return await route(server, request, identify(server, request))
  } catch (error) {
    if (error instanceof ApiFailure) return failureResponse(error, encodingOf(request))
    server.context.onDefect(error)
    return failureResponse(internalError(error instanceof Error ? error.message : String(error)), encodingOf(request))
  }
}

/** A failure as the client wants to read it. */
export const failureResponse = ({ status, code, headers }: ApiFailure, encoding: Encoding): HttpResponse => ({
  status: code,
  headers: { "Content-Type": contentType(encoding), ...headers },
  body: encode(status, encoding)
})

const encodingOf = (request: HttpRequest): Encoding => negotiate(request.header("accept"), plainShape)?.encoding ?? "json"

const identify = (server: ApiServer, request: HttpRequest): User => {
  const user = authenticate(server, request)
  if (user === undefined) throw failure(401, "Unauthorized", "Unauthorized")
  const wanted = wantedUser(request)
  return wanted === undefined ? user : impersonate(server.context, user, wanted, attributesFor(request))
}

const attributesFor = (request: HttpRequest): Attributes => {
  const segments = segmentsOf(request.path)
  const at = segments === undefined ? undefined : parseRoute(segments)
  return at === undefined || at.plural === ""
    ? { path: decodeSafely(request.path), verb: pathVerbs[request.method] ?? request.method.toLowerCase() }
    : attributesOf(request, at)
}

const decodeSafely = (path: string): string => (segmentsOf(path) === undefined ? path : decodeURIComponent(path))

const pathVerbs: Readonly<Record<string, string>> = { GET: "get", HEAD: "head", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" }

const route = async (server: ApiServer, request: HttpRequest, user: User): Promise<HttpResponse> => {
  const attributes = attributesFor(request)
  const refused = refusedByRules(server.context, user, attributes)
  if (refused !== undefined) return refused
  authorize(server.context, user, attributes)
  if (request.body.byteLength > bodyBytesMax) {
    throw failure(413, "RequestEntityTooLarge", `Request entity too large: limit is ${bodyBytesMax}`)
  }
  const segments = segmentsOf(request.path)
  if (segments === undefined) return pageNotFound()
  const at = parseRoute(segments)
  if (at !== undefined && at.plural !== "") return resourceResponse(server, request, at, user)
  return discoveryResponse(server, request, segments) ??
    healthResponse(request, segments) ??
    (await openApiResponse(server, request, segments)) ??
    pageNotFound()
}

