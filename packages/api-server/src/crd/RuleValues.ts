/** Values of custom resources as rules see them, read no further than rules look. */
import { jsonEqual } from "@fairlead/kube"
import { parseTimestamp } from "../cel/functions/Times.ts"
import { equal as equalValues } from "../cel/values/Compare.ts"
import { Duration, fail, ItemList, ListValue, MapValue, Timestamp, type Value } from "../cel/values/Value.ts"
import { readDuration } from "./Formats.ts"
import { ruleName } from "./RuleNames.ts"
import { declaresMetadata, metadataFields } from "./RuleTypes.ts"
import { Structural } from "./Structural.ts"
import { isInt64 } from "./ValueChecks.ts"

/** Turns a value of JSON into one that expressions can use. */
export type ReadValue = (value: unknown) => Value

type Json = { readonly [key: string]: unknown }

interface Field {
  readonly key: string
  readonly read: ReadValue
}

/** Finds values below the names that rules use. */
interface Shape {
  field(name: string): Field | undefined
  /** The name that rules use for a key, if they see it. */
  shownName(key: string): string | undefined
  /** Whether null counts as missing. */
  readonly dropsNull: boolean
}

class JsonMap extends MapValue {
  readonly json: Json
  private readonly shape: Shape

  constructor(json: Json, shape: Shape) {
    super()
    this.json = json
    this.shape = shape
  }

  get size(): number {
    return Object.keys(this.json).length
  }

  find(key: Value): Value | undefined {
    const field = typeof key === "string" ? this.shape.field(key) : fail("no such overload")
    if (field === undefined || !Object.hasOwn(this.json, field.key)) return undefined
    const value = this.json[field.key]
    return value === null && this.shape.dropsNull ? undefined : field.read(value)
  }

  keys(): ReadonlyArray<Value> {
    return Object.keys(this.json).flatMap((key) => this.shape.shownName(key) ?? [])
  }

  override sameAs(other: MapValue): boolean {
    return Object.keys(this.json).every((key) => {
      const name = this.shape.shownName(key)
      if (name === undefined) return other instanceof JsonMap ? !Object.hasOwn(other.json, key) || jsonEqual(this.json[key], other.json[key]) : fail("no such overload")
      const [mine, theirs] = [this.find(name), other.find(name)]
      return mine === undefined || theirs === undefined ? mine === theirs : equalValues(mine, theirs)
    })
  }
}

class JsonList extends ListValue {
  private readonly json: ReadonlyArray<unknown>
  private readonly read: ReadValue

  constructor(json: ReadonlyArray<unknown>, read: ReadValue) {
    super()
    this.json = json
    this.read = read
  }

  get size(): number {
    return this.json.length
  }

  at(index: number): Value {
    return this.read(this.json[index])
  }
}

/** A list in which the order of items does not matter. */
class UnorderedList extends ItemList {
  /** Tells items apart. */
  private readonly same: (left: Value, right: Value) => boolean

  constructor(values: ReadonlyArray<Value>, same: (left: Value, right: Value) => boolean) {
    super(values)
    this.same = same
  }

  override sameAs(other: ListValue): boolean {
    return other.items().every((item) => {
      const mine = this.items().findLast((each) => this.same(each, item))
      return mine !== undefined && equalValues(mine, item)
    })
  }

  /** Items of the other list take the place of those that they cannot be told apart from. */
  override concat(other: ListValue): ListValue {
    const values = [...this.items()]
    for (const item of other.items()) {
      const index = values.findIndex((each) => this.same(each, item))
      if (index < 0) values.push(item)
      else values[index] = item
    }
    return new UnorderedList(values, this.same)
  }
}

const sameKeys = (names: ReadonlyArray<string>) => (left: Value, right: Value): boolean =>
  left instanceof MapValue && right instanceof MapValue &&
  names.every((name) => {
    const [one, other] = [left.find(name), right.find(name)]
    return one === undefined || other === undefined ? one === other : equalValues(one, other)
  })

const isMap = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const wrong = (expected: string): never => fail(`invalid data, expected ${expected}`)

const plainText = new Structural({ type: "string" })

const metadataSchema = new Structural({ type: "object", properties: Object.fromEntries(metadataFields.map((name) => [name, { type: "string" }])) })

const rootFields: ReadonlyMap<string, Structural> = new Map([["apiVersion", plainText], ["kind", plainText], ["metadata", metadataSchema]])

/** How values of a schema are read. */
export const valueReader = (schema: Structural, isRoot: boolean): ReadValue => {
  const read = readerOf(schema, isRoot)
  const { nullable } = schema
  return (value) => (value === null || value === undefined ? (nullable ? null : fail("invalid data, got null for schema with nullable=false")) : read(value))
}

/** A value of JSON in Go's words. */
const goTypeOf = (value: unknown): string => {
  if (Array.isArray(value)) return "[]interface {}"
  if (typeof value === "object") return "map[string]interface {}"
  return typeof value === "boolean" ? "bool" : typeof value === "number" ? (isInt64(value) ? "int64" : "float64") : "string"
}

const wrongKind = (expected: string, value: unknown): never => wrong(`${expected}, got ${goTypeOf(value)}`)

const integer = (value: unknown): bigint | undefined => (typeof value === "number" && isInt64(value) ? BigInt(value) : undefined)

const readerOf = (schema: Structural, isRoot: boolean): ReadValue => {
  if (schema.intOrString) return (value) => (typeof value === "string" ? value : (integer(value) ?? wrong("XIntOrString value to be either a string or integer")))
  switch (schema.type) {
    case "object": {
      const shape = shapeOf(schema, isRoot)
      return (value) => (isMap(value) ? new JsonMap(value, shape) : wrong("a map for the provided schema with type=object"))
    }
    case "array":
      return listReader(schema)
    case "string":
      return stringReader(schema.props.format)
    case "number":
      return (value) => (typeof value === "number" ? value : wrongKind("float", value))
    case "integer":
      return (value) => integer(value) ?? wrongKind("int", value)
    case "boolean":
      return (value) => (typeof value === "boolean" ? value : wrongKind("bool", value))
    default:
      return () => fail(`invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ${schema.type}`)
  }
}

const listReader = (schema: Structural): ReadValue => {
  const readItem = schema.items === undefined ? () => wrong("Items with a non-empty Schema") : valueReader(schema.items, schema.items.embedded)
  const notList = "an array for the provided schema with type=array"
  const same = schema.listType === "set" ? equalValues : schema.listType === "map" ? sameKeys(schema.listKeys.map((name) => ruleName(name) ?? name)) : undefined
  if (same === undefined) return (value) => (Array.isArray(value) ? new JsonList(value, readItem) : wrong(notList))
  return (value) => (Array.isArray(value) ? new UnorderedList(value.map(readItem), same) : wrong(notList))
}

const shapeOf = (schema: Structural, isRoot: boolean): Shape => {
  const properties = (isRoot || schema.embedded) && !declaresMetadata(schema) ? new Map([...schema.properties, ...rootFields]) : schema.properties
  const { values } = schema
  if (properties.size === 0 && values !== undefined) {
    const read = valueReader(values, values.embedded)
    return { field: (key) => ({ key, read }), shownName: (key) => key, dropsNull: false }
  }
  const fields = new Map<string, Field>()
  const names = new Map<string, string>()
  for (const [key, property] of properties) {
    const name = ruleName(key) ?? key
    let read: ReadValue | undefined
    fields.set(name, { key, read: (value) => (read ??= valueReader(property, property.embedded))(value) })
    names.set(key, name)
  }
  return { field: (name) => fields.get(name), shownName: (key) => names.get(key), dropsNull: true }
}

const stringReader = (format: string | undefined): ReadValue => {
  const text = (value: unknown): string => (typeof value === "string" ? value : wrongKind("string", value))
  switch (format) {
    case "byte":
      return (value) => readBytes(text(value))
    case "duration":
      return (value) => new Duration(readDuration(text(value)) ?? fail(`Invalid duration ${text(value)}: unable to parse ${text(value)} as duration`))
    case "date":
      return (value) => parseTimestamp(`${text(value)}T00:00:00Z`) ?? fail(`Invalid date formatted string ${text(value)}`)
    case "date-time":
      return (value) => readMoment(text(value))
    default:
      return text
  }
}

/** The original reads base64 in its form for URLs, whatever the format allows. */
const readBytes = (encoded: string): Uint8Array => {
  const illegal = encoded.search(/[^\w\-=\r\n]/)
  const refuse = (at: number): never => fail(`Invalid byte formatted string ${encoded}: illegal base64 data at input byte ${at}`)
  if (illegal >= 0) return refuse(illegal)
  try {
    return Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0))
  } catch {
    return refuse(encoded.length)
  }
}

const readMoment = (text: string): Timestamp => parseTimestamp(text.toUpperCase()) ?? fail(`Invalid date-time formatted string ${text}`)
