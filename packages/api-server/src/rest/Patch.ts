/** Changes stored objects by patches. */
import type { KubeObject } from "@fairlead/kube"
import { ApiFailure, failure, unsupportedMediaType } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import type { Draft } from "../Draft.ts"
import { patchBuiltin, patchDocument, type PatchRequest } from "../patch/Patch.ts"
import { PatchError } from "../patch/PatchError.ts"
import { answer } from "./Answer.ts"
import { draftFrom } from "./Body.ts"
import type { Call } from "./Call.ts"
import { checkName, existingObject, replaceObject } from "./Update.ts"

/** PATCH on an object. */
export const patch = (call: Call): ApiResponse => {
  const previous = existingObject(call)
  const draft = patchedDraft(call, previous)
  checkName(call, draft)
  return answer(call, 200, replaceObject(call, draft, call.request.subresource === "status"))
}

/** The object that a JSON, merge or strategic patch makes of `current`. */
export const patchedDraft = (call: Call, current: KubeObject): Draft => {
  const { resource, request, fieldValidation } = call
  const { patchType } = request
  if (patchType === undefined || patchType === "apply" || (resource.custom && patchType === "strategic")) throw unsupportedPatch(call)
  const patchRequest: PatchRequest = { type: patchType, body: request.body, text: request.bodyText, fieldValidation }
  const fields = current as unknown as Record<string, unknown>
  const patched = resource.custom ? patchDocument(patchRequest, fields) : patchBuiltin(patchRequest, fields, resource.schema)
  if (patched instanceof PatchError) throw refusal(patched)
  call.warnings.push(...patched.warnings)
  return draftFrom(resource, patched.object)
}

const refusal = ({ code, reason, message, causes }: PatchError): ApiFailure =>
  failure(code, reason, message, causes === undefined ? undefined : causes.length === 0 ? {} : { causes })

const patchTypes = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"

/** 415, worded differently for custom resources. */
export const unsupportedPatch = ({ resource }: Call): ApiFailure =>
  resource.custom
    ? unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${patchTypes}`)
    : failure(415, "UnsupportedMediaType", "the server responded with the status code 415 but did not return more information", {})
