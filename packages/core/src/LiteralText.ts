/** Values of inputs and outputs as plain text: in arguments of commands, and in the files that a container reads and writes. */
import type { JsonObject } from "@bufbuild/protobuf"
import { Result } from "effect"
import * as Durations from "./Durations.ts"
import { type Literal, type Primitive, type Scalar, SimpleType } from "./idl/core.generated.ts"
import { formatAny, formatFloat, formatFloatPlain } from "./internal/goText.ts"
import { decodeMsgpackUnsafe } from "./internal/msgpack.ts"
import { formatTimestamp, parseTimestamp } from "./internal/timestamp.ts"
import * as Literals from "./Literals.ts"
import * as LiteralTypes from "./LiteralTypes.ts"
import { formatValue } from "./TaskInvalid.ts"

/** Largest file that is read as one value; larger things are declared as files. */
export const fileSizeMax = 1024

/**
 * The text that stands for a literal in an argument, as Flyte renders it.
 *
 * Numbers and booleans plain, times RFC 3339 in UTC, lengths of time in protobuf text (`seconds:90`), files their URI,
 * lists `[a,b]`, MessagePack as Go prints it. Fails with a sentence for what has no such text: objects, maps, void.
 */
export const toArgument = (literal: Literal): Result.Result<string, string> => {
  if (literal.value.case === "collection") {
    const items: Array<string> = []
    for (const item of literal.value.value.literals) {
      const text = toArgument(item)
      if (Result.isFailure(text)) return text
      items.push(text.success)
    }
    return Result.succeed(`[${items.join(",")}]`)
  }
  return literal.value.case === "scalar" ? scalarToArgument(literal.value.value) : noText(literal.value.case ?? "empty literal")
}

const noText = (kind: string): Result.Result<string, string> =>
  Result.fail(`a value of kind ${kind} has no text for an argument; let the task read it from its folder of inputs`)

const scalarToArgument = ({ value }: Scalar): Result.Result<string, string> => {
  switch (value.case) {
    case "primitive":
      return primitiveToArgument(value.value)
    case "blob":
    case "schema":
      return Result.succeed(value.value.uri)
    case "binary": {
      const { tag, value: bytes } = value.value
      if (tag !== "msgpack") return Result.fail(`bytes with the tag ${formatValue(tag)} have no text for an argument; only msgpack has`)
      return Result.try({
        try: () => formatAny(decodeMsgpackUnsafe(bytes)),
        catch: (error) => `the value is not MessagePack: ${error instanceof Error ? error.message : String(error)}`
      })
    }
    default:
      return noText(value.case ?? "empty scalar")
  }
}

const primitiveToArgument = ({ value }: Primitive): Result.Result<string, string> => {
  switch (value.case) {
    case "floatValue":
      return Result.succeed(formatFloat(value.value))
    case "duration":
      return Result.succeed(protoText(value.value))
    case undefined:
      return noText("empty primitive")
    default:
      return Result.succeed(plainText({ value }))
  }
}

const protoText = ({ nanos, seconds }: Durations.SplitDuration): string =>
  [seconds === 0n ? "" : `seconds:${seconds}`, nanos === 0 ? "" : `nanos:${nanos}`].filter((it) => it !== "").join(" ")

const plainText = ({ value }: Pick<Primitive, "value">): string => {
  switch (value.case) {
    case "integer":
    case "boolean":
    case "stringValue":
      return String(value.value)
    case "floatValue":
      return formatFloatPlain(value.value)
    case "datetime":
      return formatTimestamp(value.value)
    case "duration":
      return Durations.formatNanos(Durations.join(value.value))
    default:
      return "null"
  }
}

/**
 * The contents of the file that a container gets for a literal: text for simple values, JSON for objects, bytes as they are.
 * `undefined` for what is not one file's contents: files and folders given by URI, lists, maps.
 */
export const toFile = (literal: Literal): Uint8Array | undefined => {
  if (literal.value.case !== "scalar") return undefined
  const { value } = literal.value.value
  switch (value.case) {
    case "primitive":
      return utf8(plainText(value.value))
    case "generic":
      return utf8(JSON.stringify(value.value))
    case "binary":
      return value.value.value
    case "error":
      return utf8(value.value.message)
    case "noneType":
      return utf8("null")
    case "union":
      return value.value.value === undefined ? utf8("null") : toFile(value.value.value)
    default:
      return undefined
  }
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Reads a file that a container wrote for an output of a simple type. Spaces and line ends around a text do not count. */
export const fromFile = (type: SimpleType, contents: Uint8Array): Result.Result<Literal, string> => {
  if (type === SimpleType.BINARY) return Result.succeed(Literals.binary(contents, "msgpack"))
  const text = new TextDecoder().decode(contents).replace(/^[ \n\r\t]+|[ \n\r\t]+$/g, "")
  const literal = parse(type, text)
  return literal === undefined
    ? Result.fail(`expected ${LiteralTypes.describe(LiteralTypes.simple(type))}, found ${formatValue(text)}`)
    : Result.succeed(literal)
}

const parse = (type: SimpleType, text: string): Literal | undefined => {
  switch (type) {
    case SimpleType.INTEGER:
      return parseInteger(text)
    case SimpleType.FLOAT:
      return parseFloatText(text)
    case SimpleType.STRING:
      return Literals.string(text)
    case SimpleType.BOOLEAN:
      return /^(1|t|T|true|True|TRUE)$/.test(text) ? Literals.boolean(true) : /^(0|f|F|false|False|FALSE)$/.test(text) ? Literals.boolean(false) : undefined
    case SimpleType.DATETIME: {
      const time = parseTimestamp(text)
      return time === undefined ? undefined : Literals.datetime(time)
    }
    case SimpleType.DURATION: {
      const nanos = Durations.parseNanos(text)
      return nanos === undefined ? undefined : Literals.duration(nanos)
    }
    case SimpleType.STRUCT: {
      const object = Result.try(() => JSON.parse(text) as unknown)
      const isObject = Result.isSuccess(object) && typeof object.success === "object" && object.success !== null && !Array.isArray(object.success)
      return isObject ? Literals.struct(object.success as JsonObject) : undefined
    }
    case SimpleType.NONE:
      return Literals.none()
    case SimpleType.ERROR:
      return Literals.scalar({ case: "error", value: { $typeName: "flyteidl2.core.Error", failedNodeId: "", message: text } })
    default:
      return undefined
  }
}

const parseInteger = (text: string): Literal | undefined => {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ""))
  return BigInt.asIntN(64, value) === value ? Literals.integer(value) : undefined
}

const parseFloatText = (text: string): Literal | undefined => {
  const special = /^([+-]?)(?:inf|infinity)$/i.exec(text)
  if (special !== null) return Literals.float(special[1] === "-" ? -Infinity : Infinity)
  if (/^nan$/i.test(text)) return Literals.float(Number.NaN)
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? Literals.float(value) : undefined
}
