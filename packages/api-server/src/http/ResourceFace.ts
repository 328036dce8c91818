/** Requests on resources: from method, path, query and body to a call, and from its answer to bytes. */
import type { KubeList } from "@fairlead/kube"
import { ApiFailure, badRequest, failure, methodNotAllowed, notFound, notServed } from "../ApiFailure.ts"
import type { ApiServer } from "../ApiServer.ts"
import type { ApiRequest, ApiResponse, User } from "../ApiRequest.ts"
import type { Attributes } from "../policy/Authorization.ts"
import { readFlag } from "../rest/ListOptions.ts"
import type { ServedResource } from "../ServedResource.ts"
import { checkTimeout } from "./GoDuration.ts"
import { readBody } from "./BodyReader.ts"
import { contentType, encode, encodeList } from "./Encoding.ts"
import { type HttpRequest, type HttpResponse, pageNotFound } from "./HttpMessage.ts"
import { customShape, matchesLiterally, negotiate, type Representation, resourceShape, standardTypes } from "./MediaTypes.ts"
import { parseQuery } from "./Query.ts"
import type { ResourceRoute } from "./Route.ts"
import { reshape } from "./Shapes.ts"
import { watchResponse } from "./WatchStream.ts"

type Verb = ApiRequest["verb"] | "watch"

/** What authorisation looks at. */
export const attributesOf = (request: HttpRequest, at: ResourceRoute): Attributes => ({
  verb: verbOf(request, at) ?? request.method.toLowerCase(),
  group: at.group,
  version: at.version,
  plural: at.plural,
  namespace: at.group === "" && at.plural === "namespaces" && at.name !== "" ? at.name : at.namespace,
  name: at.name !== "" ? at.name : nameInSelector(request),
  subresource: at.subresource.split("/")[0]!
})

/** A list of the one object that the field selector names counts as a request for that object. */
const nameInSelector = (request: HttpRequest): string => {
  if (!request.query.includes("fieldSelector")) return ""
  const selector = parseQuery(request.query)["fieldSelector"] ?? ""
  return /^metadata\.name==?([^,=!]+)$/.exec(selector)?.[1] ?? ""
}

const verbOf = (request: HttpRequest, at: ResourceRoute): Verb | undefined => {
  const onObject = at.name !== ""
  switch (request.method) {
    case "GET":
      if (at.isWatch) return "watch"
      if (onObject) return "get"
      return request.query.includes("watch") && readFlag(parseQuery(request.query)["watch"]) === true ? "watch" : "list"
    case "POST":
      return "create"
    case "PUT":
      return "update"
    case "PATCH":
      return "patch"
    case "DELETE":
      return onObject ? "delete" : "deletecollection"
    default:
      return undefined
  }
}

/** Carries out a request on a resource. */
export const resourceResponse = (server: ApiServer, request: HttpRequest, at: ResourceRoute, user: User): HttpResponse | Promise<HttpResponse> => {
  const { catalog } = server.context
  const resource = catalog.find(at.group, at.version, at.plural)
  if (resource === undefined) return unknownResource(server, at)
  const verb = verbOf(request, at)
  if (resource.custom && isOutOfScope(resource, at, verb)) return pageNotFound()
  checkMethod(resource, at, verb)
  if (!resource.custom && !matchesLiterally(request.header("accept"), offered(verb))) throw notAcceptable(offered(verb))
  const query = parseQuery(request.query)
  checkTimeout(query["timeout"])
  const representation = negotiate(request.header("accept"), resource.custom ? customShape : resourceShape)
  if (representation === undefined) throw noRepresentation(standardTypes)
  try {
    if (verb === "watch") {
      const open = (): HttpResponse => watchResponse(server, resource, at, query, user, representation)
      return resource.conversion?.remote === undefined ? open() : listedFirst(server, at, user).then(open)
    }
    const response = server.answer({
      verb: verb as ApiRequest["verb"],
      group: at.group,
      version: at.version,
      plural: at.plural,
      namespace: at.namespace === "" ? undefined : at.namespace,
      name: at.name === "" ? undefined : at.name,
      subresource: at.subresource === "" ? undefined : at.subresource,
      query,
      user,
      userAgent: request.header("user-agent"),
      ...readBody(request, resource, verb as ApiRequest["verb"])
    })
    if (response instanceof Promise) return response.then((settled) => encodeResponse(server, settled, resource, representation, query))
    return encodeResponse(server, response, resource, representation, query)
  } catch (error) {
    if (error instanceof ApiFailure) return encodeResponse(server, refusal(error), resource, representation, query)
    throw error
  }
}

/** What a watch shows first has to be converted before it is opened: a watch cannot wait. */
const listedFirst = async (server: ApiServer, { group, namespace, plural, version }: ResourceRoute, user: User): Promise<void> =>
  void (await server.answer({ verb: "list", group, version, plural, namespace: namespace === "" ? undefined : namespace, user }))

const refusal = (error: ApiFailure): ApiResponse => ({ code: error.code, body: error.status as never, warnings: [], headers: error.headers })

/** Groups of definitions answer as paths that do not exist; built-in groups answer a `Status`. */
const unknownResource = (server: ApiServer, at: ResourceRoute): HttpResponse => {
  if (!server.context.catalog.isBuiltin(at.group)) return pageNotFound()
  throw notServed()
}

const checkMethod = (resource: ServedResource, at: ResourceRoute, verb: Verb | undefined): void => {
  if (resource.custom) return checkCustomMethod(resource, at, verb)
  if (at.namespace !== "" && !resource.namespaced) throw notServed()
  if (at.isTooLong || (at.isWatch && at.subresource !== "")) throw notServed()
  const served = at.subresource === "" ? resource : resource.subresources.get(at.subresource.split("/")[0]!)
  if (served === undefined) throw notServed()
  if (verb === undefined || (at.isWatch && verb !== "watch")) throw methodNotAllowed()
  const needsName = verb === "update" || verb === "patch"
  const onCollection = at.name === ""
  if (needsName && onCollection) throw methodNotAllowed()
  if (verb === "create" && at.subresource === "" && (!onCollection || (resource.namespaced && at.namespace === ""))) throw methodNotAllowed()
  if (resource.namespaced && at.namespace === "" && verb === "deletecollection") throw methodNotAllowed()
  if (resource.namespaced && at.namespace === "" && !onCollection) throw notServed()
  if (!served.verbs.includes(verb)) throw methodNotAllowed()
}

/** Paths of custom resources with a namespace too many or too few do not exist. */
const isOutOfScope = (resource: ServedResource, at: ResourceRoute, verb: Verb | undefined): boolean =>
  resource.namespaced ? at.namespace === "" && verb !== "list" && verb !== "watch" : at.namespace !== ""

const checkCustomMethod = (resource: ServedResource, at: ResourceRoute, verb: Verb | undefined): void => {
  if (verb === undefined) throw methodNotAllowed()
  if ((verb === "update" || verb === "patch") && at.name === "") throw badRequest("name must be provided")
  if (at.subresource === "") return
  const served = resource.subresources.get(at.subresource)
  if (served === undefined) throw notFound(resource, at.name)
  if (!served.verbs.includes(verb)) throw unsupportedVerb(resource, verb)
}

const unsupportedVerb = (resource: ServedResource, verb: string): ApiFailure =>
  failure(405, "MethodNotAllowed", `${verb} is not supported on resources of kind "${resource.plural}.${resource.group}"`, {
    group: resource.group,
    kind: resource.plural
  })

/** Media types of watches. */
export const watchTypes: ReadonlyArray<string> = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"]

const offered = (verb: Verb | undefined): ReadonlyArray<string> =>
  verb === "list" || verb === "watch" ? [...standardTypes, ...watchTypes] : standardTypes

const notAcceptable = (types: ReadonlyArray<string>): ApiFailure =>
  failure(406, "NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${types.join(", ")}`, {})

/** 406 of the negotiation that comes after routing. */
export const noRepresentation = (types: ReadonlyArray<string>): ApiFailure =>
  failure(406, "NotAcceptable", `only the following media types are accepted: ${types.join(", ")}`)

const encodeResponse = (
  server: ApiServer,
  response: ApiResponse,
  resource: ServedResource,
  representation: Representation,
  query: { readonly [name: string]: string | undefined }
): HttpResponse => {
  const { encoding, pretty, shape } = representation
  const headers = {
    "Content-Type": contentType(encoding),
    ...response.headers,
    ...(response.warnings.length === 0 ? {} : { Warning: response.warnings.map((text) => `299 - ${JSON.stringify(text)}`) })
  }
  const { text } = response
  if (text !== undefined) return { status: response.code, headers: { "Content-Type": "text/plain" }, body: text }
  if (response.code === 204) return { status: 204, headers: {}, body: "" }
  const shaped = reshape(response.body, resource, representation, query["includeObject"], server.context.now())
  const plainList = shape === "object" && encoding === "json" && !pretty && !resource.custom && "items" in response.body
  return {
    status: response.code,
    headers,
    body: plainList ? encodeList(response.body as KubeList, resource) : encode(shaped, encoding, pretty)
  }
}

