/** Reads the object that a request carries. */
import { badRequest, failure } from "../ApiFailure.ts"
import type { Draft, DraftMeta } from "../Draft.ts"
import type { ServedResource } from "../ServedResource.ts"
import type { Call } from "./Call.ts"

/** The body as a draft of the call's own: its first two levels are not shared. */
export const readBody = (call: Call): Draft => {
  const { body } = call.request
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest(`the body of the request must be an object of kind ${call.resource.kind}, but is ${JSON.stringify(body) ?? "empty"}`)
  }
  return draftFrom(call.resource, body as Record<string, unknown>)
}

/** Makes a draft of a parsed object, under the kind of the resource. */
export const draftFrom = (resource: ServedResource, body: Record<string, unknown>): Draft => {
  const { apiVersion, kind, metadata, ...rest } = body
  checkKind(resource, apiVersion, kind)
  if (metadata !== undefined && metadata !== null && typeof metadata !== "object") {
    throw badRequest(`metadata must be an object, but is ${JSON.stringify(metadata)}`)
  }
  return { apiVersion: resource.apiVersion, kind: resource.kind, metadata: { ...(metadata as DraftMeta | undefined) }, ...rest }
}

const checkKind = (resource: ServedResource, apiVersion: unknown, kind: unknown): void => {
  if (typeof apiVersion === "string" && apiVersion !== "" && apiVersion !== resource.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${resource.apiVersion})`
    )
  }
  if (typeof kind === "string" && kind !== "" && kind !== resource.kind) {
    throw failure(
      400,
      "BadRequest",
      `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: no kind "${kind}" is registered for version "${resource.apiVersion}"`
    )
  }
}
