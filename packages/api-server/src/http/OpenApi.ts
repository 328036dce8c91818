/** Serves the OpenAPI documents, with the caching that kubectl relies on. */
import type { ApiServer } from "../ApiServer.ts"
import { methodNotAllowed } from "../ApiFailure.ts"
import { type DocumentText, OpenApiDocuments } from "../openapi/Documents.ts"
import type { HttpRequest, HttpResponse } from "./HttpMessage.ts"
import { parseAccept } from "./MediaTypes.ts"

/** Answers paths below `/openapi`; `undefined` for other paths. */
export const openApiResponse = async (server: ApiServer, request: HttpRequest, segments: ReadonlyArray<string>): Promise<HttpResponse | undefined> => {
  const [root, version, ...rest] = segments
  if (root !== "openapi" || (version !== "v2" && version !== "v3") || (version === "v2" && rest.length > 0)) return undefined
  if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed()
  const documents = await OpenApiDocuments.of(server.context)
  if (version === "v2") return v2Response(request, documents)
  if (rest.length === 0) {
    return { status: 200, headers: { "Content-Type": "text/plain; charset=utf-8" }, body: JSON.stringify(documents.index()) }
  }
  const path = rest.join("/")
  const document = documents.v3(path)
  if (document === undefined) return undefined
  const asked = new URLSearchParams(request.query).get("hash")
  if (asked !== null && asked !== document.hash) {
    return { status: 301, headers: { Location: `/openapi/v3/${path}?hash=${document.hash}` }, body: "" }
  }
  return withCaching(request, document, asked === null ? {} : immutable)
}

const protobufType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

/** The first of the accepted types that there is. */
const v2Response = (request: HttpRequest, documents: OpenApiDocuments): HttpResponse => {
  const accept = request.header("accept")
  const types = accept === undefined || accept === "" ? ["application/json"] : parseAccept(accept).map(({ type }) => type)
  for (const type of types) {
    if (type === "application/json" || type === "*/*" || type === "application/*") return withCaching(request, documents.v2())
    if (type === protobufType) {
      return { status: 200, headers: { "Content-Type": protobufType.replace("@", "."), Vary: "Accept" }, body: documents.v2Protobuf() }
    }
  }
  return { status: 406, headers: {}, body: "" }
}

/** What is fetched by its hash never changes. */
const immutable = { "Cache-Control": "public, immutable", Expires: "Fri, 31 Dec 2038 23:59:59 GMT" } as const

const withCaching = (request: HttpRequest, { text, hash }: DocumentText, headers: { readonly [name: string]: string } = {}): HttpResponse => {
  const etag = `"${hash}"`
  const shared = { ETag: etag, Vary: "Accept", ...headers }
  if (request.header("if-none-match") === etag) return { status: 304, headers: shared, body: "" }
  return { status: 200, headers: { "Content-Type": "application/json", ...shared }, body: text }
}
