/** Turns the parts of OpenAPI documents from the form of version 3 into that of version 2, and paths the other way. */
import { isObject } from "../builtin/Sharing.ts"

/** A JSON object of a document. */
export type Fields = { readonly [key: string]: unknown }

const v3Refs = "#/components/schemas/"
const v2Refs = "#/definitions/"

const retarget = (ref: unknown, from: string, to: string): unknown => (typeof ref === "string" ? ref.replace(from, to) : ref)

/** A schema of version 3 as version 2 shows it: references stand beside other keys, and there are no defaults. */
export const toV2Schema = (schema: Fields): Fields => {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === "default") continue
    if (key === "allOf" && Array.isArray(value) && value.length === 1) out["$ref"] = retarget((value[0] as Fields)["$ref"], v3Refs, v2Refs)
    else if (key === "$ref") out[key] = retarget(value, v3Refs, v2Refs)
    else if (key === "oneOf") out["type"] = "string"
    else if (key === "properties" && isObject(value)) {
      out[key] = Object.fromEntries(Object.entries(value).map(([name, property]) => [name, toV2Schema(property as Fields)]))
    } else if (isObject(value) && (key === "items" || key === "additionalProperties")) out[key] = toV2Schema(value)
    else out[key] = value
  }
  return out
}

/** Parameters that version 2 keeps in one place. */
export type Parameters = { readonly [name: string]: Fields }

const schemaKeys = new Set(["type", "uniqueItems", "items", "format", "collectionFormat"])

const toV3Parameter = (parameter: Fields): Fields => {
  const out: Record<string, unknown> = {}
  const schema: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(parameter)) (schemaKeys.has(key) ? schema : out)[key] = value
  return { ...out, schema }
}

const resolve = (parameter: Fields, shared: Parameters): Fields => {
  const ref = parameter["$ref"]
  return typeof ref === "string" ? shared[ref.replace("#/parameters/", "")]! : parameter
}

const refTo = (schema: unknown): Fields => {
  const ref = isObject(schema) ? schema["$ref"] : undefined
  return typeof ref === "string" ? { $ref: ref.replace(v2Refs, v3Refs) } : (schema as Fields)
}

const contentFor = (types: ReadonlyArray<string>, schema: unknown): Fields => Object.fromEntries(types.map((type) => [type, { schema: refTo(schema) }]))

const toV3Operation = (operation: Fields, shared: Parameters): Fields => {
  const { consumes, produces, parameters, responses, schemes: _schemes, ...rest } = operation
  const all = ((parameters ?? []) as ReadonlyArray<Fields>).map((parameter) => resolve(parameter, shared))
  const body = all.find((parameter) => parameter["in"] === "body")
  const others = all.filter((parameter) => parameter["in"] !== "body").map(toV3Parameter)
  const answers = Object.entries(responses as Fields).map(([code, answer]) => {
    const { schema, ...more } = answer as Fields
    return [code, schema === undefined ? more : { ...more, content: contentFor(produces as ReadonlyArray<string>, schema) }] as const
  })
  return {
    ...rest,
    ...(others.length === 0 ? {} : { parameters: others }),
    ...(body === undefined ? {} : {
      requestBody: { content: contentFor(consumes as ReadonlyArray<string>, body["schema"]), ...(body["required"] === true ? { required: true } : {}) }
    }),
    responses: Object.fromEntries(answers)
  }
}

/** A path of version 2 as version 3 shows it. */
export const toV3Path = (path: Fields, shared: Parameters): Fields =>
  Object.fromEntries(Object.entries(path).map(([key, value]) =>
    key === "parameters"
      ? [key, (value as ReadonlyArray<Fields>).map((parameter) => toV3Parameter(resolve(parameter, shared)))]
      : [key, toV3Operation(value as Fields, shared)]))

/** Names of the schemas that a part of a document refers to, directly or through others. */
export const reachable = (part: unknown, schemas: { readonly [name: string]: Fields }): ReadonlySet<string> => {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (isObject(value)) {
      const ref = value["$ref"]
      if (typeof ref === "string" && ref.startsWith(v3Refs)) {
        const name = ref.slice(v3Refs.length)
        if (!found.has(name)) {
          found.add(name)
          visit(schemas[name])
        }
      }
      for (const key in value) visit(value[key])
    }
  }
  visit(part)
  return found
}
