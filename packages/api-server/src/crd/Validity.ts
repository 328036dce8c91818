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

/** Whether a value keeps to the schema. */
export type Validity = (value: unknown) => boolean

const always: Validity = () => true

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
  const general: Validity = (value) => {
    if (value === null) return ofNull && values.length === 0
    if (!typed(value) || !junctors(value) || !listed(value)) return false
    switch (typeof value) {
      case "string":
        return string(value)
      case "number":
        return number(value)
      case "object":
        return Array.isArray(value) ? list(value) : object(value as Fields)
      default:
        return true
    }
  }
  // Most values are texts of which little is asked.
  if (types.length !== 1 || types[0] !== "string" || junctors !== always) return general
  if (string === always && listed === always) return (value) => typeof value === "string" || general(value)
  return (value) => (typeof value === "string" ? string(value) && listed(value) : general(value))
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
  if (maxLength === Number.POSITIVE_INFINITY && minLength === 0 && test === undefined && regex === undefined) return always
  return (value) =>
    // Texts have at least half as many characters as code units.
    (value.length <= maxLength || lengthOf(value) <= maxLength) &&
    (value.length >= minLength * 2 || lengthOf(value) >= minLength) &&
    (regex === undefined || regex.test(value)) &&
    (test === undefined || test(value))
}

const compileList = (schema: SchemaProps): ((value: ReadonlyArray<unknown>) => boolean) => {
  const items = itemsOf(schema)
  const item = items === undefined ? always : compileValidity(items)
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema
  return (value) => value.length >= minItems && value.length <= maxItems && (item === always || value.every((one) => item(one)))
}

const compileObject = (schema: SchemaProps, parts?: ReadonlyMap<string, Validity>): ((value: Fields) => boolean) => {
  const { required = [], minProperties = 0, maxProperties = Number.POSITIVE_INFINITY, properties = {} } = schema
  const counts = minProperties > 0 || maxProperties !== Number.POSITIVE_INFINITY
  const byName = new Map(Object.keys(properties).map((name) => [name, parts?.get(name) ?? compileValidity(properties[name]!)]))
  const values = valueSchemaOf(schema)
  const other: Validity = schema.additionalProperties === false ? () => false : values === undefined ? always : compileValidity(values)
  const looks = byName.size > 0 || other !== always
  return (value) => {
    if (looks) for (const key in value) if (!(byName.get(key) ?? other)(value[key])) return false
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
