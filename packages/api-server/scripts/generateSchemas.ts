/** Writes the compact description of every built-in type: see the header of `src/builtin/SchemaData.ts` for its form. */
import type { GoField, GoPackage } from "./goTypes.ts"

/** What is read of a schema in an OpenAPI document. */
export interface OpenApiSchema {
  readonly type?: string
  readonly $ref?: string
  readonly allOf?: ReadonlyArray<{ readonly $ref?: string }>
  readonly properties?: Record<string, OpenApiSchema>
  readonly required?: ReadonlyArray<string>
  readonly items?: OpenApiSchema
  readonly additionalProperties?: OpenApiSchema
  readonly default?: unknown
  readonly "x-kubernetes-list-type"?: string
  readonly "x-kubernetes-list-map-keys"?: ReadonlyArray<string>
  readonly "x-kubernetes-map-type"?: string
  readonly "x-kubernetes-patch-strategy"?: string
  readonly "x-kubernetes-patch-merge-key"?: string
  readonly "x-kubernetes-group-version-kind"?: ReadonlyArray<{ readonly group: string; readonly version: string; readonly kind: string }>
}

const letters: Readonly<Record<string, string>> = {
  string: "s", bool: "b", int: "n", int32: "i", int64: "l", float64: "f", "[]byte": "y",
  "meta/v1.Time": "t", "meta/v1.MicroTime": "m", "meta/v1.Duration": "d", "resource.Quantity": "q",
  "intstr.IntOrString": "o", "runtime.RawExtension": "x", "meta/v1.FieldsV1": "x", "interface{}": "x",
  "apiextensions/v1.JSON": "x", "apiextensions/v1.JSONSchemaPropsOrArray": "x", "apiextensions/v1.JSONSchemaPropsOrBool": "x",
  "apiextensions/v1.JSONSchemaPropsOrStringArray": "x"
}

class Writer {
  readonly #packages: ReadonlyMap<string, GoPackage>
  readonly #names: ReadonlyMap<string, string>
  readonly #schemas: Record<string, OpenApiSchema>
  readonly lines = new Map<string, Map<string, string>>()

  constructor(schemas: Record<string, OpenApiSchema>, prefixes: ReadonlyMap<string, string>, packages: ReadonlyMap<string, GoPackage>) {
    this.#schemas = schemas
    this.#packages = packages
    this.#names = new Map([...prefixes].map(([prefix, short]) => [short, prefix]))
  }

  /** Writes the line of a type, once, and gives the code by which `from` refers to it. */
  type(type: string, from: string): string {
    const letter = letters[type]
    if (letter !== undefined) return letter
    if (type.startsWith("*")) return this.type(type.slice(1), from)
    if (type.startsWith("[]")) return `[${this.type(type.slice(2), from)}`
    const map = /^map\[[^\]]+\](.*)$/.exec(type)
    if (map !== null) return `{${this.type(map[1] ?? "", from)}`
    const dot = type.lastIndexOf(".")
    const [pkg, name] = [type.slice(0, dot), type.slice(dot + 1)]
    this.#declare(pkg, name)
    return pkg === from ? name : type
  }

  #declare(pkg: string, name: string): void {
    const found = this.#packages.get(pkg)?.get(name)
    if (found === undefined) throw new Error(`the type ${pkg}.${name} is declared nowhere`)
    const lines = this.lines.get(pkg) ?? new Map<string, string>()
    this.lines.set(pkg, lines)
    if (lines.has(name)) return
    lines.set(name, "")
    const schema = this.#schemas[`${this.#names.get(pkg)}.${name}`]
    if (found.fields === undefined) {
      lines.set(name, `${name}=${this.type(found.alias ?? "", pkg)}`)
      return
    }
    const atomic = schema?.["x-kubernetes-map-type"] === "atomic" ? "^" : ""
    let last = 0
    const fields = found.fields.map((field) => {
      const text = this.#field(field, pkg, schema?.properties?.[field.json ?? ""], schema, last, name)
      last = field.number ?? last
      return text
    })
    lines.set(name, `${name}${atomic}:${fields.join(";")}`)
  }

  #field(field: GoField, pkg: string, property: OpenApiSchema | undefined, owner: OpenApiSchema | undefined, last: number, at: string): string {
    const parts = [field.json ?? `~${field.goName}`, this.type(field.type, pkg)]
    if (field.number !== undefined && field.number !== last + 1) parts.push(`#${field.number}`)
    const flags = (field.type.startsWith("*") ? "*" : "") + (field.omitempty ? "?" : "") + (field.omitzero ? "0" : "")
    if (flags !== "") parts.push(flags)
    if (field.json === undefined || owner === undefined) return parts.join(" ")
    if (property === undefined) throw new Error(`${at}.${field.json} is not in the OpenAPI documents`)
    if (owner.required?.includes(field.json) === true) parts.push("!")
    const listType = property["x-kubernetes-list-type"]
    if (listType === "map") parts.push(`l=map:${property["x-kubernetes-list-map-keys"]?.join(",")}`)
    if (listType === "set") parts.push("l=set")
    if (listType === "atomic") parts.push("l=atomic")
    const mapType = property["x-kubernetes-map-type"]
    if (mapType !== undefined) parts.push(mapType === "atomic" ? "a" : "g")
    const strategy = property["x-kubernetes-patch-strategy"]
    const key = property["x-kubernetes-patch-merge-key"]
    if (strategy !== undefined) parts.push(`p=${strategy}${key === undefined ? "" : `:${key}`}`)
    const fallback = property.default
    if (fallback !== undefined && !["{}", "\"\"", "0", "false"].includes(JSON.stringify(fallback))) parts.push(`d=${JSON.stringify(fallback)}`)
    return parts.join(" ")
  }
}

/** The module with the descriptions of all types that a kind reaches. */
export const schemasModule = (
  schemas: Record<string, OpenApiSchema>,
  prefixes: ReadonlyMap<string, string>,
  packages: ReadonlyMap<string, GoPackage>
): string => {
  const writer = new Writer(schemas, prefixes, packages)
  const groups = new Map<string, string>()
  for (const [name, schema] of Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const kinds = schema["x-kubernetes-group-version-kind"]
    const short = prefixes.get(name.slice(0, name.lastIndexOf("."))) ?? ""
    if (short === "resource" || short === "intstr" || short === "runtime") continue
    if (kinds?.length === 1) groups.set(short, kinds[0]?.group ?? "")
    writer.type(`${short}.${name.slice(name.lastIndexOf(".") + 1)}`, "")
  }
  const text = [...writer.lines].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([pkg, lines]) => [
    `@${pkg} ${[...prefixes].find(([, short]) => short === pkg)?.[0] ?? ""} ${groups.get(pkg) ?? ""}`.trimEnd(),
    ...[...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
  ])
  return `
/** Every type of the built-in kinds, one line each, in the form that \`SchemaData.ts\` reads. */
export const schemaLines = String.raw\`${text.join("\n")}\`
`
}
