/** Reads the object that a request carries, with the errors of the original's decoders. */
import type { KubeObject } from "@fairlead/kube"
import { type ApiFailure, badRequest, invalid } from "../ApiFailure.ts"
import { decode } from "../builtin/Builtin.ts"
import { copyOf } from "../builtin/Sharing.ts"
import { diagnose } from "../builtin/Diagnose.ts"
import { GoSyntaxError, parse, type GoValue } from "../builtin/GoJson.ts"
import { deduced } from "../builtin/SchemaNode.ts"
import { type Draft, type DraftMeta, draftOf } from "../Draft.ts"
import { invalidValue } from "../FieldCause.ts"
import type { ServedResource } from "../ServedResource.ts"
import type { Call } from "./Call.ts"
import { noteSent } from "./Ownership.ts"
import { isRegistered, registeredVersion, unknownConversion } from "./KnownKinds.ts"
import { kindOfJson } from "../builtin/GoText.ts"

type Fields = Record<string, unknown>

/** The body as a draft of the call's own; parts that equal `previous` are shared with it. */
export const readBody = (call: Call, previous?: KubeObject): Draft => {
  const { body } = call.request
  if (body === undefined) refuseUnreadable(call)
  if (body !== null && (typeof body !== "object" || Array.isArray(body))) {
    throw unrecognised(call, `couldn't get version/kind; json parse error: json: cannot unmarshal ${kindOfJson(body)} into Go value of type ${typeMetaType}`)
  }
  checkTypeMeta(call, (body ?? {}) as Fields)
  return decodeDraft(call, (body ?? {}) as Fields, previous)
}

/** Says why the text of a body could not be parsed. */
const refuseUnreadable = (call: Call): never => {
  const { bodyText, bodyProblem } = call.request
  throw unrecognised(call, bodyProblem ?? `couldn't get version/kind; json parse error: ${syntaxError(bodyText ?? "")}`)
}

const typeMetaType = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

/** Decodes the fields of a document whose kind is settled. */
const decodeDraft = (call: Call, body: Fields, previous: KubeObject | undefined): Draft => {
  const { resource, request, fieldValidation } = call
  if (resource.custom) return decodeCustom(call, body, previous)
  const strict = fieldValidation !== "Ignore"
  const decoded = decode(resource.schema, body, { text: request.bodyText, previous, strict })
  if (decoded.problem !== undefined) throw cannotBeHandled(resource, decoded.problem)
  meetStrictProblems(call, [...yamlDuplicates(call), ...decoded.strict])
  const draft = draftFrom(resource, decoded.object)
  if (decoded.emptied) noteSent(draft, decode(resource.schema, body, { keepEmpty: true }).object)
  return draft
}

/** A custom resource takes the form that the schema of its version gives it. */
const decodeCustom = (call: Call, body: Fields, previous: KubeObject | undefined): Draft => {
  const { resource, request, fieldValidation } = call
  const strict = fieldValidation !== "Ignore"
  const read = resource.customSchema!.read(body, strict, previous)
  if (read.problem !== undefined) throw cannotBeHandled(resource, read.problem)
  const duplicates = strict && request.bodyText !== undefined ? diagnose(deduced, parse(request.bodyText)).strict : []
  const problems = [...yamlDuplicates(call), ...duplicates, ...read.strict]
  meetStrictProblems(call, problems)
  return draftFrom(resource, read.object)
}

const yamlDuplicates = ({ request, fieldValidation }: Call): ReadonlyArray<string> => {
  const { bodyDuplicates = [] } = request
  if (bodyDuplicates.length === 0 || fieldValidation !== "Strict") return bodyDuplicates
  return [`yaml: unmarshal errors:\n  ${bodyDuplicates.join("\n  ")}`]
}

/** Unknown and duplicate fields fail the request or become warnings. */
const meetStrictProblems = ({ resource, fieldValidation, warnings }: Call, problems: ReadonlyArray<string>): void => {
  if (problems.length === 0 || fieldValidation === "Ignore") return
  if (fieldValidation === "Strict") throw cannotBeHandled(resource, `strict decoding error: ${problems.join(", ")}`)
  warnings.push(...problems)
}

const cannotBeHandled = (resource: ServedResource, problem: string): ApiFailure =>
  badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${problem}`)

/** Makes a draft of a decoded object, under the kind of the resource. */
export const draftFrom = (resource: ServedResource, object: object): Draft => {
  if (isWhole(resource, object)) return draftOf(object)
  const draft: Draft = { kind: resource.kind, apiVersion: resource.apiVersion, metadata: {}, ...object }
  draft.kind = resource.kind
  draft.apiVersion = resource.apiVersion
  draft.metadata = copyOf(draft.metadata)
  return draft
}

/** Whether an object begins with its kind, as decoded and patched ones do: then a plain copy does, which takes V8 half of the time. */
const isWhole = (resource: ServedResource, object: object): object is KubeObject => {
  const { apiVersion, kind, metadata } = object as Partial<KubeObject>
  if (kind !== resource.kind || apiVersion !== resource.apiVersion || metadata === undefined) return false
  for (const key in object) return key === "kind"
  return false
}

const unrecognised = ({ resource, request }: Call, problem: string): ApiFailure =>
  badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${problem} (${summary(request.bodyText ?? JSON.stringify(request.body) ?? "")})`)

const summaryBytes = 30

/** The beginning of a body, in hex unless it looks like an object. */
const summary = (text: string): string => {
  if (text === "") return "<empty>"
  const bytes = new TextEncoder().encode(text)
  const more = bytes.length > summaryBytes ? " ..." : ""
  if (text.startsWith("{")) return new TextDecoder().decode(bytes.subarray(0, summaryBytes)) + more
  return `${[...bytes.subarray(0, summaryBytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}${more}`
}

const syntaxError = (text: string): string => {
  try {
    return mismatchOf(parse(text))
  } catch (error) {
    if (error instanceof GoSyntaxError) return error.message
    throw error
  }
}

const mismatchOf = (value: GoValue): string => `json: cannot unmarshal ${value.kind} into Go value of type ${typeMetaType}`

const checkTypeMeta = (call: Call, body: Fields): void => {
  const { apiVersion, kind } = body
  refuseNoText(call, "apiVersion", apiVersion)
  refuseNoText(call, "kind", kind)
  const givenVersion = (apiVersion ?? "") as string
  const givenKind = (kind ?? "") as string
  if (call.resource.custom) return checkCustomKind(call, givenVersion, givenKind)
  if (givenVersion === call.resource.apiVersion && givenKind === call.resource.kind) return
  if (givenVersion.split("/").length > 2) throw unrecognised(call, `unexpected GroupVersion string: ${givenVersion}`)
  checkBuiltinKind(call.resource, givenVersion === "" ? call.resource.apiVersion : givenVersion, givenKind === "" ? call.resource.kind : givenKind)
}

const refuseNoText = (call: Call, name: string, value: unknown): void => {
  if (value === undefined || value === null || typeof value === "string") return
  throw unrecognised(call, `couldn't get version/kind; json parse error: json: cannot unmarshal ${kindOfJson(value)} into Go struct field .${name} of type string`)
}

const checkBuiltinKind = (resource: ServedResource, apiVersion: string, kind: string): void => {
  if (apiVersion === resource.apiVersion && kind === resource.kind) return
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1)
  const refuse = (why: string): ApiFailure => badRequest(`${kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`)
  if (kind === resource.kind && registeredVersion(apiVersion, kind)) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${resource.apiVersion})`)
  }
  if (!isRegistered(apiVersion, kind)) {
    throw refuse(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`)
  }
  throw refuse(unknownConversion(version, kind, resource))
}

/** Custom resources are read without a scheme: the kind must stand in the document. */
const checkCustomKind = (call: Call, apiVersion: string, kind: string): void => {
  const { resource, request } = call
  if (kind === "") {
    throw unrecognised(call, `Object 'Kind' is missing in '${request.bodyText ?? JSON.stringify(request.body)}'`)
  }
  if (apiVersion !== "" && apiVersion !== resource.apiVersion) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${resource.apiVersion})`)
  }
  if (kind === resource.kind) return
  const name = ((request.body as Fields)["metadata"] as DraftMeta | undefined)?.name ?? ""
  throw invalid(kind, resource.group, name, [invalidValue("kind", kind, `must be ${resource.kind}`)])
}
