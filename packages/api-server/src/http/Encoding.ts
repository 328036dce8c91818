/** Writes answers as JSON or YAML text. */
import { type ApiFailure, failure } from "../ApiFailure.ts"
import { encodeObject } from "../protobuf/Envelope.ts"
import type { ServedResource } from "../ServedResource.ts"
import { type Encoding, mediaTypes } from "./MediaTypes.ts"
import { yamlText } from "./YamlText.ts"

/** Line separators are legal in JSON, but readers of lines split at them. */
const escapeSeparators = (text: string): string =>
  /[\u2028\u2029]/.test(text) ? text.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029") : text

/** A value as one line of JSON, with a line end. */
export const jsonLine = (value: unknown): string => `${escapeSeparators(JSON.stringify(value))}\n`

/** A value in an encoding. Answers in JSON end with a line end, as the original's do. */
export const encode = (value: unknown, encoding: Encoding, pretty = false): string | Uint8Array => {
  if (encoding === "protobuf") {
    const bytes = encodeObject(value as object)
    if (bytes === undefined) throw notInProtobuf(value as object)
    return bytes
  }
  if (encoding !== "yaml") return pretty ? `${JSON.stringify(value, null, 2)}\n` : jsonLine(value)
  return yamlText(value)
}

const notInProtobuf = (value: object): ApiFailure => {
  const { apiVersion = "", kind = "" } = value as { apiVersion?: string; kind?: string }
  return failure(406, "NotAcceptable", `object ${apiVersion}, Kind=${kind} cannot be written as application/vnd.kubernetes.protobuf: it has no such form`)
}

/** The Content-Type of an encoding. */
export const contentType = (encoding: Encoding): string => mediaTypes[encoding]

/** The items of built-in lists carry neither kind nor apiVersion. */
export const encodeList = (list: { readonly items: ReadonlyArray<object> }, resource: ServedResource): string => {
  const prefix = `{"kind":${JSON.stringify(resource.kind)},"apiVersion":${JSON.stringify(resource.apiVersion)},`
  const items = list.items.map((item) => {
    const text = JSON.stringify(item)
    return text.startsWith(prefix) ? `{${text.slice(prefix.length)}` : JSON.stringify(withoutKind(item))
  })
  const { items: _, ...head } = list
  return `${escapeSeparators(`${JSON.stringify(head).slice(0, -1)},"items":[${items.join(",")}]}`)}\n`
}

/** A copy of an object without kind and apiVersion. */
const withoutKind = (object: object): object => {
  const { kind: _kind, apiVersion: _version, ...rest } = object as { kind?: string; apiVersion?: string }
  return rest
}
