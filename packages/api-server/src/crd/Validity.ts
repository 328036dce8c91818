/**
 * Answers quickly whether a value keeps to a schema; compiled once for each schema. Says no exactly where
 * `Violations.ts` has something to say.
 */
import { type Fields, isObject, sizeOf } from "../builtin/Sharing.ts"
import { goRegex } from "../cel/regex/GoRegex.ts"
import { formatTest } from "./Formats.ts"
import { checksNumbers, isNumberValid } from "./NumberChecks.ts"
import { itemsOf, type SchemaProps, valueSchemaOf } from "./SchemaProps.ts"
import { enumHas, formatOf, isInt64, lengthOf, typesOf } from "./ValueChecks.ts"

/** Whether a value keeps to the schema. Parts of `trusted` are passed over: it stood in the same place and was valid. */
export type Validity = (value: unknown, trusted?: unknown) => boolean

const always: Validity = () => true
const noFields: Fields = {}

/** Remembers the objects that were found valid: most writes leave whole parts of an object as they are. Only for objects that never change. */
export const remembering = (validity: Validity): Validity => {
  const valid = new WeakSet<object>()
  return (value, previous) => {
    if (typeof value !== "object" || value === null) return validity(value)
    if (valid.has(value)) return true
    if (!validity(value, typeof previous === "object" && previous !== null && valid.has(previous) ? previous : undefined)) return false
    valid.add(value)
    return true
  }
}

/** Compiles a schema; `parts` are those of its properties that are compiled already. */
export const compileValidity = (schema: SchemaProps, parts?: ReadonlyMap<string, Validity>): Validity => {
  const types = typesOf(schema)
  const ofNull = types.length === 0 || types.includes("null") || schema.nullable === true
  const { enum: values = [] } = schema
  const listed: Validity = values.length === 0 ? always : (value) => enumHas(values, value)
  const typed = compileType(schema)
  const junctors = compileJunctors(schema)
  const string = compileString(schema)
  const number: (value: number) => boolean = checksNumbers(schema) ? (value) => isNumberValid(schema, value) : () => true
  const list = compileList(schema)
  const object = compileObject(schema, parts)
  return (value, trusted) => {
    if (value === null) return ofNull && values.length === 0
    if (!typed(value) || !junctors(value) || !listed(value)) return false
    switch (typeof value) {
      case "string":
        return string(value)
      case "number":
        return number(value)
      case "object":
        return Array.isArray(value) ? list(value, trusted) : object(value as Fields, trusted)
      default:
        return true
    }
  }
}

const compileType = (schema: SchemaProps): Validity => {
  const types = typesOf(schema)
  const format = formatOf(schema)
  if (types.length === 1 && format === "") {
    switch (types[0]) {
      case "string":
        return (value) => typeof value === "string"
      case "integer":
        return (value) => typeof value === "number" && isInt64(value)
      case "number":
        return (value) => typeof value === "number"
      case "boolean":
        return (value) => typeof value === "boolean"
      case "array":
        return Array.isArray
      case "object":
        return isObject
      default:
        return () => false
    }
  }
  const takesNumbers = types.includes("number") || types.includes("integer")
  return (value) => {
    if (typeof value === "number") return takesNumbers && (types.includes("number") || isInt64(value)) || (types.length === 0 && format === "")
    if (typeof value === "string" || Array.isArray(value)) {
      return (!takesNumbers && format !== "") || types.length === 0 || types.includes(typeof value === "string" ? "string" : "array")
    }
    return types.length === 0 ? format === "" : types.includes(typeof value)
  }
}

const compileString = (schema: SchemaProps): ((value: string) => boolean) => {
  const { maxLength = Number.POSITIVE_INFINITY, minLength = 0, pattern = "" } = schema
  const test = formatTest(formatOf(schema))
  const regex = pattern === "" ? undefined : goRegex(pattern)
  if (maxLength === Number.POSITIVE_INFINITY && minLength === 0 && test === undefined && regex === undefined) return () => true
  return (value) =>
    // Texts have at least half as many characters as code units.
    (value.length <= maxLength || lengthOf(value) <= maxLength) &&
    (value.length >= minLength * 2 || lengthOf(value) >= minLength) &&
    (regex === undefined || regex.test(value)) &&
    (test === undefined || test(value))
}

const compileList = (schema: SchemaProps): ((value: ReadonlyArray<unknown>, trusted: unknown) => boolean) => {
  const items = itemsOf(schema)
  const item = items === undefined ? always : compileValidity(items)
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema
  return (value, trusted) => {
    if (value.length < minItems || value.length > maxItems) return false
    if (item === always) return true
    const known: ReadonlyArray<unknown> | undefined = Array.isArray(trusted) ? trusted : undefined
    for (let i = 0; i < value.length; i++) {
      const [one, old] = [value[i], known?.[i]]
      if ((one !== old || one === undefined) && !item(one, old)) return false
    }
    return true
  }
}

const compileObject = (schema: SchemaProps, parts?: ReadonlyMap<string, Validity>): ((value: Fields, trusted: unknown) => boolean) => {
  const { required = [], minProperties = 0, maxProperties = Number.POSITIVE_INFINITY, properties = {} } = schema
  const counts = minProperties > 0 || maxProperties !== Number.POSITIVE_INFINITY
  const byName = new Map(Object.keys(properties).map((name) => [name, parts?.get(name) ?? compileValidity(properties[name]!)]))
  const values = valueSchemaOf(schema)
  const other: Validity = schema.additionalProperties === false ? () => false : values === undefined ? always : compileValidity(values)
  return (value, trusted) => {
    const known = isObject(trusted) ? trusted : noFields
    for (const key in value) {
      const part = value[key]
      const old = known[key]
      if ((part !== old || part === undefined) && !(byName.get(key) ?? other)(part, old)) return false
    }
    for (const name of required) if (!Object.hasOwn(value, name)) return false
    if (!counts) return true
    const size = sizeOf(value)
    return size >= minProperties && size <= maxProperties
  }
}

const compileJunctors = ({ allOf = [], anyOf = [], oneOf = [], not }: SchemaProps): Validity => {
  if (allOf.length + anyOf.length + oneOf.length === 0 && not === undefined) return always
  const [all, any, one] = [allOf, anyOf, oneOf].map((parts) => parts.map((part) => compileValidity(part))) as [Array<Validity>, Array<Validity>, Array<Validity>]
  const forbidden = not === undefined ? undefined : compileValidity(not)
  return (value) =>
    all.every((part) => part(value)) &&
    (any.length === 0 || any.some((part) => part(value))) &&
    (one.length === 0 || one.filter((part) => part(value)).length === 1) &&
    forbidden?.(value) !== true
}
