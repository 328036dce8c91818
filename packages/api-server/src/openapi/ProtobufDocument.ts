/** The OpenAPI document of version 2 in protobuf, the form in which kubectl reads it (messages of gnostic's openapi.v2). */
import { stringify } from "yaml"
import { wire, WireWriter } from "../protobuf/Wire.ts"
import type { Fields } from "./Transform.ts"

type Write = (writer: WireWriter, value: Fields) => void

const nested = (writer: WireWriter, number: number, write: (below: WireWriter) => void): void => {
  const below = new WireWriter()
  write(below)
  writer.tag(number, wire.bytes)
  writer.delimited(below.finish())
}

const text = (writer: WireWriter, number: number, value: unknown): void => {
  if (typeof value !== "string" || value === "") return
  writer.tag(number, wire.bytes)
  writer.text(value)
}

const texts = (writer: WireWriter, number: number, values: unknown): void => {
  for (const value of (values as ReadonlyArray<string> | undefined) ?? []) {
    writer.tag(number, wire.bytes)
    writer.text(value)
  }
}

const flag = (writer: WireWriter, number: number, value: unknown): void => {
  if (value !== true) return
  writer.tag(number, wire.varint)
  writer.varint(1)
}

const integer = (writer: WireWriter, number: number, value: unknown): void => {
  if (typeof value !== "number") return
  writer.tag(number, wire.varint)
  writer.varint(value)
}

const double = (writer: WireWriter, number: number, value: unknown): void => {
  if (typeof value !== "number") return
  writer.tag(number, wire.fixed64)
  writer.double(value)
}

/** Entries of a map: a name and a message each. */
const named = (writer: WireWriter, number: number, entries: Fields | undefined, write: Write): void => {
  for (const [name, value] of Object.entries(entries ?? {})) {
    nested(writer, number, (entry) => {
      text(entry, 1, name)
      nested(entry, 2, (below) => write(below, value as Fields))
    })
  }
}

/** Any value: the text of its YAML. */
const any = (writer: WireWriter, value: unknown): void => text(writer, 2, stringify(value, { lineWidth: 0 }))

const extensions = (writer: WireWriter, number: number, value: Fields): void => {
  for (const [key, extension] of Object.entries(value)) {
    if (!key.startsWith("x-")) continue
    nested(writer, number, (entry) => {
      text(entry, 1, key)
      nested(entry, 2, (below) => any(below, extension))
    })
  }
}

const schema: Write = (writer, value) => {
  text(writer, 1, value["$ref"])
  text(writer, 2, value["format"])
  text(writer, 3, value["title"])
  text(writer, 4, value["description"])
  double(writer, 7, value["maximum"])
  double(writer, 9, value["minimum"])
  integer(writer, 11, value["maxLength"])
  integer(writer, 12, value["minLength"])
  text(writer, 13, value["pattern"])
  integer(writer, 14, value["maxItems"])
  integer(writer, 15, value["minItems"])
  flag(writer, 16, value["uniqueItems"])
  texts(writer, 19, value["required"])
  for (const choice of (value["enum"] as ReadonlyArray<unknown> | undefined) ?? []) nested(writer, 20, (below) => any(below, choice))
  const additional = value["additionalProperties"]
  if (typeof additional === "object" && additional !== null) {
    nested(writer, 21, (item) => nested(item, 1, (below) => schema(below, additional as Fields)))
  }
  const type = value["type"]
  if (type !== undefined) nested(writer, 22, (item) => texts(item, 1, Array.isArray(type) ? type : [type]))
  const items = value["items"]
  if (items !== undefined) nested(writer, 23, (item) => nested(item, 1, (below) => schema(below, items as Fields)))
  for (const part of (value["allOf"] as ReadonlyArray<Fields> | undefined) ?? []) nested(writer, 24, (below) => schema(below, part))
  if (value["properties"] !== undefined) nested(writer, 25, (below) => named(below, 1, value["properties"] as Fields, schema))
  extensions(writer, 31, value)
}

const response: Write = (writer, value) => {
  text(writer, 1, value["description"])
  if (value["schema"] !== undefined) nested(writer, 2, (item) => nested(item, 1, (below) => schema(below, value["schema"] as Fields)))
}

/** Answers by status code, each inside of a choice between an answer and a reference. */
const responses: Write = (writer, value) => named(writer, 1, value, (below, answer) => nested(below, 1, (inner) => response(inner, answer)))

const bodyParameter: Write = (writer, value) => {
  text(writer, 1, value["description"])
  text(writer, 2, value["name"])
  text(writer, 3, value["in"])
  flag(writer, 4, value["required"])
  nested(writer, 5, (below) => schema(below, value["schema"] as Fields))
}

/** Parameters outside of the body: where they stand decides the field and the numbers of their message. */
const plainParameter = (value: Fields): { readonly choice: number; readonly type: number; readonly unique: number } =>
  value["in"] === "query" ? { choice: 3, type: 6, unique: 20 } : { choice: 4, type: 5, unique: 19 }

const parameter = (writer: WireWriter, number: number, value: Fields): void => {
  const ref = value["$ref"]
  nested(writer, number, (item) => {
    if (ref !== undefined) return nested(item, 2, (below) => text(below, 1, ref))
    nested(item, 1, (choice) => {
      if (value["in"] === "body") return nested(choice, 1, (below) => bodyParameter(below, value))
      const at = plainParameter(value)
      nested(choice, 2, (other) =>
        nested(other, at.choice, (below) => {
          flag(below, 1, value["required"])
          text(below, 2, value["in"])
          text(below, 3, value["description"])
          text(below, 4, value["name"])
          text(below, at.type, value["type"])
          flag(below, at.unique, value["uniqueItems"])
        }))
    })
  })
}

const operation: Write = (writer, value) => {
  texts(writer, 1, value["tags"])
  text(writer, 3, value["description"])
  text(writer, 5, value["operationId"])
  texts(writer, 6, value["produces"])
  texts(writer, 7, value["consumes"])
  for (const one of (value["parameters"] as ReadonlyArray<Fields> | undefined) ?? []) parameter(writer, 8, one)
  nested(writer, 9, (below) => responses(below, value["responses"] as Fields))
  texts(writer, 10, value["schemes"])
  extensions(writer, 13, value)
}

const methods: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 }

const path: Write = (writer, value) => {
  for (const [method, number] of Object.entries(methods)) {
    const found = value[method]
    if (found !== undefined) nested(writer, number, (below) => operation(below, found as Fields))
  }
  for (const one of (value["parameters"] as ReadonlyArray<Fields> | undefined) ?? []) parameter(writer, 9, one)
}

/** The message of a document. */
export const encodeDocument = (document: Fields): Uint8Array => {
  const writer = new WireWriter()
  const info = document["info"] as Fields
  text(writer, 1, document["swagger"])
  nested(writer, 2, (below) => {
    text(below, 1, info["title"])
    text(below, 2, info["version"])
  })
  nested(writer, 8, (below) => named(below, 2, document["paths"] as Fields, path))
  nested(writer, 9, (below) => named(below, 1, document["definitions"] as Fields, schema))
  return writer.finish()
}
