/** Whether schemas are structural: every field has its type outside of `allOf` and its like, which only narrow values. */
import { jsonEqual, type StatusCause } from "@fairlead/kube"
import { goRegex } from "../cel/regex/GoRegex.ts"
import { RegexSyntaxError } from "../cel/regex/RegexNode.ts"
import { forbiddenValue, requiredValue } from "../FieldCause.ts"
import { causeText, invalid } from "./Causes.ts"
import { itemsOf, propertyNames, type SchemaProps, valueSchemaOf } from "./SchemaProps.ts"

type Level = "root" | "item" | "field"

type Found = Array<StatusCause>

/** Everything that keeps a schema from being structural, in alphabetical order. */
export const structureProblems = (schema: SchemaProps, path: string): ReadonlyArray<StatusCause> => {
  const found: Found = []
  checkNode(schema, "root", path, found)
  checkComplete(schema, schema, path, path, found)
  return found.map((cause) => [causeText(cause), cause] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, cause]) => cause)
}

/** What a schema contains that no structural schema can; `undefined` if there is nothing. */
export const unsupportedPart = (schema: SchemaProps): string | undefined => {
  const named = ([
    ["id", schema.id], ["schema", schema.$schema], ["$ref", schema.$ref], ["patternProperties", schema.patternProperties], ["dependencies", schema.dependencies],
    ["additionalItems", schema.additionalItems], ["definitions", schema.definitions]
  ] as const).find(([, value]) => value !== undefined && value !== "" && (typeof value !== "object" || Object.keys(value).length > 0))
  if (named !== undefined) return `OpenAPIV3Schema '${named[0]}' is not supported`
  const parts = [...(schema.not === undefined ? [] : [schema.not]), ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  for (const part of parts) {
    const problem = unsupportedPart(part)
    if (problem !== undefined) return problem
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
  if (Array.isArray(schema.items) && schema.items.length > 0) return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  const children = [itemsOf(schema), ...propertyNames(schema).map((name) => schema.properties![name]), valueSchemaOf(schema)]
  return children.map((child) => (child === undefined ? undefined : unsupportedPart(child))).find((problem) => problem !== undefined)
}

const checkNode = (schema: SchemaProps, level: Level, path: string, found: Found): void => {
  const { type = "", properties = {}, additionalProperties } = schema
  const items = itemsOf(schema)
  const values = valueSchemaOf(schema)
  if (type === "array" && items === undefined) found.push(requiredValue(`${path}.items`, "must be specified"))
  if (items !== undefined) checkNode(items, "item", `${path}.items`, found)
  for (const name of propertyNames(schema)) checkNode(properties[name]!, "field", `${path}.properties[${name}]`, found)
  if (additionalProperties !== undefined && level === "root") found.push(forbiddenValue(`${path}.additionalProperties`, "must not be used at the root"))
  if (values !== undefined) checkNode(values, "field", `${path}.additionalProperties`, found)
  checkExtensions(schema, path, found)
  checkValues(schema, isEitherType(schema.anyOf), (schema.allOf?.length ?? 0) > 0 && isEitherType(schema.allOf![0]!.anyOf), path, found)
  checkType(schema, level, path, found)
  checkIdentity(schema, level, path, found)
}

const checkExtensions = (schema: SchemaProps, path: string, found: Found): void => {
  if (schema["x-kubernetes-int-or-string"] !== true) return
  const why = "must be false if x-kubernetes-int-or-string is true"
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) found.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, why))
  if (schema["x-kubernetes-embedded-resource"] === true) found.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, why))
}

const emptyTypeTexts = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields"
} as const

const checkType = (schema: SchemaProps, level: Level, path: string, found: Found): void => {
  const { type = "" } = schema
  const at = `${path}.type`
  if (schema["x-kubernetes-embedded-resource"] === true && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true"
    found.push(type === "" ? requiredValue(at, why) : invalid(at, type, why))
  } else if (type === "" && schema["x-kubernetes-int-or-string"] !== true && schema["x-kubernetes-preserve-unknown-fields"] !== true) {
    found.push(requiredValue(at, emptyTypeTexts[level]))
  }
  if (schema["x-kubernetes-embedded-resource"] === true && schema.additionalProperties !== undefined) {
    found.push(forbiddenValue(`${path}.additionalProperties`, "must not be used if x-kubernetes-embedded-resource is set"))
  }
  if (level === "root" && type !== "" && type !== "object") found.push(invalid(at, type, "must be object at the root"))
}

/** `apiVersion`, `kind` and `metadata` of objects. */
const checkIdentity = (schema: SchemaProps, level: Level, path: string, found: Found): void => {
  const { properties = {} } = schema
  const embedded = schema["x-kubernetes-embedded-resource"] === true
  const isObject = level === "root" || embedded
  for (const name of ["kind", "apiVersion"]) {
    const type = properties[name]?.type ?? ""
    if (isObject && properties[name] !== undefined && type !== "string") found.push(invalid(`${path}.properties[${name}].type`, type, "must be string"))
  }
  const { metadata } = properties
  if (metadata !== undefined) checkMetadataSchema(metadata, isObject, level, `${path}.properties[metadata]`, found)
  if (embedded && schema["x-kubernetes-preserve-unknown-fields"] !== true && Object.keys(properties).length === 0) {
    found.push(requiredValue(`${path}.properties`, "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"))
  }
}

const checkMetadataSchema = (metadata: SchemaProps, isObject: boolean, level: Level, path: string, found: Found): void => {
  if (isObject && metadata.type !== "object") found.push(invalid(`${path}.type`, metadata.type ?? "", "must be object"))
  if (level !== "root") return
  const { type: _, default: __, properties = {}, ...rest } = metadata
  const names = Object.keys(properties).filter((name) => name !== "name" && name !== "generateName")
  const other = rest.additionalProperties !== undefined || Object.entries(rest).some(([, value]) => value !== undefined && value !== "" && value !== false && !jsonEqual(value, []))
  if (names.length > 0 || other) {
    found.push(forbiddenValue(path, "must not specify anything other than name and generateName, but metadata is implicitly specified"))
  }
}

/** `[{type: integer}, {type: string}]`, which goes with `x-kubernetes-int-or-string`. */
const isEitherType = (parts: ReadonlyArray<SchemaProps> | undefined): boolean => jsonEqual(parts, [{ type: "integer" }, { type: "string" }])

const checkValues = (schema: SchemaProps, skipsAnyOf: boolean, skipsFirstAllOf: boolean, path: string, found: Found): void => {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = "" } = schema
  if (!skipsAnyOf) anyOf.forEach((part, i) => checkNested(part, false, `${path}.anyOf[${i}]`, found))
  allOf.forEach((part, i) => checkNested(part, skipsFirstAllOf && i === 0, `${path}.allOf[${i}]`, found))
  oneOf.forEach((part, i) => checkNested(part, false, `${path}.oneOf[${i}]`, found))
  if (not !== undefined) checkNested(not, false, `${path}.not`, found)
  if (pattern === "") return
  try {
    goRegex(pattern)
  } catch (error) {
    if (!(error instanceof RegexSyntaxError)) throw error
    found.push(invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${error.message}`))
  }
}

/** What parts of `allOf` and its like may not say. */
const checkNested = (schema: SchemaProps, skipsAnyOf: boolean, path: string, found: Found): void => {
  const { properties = {} } = schema
  const items = itemsOf(schema)
  const refuse = (name: string, why: string, when: boolean): void => {
    if (when) found.push(forbiddenValue(`${path}.${name}`, `must be ${why} to be structural`))
  }
  checkValues(schema, skipsAnyOf, false, path, found)
  if (items !== undefined) checkNested(items, false, `${path}.items`, found)
  for (const name of propertyNames(schema)) checkNested(properties[name]!, false, `${path}.properties[${name}]`, found)
  refuse("type", "empty", (schema.type ?? "") !== "")
  refuse("additionalProperties", "undefined", schema.additionalProperties !== undefined && schema.additionalProperties !== false)
  refuse("default", "undefined", (schema.default ?? undefined) !== undefined)
  refuse("title", "empty", (schema.title ?? "") !== "")
  refuse("description", "empty", (schema.description ?? "") !== "")
  refuse("nullable", "false", schema.nullable === true)
  refuse("x-kubernetes-preserve-unknown-fields", "false", schema["x-kubernetes-preserve-unknown-fields"] === true)
  refuse("x-kubernetes-embedded-resource", "false", schema["x-kubernetes-embedded-resource"] === true)
  refuse("x-kubernetes-int-or-string", "false", schema["x-kubernetes-int-or-string"] === true)
  refuse("x-kubernetes-list-map-keys", "empty", (schema["x-kubernetes-list-map-keys"]?.length ?? 0) > 0)
  refuse("x-kubernetes-list-type", "undefined", schema["x-kubernetes-list-type"] !== undefined)
  refuse("x-kubernetes-map-type", "undefined", schema["x-kubernetes-map-type"] !== undefined)
  refuse("x-kubernetes-validations", "empty", (schema["x-kubernetes-validations"]?.length ?? 0) > 0)
  if (properties["metadata"] !== undefined) found.push(forbiddenValue(`${path}.properties[metadata]`, "must not be specified in a nested context"))
}

/** Whatever `allOf` and its like speak of must be there outside of them too. */
const checkComplete = (nested: SchemaProps, schema: SchemaProps, at: string, path: string, found: Found): void => {
  const { not, allOf = [], anyOf = [], oneOf = [] } = nested
  if (not !== undefined) checkNestedComplete(not, schema, at, `${path}.not`, found)
  allOf.forEach((part, i) => checkNestedComplete(part, schema, at, `${path}.allOf[${i}]`, found))
  anyOf.forEach((part, i) => checkNestedComplete(part, schema, at, `${path}.anyOf[${i}]`, found))
  oneOf.forEach((part, i) => checkNestedComplete(part, schema, at, `${path}.oneOf[${i}]`, found))
}

const checkNestedComplete = (nested: SchemaProps, schema: SchemaProps | undefined, at: string, path: string, found: Found): void => {
  if (schema === undefined) return void found.push(requiredValue(at, `because it is defined in ${path}`))
  checkComplete(nested, schema, at, path, found)
  const items = itemsOf(nested)
  if (items !== undefined) checkNestedComplete(items, itemsOf(schema), `${at}.items`, `${path}.items`, found)
  for (const name of propertyNames(nested)) {
    const below = `.properties[${name}]`
    const property = schema.properties?.[name]
    if (property === undefined) found.push(requiredValue(`${at}${below}`, `because it is defined in ${path}${below}`))
    else checkNestedComplete(nested.properties![name]!, property, `${at}${below}`, `${path}${below}`, found)
  }
}
