/** The tree that pruning, defaulting, validation and rules of custom resources walk along. */
import { itemsOf, propertyNames, type SchemaProps, valueSchemaOf } from "./SchemaProps.ts"

const noNames: ReadonlyArray<string> = []

/** A structural schema node: what the value is made of, apart from what `allOf` and its like ask of it. */
export class Structural {
  readonly props: SchemaProps
  readonly type: string
  readonly nullable: boolean
  /** `undefined` for none; `null` does not count as a default. */
  readonly default: unknown
  readonly properties: ReadonlyMap<string, Structural>
  /** Schema of the values under keys that are not properties. */
  readonly values: Structural | undefined
  /** Whether other keys than the properties are kept, with or without a schema. */
  readonly takesOthers: boolean
  readonly items: Structural | undefined
  readonly preserves: boolean
  readonly embedded: boolean
  readonly intOrString: boolean
  readonly listType: string
  readonly listKeys: ReadonlyArray<string>
  readonly mapType: string

  constructor(props: SchemaProps, embedded = props["x-kubernetes-embedded-resource"] === true) {
    const values = valueSchemaOf(props)
    const items = itemsOf(props)
    this.props = props
    this.type = props.type ?? ""
    this.nullable = props.nullable === true
    this.default = props.default ?? undefined
    this.properties = new Map(propertyNames(props).map((name) => [name, new Structural(props.properties![name]!)]))
    this.values = values === undefined ? undefined : new Structural(values)
    this.takesOthers = props.additionalProperties !== undefined
    this.items = items === undefined ? undefined : new Structural(items)
    this.preserves = props["x-kubernetes-preserve-unknown-fields"] === true
    this.embedded = embedded
    this.intOrString = props["x-kubernetes-int-or-string"] === true
    this.listType = props["x-kubernetes-list-type"] ?? ""
    this.listKeys = props["x-kubernetes-list-map-keys"] ?? noNames
    this.mapType = props["x-kubernetes-map-type"] ?? ""
  }

  /** Schema of the value at `key` of an object. */
  child(key: string): Structural | undefined {
    return this.properties.get(key) ?? this.values
  }
}

/** The schema of whole objects: their `apiVersion`, `kind` and `metadata` are there without being declared. */
export const structuralRoot = (props: SchemaProps): Structural => new Structural(props, true)

/** Whether the schema or one inside it has a quality. */
export const structuralHas = (schema: Structural | undefined, quality: (schema: Structural) => boolean): boolean =>
  schema !== undefined &&
  (quality(schema) ||
    structuralHas(schema.items, quality) ||
    structuralHas(schema.values, quality) ||
    [...schema.properties.values()].some((child) => structuralHas(child, quality)))
