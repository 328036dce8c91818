/** The types that rules see, and how large values of them may become. */
import {
  boolType, bytesType, doubleType, durationType, dynType, intType, listOf, mapOf, objectType, stringType, timestampType, type Type
} from "../cel/types/Type.ts"
import { ruleName } from "./RuleNames.ts"
import type { Structural } from "./Structural.ts"

/** A type with the sizes of its values. */
export interface RuleType {
  readonly kind: "simple" | "list" | "map" | "object"
  /** For simple types only. */
  readonly simple?: Type
  /** The most characters, items or entries. */
  readonly most: number
  /** The fewest bytes as JSON. */
  readonly leastBytes: number
  readonly element?: RuleType
  /** Properties by the names that rules use. */
  readonly fields?: ReadonlyMap<string, RuleType>
}

/** The most bytes that a request may have. */
export const requestBytes = 3 * 1024 * 1024
const freeText = requestBytes - 2
const commaBytes = 1
const keyBytes = 6
const bytesPerCharacter = 4

const simple = (type: Type, leastBytes: number, most = 0): RuleType => ({ kind: "simple", simple: type, most, leastBytes })

const bool = simple(boolType, 4)
const int = simple(intType, 1)
const double = simple(doubleType, 1)
const plainString = simple(stringType, 2, freeText)

const positive = (limit: number): number => Math.max(limit, 0)

/** Fields that rules see at the root of objects even if no schema names them. */
export const metadataFields: ReadonlyArray<string> = ["generateName", "name"]

const metadata: RuleType = { kind: "object", most: 0, leastBytes: 2, fields: new Map(metadataFields.map((name) => [name, plainString])) }

/** Whether a schema names everything that rules see at the root of objects by itself. */
export const declaresMetadata = ({ properties }: Structural): boolean => {
  const meta = properties.get("metadata")
  return (
    properties.get("kind")?.type === "string" &&
    properties.get("apiVersion")?.type === "string" &&
    meta?.type === "object" &&
    metadataFields.every((name) => meta.properties.get(name)?.type === "string")
  )
}

/** The type of the values of a schema; `undefined` for values that rules cannot see. */
export const ruleType = (schema: Structural, isRoot: boolean): RuleType | undefined => {
  const { maxLength, maxItems, maxProperties } = schema.props
  if (schema.intOrString) return simple(dynType, 1, maxLength === undefined ? freeText : positive(maxLength) * bytesPerCharacter)
  switch (schema.type) {
    case "array": {
      const element = schema.items === undefined ? undefined : ruleType(schema.items, schema.items.embedded)
      if (element === undefined) return undefined
      const most = maxItems === undefined ? Math.floor(freeText / (element.leastBytes + commaBytes)) : positive(maxItems)
      return { kind: "list", most, leastBytes: 2, element }
    }
    case "object": {
      if (schema.values === undefined || isRoot) return objectRuleType(schema, isRoot)
      const element = ruleType(schema.values, schema.values.embedded)
      if (element === undefined) return undefined
      const most = maxProperties === undefined ? Math.floor(freeText / (element.leastBytes + keyBytes)) : positive(maxProperties)
      return { kind: "map", most, leastBytes: 2, element }
    }
    case "string":
      return stringRuleType(schema)
    case "boolean":
      return bool
    case "number":
      return double
    case "integer":
      return int
    default:
      return undefined
  }
}

const objectRuleType = (schema: Structural, isRoot: boolean): RuleType => {
  const fields = new Map<string, RuleType>()
  const required = new Set(schema.props.required)
  let leastBytes = 2
  const add = (name: string, type: RuleType, hasDefault: boolean): void => {
    const shown = ruleName(name)
    if (shown !== undefined) fields.set(shown, type)
    if (required.has(name) && !hasDefault) leastBytes += new TextEncoder().encode(name).length + type.leastBytes + 4
  }
  const withMetadata = isRoot && !declaresMetadata(schema)
  for (const [name, property] of schema.properties) {
    if (withMetadata && (name === "kind" || name === "apiVersion" || name === "metadata")) continue
    const type = ruleType(property, property.embedded)
    if (type !== undefined) add(name, type, property.default !== undefined)
  }
  if (withMetadata) for (const [name, type] of [["apiVersion", plainString], ["kind", plainString], ["metadata", metadata]] as const) add(name, type, false)
  return { kind: "object", most: 0, leastBytes, fields }
}

const stringRuleType = ({ props: { enum: values = [], format, maxLength } }: Structural): RuleType => {
  switch (format) {
    case "byte":
      return simple(bytesType, 2, maxLength === undefined ? freeText : positive(maxLength))
    case "duration":
      return simple(durationType, 3, 32)
    case "date":
      return simple(timestampType, 12, 12)
    case "date-time":
      return simple(timestampType, 21, 32)
    default: {
      if (maxLength !== undefined) return simple(stringType, 2, positive(maxLength) * bytesPerCharacter)
      const lengths = values.map((value) => (typeof value === "string" ? new TextEncoder().encode(value).length : 0))
      return values.length === 0 ? plainString : simple(stringType, 2, Math.max(...lengths))
    }
  }
}

/** The type in the form that expressions are checked with; objects are called by their place. */
export const expressionType = (type: RuleType, name: string): Type => {
  switch (type.kind) {
    case "simple":
      return type.simple!
    case "list":
      return listOf(expressionType(type.element!, `${name}.@idx`))
    case "map":
      return mapOf(stringType, expressionType(type.element!, `${name}.@elem`))
    case "object":
      return objectType(name, new Map([...type.fields!].map(([field, inner]) => [field, expressionType(inner, `${name}.${field}`)])))
  }
}

/** How long the value at a path may be: names of fields, `@items`, `@values` and `@keys` after the name of the variable. */
export const sizeAt = (root: RuleType, path: ReadonlyArray<string>): { readonly min: number; readonly max: number } | undefined => {
  let type: RuleType | undefined = root
  for (const name of path.slice(1)) {
    if (name === "@keys") type = type?.kind === "map" ? keyType : undefined
    else type = name === "@items" || name === "@values" ? type?.element : type?.fields?.get(name)
    if (type === undefined) return undefined
  }
  return { min: 0, max: type.most }
}

const keyType = simple(stringType, 2)
