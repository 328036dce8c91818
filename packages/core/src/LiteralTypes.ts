/** Declared types of inputs and outputs: built from readable names, and named in messages. */
import { create } from "@bufbuild/protobuf"
import {
  BlobType_BlobDimensionality,
  type LiteralType,
  LiteralTypeSchema,
  SimpleType,
  type VariableMap,
  VariableMapSchema
} from "./idl/core.generated.ts"
import type { SimpleTypeName } from "./Task.ts"

/** A name of a type that people may write. */
export type ReadableType = typeof SimpleTypeName.Type

const simpleTypes = {
  integer: SimpleType.INTEGER,
  float: SimpleType.FLOAT,
  string: SimpleType.STRING,
  boolean: SimpleType.BOOLEAN,
  datetime: SimpleType.DATETIME,
  duration: SimpleType.DURATION,
  struct: SimpleType.STRUCT
} as const

/** The type of values that have no parts. */
export const simple = (type: SimpleType): LiteralType =>
  create(LiteralTypeSchema, { type: { case: "simple", value: type } })

/** The type of a file, or of a folder if `multipart`. */
export const blob = (options: { readonly multipart?: boolean; readonly format?: string } = {}): LiteralType =>
  create(LiteralTypeSchema, {
    type: {
      case: "blob",
      value: {
        format: options.format ?? "",
        dimensionality: options.multipart === true ? BlobType_BlobDimensionality.MULTIPART : BlobType_BlobDimensionality.SINGLE
      }
    }
  })

/** The type of lists. */
export const collection = (item: LiteralType): LiteralType =>
  create(LiteralTypeSchema, { type: { case: "collectionType", value: item } })

/** The type of maps with text keys. */
export const map = (value: LiteralType): LiteralType =>
  create(LiteralTypeSchema, { type: { case: "mapValueType", value } })

/** The type of values that are of one of several types. */
export const union = (...variants: ReadonlyArray<LiteralType>): LiteralType =>
  create(LiteralTypeSchema, { type: { case: "unionType", value: { variants: [...variants] } } })

/** The type of texts out of a list. */
export const enumeration = (...values: ReadonlyArray<string>): LiteralType =>
  create(LiteralTypeSchema, { type: { case: "enumType", value: { values: [...values] } } })

/** The type that a readable name stands for. */
export const fromName = (name: ReadableType): LiteralType => (name === "blob" ? blob() : simple(simpleTypes[name]))

/** The readable name of a type; `undefined` for types that people cannot write. */
export const toName = (type: LiteralType | undefined): ReadableType | undefined => {
  if (type?.type.case === "blob") return type.type.value.dimensionality === BlobType_BlobDimensionality.SINGLE ? "blob" : undefined
  if (type?.type.case !== "simple") return undefined
  const wanted = type.type.value
  return (Object.keys(simpleTypes) as Array<keyof typeof simpleTypes>).find((name) => simpleTypes[name] === wanted)
}

const simpleNames = new Map<SimpleType, string>(
  Object.entries(SimpleType).map(([name, value]) => [value, name.toLowerCase()])
)

/** Names any type for a message: `list of string`. */
export const describe = (type: LiteralType | undefined): string => {
  switch (type?.type.case) {
    case "simple":
      return simpleNames.get(type.type.value) ?? `simple type ${type.type.value}`
    case "blob":
      return type.type.value.dimensionality === BlobType_BlobDimensionality.MULTIPART ? "folder" : "file"
    case "collectionType":
      return `list of ${describe(type.type.value)}`
    case "mapValueType":
      return `map of ${describe(type.type.value)}`
    case "unionType":
      return type.type.value.variants.map(describe).join(" or ")
    case "enumType":
      return `one of ${type.type.value.values.join(", ")}`
    case "schema":
      return "schema"
    case "structuredDatasetType":
      return "structured dataset"
    default:
      return "no type"
  }
}

/** One declared input or output. */
export interface Declared {
  readonly name: string
  readonly type: LiteralType
  readonly description?: string | undefined
}

/** Declares variables in the wire form of an interface, in the given order. */
export const variables = (declared: ReadonlyArray<Declared>): VariableMap =>
  create(VariableMapSchema, {
    variables: declared.map(({ description = "", name, type }) => ({ key: name, value: { type, description } }))
  })

/** Lists what an interface declares, in its order; a variable without type counts as void. */
export const declared = (map: VariableMap | undefined): ReadonlyArray<Declared> =>
  (map?.variables ?? []).map(({ key, value }) => ({
    name: key,
    type: value?.type ?? simple(SimpleType.NONE),
    description: value?.description === "" ? undefined : value?.description
  }))
