/** The form in which Kubernetes sends protobuf: four marker bytes, then kind and message. */
import { schemaOf } from "../builtin/Builtin.ts"
import type { SchemaNode } from "../builtin/SchemaNode.ts"
import { decodeMessage, encodeMessage } from "./Message.ts"
import { metaKinds } from "./MetaKinds.ts"
import { message, readFields, textOf, WireError, writeBytes } from "./Wire.ts"

const marker = [0x6b, 0x38, 0x73, 0x00] as const

/** The schema of a kind by its apiVersion. */
const schemaFor = (apiVersion: string, kind: string): SchemaNode | undefined => {
  const slash = apiVersion.indexOf("/")
  return metaKinds.get(`${apiVersion} ${kind}`) ?? schemaOf(slash < 0 ? "" : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind)
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** An object of a built-in kind as it is sent; `undefined` for kinds without a message. */
export const encodeObject = (object: object): Uint8Array | undefined => {
  const { apiVersion = "", kind = "" } = object as { apiVersion?: string; kind?: string }
  const schema = schemaFor(apiVersion, kind)
  if (schema === undefined) return undefined
  const body = message((writer) => {
    writeBytes(writer, 1, message((meta) => {
      writeBytes(meta, 1, text(apiVersion))
      writeBytes(meta, 2, text(kind))
    }))
    writeBytes(writer, 2, encodeMessage(schema, object as Record<string, unknown>))
    writeBytes(writer, 3, text(""))
    writeBytes(writer, 4, text(""))
  })
  const out = new Uint8Array(body.length + marker.length)
  out.set(marker)
  out.set(body, marker.length)
  return out
}

/** Reads an object that was sent; a text says why it could not. */
export const decodeObject = (bytes: Uint8Array): Record<string, unknown> | string => {
  if (!marker.every((byte, i) => bytes[i] === byte)) {
    return `provided data does not appear to be a protobuf message, expected prefix [${marker.join(" ")}]`
  }
  try {
    const fields = readFields(bytes.subarray(marker.length))
    const meta = readFields(fields.find(({ number }) => number === 1)?.bytes ?? new Uint8Array())
    const metaText = (number: number): string => textOf(meta.find((it) => it.number === number)?.bytes ?? new Uint8Array())
    const [apiVersion, kind] = [metaText(1), metaText(2)]
    const schema = schemaFor(apiVersion, kind)
    if (schema === undefined) return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`
    const raw = fields.find(({ number }) => number === 2)?.bytes ?? new Uint8Array()
    return { apiVersion, kind, ...decodeMessage(schema, raw) }
  } catch (error) {
    if (error instanceof WireError) return error.message
    // Messages in messages in messages: only bytes that nobody meant go so deep.
    if (error instanceof RangeError) return "proto: message is nested too deeply"
    throw error
  }
}

/** One event of a watch, with its length in front. */
export const encodeWatchEvent = (type: string, object: object): Uint8Array => {
  const raw = encodeObject(object) ?? new Uint8Array()
  const event = message((writer) => {
    writeBytes(writer, 1, text(type))
    writeBytes(writer, 2, message((extension) => writeBytes(extension, 1, raw)))
  })
  const framed = new Uint8Array(event.length + 4)
  new DataView(framed.buffer).setUint32(0, event.length)
  framed.set(event, 4)
  return framed
}
