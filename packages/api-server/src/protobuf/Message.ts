/** Turns objects of the built-in kinds into protobuf messages and back, along their schemas. */
import type { SchemaField, SchemaNode } from "../builtin/SchemaNode.ts"
import { message, readFields, textOf, wire, WireError, WireWriter, writeBytes, type WireField } from "./Wire.ts"

type Fields = Record<string, unknown>

/** List types that travel as a message around their items. */
const wrappedLists: ReadonlySet<string> = new Set(["v1.ExtraValue", "v1.Verbs"])

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0))

const toBase64 = (bytes: Uint8Array): string => {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** The message of an object. */
export const encodeMessage = (node: SchemaNode, object: Fields): Uint8Array => message((writer) => writeStruct(writer, fieldsBelow(node, 0), object, 0))

/** The fields of a struct; `depth` is how many embedded messages they stand in. */
const fieldsBelow = (node: SchemaNode, depth: number): ReadonlyArray<SchemaField> => node.fields.filter(({ numbers }) => numbers.length > depth)

const writeStruct = (writer: WireWriter, fields: ReadonlyArray<SchemaField>, object: Fields, depth: number): void => {
  const embedded = new Set<number>()
  for (const field of fields) {
    const number = field.numbers[depth]!
    if (field.numbers.length > depth + 1) {
      if (embedded.has(number)) continue
      embedded.add(number)
      const inner = fields.filter((it) => it.numbers[depth] === number && it.numbers.length > depth + 1)
      const bytes = message((below) => writeStruct(below, inner, object, depth + 1))
      writer.tag(number, wire.bytes)
      writer.delimited(bytes)
    } else writeField(writer, number, field.node, object[field.name])
  }
}

const writeField = (writer: WireWriter, number: number, node: SchemaNode, value: unknown): void => {
  if (value === undefined || value === null) return
  switch (node.shape) {
    case "list": {
      if (wrappedLists.has(node.goType)) return writeBytes(writer, number, wrappedList(node, value as ReadonlyArray<unknown>))
      for (const item of value as ReadonlyArray<unknown>) writeField(writer, number, node.items!, item)
      return
    }
    case "map":
      for (const [key, item] of Object.entries(value as Fields)) {
        writeBytes(writer, number, message((entry) => {
          entry.tag(1, wire.bytes)
          entry.text(key)
          writeField(entry, 2, node.items!, item)
        }))
      }
      return
    case "struct":
      return writeBytes(writer, number, encodeMessage(node, value as Fields))
    case "scalar":
      return writeScalar(writer, number, node.scalar, value)
    default:
      return writeBytes(writer, number, message((raw) => writeBytes(raw, 1, new TextEncoder().encode(JSON.stringify(value)))))
  }
}

const wrappedList = (node: SchemaNode, items: ReadonlyArray<unknown>): Uint8Array =>
  message((writer) => {
    for (const item of items) writeField(writer, 1, node.items!, item)
  })

const writeInteger = (writer: WireWriter, number: number, value: number): void => {
  writer.tag(number, wire.varint)
  writer.varint(value)
}

const writeScalar = (writer: WireWriter, number: number, scalar: SchemaNode["scalar"], value: unknown): void => {
  switch (scalar) {
    case "boolean":
      return writeInteger(writer, number, value === true ? 1 : 0)
    case "int32":
    case "int64":
    case "int":
      return writeInteger(writer, number, value as number)
    case "float64":
      writer.tag(number, wire.fixed64)
      return writer.double(value as number)
    case "bytes":
      return writeBytes(writer, number, fromBase64(value as string))
    case "time":
    case "microTime":
      return writeBytes(writer, number, timeMessage(value as string))
    case "quantity":
      return writeBytes(writer, number, message((it) => writeBytes(it, 1, new TextEncoder().encode(String(value)))))
    case "intOrString":
      return writeBytes(writer, number, message((it) => {
        writeInteger(it, 1, typeof value === "number" ? 0 : 1)
        writeInteger(it, 2, typeof value === "number" ? value : 0)
        writeBytes(it, 3, new TextEncoder().encode(typeof value === "string" ? value : ""))
      }))
    case "duration":
      return writeBytes(writer, number, message((it) => writeInteger(it, 1, value as number)))
    default:
      return writeBytes(writer, number, new TextEncoder().encode(String(value)))
  }
}

const timeMessage = (text: string): Uint8Array => {
  const micros = /\.(\d{1,9})/.exec(text)?.[1] ?? ""
  const millis = Date.parse(text)
  return message((writer) => {
    writeInteger(writer, 1, Math.floor(millis / 1000))
    writeInteger(writer, 2, Number(micros.padEnd(9, "0")))
  })
}

/** The object of a message. Throws `WireError`. */
export const decodeMessage = (node: SchemaNode, bytes: Uint8Array): Fields => {
  const object: Fields = {}
  readStruct(fieldsBelow(node, 0), bytes, object, 0)
  return object
}

const readStruct = (fields: ReadonlyArray<SchemaField>, bytes: Uint8Array, object: Fields, depth: number): void => {
  for (const found of readFields(bytes)) {
    const field = fields.find((it) => it.numbers[depth] === found.number)
    if (field === undefined) continue
    if (field.numbers.length > depth + 1) {
      readStruct(fields.filter((it) => it.numbers[depth] === found.number && it.numbers.length > depth + 1), found.bytes, object, depth + 1)
    } else object[field.name] = readField(field.node, found, object[field.name])
  }
}

const readField = (node: SchemaNode, found: WireField, before: unknown): unknown => {
  switch (node.shape) {
    case "list": {
      if (wrappedLists.has(node.goType)) return readFields(found.bytes).map((item) => readField(node.items!, item, undefined))
      return [...((before as ReadonlyArray<unknown> | undefined) ?? []), readField(node.items!, found, undefined)]
    }
    case "map":
      return { ...(before as Fields | undefined), ...readEntry(node.items!, found.bytes) }
    case "struct":
      return decodeMessage(node, found.bytes)
    case "scalar":
      return readScalar(node.scalar, found)
    default: {
      const raw = readFields(found.bytes).find(({ number }) => number === 1)
      return raw === undefined || raw.bytes.length === 0 ? null : parseJson(textOf(raw.bytes))
    }
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new WireError(`invalid JSON inside of the message: ${text.slice(0, 30)}`)
  }
}

const readEntry = (items: SchemaNode, bytes: Uint8Array): Fields => {
  let key = ""
  let value: unknown = items.shape === "scalar" && items.scalar === "string" ? "" : undefined
  for (const found of readFields(bytes)) {
    if (found.number === 1) key = textOf(found.bytes)
    else value = readField(items, found, undefined)
  }
  return { [key]: value }
}

const integerOf = ({ integer }: WireField): number => Number(BigInt.asIntN(64, integer))

const readScalar = (scalar: SchemaNode["scalar"], found: WireField): unknown => {
  switch (scalar) {
    case "boolean":
      return found.integer !== 0n
    case "int32":
    case "int64":
    case "int":
      return integerOf(found)
    case "float64":
      return found.bytes.length === 8 ? new DataView(found.bytes.buffer, found.bytes.byteOffset, 8).getFloat64(0, true) : 0
    case "bytes":
      return toBase64(found.bytes)
    case "time":
    case "microTime":
      return readTime(found.bytes, scalar === "microTime")
    case "quantity":
      return textOf(readFields(found.bytes).find(({ number }) => number === 1)?.bytes ?? new Uint8Array())
    case "intOrString": {
      const parts = readFields(found.bytes)
      const kind = parts.find(({ number }) => number === 1)
      const [integer, text] = [parts.find(({ number }) => number === 2), parts.find(({ number }) => number === 3)]
      return kind === undefined || kind.integer === 0n ? (integer === undefined ? 0 : integerOf(integer)) : textOf(text?.bytes ?? new Uint8Array())
    }
    case "duration": {
      const part = readFields(found.bytes).find(({ number }) => number === 1)
      return part === undefined ? 0 : integerOf(part)
    }
    default:
      return textOf(found.bytes)
  }
}

/** A time without seconds is none at all. */
const readTime = (bytes: Uint8Array, hasMicros: boolean): string | null => {
  const parts = readFields(bytes)
  const seconds = parts.find(({ number }) => number === 1)
  if (seconds === undefined) return null
  const text = new Date(integerOf(seconds) * 1000).toISOString().slice(0, 19)
  const nanos = parts.find(({ number }) => number === 2)
  if (!hasMicros) return `${text}Z`
  return `${text}.${String(nanos === undefined ? 0 : integerOf(nanos)).padStart(9, "0").slice(0, 6)}Z`
}
