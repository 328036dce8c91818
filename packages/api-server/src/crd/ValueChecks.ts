/** Single checks of schemas, for the quick answer and for the thorough one. */
import { jsonEqual } from "@fairlead/kube"
import { isKnownFormat } from "./Formats.ts"
import { type SchemaProps, verbatim } from "./SchemaProps.ts"

const noTypes: ReadonlyArray<string> = []
const intOrString: ReadonlyArray<string> = ["integer", "string"]

/** The types that a schema takes; none for any. */
export const typesOf = (schema: SchemaProps): ReadonlyArray<string> =>
  schema["x-kubernetes-int-or-string"] === true && schema[verbatim] !== true ? intOrString : schema.type === undefined || schema.type === "" ? noTypes : [schema.type]

/** The format that a schema asks for, if it is one that means something for its type. */
export const formatOf = (schema: SchemaProps): string => {
  const { format = "" } = schema
  if (schema[verbatim] === true) return format
  const types = typesOf(schema)
  return format !== "" && isKnownFormat(types.length === 1 ? types[0]! : "", format) ? format : ""
}

/** Whether a number that came out of JSON is held as an integer. */
export const isInt64 = (value: number): boolean => Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63

/** The JSON type of a value; whole numbers are integers while they fit into 64 bits. */
export const jsonTypeOf = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  if (typeof value === "number") return isInt64(value) ? "integer" : "number"
  return typeof value
}

/** Whether a number is whole, up to the imprecision of floats. */
export const isWhole = (value: number): boolean => {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return false
  if (Number.isInteger(value)) return true
  const whole = Math.trunc(value)
  return Math.abs(value - whole) / Math.abs(value + whole) < 1e-9
}

/** Number of characters of a text. */
export const lengthOf = (text: string): number => {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0xd800 && code < 0xdc00) length--
  }
  return length
}

/** Whether a value is one of those listed; numbers count as what they are cut off to. */
export const enumHas = (values: ReadonlyArray<unknown>, value: unknown): boolean =>
  value !== null && values.some((it) =>
    jsonEqual(it, value) || (typeof it === "number" && typeof value === "number" && Number.isInteger(it) && Math.trunc(value) === it))
