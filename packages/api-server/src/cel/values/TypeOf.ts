/** Types of values. */
import {
  boolType, bytesType, doubleType, durationType, dynType, intType, listOf, mapOf, nullType, optionalOf, stringType, timestampType, Type, typeOfType, uintType
} from "../types/Type.ts"
import { Duration, fail, ListValue, MapValue, Opaque, Optional, Timestamp, Uint, type Value } from "./Value.ts"

const anyList = listOf(dynType)
const anyMap = mapOf(dynType, dynType)
const anyOptional = optionalOf(dynType)
const anyTypeType = typeOfType(dynType)

/** The type of a value, without that of what it contains. */
export const typeOf = (value: Value): Type => {
  switch (typeof value) {
    case "string":
      return stringType
    case "boolean":
      return boolType
    case "bigint":
      return intType
    case "number":
      return doubleType
    default:
      return value === null ? nullType : typeOfObject(value)
  }
}

const typeOfObject = (value: Exclude<Value, null | string | boolean | bigint | number>): Type => {
  if (value instanceof ListValue) return anyList
  if (value instanceof MapValue) return anyMap
  if (value instanceof Uint) return uintType
  if (value instanceof Duration) return durationType
  if (value instanceof Timestamp) return timestampType
  if (value instanceof Optional) return anyOptional
  if (value instanceof Opaque) return value.type
  return value instanceof Type ? anyTypeType : bytesType
}

/** Whether a value may be given to a function that wants the type; what lists and maps contain is looked at in the first item only. */
export const isOfType = (value: Value, type: Type): boolean => {
  switch (type.kind) {
    case "dyn":
    case "any":
    case "parameter":
      return true
    case "list":
      return value instanceof ListValue && (value.size === 0 || isOfType(value.at(0), type.parameters[0]!))
    case "map": {
      if (!(value instanceof MapValue)) return false
      const [key] = value.keys()
      return key === undefined || (isOfType(key, type.parameters[0]!) && isOfType(value.find(key) ?? null, type.parameters[1]!))
    }
    default: {
      const actual = typeOf(value)
      return actual.kind === type.kind && actual.name === type.name
    }
  }
}

const goNames: { readonly [name: string]: string } = {
  int: "Int", uint: "Uint", double: "Double", bool: "Bool", string: "String", bytes: "Bytes", "google.protobuf.Duration": "Duration", "google.protobuf.Timestamp": "Timestamp"
}

/** Refuses to go through the items of what has none. */
export const notIterable = (value: Value): never => {
  if (value instanceof Opaque || value instanceof Type || value === null) return fail("no such overload")
  return fail(`got '${value instanceof Optional ? "*types.Optional" : `types.${goNames[typeOf(value).name] ?? typeOf(value).name}`}', expected iterable type`)
}
