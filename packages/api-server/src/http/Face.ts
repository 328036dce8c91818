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
import { type ParsedPath, parsePath } from "./Route.ts"

/** Largest body that is read. */
export const bodyBytesMax = 3 * 1024 * 1024

/**
 * Carries out a request: at once, unless somebody outside the server has to be asked. Nothing that a client sends makes it throw: a broken invariant of
 * the server becomes an internal error.
 */
export const respond = (server: ApiServer, request: HttpRequest): HttpResponse | Promise<HttpResponse> => {
  const answer = answerTo(server, request)
  return answer instanceof Promise ? answer.then((settled) => finished(request, settled)) : finished(request, answer)
}

const finished = (request: HttpRequest, answer: HttpResponse): HttpResponse | Promise<HttpResponse> =>
  request.method === "HEAD" ? { ...answer, body: "" } : compressed(request, answer)

const answerTo = (server: ApiServer, request: HttpRequest): HttpResponse | Promise<HttpResponse> => {
  try {
    const answer = route(server, request)
    return answer instanceof Promise ? answer.catch((error: unknown) => failed(server, request, error)) : answer
  } catch (error) {
    return failed(server, request, error)
  }
}

const failed = (server: ApiServer, request: HttpRequest, error: unknown): HttpResponse => {
  if (error instanceof ApiFailure) return failureResponse(error, encodingOf(request))
  server.context.onDefect(error)
  return failureResponse(internalError(error instanceof Error ? error.message : String(error)), encodingOf(request))
}

/** A failure as the client wants to read it. */
const failureResponse = ({ status, code, headers }: ApiFailure, encoding: Encoding): HttpResponse => ({
  status: code,
  headers: { "Content-Type": contentType(encoding), ...headers },
  body: encode(status, encoding)
})

const encodingOf = (request: HttpRequest): Encoding => negotiate(request.header("accept"), plainShape)?.encoding ?? "json"

const identify = (server: ApiServer, request: HttpRequest, attributes: Attributes): User => {
  const user = authenticate(server, request)
  if (user === undefined) throw failure(401, "Unauthorized", "Unauthorized")
  const wanted = wantedUser(request)
  return wanted === undefined ? user : impersonate(server.context, user, wanted, attributes)
}

const attributesFor = (request: HttpRequest, { at, segments }: ParsedPath): Attributes =>
  at === undefined
    ? { path: segments === undefined ? request.path : decodeURIComponent(request.path), verb: pathVerbs[request.method] ?? request.method.toLowerCase() }
    : attributesOf(request, at)

const pathVerbs: Readonly<Record<string, string>> = { GET: "get", HEAD: "head", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" }

const route = (server: ApiServer, request: HttpRequest): HttpResponse | Promise<HttpResponse> => {
  const path = parsePath(request.path)
  const attributes = attributesFor(request, path)
  const user = identify(server, request, attributes)
  const refused = refusedByRules(server.context, user, attributes)
  if (refused !== undefined) return refused
  authorize(server.context, user, attributes)
  if (request.body.byteLength > bodyBytesMax) {
    throw failure(413, "RequestEntityTooLarge", `Request entity too large: limit is ${bodyBytesMax}`)
  }
  const { at, segments } = path
  if (at !== undefined) return resourceResponse(server, request, at, user)
  if (segments === undefined) return pageNotFound()
  return discoveryResponse(server, request, segments) ??
    healthResponse(request, segments) ??
    openApiResponse(server, request, segments).then((answer) => answer ?? pageNotFound())
}
