/** Schemas at places of a definition that may hold something else too: an item schema or a list of them, a schema or a boolean, a schema or names. */
import { badRequest } from "../ApiFailure.ts"
import { decode, schemaOf } from "../builtin/Builtin.ts"
import { isObject } from "../builtin/Sharing.ts"
import type { Draft } from "../Draft.ts"
import { field } from "../Draft.ts"

type Fields = Readonly<Record<string, unknown>>

const node = schemaOf("apiextensions.k8s.io", "v1", "JSONSchemaProps")!

/** Brings the schemas at such places into the form of all others. Throws `BadRequest` when one of them is no schema. */
export const readLooseSchemas = (draft: Draft): void => {
  const spec = field<Fields>(draft, "spec")
  const versions = spec?.["versions"]
  if (!Array.isArray(versions)) return
  const read = versions.map((version: Fields) => {
    const schema = (version["schema"] as Fields | undefined)?.["openAPIV3Schema"]
    const typed = isObject(schema) ? typedBelow(schema) : schema
    return typed === schema ? version : { ...version, schema: { ...(version["schema"] as Fields), openAPIV3Schema: typed } }
  })
  if (read.some((version, i) => version !== versions[i])) draft["spec"] = { ...spec, versions: read }
}

/** A schema whose own fields are in form already. */
const typedBelow = (schema: Fields): Fields => {
  let out: Record<string, unknown> | undefined
  for (const [key, value] of Object.entries(schema)) {
    const read = readers[key]?.(value) ?? value
    if (read !== value) (out ??= { ...schema })[key] = read
  }
  return out ?? schema
}

/** A schema that was not looked at yet. */
const typed = (schema: Fields): Fields => {
  const { object, problem } = decode(node, schema)
  if (problem !== undefined) throw notHandled(problem)
  return typedBelow(object)
}

const notHandled = (problem: string): Error =>
  badRequest(`CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: ${problem}`)

const schemaIn = (value: unknown): unknown => (isObject(value) ? keepIfSame(value, typed(value)) : undefined)

/** What reads the same stays the same object. */
const keepIfSame = (before: Fields, after: Fields): Fields => (JSON.stringify(before) === JSON.stringify(after) ? before : after)

const each = (read: (value: unknown) => unknown) => (value: unknown): unknown => {
  if (Array.isArray(value)) {
    const list = value.map((item) => read(item) ?? item)
    return list.some((item, i) => item !== value[i]) ? list : value
  }
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, read(item) ?? item] as const)
  return entries.some(([key, item]) => item !== value[key]) ? Object.fromEntries(entries) : value
}

/** In a list or a map, Go reads `null` as an empty schema. */
const known = (value: unknown): unknown => (isObject(value) ? typedBelow(value) : value === null ? {} : value)

const itemsReader = (value: unknown): unknown => {
  if (!Array.isArray(value)) return isObject(value) ? schemaIn(value) : notASchema(value)
  return each((item) => (isObject(item) ? schemaIn(item) : notASchema(item)))(value)
}

const orBoolean = (value: unknown): unknown => {
  if (typeof value === "boolean") return value
  if (isObject(value)) return schemaIn(value)
  throw notHandled("boolean or JSON schema expected")
}

const orNames = (value: unknown): unknown => {
  if (isObject(value)) return schemaIn(value)
  if (Array.isArray(value) && value.every((name) => typeof name === "string")) return value
  return notASchema(value)
}

const notASchema = (value: unknown): never => {
  const kind = Array.isArray(value) ? "array" : value === null ? "null" : typeof value === "boolean" ? "bool" : typeof value
  throw notHandled(`json: cannot unmarshal ${kind} into Go value of type v1.JSONSchemaProps`)
}

const readers: Readonly<Record<string, ((value: unknown) => unknown) | undefined>> = {
  items: itemsReader,
  additionalProperties: orBoolean,
  additionalItems: orBoolean,
  dependencies: each(orNames),
  properties: each(known),
  patternProperties: each(known),
  definitions: each(known),
  allOf: each(known),
  anyOf: each(known),
  oneOf: each(known),
  not: (value) => (isObject(value) ? typedBelow(value) : value)
}
