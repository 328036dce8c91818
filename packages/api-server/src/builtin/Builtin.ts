/**
 * What is known of the built-in kinds: resources, schemas, columns, decoding. Use as `import * as Builtin`.
 *
 * How a write uses it (everything is synchronous and pure; nothing given is ever changed):
 *
 * 1. `Builtin.decode(schema, body, { text, previous, strict })` gives the object in its stored form with defaults.
 *    `text` is the JSON text if there was one; `previous` the stored object (parts that are equal are shared with it);
 *    `strict` when fieldValidation is Strict or Warn. `problem` is Go's error, to be wrapped as
 *    `Pod in version "v1" cannot be handled as a Pod: <problem>`; `strict` has the texts of unknown and duplicate fields.
 *    Results of JSON, merge and strategic patches are decoded the same way.
 * 2. `ManagedFields.update` (../apply) before admission, see there.
 * 3. `Validation.create` or `Validation.update` (./validation) once the rules of the kind have prepared the object; for
 *    valid objects then `Warnings.onCreate` or `Warnings.onUpdate` (./warnings).
 */
import { columnDescriptions, columnLines } from "./Columns.generated.ts"
import { makeDecoder, type Decoded, type DecodeOptions } from "./Decode.ts"
import { defaultsOf } from "./defaults/Defaults.ts"
import { resourceLines } from "./Resources.generated.ts"
import { packageOf, schemaOfType } from "./SchemaData.ts"
import type { SchemaNode } from "./SchemaNode.ts"

/** A subresource of a built-in resource; `kind` is that of its body. */
export interface BuiltinSubresource {
  readonly name: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly verbs: ReadonlyArray<string>
}

/** A built-in resource as discovery shows it. */
export interface BuiltinResource {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: ReadonlyArray<string>
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly subresources: ReadonlyArray<BuiltinSubresource>
}

/** A column of the Table form of a resource. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

const words = (text: string | undefined): ReadonlyArray<string> => (text === undefined || text === "" ? [] : text.split(","))

const subresourceOf = (text: string, group: string, version: string): BuiltinSubresource => {
  const [name = "", path = "", verbs] = text.split(":")
  const parts = path.split("/")
  const kind = parts.at(-1) ?? ""
  return parts.length === 3
    ? { name, group: parts[0] ?? "", version: parts[1] ?? "", kind, verbs: words(verbs) }
    : { name, group, version, kind, verbs: words(verbs) }
}

const readResources = (): ReadonlyArray<BuiltinResource> => {
  const found: Array<BuiltinResource> = []
  let [group, version] = ["", ""]
  for (const line of resourceLines.split("\n")) {
    if (line.startsWith("@")) {
      ;[group = "", version = ""] = line.slice(1).split(" ")
      continue
    }
    const [plural = "", singular = "", kind = "", scope, verbs, shortNames, categories, subresources = ""] = line.split("|")
    found.push({
      group,
      version,
      plural,
      singular,
      kind,
      namespaced: scope === "N",
      verbs: words(verbs),
      shortNames: words(shortNames),
      categories: words(categories),
      subresources: subresources === "" ? [] : subresources.split(" ").map((text) => subresourceOf(text, group, version))
    })
  }
  return found
}

let allResources: ReadonlyArray<BuiltinResource> | undefined

/** All built-in resources in the order of discovery: groups, their versions, their resources. */
export const resources = (): ReadonlyArray<BuiltinResource> => (allResources ??= readResources())

/** The schema of a kind; also of list kinds, of `DeleteOptions`, and of bodies such as `Binding`, `Eviction`, `Scale`. */
export const schemaOf = (group: string, version: string, kind: string): SchemaNode | undefined => {
  const pkg = packageOf(group, version)
  return (pkg === undefined ? undefined : schemaOfType(pkg, kind)) ?? (version === "v1" ? schemaOfType("meta/v1", kind) : undefined)
}

/** The schema of `metadata`, for custom resources. Their decoding errors start at it: `ObjectMeta.labels`. */
export const objectMeta: SchemaNode = schemaOfType("meta/v1", "ObjectMeta") as SchemaNode

const byPath = new Map<string, ReadonlyArray<Column>>()

/** The columns of a resource's Table form; empty where the server has none of its own. */
export const columns = (group: string, version: string, plural: string): ReadonlyArray<Column> => {
  if (byPath.size === 0) {
    for (const line of columnLines.split("\n")) {
      const [path = "", ...entries] = line.split("|")
      byPath.set(path, entries.map((entry) => {
        const [name = "", type = "", format = "", priority, description] = entry.split(",")
        return { name, type, format, description: columnDescriptions[Number(description)] ?? "", priority: Number(priority) }
      }))
    }
  }
  return byPath.get(`${group === "" ? "" : `${group}/`}${version}/${plural}`) ?? []
}

const withDefaults = makeDecoder(defaultsOf)
const withoutDefaults = makeDecoder(() => undefined)

/** Decodes a body with the defaults of the API. */
export const decode = (schema: SchemaNode, body: unknown, options?: DecodeOptions): Decoded => withDefaults(schema, body, options)

const emptyObjects = new WeakMap<SchemaNode, object>()

/**
 * An object of this schema with nothing in it, as Go writes it: what a create is compared with to find its owner's fields.
 * Defaults are not applied.
 */
export const emptyOf = (schema: SchemaNode): object => {
  let empty = emptyObjects.get(schema)
  if (empty === undefined) {
    empty = withoutDefaults(schema, {}).object
    emptyObjects.set(schema, empty)
  }
  return empty
}
