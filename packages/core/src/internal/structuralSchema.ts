/** Turns an Effect schema into a structural schema of a Kubernetes custom resource. */
import { Schema } from "effect"

/** The part of Kubernetes' `JSONSchemaProps` that is used here. */
export interface StructuralSchema {
  readonly type?: string
  readonly format?: string
  readonly description?: string
  readonly enum?: ReadonlyArray<string>
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: StructuralSchema
  readonly properties?: { readonly [name: string]: StructuralSchema }
  readonly additionalProperties?: StructuralSchema
  readonly required?: ReadonlyArray<string>
  readonly "x-kubernetes-list-type"?: string
  readonly "x-kubernetes-list-map-keys"?: ReadonlyArray<string>
  readonly "x-kubernetes-preserve-unknown-fields"?: true
}

/** The structural schema of what an Effect schema accepts; throws if Kubernetes has no words for it. */
export const structuralSchema = (schema: Schema.Top): StructuralSchema =>
  convert(
    Schema.toJsonSchemaDocument(schema, { includeAnnotationKey: (key) => key.startsWith("x-kubernetes-") }).schema as JsonSchema,
    "$"
  )

type JsonSchema = { readonly [keyword: string]: unknown }

/** Keywords that mean the same in both languages. */
const copied = [
  "type", "format", "description", "enum", "minLength", "maxLength", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
] as const

/** Keywords that are translated below. */
const translated = new Set(["allOf", "pattern", "minimum", "maximum", "items", "properties", "additionalProperties", "patternProperties", "required"])

const convert = (source: JsonSchema, path: string): StructuralSchema => {
  const json = merged(source)
  const unknown = Object.keys(json).find((keyword) => !translated.has(keyword) && !(copied as ReadonlyArray<string>).includes(keyword))
  if (unknown !== undefined) throw new Error(`a custom resource cannot say "${unknown}", which the schema at ${path} uses`)
  const out: Record<string, unknown> = {}
  for (const keyword of copied) {
    if (json[keyword] !== undefined) out[keyword] = json[keyword]
  }
  if (typeof json["pattern"] === "string") out["pattern"] = json["pattern"].replaceAll("\\/", "/")
  // An Effect integer is bounded by what a JavaScript number holds; Kubernetes' own bound is the format.
  if (json["minimum"] !== undefined && json["minimum"] !== Number.MIN_SAFE_INTEGER) out["minimum"] = json["minimum"]
  if (json["maximum"] !== undefined && json["maximum"] !== Number.MAX_SAFE_INTEGER) out["maximum"] = json["maximum"]
  if (json["type"] === undefined) out["x-kubernetes-preserve-unknown-fields"] = true
  if (json["type"] === "array") out["items"] = convert((json["items"] ?? {}) as JsonSchema, `${path}[]`)
  if (json["type"] === "object") Object.assign(out, objectKeywords(json, path))
  return out as StructuralSchema
}

/** Conjunctions of checks become one schema; the tighter one wins where two say the same. */
const merged = (source: JsonSchema): JsonSchema => {
  const { allOf, ...own } = source
  if (!Array.isArray(allOf)) return source
  const out: Record<string, unknown> = { ...own }
  for (const part of (allOf as ReadonlyArray<JsonSchema>).map(merged)) {
    for (const [keyword, value] of Object.entries(part)) {
      const other = out[keyword]
      if (typeof value === "number" && typeof other === "number") {
        out[keyword] = keyword.startsWith("min") ? Math.max(value, other) : Math.min(value, other)
      } else {
        out[keyword] = value
      }
    }
  }
  return out
}

const objectKeywords = (json: JsonSchema, path: string): Partial<StructuralSchema> => {
  const properties = json["properties"] as { readonly [name: string]: JsonSchema } | undefined
  if (properties !== undefined) {
    const names = Object.keys(properties).sort()
    const required = [...((json["required"] ?? []) as ReadonlyArray<string>)].sort()
    return {
      properties: Object.fromEntries(names.map((name) => [name, convert(properties[name]!, `${path}.${name}`)])),
      ...(required.length === 0 ? {} : { required })
    }
  }
  // Rules for names of entries stay with the engine: Kubernetes has none.
  const byPattern = Object.values((json["patternProperties"] ?? {}) as { readonly [pattern: string]: JsonSchema })
  const entry = byPattern[0] ?? (typeof json["additionalProperties"] === "object" ? (json["additionalProperties"] as JsonSchema) : undefined)
  return entry === undefined
    ? { "x-kubernetes-preserve-unknown-fields": true }
    : { additionalProperties: convert(entry, `${path}.*`) }
}
