/** Parts of definitions as Go's encoder writes the structs that hold them inside the original; messages show them so. */
import type { DefinitionVersion } from "./Definition.ts"
import { escapeHtml, goJson } from "./GoValueText.ts"
import { itemsOf, type RuleProps, type SchemaProps } from "./SchemaProps.ts"

const object = (fields: ReadonlyArray<readonly [string, string]>): string => `{${fields.map(([name, text]) => `"${name}":${text}`).join(",")}}`

const json = (value: unknown): string => escapeHtml(JSON.stringify(value ?? null))

const list = <A>(items: ReadonlyArray<A> | undefined, text: (item: A) => string): string => (items === undefined ? "null" : `[${items.map(text).join(",")}]`)

const mapText = <A>(values: { readonly [name: string]: A } | undefined, text: (value: A) => string): string =>
  values === undefined ? "null" : object(Object.keys(values).sort().map((name) => [json(name).slice(1, -1), text(values[name]!)]))

/** A rule of `x-kubernetes-validations`. */
export const ruleText = ({ rule, message, messageExpression, reason, fieldPath, optionalOldSelf }: RuleProps): string => object([
  ["Rule", json(rule)], ["Message", json(message ?? "")], ["MessageExpression", json(messageExpression ?? "")], ["Reason", json(reason)],
  ["FieldPath", json(fieldPath ?? "")], ["OptionalOldSelf", json(optionalOldSelf)]
])

/** A schema. */
export const schemaText = (schema: SchemaProps): string => object([
  ["ID", json(schema.id ?? "")], ["Schema", json(schema.$schema ?? "")], ["Ref", json(schema.$ref)], ["Description", json(schema.description ?? "")],
  ["Type", json(schema.type ?? "")], ["Nullable", json(schema.nullable ?? false)], ["Format", json(schema.format ?? "")], ["Title", json(schema.title ?? "")],
  ["Default", goJson(schema.default)], ["Maximum", json(schema.maximum)], ["ExclusiveMaximum", json(schema.exclusiveMaximum ?? false)],
  ["Minimum", json(schema.minimum)], ["ExclusiveMinimum", json(schema.exclusiveMinimum ?? false)], ["MaxLength", json(schema.maxLength)],
  ["MinLength", json(schema.minLength)], ["Pattern", json(schema.pattern ?? "")], ["MaxItems", json(schema.maxItems)], ["MinItems", json(schema.minItems)],
  ["UniqueItems", json(schema.uniqueItems ?? false)], ["MultipleOf", json(schema.multipleOf)], ["Enum", list(schema.enum, goJson)],
  ["MaxProperties", json(schema.maxProperties)], ["MinProperties", json(schema.minProperties)], ["Required", json(schema.required)],
  ["Items", itemsText(schema)], ["AllOf", list(schema.allOf, schemaText)], ["OneOf", list(schema.oneOf, schemaText)], ["AnyOf", list(schema.anyOf, schemaText)],
  ["Not", schema.not === undefined ? "null" : schemaText(schema.not)], ["Properties", mapText(schema.properties, schemaText)],
  ["AdditionalProperties", orBoolText(schema.additionalProperties)], ["PatternProperties", mapText(schema.patternProperties, schemaText)],
  ["Dependencies", mapText(schema.dependencies, dependencyText)], ["AdditionalItems", orBoolText(schema.additionalItems)],
  ["Definitions", mapText(schema.definitions, schemaText)],
  ["ExternalDocs", schema.externalDocs === undefined ? "null" : object([["Description", json(schema.externalDocs.description ?? "")], ["URL", json(schema.externalDocs.url ?? "")]])],
  ["Example", goJson(schema.example)], ["XPreserveUnknownFields", json(schema["x-kubernetes-preserve-unknown-fields"])],
  ["XEmbeddedResource", json(schema["x-kubernetes-embedded-resource"] ?? false)], ["XIntOrString", json(schema["x-kubernetes-int-or-string"] ?? false)],
  ["XListMapKeys", json(schema["x-kubernetes-list-map-keys"])], ["XListType", json(schema["x-kubernetes-list-type"])],
  ["XMapType", json(schema["x-kubernetes-map-type"])], ["XValidations", list(schema["x-kubernetes-validations"], ruleText)]
])

/** The items of a list. */
export const itemsText = (schema: SchemaProps): string => {
  if (schema.items === undefined) return "null"
  const single = itemsOf(schema)
  return object([
    ["Schema", single === undefined ? "null" : schemaText(single)],
    ["JSONSchemas", single === undefined ? list(schema.items as ReadonlyArray<SchemaProps>, schemaText) : "null"]
  ])
}

const orBoolText = (value: SchemaProps | boolean | undefined): string => {
  if (value === undefined) return "null"
  return object(typeof value === "boolean" ? [["Allows", json(value)], ["Schema", "null"]] : [["Allows", "true"], ["Schema", schemaText(value)]])
}

const dependencyText = (value: SchemaProps | ReadonlyArray<string>): string =>
  Array.isArray(value) ? object([["Schema", "null"], ["Property", json(value)]]) : object([["Schema", schemaText(value as SchemaProps)], ["Property", "null"]])

/** The versions of a definition, without what all of them share. */
export const versionsText = (versions: ReadonlyArray<DefinitionVersion>): string => list(versions, versionText)

const versionText = ({ name, served, storage, deprecated, deprecationWarning, schema, subresources, additionalPrinterColumns, selectableFields }: DefinitionVersion): string => object([
  ["Name", json(name)], ["Served", json(served)], ["Storage", json(storage)], ["Deprecated", json(deprecated ?? false)], ["DeprecationWarning", json(deprecationWarning)],
  ["Schema", schema === undefined ? "null" : object([["OpenAPIV3Schema", schema.openAPIV3Schema === undefined ? "null" : schemaText(schema.openAPIV3Schema)]])],
  ["Subresources", subresources === undefined ? "null" : object([
    ["Status", subresources.status === undefined ? "null" : "{}"],
    ["Scale", subresources.scale === undefined ? "null" : object([
      ["SpecReplicasPath", json(subresources.scale.specReplicasPath)], ["StatusReplicasPath", json(subresources.scale.statusReplicasPath)],
      ["LabelSelectorPath", json(subresources.scale.labelSelectorPath)]
    ])]
  ])],
  ["AdditionalPrinterColumns", list(additionalPrinterColumns, ({ name: column, type, format, description, priority, jsonPath }) => object([
    ["Name", json(column)], ["Type", json(type)], ["Format", json(format ?? "")], ["Description", json(description ?? "")], ["Priority", json(priority ?? 0)],
    ["JSONPath", json(jsonPath)]
  ]))],
  ["SelectableFields", list(selectableFields, ({ jsonPath }) => object([["JSONPath", json(jsonPath)]]))]
])
