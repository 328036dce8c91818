/** Reads bodies by their media type. */
import type { PatchType } from "@fairlead/kube"
import { failure, unsupportedMediaType } from "../ApiFailure.ts"
import type { ApiRequest } from "../ApiRequest.ts"
import { decodeObject } from "../protobuf/Envelope.ts"
import type { ServedResource } from "../ServedResource.ts"
import { type ParsedBody, parseJson, parseYaml } from "./BodyText.ts"
import type { HttpRequest } from "./HttpMessage.ts"

const decoder = new TextDecoder()

const patchTypes: Readonly<Record<string, PatchType>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply"
}

/** The parts of a call that come from the body. Throws `UnsupportedMediaType`. */
export const readBody = (request: HttpRequest, resource: ServedResource, verb: ApiRequest["verb"]): Partial<ParsedBody> & { patchType?: PatchType } => {
  if (verb === "get" || verb === "list") return {}
  if (verb === "patch") return readPatch(request, resource)
  const isDelete = verb === "delete" || verb === "deletecollection"
  if (isDelete && request.body.byteLength === 0) return {}
  return readDocument(request)
}

const typeOf = (request: HttpRequest): string => (request.header("content-type") ?? "").split(";")[0]!.trim()

const readDocument = (request: HttpRequest): ParsedBody => {
  const header = request.header("content-type") ?? ""
  const text = decoder.decode(request.body)
  if (header === "application/json") return parseJson(text)
  if (/;\s*;|;\s*$/.test(header)) throw unknownBody()
  switch (typeOf(request).toLowerCase()) {
    case "":
    case "application/json":
      return parseJson(text)
    case "application/yaml":
      return parseYaml(text)
    case "application/vnd.kubernetes.protobuf": {
      const decoded = decodeObject(request.body)
      return typeof decoded === "string" ? { bodyText: text, bodyProblem: decoded } : { body: decoded, bodyText: JSON.stringify(decoded) }
    }
    default:
      throw unknownBody()
  }
}

const unknownBody = (): Error =>
  unsupportedMediaType(
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
  )

const readPatch = (request: HttpRequest, resource: ServedResource): ParsedBody & { patchType: PatchType } => {
  const patchType = patchTypes[typeOf(request)]
  if (patchType === undefined || (resource.custom && patchType === "strategic")) throw unknownPatch(resource)
  const text = decoder.decode(request.body)
  return { ...(patchType === "apply" ? parseYaml(text) : parseJson(text)), patchType }
}

const unknownPatch = (resource: ServedResource): Error =>
  resource.custom
    ? unsupportedMediaType(
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )
    : failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
