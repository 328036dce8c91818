/**
 * Patches of all kinds but apply (see ../apply for that one).
 *
 * How the server calls it, with `current` the stored object in the version of the request, `apiVersion` and `kind` included:
 *
 * - built-in kinds: `patchBuiltin(request, current, schema)` gives the decoded and defaulted object, ready for
 *   `ManagedFields.update`, admission and validation;
 * - custom resources: `patchDocument(request, current)` gives the patched JSON, to be pruned, defaulted and validated by
 *   the definition's schema (there are no strategic patches for them: answer 415 before).
 *
 * Both give a `PatchError` to be answered as it is, or the object and the texts for Warning headers; with Strict those
 * texts have already become an error for built-in kinds, and must become one (`strictError`) for custom resources.
 */
import { decode } from "../builtin/Builtin.ts"
import { diagnose } from "../builtin/Diagnose.ts"
import { GoSyntaxError, parse } from "../builtin/GoJson.ts"
import { goPrint, goQuote } from "../builtin/GoText.ts"
import { deduced, field, list, map, scalar, struct, type SchemaNode } from "../builtin/SchemaNode.ts"
import { isObject, type Fields } from "../builtin/Sharing.ts"
import { diagnoseUnstructured, wrapIntegers } from "../builtin/Unstructured.ts"
import { applyJsonPatch, Inapplicable, type Operation } from "./JsonPatch.ts"
import { mergePatch } from "./MergePatch.ts"
import { badPatch, inapplicable, invalidResult, PatchError } from "./PatchError.ts"
import { strategicPatch } from "./StrategicPatch.ts"

/** What a client sent. */
export interface PatchRequest {
  readonly type: "json" | "merge" | "strategic"
  /** The parsed body; `undefined` when `text` is no JSON. */
  readonly body: unknown
  /** The body as it was sent, if it was text. */
  readonly text?: string | undefined
  readonly fieldValidation: "Ignore" | "Warn" | "Strict"
}

/** A patched object, with what the answer's Warning headers say. */
export interface Patched {
  readonly object: Fields
  readonly warnings: ReadonlyArray<string>
}

const operationsMax = 10_000

const noTexts: ReadonlyArray<string> = []

const text = scalar("string", "string")

const operationsSchema = list(
  () => struct(() => [field("op", text), field("path", text), field("from", text), field("value", deduced)], { goType: "handlers.jsonPatchOp" }),
  { goType: "[]handlers.jsonPatchOp" }
)

const mergeSchema = map(() => deduced, { goType: "map[string]interface {}" })

/** Checks the body of a patch: its form, and the fields that are unknown or stand twice. */
const readBody = (request: PatchRequest): ReadonlyArray<string> | PatchError => {
  const prefix = request.type === "strategic" ? "" : "error decoding patch: "
  try {
    const found = diagnose(request.type === "json" ? operationsSchema : mergeSchema, parse(request.text ?? JSON.stringify(request.body)))
    if (found.problem !== undefined) return badPatch(`${prefix}${found.problem}`)
    return request.fieldValidation === "Ignore" ? [] : found.strict.map((one) => (request.type === "json" ? `json patch ${one}` : one))
  } catch (error) {
    if (error instanceof GoSyntaxError) return badPatch(`${prefix}${error.message}`)
    throw error
  }
}

/** Bodies that are objects without duplicates need no second look. */
const quickBody = (request: PatchRequest): boolean => request.text === undefined && (request.type === "json" ? Array.isArray(request.body) && request.body.every(isObject) : isObject(request.body))

/** Applies the patch to a document without a schema. */
export const patchDocument = (request: PatchRequest, current: Fields, schema?: SchemaNode): Patched | PatchError => {
  const warnings = quickBody(request) && request.type !== "json" ? noTexts : readBody(request)
  if (warnings instanceof PatchError) return warnings
  const result = carryOut(request, current, schema)
  return result instanceof PatchError ? result : { object: result, warnings }
}

const carryOut = (request: PatchRequest, current: Fields, schema: SchemaNode | undefined): Fields | PatchError => {
  const { body, type } = request
  if (type === "merge") return body === null ? badPatch("Invalid JSON Patch") : mergePatch(current, body as Fields)
  if (body === null) return current
  if (type === "strategic") return strategicPatch(current, body as Fields, schema as SchemaNode)
  const operations = body as ReadonlyArray<Operation>
  if (operations.length > operationsMax) {
    return new PatchError(
      413,
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${operationsMax}, got ${operations.length}`
    )
  }
  try {
    return applyJsonPatch(current, operations) as Fields
  } catch (failure) {
    if (failure instanceof Inapplicable) return inapplicable()
    throw failure
  }
}

/** The 422 that Strict makes of unknown and duplicate fields. `shown` is the patched object, or the strategic patch. */
export const strictError = (request: PatchRequest, patched: Fields, texts: ReadonlyArray<string>): PatchError =>
  invalidResult(shownValue(request, patched), `strict decoding error: ${texts.join(", ")}`)

const shownValue = (request: PatchRequest, patched: Fields): string =>
  goQuote(request.type === "strategic" ? goPrint(request.body) : JSON.stringify(patched))

/** Applies the patch to a built-in object and decodes the result. */
export const patchBuiltin = (request: PatchRequest, current: Fields, schema: SchemaNode): Patched | PatchError => {
  const patched = patchDocument(request, current, schema)
  if (patched instanceof PatchError) return patched
  return request.type === "strategic" ? restoreResult(request, patched, current, schema) : decodeResult(request, patched, current, schema)
}

/** The result of a JSON or merge patch is decoded like a body. */
const decodeResult = (request: PatchRequest, patched: Patched, current: Fields, schema: SchemaNode): Patched | PatchError => {
  const { object } = patched
  if (object["kind"] !== current["kind"] || object["apiVersion"] !== current["apiVersion"]) {
    return invalidResult(shownValue(request, object), otherKindProblem(object, current))
  }
  const decoded = decode(schema, object, { previous: current, strict: request.fieldValidation !== "Ignore" })
  if (decoded.problem !== undefined) return invalidResult(shownValue(request, object), decoded.problem)
  return finish(request, object, decoded.object, [...patched.warnings, ...decoded.strict])
}

const otherKindProblem = (object: Fields, current: Fields): string =>
  `${goPrint(object["kind"])} in version ${goQuote(String(object["apiVersion"]))} cannot be handled as a ${goPrint(current["kind"])}`

/** The result of a strategic patch goes straight into the struct, which forgives more and words its errors differently. */
const restoreResult = (request: PatchRequest, patched: Patched, current: Fields, schema: SchemaNode): Patched | PatchError => {
  const { kind, apiVersion } = current
  if (patched.object["kind"] === kind && patched.object["apiVersion"] === apiVersion) {
    const { object, isClean } = decode(schema, patched.object, { previous: current })
    if (isClean) return finish(request, patched.object, object, patched.warnings)
  }
  const found = diagnoseUnstructured(schema, patched.object, current)
  if (found.problem !== undefined) return invalidResult(shownValue(request, patched.object), found.problem)
  const wrapped = wrapIntegers(schema, patched.object, current) as Fields
  const decoded = decode(schema, { ...wrapped, kind, apiVersion }, { previous: current })
  const strict = request.fieldValidation === "Ignore" ? [] : found.strict
  return finish(request, patched.object, decoded.object, [...patched.warnings, ...strict])
}

const finish = (request: PatchRequest, patched: Fields, object: Fields, texts: ReadonlyArray<string>): Patched | PatchError =>
  texts.length > 0 && request.fieldValidation === "Strict" ? strictError(request, patched, texts) : { object, warnings: texts }
