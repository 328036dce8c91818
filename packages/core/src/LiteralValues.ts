/** Values of inputs and outputs as people write and read them: JSON to the wire form by declared type, and back. */
import type { JsonObject } from "@bufbuild/protobuf"
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire"
import { Result } from "effect"
import * as Durations from "./Durations.ts"
import {
  BlobType_BlobDimensionality,
  type Literal,
  type LiteralMap,
  type LiteralType,
  type Primitive,
  type Scalar,
  SimpleType,
  type UnionType,
  type VariableMap
} from "./idl/core.generated.ts"
import { decodeMsgpackUnsafe, type MsgpackValue } from "./internal/msgpack.ts"
import { formatTimestamp, parseTimestamp } from "./internal/timestamp.ts"
import * as Literals from "./Literals.ts"
import * as LiteralTypes from "./LiteralTypes.ts"
import { formatValue, type TaskIssue, TaskInvalid } from "./TaskInvalid.ts"

/** A value as people read it in JSON: numbers, texts, lists, objects; 64-bit integers beyond 2^53 as text. */
export type ReadableValue =
  | null
  | boolean
  | number
  | string
  | ReadonlyArray<ReadableValue>
  | { readonly [key: string]: ReadableValue }

/** The readable form of a literal. Times are RFC 3339, lengths of time `1h30m0s`, files their URI, raw bytes base64. */
export const toValue = (literal: Literal): ReadableValue => {
  switch (literal.value.case) {
    case "scalar":
      return scalarToValue(literal.value.value)
    case "collection":
      return literal.value.value.literals.map(toValue)
    case "map":
      return mapToValue(literal.value.value)
    case "offloadedMetadata":
      return literal.value.value.uri
    default:
      return null
  }
}

/** The readable form of all inputs or outputs, sorted by name. */
export const mapToValue = (literals: LiteralMap): { readonly [key: string]: ReadableValue } => {
  const out: { [key: string]: ReadableValue } = {}
  for (const key of Object.keys(literals.literals).sort()) out[key] = toValue(literals.literals[key]!)
  return out
}

const scalarToValue = ({ value }: Scalar): ReadableValue => {
  switch (value.case) {
    case "primitive":
      return primitiveToValue(value.value)
    case "blob":
    case "schema":
    case "structuredDataset":
      return value.value.uri
    case "generic":
      return value.value as ReadableValue
    case "error":
      return value.value.message
    case "union":
      return value.value.value === undefined ? null : toValue(value.value.value)
    case "binary":
      return binaryToValue(value.value.value, value.value.tag)
    default:
      return null
  }
}

const primitiveToValue = ({ value }: Primitive): ReadableValue => {
  switch (value.case) {
    case "integer":
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : value.value.toString()
    case "floatValue":
      return Number.isFinite(value.value) ? value.value : String(value.value)
    case "stringValue":
    case "boolean":
      return value.value
    case "datetime":
      return formatTimestamp(value.value)
    case "duration":
      return Durations.formatNanos(Durations.join(value.value))
    default:
      return null
  }
}

const binaryToValue = (bytes: Uint8Array, tag: string): ReadableValue => {
  if (tag !== "msgpack") return base64Encode(bytes)
  const decoded = Result.try({ try: () => decodeMsgpackUnsafe(bytes), catch: () => undefined })
  return Result.isSuccess(decoded) ? readableMsgpack(decoded.success) : base64Encode(bytes)
}

const readableMsgpack = (value: MsgpackValue): ReadableValue => {
  if (typeof value === "bigint") return value.toString()
  if (value instanceof Uint8Array) return base64Encode(value)
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), readableMsgpack(item as MsgpackValue)]))
  }
  if (Array.isArray(value)) return value.map(readableMsgpack)
  if (typeof value === "number" && !Number.isFinite(value)) return String(value)
  return value as ReadableValue
}

type Path = ReadonlyArray<string | number>

/** Outcome of reading one value: the literal, or what is wrong with the value and where. */
type Read = Result.Result<Literal, ReadonlyArray<TaskIssue>>

/** Reads a value by its declared type. Paths of faults start with `path`. */
export const fromValue = (type: LiteralType, value: unknown, path: Path = []): Result.Result<Literal, TaskInvalid> =>
  Result.mapError(read(type, value, path), (issues) => new TaskInvalid({ issues }))

/**
 * Reads the values of all inputs by the declared interface. Every input needs a value; a value that no input declares is
 * a fault, too.
 */
export const mapFromValues = (
  interfaceOf: VariableMap | undefined,
  values: { readonly [name: string]: unknown },
  path: Path = []
): Result.Result<LiteralMap, TaskInvalid> => {
  const issues: Array<TaskIssue> = []
  const literals: { [name: string]: Literal } = {}
  const declared = LiteralTypes.declared(interfaceOf)
  for (const { name, type } of declared) {
    if (!Object.hasOwn(values, name)) {
      issues.push({ path: [...path, name], problem: `missing; the interface declares this input as ${LiteralTypes.describe(type)}, so give it a value` })
      continue
    }
    const result = read(type, values[name], [...path, name])
    if (Result.isSuccess(result)) literals[name] = result.success
    else issues.push(...result.failure)
  }
  const known = declared.map(({ name }) => name)
  for (const name of Object.keys(values)) {
    if (known.includes(name)) continue
    issues.push({ path: [...path, name], problem: `no such input; the interface declares ${known.length === 0 ? "none" : known.join(", ")}` })
  }
  return issues.length === 0 ? Result.succeed(Literals.literalMap(literals)) : Result.fail(new TaskInvalid({ issues }))
}

const fault = (path: Path, expected: string, value: unknown, remedy = ""): Read =>
  Result.fail([{ path, problem: `expected ${expected}, got ${formatValue(value)}${remedy === "" ? "" : `; ${remedy}`}` }])

const read = (type: LiteralType, value: unknown, path: Path): Read => {
  switch (type.type.case) {
    case "simple":
      return readSimple(type.type.value, value, path)
    case "blob":
      return readBlob(type, value, path)
    case "collectionType":
      return readList(type.type.value, value, path)
    case "mapValueType":
      return readMap(type.type.value, value, path)
    case "unionType":
      return readUnion(type.type.value, value, path)
    case "enumType":
      return typeof value === "string" && type.type.value.values.includes(value)
        ? Result.succeed(Literals.string(value))
        : fault(path, LiteralTypes.describe(type), value)
    default:
      return Result.fail([{ path, problem: `values of type ${LiteralTypes.describe(type)} cannot be written here; give them in an inputs.pb` }])
  }
}

const readSimple = (type: SimpleType, value: unknown, path: Path): Read => {
  switch (type) {
    case SimpleType.INTEGER:
      return readInteger(value, path)
    case SimpleType.FLOAT:
      return readFloat(value, path)
    case SimpleType.STRING:
      return typeof value === "string" ? Result.succeed(Literals.string(value)) : fault(path, "a text", value, "put it in quotes")
    case SimpleType.BOOLEAN:
      return typeof value === "boolean" ? Result.succeed(Literals.boolean(value)) : fault(path, "true or false", value)
    case SimpleType.DATETIME: {
      const time = typeof value === "string" ? parseTimestamp(value) : undefined
      return time === undefined ? fault(path, "a time", value, "write it as 2026-01-31T12:00:00Z") : Result.succeed(Literals.datetime(time))
    }
    case SimpleType.DURATION: {
      const nanos = typeof value === "string" || typeof value === "number" ? Durations.parseNanos(String(value)) : undefined
      return nanos === undefined ? fault(path, "a length of time", value, "write it as 90s, 5m or 1h30m") : Result.succeed(Literals.duration(nanos))
    }
    case SimpleType.STRUCT:
      return isJsonObject(value) ? Result.succeed(Literals.struct(value)) : fault(path, "an object", value)
    case SimpleType.BINARY:
      return readBinary(value, path)
    case SimpleType.NONE:
      return value === null ? Result.succeed(Literals.none()) : fault(path, "null", value)
    default:
      return Result.fail([{ path, problem: `values of type ${LiteralTypes.describe(LiteralTypes.simple(type))} cannot be written` }])
  }
}

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

const readInteger = (value: unknown, path: Path): Read => {
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return fault(path, "an integer that JSON can carry exactly", value, "put larger ones in quotes")
  }
  const exact = typeof value === "bigint" || Number.isSafeInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value))
  if (!exact) return fault(path, "an integer", value)
  const number = BigInt(value as bigint | number | string)
  return number < int64.min || number > int64.max ? fault(path, "an integer of 64 bits", value) : Result.succeed(Literals.integer(number))
}

const readFloat = (value: unknown, path: Path): Read => {
  if (typeof value === "number") return Result.succeed(Literals.float(value))
  const special = typeof value === "string" && /^(NaN|-?Infinity)$/.test(value)
  return special ? Result.succeed(Literals.float(Number(value))) : fault(path, "a number", value)
}

const readBinary = (value: unknown, path: Path): Read => {
  if (value instanceof Uint8Array) return Result.succeed(Literals.binary(value))
  const bytes = typeof value === "string" ? Result.try(() => base64Decode(value)) : undefined
  return bytes !== undefined && Result.isSuccess(bytes) ? Result.succeed(Literals.binary(bytes.success)) : fault(path, "bytes as base64 text", value)
}

/** A URI that ends in a slash is a folder, whatever is declared. */
const readBlob = (type: LiteralType, value: unknown, path: Path): Read => {
  if (typeof value !== "string" || !/^[A-Za-z][A-Za-z0-9+.-]*:\/\/./.test(value)) {
    return fault(path, `the URI of a ${LiteralTypes.describe(type)}`, value, "write it as s3://bucket/key or file:///folder/file")
  }
  const declared = type.type.case === "blob" ? type.type.value : undefined
  const multipart = value.endsWith("/") || declared?.dimensionality === BlobType_BlobDimensionality.MULTIPART
  return Result.succeed(Literals.blob(value.replace(/\/+$/, ""), { multipart, format: declared?.format ?? "" }))
}

const readList = (item: LiteralType, value: unknown, path: Path): Read => {
  if (!Array.isArray(value)) return fault(path, `a list of ${LiteralTypes.describe(item)}`, value)
  const results = value.map((it, index) => read(item, it, [...path, index]))
  const issues = results.flatMap((it) => (Result.isFailure(it) ? it.failure : []))
  return issues.length > 0 ? Result.fail(issues) : Result.succeed(Literals.collection(results.map(Result.getOrThrow)))
}

const readMap = (item: LiteralType, value: unknown, path: Path): Read => {
  if (!isPlainObject(value)) return fault(path, `a map of ${LiteralTypes.describe(item)}`, value)
  const literals: { [key: string]: Literal } = {}
  const issues: Array<TaskIssue> = []
  for (const [key, entry] of Object.entries(value)) {
    const result = read(item, entry, [...path, key])
    if (Result.isSuccess(result)) literals[key] = result.success
    else issues.push(...result.failure)
  }
  return issues.length > 0 ? Result.fail(issues) : Result.succeed(Literals.map(literals))
}

const readUnion = (type: UnionType, value: unknown, path: Path): Read => {
  for (const variant of type.variants) {
    const result = read(variant, value, path)
    if (Result.isFailure(result)) continue
    return Result.succeed(Literals.scalar({
      case: "union",
      value: { $typeName: "flyteidl2.core.Union", value: result.success, type: variant }
    }))
  }
  return fault(path, type.variants.map(LiteralTypes.describe).join(" or "), value)
}

const isPlainObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const isJson = (value: unknown): boolean => {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true
  if (typeof value === "number") return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  return isPlainObject(value) && Object.values(value).every(isJson)
}

const isJsonObject = (value: unknown): value is JsonObject => isPlainObject(value) && isJson(value)
