/** The schema of a custom resource as its definition writes it down, and walks over it. */

/** A rule of `x-kubernetes-validations`. */
export interface RuleProps {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/** Marks schemas that are read as they stand; see `verbatimly`. */
export const verbatim: unique symbol = Symbol("verbatim")

/** A schema node: OpenAPI v3 with the extensions of Kubernetes. */
export interface SchemaProps {
  readonly id?: string
  readonly $schema?: string
  readonly $ref?: string
  readonly description?: string
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly default?: unknown
  readonly maximum?: number
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: boolean
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly maxItems?: number
  readonly minItems?: number
  readonly uniqueItems?: boolean
  readonly multipleOf?: number
  readonly enum?: ReadonlyArray<unknown>
  readonly maxProperties?: number
  readonly minProperties?: number
  readonly required?: ReadonlyArray<string>
  readonly items?: SchemaProps | ReadonlyArray<SchemaProps>
  readonly allOf?: ReadonlyArray<SchemaProps>
  readonly oneOf?: ReadonlyArray<SchemaProps>
  readonly anyOf?: ReadonlyArray<SchemaProps>
  readonly not?: SchemaProps
  readonly properties?: { readonly [name: string]: SchemaProps }
  readonly additionalProperties?: SchemaProps | boolean
  readonly patternProperties?: { readonly [name: string]: SchemaProps }
  readonly dependencies?: { readonly [name: string]: SchemaProps | ReadonlyArray<string> }
  readonly additionalItems?: SchemaProps | boolean
  readonly definitions?: { readonly [name: string]: SchemaProps }
  readonly externalDocs?: { readonly description?: string; readonly url?: string }
  readonly example?: unknown
  readonly nullable?: boolean
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean
  readonly "x-kubernetes-embedded-resource"?: boolean
  readonly "x-kubernetes-int-or-string"?: boolean
  readonly "x-kubernetes-list-map-keys"?: ReadonlyArray<string>
  readonly "x-kubernetes-list-type"?: string
  readonly "x-kubernetes-map-type"?: string
  readonly "x-kubernetes-validations"?: ReadonlyArray<RuleProps>
  readonly [verbatim]?: true
}

const none: ReadonlyArray<never> = []

/**
 * The schema as defaults are held against it. kube-apiserver drops formats without a meaning from the schema of objects, and has the extension for
 * integers or strings stand for both types, but does neither for defaults.
 */
export const verbatimly = (schema: SchemaProps): SchemaProps => {
  const { items, allOf, anyOf, oneOf, not, properties, additionalProperties } = schema
  const all = (parts: ReadonlyArray<SchemaProps>): ReadonlyArray<SchemaProps> => parts.map(verbatimly)
  return {
    ...schema,
    ...(items === undefined ? {} : { items: Array.isArray(items) ? all(items as ReadonlyArray<SchemaProps>) : verbatimly(items as SchemaProps) }),
    ...(allOf === undefined ? {} : { allOf: all(allOf) }),
    ...(anyOf === undefined ? {} : { anyOf: all(anyOf) }),
    ...(oneOf === undefined ? {} : { oneOf: all(oneOf) }),
    ...(not === undefined ? {} : { not: verbatimly(not) }),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, verbatimly(part)])) }),
    ...(typeof additionalProperties === "object" ? { additionalProperties: verbatimly(additionalProperties) } : {}),
    [verbatim]: true
  }
}

const valuesOf = (schemas: { readonly [name: string]: SchemaProps } | undefined): ReadonlyArray<SchemaProps> =>
  schemas === undefined ? none : Object.values(schemas)

/** The one schema of a list's items; `undefined` for none or a list of schemas. */
export const itemsOf = ({ items }: SchemaProps): SchemaProps | undefined => (items === undefined || Array.isArray(items) ? undefined : (items as SchemaProps))

/** The schema of the values of a map; `undefined` where there is none or only a boolean. */
export const valueSchemaOf = ({ additionalProperties: values }: SchemaProps): SchemaProps | undefined => (typeof values === "object" ? values : undefined)

/** Names of the properties in alphabetical order. */
export const propertyNames = ({ properties }: SchemaProps): ReadonlyArray<string> => (properties === undefined ? none : Object.keys(properties).sort())

/** Whether a schema or one anywhere inside it has a quality. */
export const schemaHas = (schema: SchemaProps | undefined, quality: (schema: SchemaProps) => boolean): boolean => {
  if (schema === undefined) return false
  if (quality(schema)) return true
  return childrenOf(schema).some((child) => schemaHas(child, quality))
}

const childrenOf = (schema: SchemaProps): ReadonlyArray<SchemaProps> => {
  const { items, allOf, anyOf, oneOf, not, properties, additionalItems, definitions, patternProperties, dependencies } = schema
  const values = valueSchemaOf(schema)
  return [
    ...(items === undefined ? none : Array.isArray(items) ? (items as ReadonlyArray<SchemaProps>) : [items as SchemaProps]),
    ...(allOf ?? none),
    ...(anyOf ?? none),
    ...(oneOf ?? none),
    ...(not === undefined ? none : [not]),
    ...valuesOf(properties),
    ...(values === undefined ? none : [values]),
    ...valuesOf(patternProperties),
    ...(typeof additionalItems === "object" ? [additionalItems] : none),
    ...valuesOf(definitions),
    ...Object.values(dependencies ?? {}).filter((it): it is SchemaProps => !Array.isArray(it))
  ]
}
