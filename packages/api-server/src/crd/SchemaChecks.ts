/** What the parts of a definition's schema may say, node by node; rules are compiled along the way. */
import type { StatusCause } from "@fairlead/kube"
import { forbiddenValue, requiredValue } from "../FieldCause.ts"
import { invalid, invalidText, unsupported } from "./Causes.ts"
import { followPath } from "./FieldPaths.ts"
import { itemsText } from "./GoDefinitionText.ts"
import type { RuleScope } from "./RuleChecks.ts"
import { itemsOf, propertyNames, type RuleProps, type SchemaProps, valueSchemaOf } from "./SchemaProps.ts"
import { Structural } from "./Structural.ts"
import { unsupportedPart } from "./SchemaStructure.ts"
import { metaFields } from "./Normalise.ts"

/** What holds for a node because of where it stands. */
interface Place {
  /** Why there may be no default here; `undefined` where there may. */
  readonly noDefaults: string | undefined
  readonly inMetadata: boolean
  /** The path below which values cannot be paired with old ones. */
  readonly uncorrelated: string | undefined
}

/** Problems of the schema and of its rules; rules are only looked at where the schema is in order. */
interface Found {
  readonly schema: Array<StatusCause>
  readonly rules: Array<StatusCause>
}

/** Checks a schema; `scope` gives types to its rules, `undefined` leaves them unchecked. */
export const schemaProblems = (schema: SchemaProps, path: string, scope: RuleScope | undefined): ReadonlyArray<StatusCause> => {
  const found = checkNode(schema, path, { noDefaults: undefined, inMetadata: false, uncorrelated: undefined }, true, scope)
  return [...found.schema, ...found.rules]
}

const checkNode = (schema: SchemaProps, path: string, place: Place, isRoot: boolean, scope: RuleScope | undefined): Found => {
  const found: Found = { schema: [], rules: [] }
  checkStandard(schema, path, place, found.schema)
  for (const [child, at, there, childScope] of childrenOf(schema, path, place, isRoot, scope)) {
    const below = checkNode(child, at, there, false, childScope)
    found.schema.push(...below.schema)
    found.rules.push(...below.rules)
  }
  checkMapType(schema, path, found.schema)
  checkListType(schema, path, found.schema)
  checkListItems(schema, path, found.schema)
  const rules = schema["x-kubernetes-validations"] ?? []
  rules.forEach((rule, i) => checkRuleTexts(schema, rule, `${path}.x-kubernetes-validations[${i}]`, found.schema))
  if (rules.length > 0 && found.schema.length === 0 && scope !== undefined) found.rules.push(...scope.check(schema, path, place.uncorrelated))
  return found
}

type Child = readonly [schema: SchemaProps, path: string, place: Place, scope: RuleScope | undefined]

const childrenOf = (schema: SchemaProps, path: string, place: Place, isRoot: boolean, scope: RuleScope | undefined): ReadonlyArray<Child> => {
  const { not, allOf = [], oneOf = [], anyOf = [], definitions = {}, dependencies = {}, properties = {}, items } = schema
  const values = valueSchemaOf(schema)
  const forValues = place.inMetadata ? { ...place, noDefaults: " inside additionalProperties applying to object metadata" } : place
  const single = itemsOf(schema)
  const forItems = schema["x-kubernetes-list-type"] === "map" ? place : uncorrelated(place, path)
  const plain = (name: string) => (part: SchemaProps, i: number): Child => [part, `${path}.${name}[${i}]`, place, undefined]
  return [
    ...(values === undefined ? [] : [[values, `${path}.additionalProperties`, forValues, scope?.values(schema, values)] as const]),
    ...propertyNames(schema).map((name): Child => {
      const property = properties[name]!
      return [property, `${path}.properties[${name}]`, placeOf(schema, name, path, place, isRoot), scope?.property(schema, name, property)]
    }),
    ...(not === undefined ? [] : [[not, `${path}.not`, place, undefined] as const]),
    ...allOf.map(plain("allOf")),
    ...oneOf.map(plain("oneOf")),
    ...anyOf.map(plain("anyOf")),
    ...Object.keys(definitions).sort().map((name): Child => [definitions[name]!, `${path}.definitions[${name}]`, place, undefined]),
    ...(single === undefined ? [] : [[single, `${path}.items`, forItems, scope?.items(schema, single)] as const]),
    ...(Array.isArray(items) ? (items as ReadonlyArray<SchemaProps>).map((item, i): Child => [item, `${path}.items[${i}]`, forItems, scope?.items(schema, item)]) : []),
    ...Object.keys(dependencies).sort().flatMap((name): ReadonlyArray<Child> => {
      const dependency = dependencies[name]!
      return Array.isArray(dependency) ? [] : [[dependency as SchemaProps, `${path}.dependencies[${name}]`, place, undefined]]
    })
  ]
}

const uncorrelated = (place: Place, path: string): Place => (place.uncorrelated === undefined ? { ...place, uncorrelated: path } : place)

const placeOf = (schema: SchemaProps, name: string, path: string, place: Place, isRoot: boolean): Place => {
  const mapType = schema["x-kubernetes-map-type"]
  const here = mapType === undefined || mapType === "granular" || mapType === "atomic" ? place : uncorrelated(place, path)
  if (!metaFields.has(name) || !(isRoot || schema["x-kubernetes-embedded-resource"] === true)) return here
  return { ...here, inMetadata: true, ...(isRoot ? { noDefaults: ` in top-level ${name}` } : {}) }
}

const types = ["array", "boolean", "integer", "number", "object", "string"]

const checkStandard = (schema: SchemaProps, path: string, place: Place, found: Array<StatusCause>): void => {
  const { type = "", items, patternProperties = {}, definitions = {} } = schema
  const refuse = (when: boolean, name: string, why: string): void => {
    if (when) found.push(forbiddenValue(`${path}.${name}`, why))
  }
  if (type !== "" && !types.includes(type)) found.push(unsupported(`${path}.type`, type, types))
  refuse((schema.default ?? undefined) !== undefined && place.noDefaults !== undefined, "default", `must not be set${place.noDefaults}`)
  refuse((schema.id ?? "") !== "", "id", "id is not supported")
  refuse(schema.additionalItems !== undefined, "additionalItems", "additionalItems is not supported")
  refuse(Object.keys(patternProperties).length > 0, "patternProperties", "patternProperties is not supported")
  refuse(Object.keys(definitions).length > 0, "definitions", "definitions is not supported")
  refuse(schema.dependencies !== undefined, "dependencies", "dependencies is not supported")
  refuse(schema.$ref !== undefined, "$ref", "$ref is not supported")
  refuse(type === "null", "type", "type cannot be set to null, use nullable as an alternative")
  refuse(Array.isArray(items) && items.length > 0, "items", "items must be a schema object and not an array")
  refuse(place.inMetadata && schema["x-kubernetes-embedded-resource"] === true, "x-kubernetes-embedded-resource", "must not be used inside of resource meta")
  refuse(schema.uniqueItems === true, "uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
  const { additionalProperties } = schema
  refuse(
    additionalProperties !== undefined && additionalProperties !== true && Object.keys(schema.properties ?? {}).length > 0,
    "additionalProperties",
    "additionalProperties and properties are mutual exclusive"
  )
}

const checkMapType = (schema: SchemaProps, path: string, found: Array<StatusCause>): void => {
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    found.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"))
  }
  const mapType = schema["x-kubernetes-map-type"]
  if (mapType === undefined) return
  if (schema.type !== "object") found.push(typeProblem(schema, path, "must be object if x-kubernetes-map-type is specified"))
  if (mapType !== "atomic" && mapType !== "granular") found.push(unsupported(`${path}.x-kubernetes-map-type`, mapType, ["atomic", "granular"]))
}

const typeProblem = ({ type = "" }: SchemaProps, path: string, why: string): StatusCause =>
  type === "" ? requiredValue(`${path}.type`, why) : invalid(`${path}.type`, type, why)

const checkListType = (schema: SchemaProps, path: string, found: Array<StatusCause>): void => {
  const listType = schema["x-kubernetes-list-type"]
  const items = itemsOf(schema)
  if (listType !== undefined && schema.type !== "array") found.push(typeProblem(schema, path, "must be array if x-kubernetes-list-type is specified"))
  else if (listType === "set" && items !== undefined) {
    const why = "must be atomic as item of a list with x-kubernetes-list-type=set"
    const inner = items["x-kubernetes-list-type"]
    if (items.type === "array" && inner !== undefined && inner !== "atomic") found.push(invalid(`${path}.items.x-kubernetes-list-type`, inner, why))
    if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic") found.push(invalid(`${path}.items.x-kubernetes-map-type`, inner, why))
  }
  if (listType !== undefined && !["atomic", "set", "map"].includes(listType)) {
    found.push(unsupported(`${path}.x-kubernetes-list-type`, listType, ["atomic", "set", "map"]))
  }
  if ((schema["x-kubernetes-list-map-keys"]?.length ?? 0) > 0) {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty"
    if (listType === undefined) found.push(requiredValue(`${path}.x-kubernetes-list-type`, why))
    else if (listType !== "map") found.push(invalid(`${path}.x-kubernetes-list-type`, listType, why))
  }
}

const checkListItems = (schema: SchemaProps, path: string, found: Array<StatusCause>): void => {
  const listType = schema["x-kubernetes-list-type"]
  const items = itemsOf(schema)
  if (listType === "map") checkMapList(schema, items, path, found)
  if (items === undefined || (listType !== "set" && listType !== "map")) return
  if (items.nullable === true) found.push(forbiddenValue(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`))
  if (listType !== "map") return
  for (const key of schema["x-kubernetes-list-map-keys"] ?? []) {
    const property = items.properties?.[key]
    if (property === undefined) continue
    const at = `${path}.items.properties[${key}]`
    if (items.required?.includes(key) !== true && (property.default ?? undefined) === undefined) {
      found.push(requiredValue(`${at}.default`, "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
    }
    if (property.nullable === true) found.push(forbiddenValue(`${at}.nullable`, "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"))
  }
}

const checkMapList = (schema: SchemaProps, items: SchemaProps | undefined, path: string, found: Array<StatusCause>): void => {
  const keys = schema["x-kubernetes-list-map-keys"] ?? []
  const at = `${path}.x-kubernetes-list-map-keys`
  if (keys.length === 0) found.push(requiredValue(at, "must not be empty if x-kubernetes-list-type is map"))
  if (schema.items === undefined) found.push(requiredValue(`${path}.items`, "must have a schema if x-kubernetes-list-type is map"))
  else if (items === undefined) {
    found.push(invalidText(`${path}.items`, itemsText(schema), "must only have a single schema if x-kubernetes-list-type is map"))
  } else if (items.type !== "object") {
    found.push(invalid(`${path}.items.type`, items.type ?? "", "must be object if parent array's x-kubernetes-list-type is map"))
  }
  if (items?.type !== "object") return
  const seen = new Set<string>()
  for (const key of keys) {
    const property = items.properties?.[key]
    if (property === undefined) found.push(invalid(at, keys, "entries must all be names of item properties"))
    else if (property.type === "array" || property.type === "object") {
      found.push(invalid(`${path}.items.properties[${key}].type`, "object", "must be a scalar type if parent array's x-kubernetes-list-type is map"))
    }
    if (seen.has(key)) found.push(invalid(at, keys, "must not contain duplicate entries"))
    seen.add(key)
  }
}

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]

const hasBreak = (text: string): boolean => /[\n\r]/.test(text)

/** An entry that is `null` counts as an empty one. */
const checkRuleTexts = (schema: SchemaProps, props: Partial<RuleProps> | null, path: string, found: Array<StatusCause>): void => {
  const { rule = "", message = "", messageExpression = "", reason, fieldPath = "" } = props ?? {}
  const trimmed = message.trim()
  if (rule.trim() === "") found.push(requiredValue(`${path}.rule`, "rule is not specified"))
  else if (message !== "" && trimmed === "") found.push(invalid(`${path}.message`, message, "must be non-empty if specified"))
  else if (hasBreak(trimmed)) found.push(invalid(`${path}.message`, message, "must not contain line breaks"))
  else if (hasBreak(rule.trim()) && trimmed === "") found.push(requiredValue(`${path}.message`, "message must be specified if rule contains line breaks"))
  if (messageExpression !== "" && messageExpression.trim() === "") {
    found.push(requiredValue(`${path}.messageExpression`, "messageExpression must be non-empty if specified"))
  }
  if (reason !== undefined && !reasons.includes(reason)) found.push(unsupported(`${path}.reason`, reason, reasons))
  if (fieldPath === "") return
  if (fieldPath.trim() === "") found.push(invalid(`${path}.fieldPath`, fieldPath, "must be non-empty if specified"))
  if (hasBreak(fieldPath)) found.push(invalid(`${path}.fieldPath`, fieldPath, "must not contain line breaks"))
  if (unsupportedPart(schema) === undefined && typeof followPath(fieldPath, new Structural(schema), true) === "string") {
    found.push(invalid(`${path}.fieldPath`, fieldPath, "must be a valid path"))
  }
}
