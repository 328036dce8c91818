/** Changes stored objects by patches; apply also creates them. */
import type { KubeObject } from "@fairlead/kube"
import { ApiFailure, badRequest, conflict, failure, notFound, unsupportedMediaType } from "../ApiFailure.ts"
import type { ApiResponse } from "../ApiRequest.ts"
import { applyBuiltin, applyCustom } from "../apply/Apply.ts"
import { withNullsOf } from "../crd/Normalise.ts"
import type { Draft } from "../Draft.ts"
import { goQuote } from "../builtin/GoText.ts"
import type { Fields } from "../builtin/Sharing.ts"
import { patchBuiltin, patchDocument, type Patched, type PatchRequest, strictError } from "../patch/Patch.ts"
import { invalidResult, PatchError } from "../patch/PatchError.ts"
import { requireCreate } from "../policy/Authorization.ts"
import { answer } from "./Answer.ts"
import { draftFrom } from "./Body.ts"
import type { CustomSchema } from "../ServedResource.ts"
import type { Call } from "./Call.ts"
import { createObject } from "./Create.ts"
import { fieldWrite } from "./Ownership.ts"
import { checkName, existingObject, findObject, replaceObject } from "./Update.ts"
import { readBoolean } from "./WriteOptions.ts"

/** PATCH on an object. */
export const patch = (call: Call): ApiResponse => {
  if (call.request.patchType === "apply") return apply(call)
  const previous = existingObject(call)
  const draft = patchedDraft(call, previous)
  checkName(call, draft)
  return answer(call, 200, replaceObject(call, draft, previous))
}

const apply = (call: Call): ApiResponse => {
  const live = findObject(call)
  if (live === undefined && call.request.subresource !== undefined) throw notFound(call.resource, call.name)
  const draft = appliedDraft(call, live)
  checkName(call, draft)
  if (live !== undefined) return answer(call, 200, replaceObject(call, draft, live))
  if (draft.metadata.uid) {
    throw conflict(call.resource, call.name, `uid mismatch: the provided object specified uid ${draft.metadata.uid}, and no existing object was found`)
  }
  requireCreate(call)
  delete draft.metadata.resourceVersion
  return answer(call, 201, createObject(call, draft))
}

/** The object that an applied configuration makes of `live`, with its owners. */
const appliedDraft = (call: Call, live: KubeObject | undefined): Draft => {
  const { resource, request } = call
  checkYaml(call)
  const write = { ...fieldWrite(call), force: call.query["force"] !== undefined && readBoolean(call.query["force"]) }
  const applied = resource.custom ? applyCustom(live, request.body, write) : applyBuiltin(live, request.body, write)
  if (applied instanceof PatchError) throw refusal(applied)
  if (resource.customSchema === undefined) return draftFrom(resource, applied)
  const { metadata, ...read } = resource.customSchema.read({ ...applied }, false, live).object
  // Bodies lose nulls that may not be there; those of configurations come to the schema, which refuses them.
  return draftFrom(resource, { ...(withNullsOf(applied, read) as Fields), metadata })
}

/** Configurations are read as YAML, with errors of their own. */
const checkYaml = ({ request, fieldValidation, warnings }: Call): void => {
  const { body, bodyProblem, bodyDuplicates = [] } = request
  if (bodyProblem !== undefined || body === undefined) {
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${bodyProblem ?? "yaml: did not find expected node content"}`)
  }
  if (bodyDuplicates.length === 0 || fieldValidation === "Ignore") return
  if (fieldValidation === "Strict") {
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${bodyDuplicates.join("\n  ")}`)
  }
  warnings.push(...bodyDuplicates)
}

/** The object that a JSON, merge or strategic patch makes of `current`. */
export const patchedDraft = (call: Call, current: KubeObject): Draft => {
  const { resource, request, fieldValidation } = call
  const { patchType } = request
  if (patchType === undefined || patchType === "apply" || (resource.custom && patchType === "strategic")) throw unsupportedPatch(call)
  const patchRequest: PatchRequest = { type: patchType, body: request.body, text: request.bodyText, fieldValidation }
  const fields = current as unknown as Record<string, unknown>
  const patched = resource.customSchema === undefined
    ? patchBuiltin(patchRequest, fields, resource.schema)
    : patchCustom(patchRequest, current, resource.customSchema)
  if (patched instanceof PatchError) throw refusal(patched)
  if (patched.warnings.length > 0) call.warnings.push(...patched.warnings)
  return draftFrom(resource, patched.object)
}

/** The result of the patch is read like a body, by the schema of the version. */
const patchCustom = (request: PatchRequest, current: KubeObject, schema: CustomSchema): Patched | PatchError => {
  const patched = patchDocument(request, current as unknown as Record<string, unknown>)
  if (patched instanceof PatchError) return patched
  const read = schema.read(patched.object, request.fieldValidation !== "Ignore", current)
  if (read.problem !== undefined) return invalidResult(goQuote(JSON.stringify(patched.object)), read.problem)
  const warnings = read.strict.length === 0 ? patched.warnings : [...patched.warnings, ...read.strict]
  if (warnings.length > 0 && request.fieldValidation === "Strict") return strictError(request, patched.object, warnings)
  return { object: read.object, warnings }
}

/** A refused patch as a failure. */
export const refusal = ({ code, reason, message, causes }: PatchError): ApiFailure =>
  failure(code, reason, message, causes === undefined ? undefined : causes.length === 0 ? {} : { causes })

const patchTypes = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"

/** 415, worded differently for custom resources. */
const unsupportedPatch = ({ resource }: Call): ApiFailure =>
  resource.custom
    ? unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${patchTypes}`)
    : failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
