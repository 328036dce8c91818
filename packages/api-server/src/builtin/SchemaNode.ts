/**
 * The one form in which decoding, patches, apply and field validation see the schema of a value.
 *
 * Built-in kinds get their nodes from `Builtin.schemaOf`. Whoever serves custom resources builds nodes from their
 * structural schemas with the functions below:
 *
 * - `type: object` with properties → `struct`; keys that are not declared are refused unless `unknown` is given
 *   (`x-kubernetes-preserve-unknown-fields` → `unknown: deduced`);
 * - `type: object` with `additionalProperties: S` → `map(S)`; with neither → `struct([], { unknown: deduced })`;
 * - `type: array` → `list(items, { type, keys })` from `x-kubernetes-list-type` and `-list-map-keys`;
 * - `x-kubernetes-map-type: atomic` → option `atomic: true`;
 * - scalars → `scalar(...)`; `x-kubernetes-int-or-string` and a schema without a type → `deduced`;
 * - `metadata` of the object itself → `Builtin.objectMeta`.
 */

/** What a scalar is made of. `untyped` takes any scalar. */
export type ScalarType =
  | "string"
  | "boolean"
  | "int32"
  | "int64"
  | "int"
  | "float64"
  | "bytes"
  | "time"
  | "microTime"
  | "duration"
  | "quantity"
  | "intOrString"
  | "untyped"

/** What a value looks like. `any` takes every JSON value. */
export type SchemaShape = "struct" | "map" | "list" | "scalar" | "any"

/** How the elements of a list belong to their owners. */
export type ListType = "atomic" | "set" | "map"

/** A declared field of a struct. */
export interface SchemaField {
  readonly name: string
  readonly node: SchemaNode
  /** Empty values are left out of the stored form (Go's `omitempty`). */
  readonly omitEmpty: boolean
  /** Even an empty struct or time is left out (Go's `omitzero`). */
  readonly omitZero: boolean
  /** An empty scalar or struct differs from one that was not given. */
  readonly pointer: boolean
  readonly required: boolean
  /** What an item that leaves this field out has in its place in the keys of its list. */
  readonly keyDefault: unknown
  readonly patchStrategy: "merge" | "replace" | undefined
  readonly retainKeys: boolean
  /** By which field items of this list are matched in strategic merge patches. */
  readonly mergeKey: string | undefined
  /** Go name of the embedded struct that declares the field, as it appears in decoding errors. */
  readonly embedded: string | undefined
  /** Its protobuf number, after those of the embedded messages that lead to it; empty where it has none. */
  readonly numbers: ReadonlyArray<number>
}

interface SchemaNodeInit {
  readonly shape: SchemaShape
  readonly goType?: string
  readonly scalar?: ScalarType
  readonly atomic?: boolean
  readonly listType?: ListType
  readonly keys?: ReadonlyArray<string>
  readonly items?: () => SchemaNode
  readonly fields?: () => ReadonlyArray<SchemaField>
  readonly base?: SchemaNode
}

const noFields: ReadonlyArray<SchemaField> = []

/** The schema of one value. Compare nodes by identity: caches hang on them. */
export class SchemaNode {
  readonly shape: SchemaShape
  /** How Go prints the type in decoding errors: `v1.PullPolicy`, `map[string]string`. */
  readonly goType: string
  readonly scalar: ScalarType
  /** A map or struct that has one owner as a whole. */
  readonly atomic: boolean
  readonly listType: ListType
  /** Names of the fields that tell the items of a `map` list apart. */
  readonly keys: ReadonlyArray<string>
  #items: SchemaNode | undefined
  #fields: ReadonlyArray<SchemaField> | undefined
  #byName: Map<string, SchemaField> | undefined
  /** The node that this one differs from only in being atomic; else the node itself. */
  readonly base: SchemaNode
  /** Room for what each decoder computes from the node once. */
  readonly plans: Array<unknown> = []
  readonly #makeItems: (() => SchemaNode) | undefined
  readonly #makeFields: (() => ReadonlyArray<SchemaField>) | undefined

  constructor(init: SchemaNodeInit) {
    this.shape = init.shape
    this.goType = init.goType ?? ""
    this.scalar = init.scalar ?? "untyped"
    this.atomic = init.atomic ?? false
    this.listType = init.listType ?? "atomic"
    this.keys = init.keys ?? []
    this.base = init.base ?? this
    this.#makeItems = init.items
    this.#makeFields = init.fields
    if (init.items === undefined) this.#items = undefined
    if (init.fields === undefined) this.#fields = noFields
  }

  /** Schema of a list's items, of a map's values, of a struct's undeclared keys; `undefined` where there are none. */
  get items(): SchemaNode | undefined {
    if (this.#items === undefined && this.#makeItems !== undefined) this.#items = this.#makeItems()
    return this.#items
  }

  /** Declared fields in the order in which they are written. */
  get fields(): ReadonlyArray<SchemaField> {
    return (this.#fields ??= this.#makeFields?.() ?? noFields)
  }

  /** The declared field of that name. */
  field(name: string): SchemaField | undefined {
    this.#byName ??= new Map(this.fields.map((field) => [field.name, field]))
    return this.#byName.get(name)
  }

  /** Schema of the value at `key` of a map or struct; `undefined` where the key is not allowed. */
  child(key: string): SchemaNode | undefined {
    return this.#fields === noFields ? this.items : (this.field(key)?.node ?? this.items)
  }

  /** The same schema owned as a whole (`x-kubernetes-map-type: atomic` beside a reference), or key by key. */
  withAtomic(atomic: boolean): SchemaNode {
    if (atomic === this.atomic) return this
    return new SchemaNode({
      shape: this.shape,
      goType: this.goType,
      scalar: this.scalar,
      atomic,
      listType: this.listType,
      keys: this.keys,
      base: this.base,
      ...(this.#makeItems === undefined ? {} : { items: () => this.items as SchemaNode }),
      ...(this.#makeFields === undefined ? {} : { fields: () => this.fields })
    })
  }
}

/** Makes the schema of a scalar. */
export const scalar = (type: ScalarType, goType?: string): SchemaNode =>
  new SchemaNode({ shape: "scalar", scalar: type, ...(goType === undefined ? {} : { goType }) })

/** Makes the schema of a list; without a type it is atomic. */
export const list = (
  items: () => SchemaNode,
  options: { readonly type?: ListType; readonly keys?: ReadonlyArray<string>; readonly goType?: string } = {}
): SchemaNode => new SchemaNode({ shape: "list", items, listType: options.type ?? "atomic", keys: options.keys ?? [], goType: options.goType ?? "" })

/** Makes the schema of a map from any string to values of one schema. */
export const map = (values: () => SchemaNode, options: { readonly atomic?: boolean; readonly goType?: string } = {}): SchemaNode =>
  new SchemaNode({ shape: "map", items: values, ...options })

/** Makes the schema of an object with declared fields; `unknown` is the schema of all other keys, if they are allowed. */
export const struct = (
  fields: () => ReadonlyArray<SchemaField>,
  options: { readonly unknown?: SchemaNode; readonly atomic?: boolean; readonly goType?: string } = {}
): SchemaNode => {
  const { unknown, ...rest } = options
  return new SchemaNode({ shape: "struct", fields, ...rest, ...(unknown === undefined ? {} : { items: () => unknown }) })
}

/** Makes a field; what is not said is optional and plain. */
export const field = (name: string, node: SchemaNode, more: Partial<Omit<SchemaField, "name" | "node">> = {}): SchemaField => ({
  name,
  node,
  omitEmpty: true,
  omitZero: false,
  pointer: false,
  required: false,
  keyDefault: undefined,
  patchStrategy: undefined,
  retainKeys: false,
  mergeKey: undefined,
  embedded: undefined,
  numbers: [],
  ...more
})

/** Any JSON value; maps are owned key by key all the way down, lists as a whole. */
export const deduced: SchemaNode = new SchemaNode({ shape: "any", items: () => deduced })

/** Any JSON value, owned as a whole. */
export const untypedAtomic: SchemaNode = new SchemaNode({ shape: "any", atomic: true, items: () => untypedAtomic })
