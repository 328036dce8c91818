/**
 * Reads the generated lines that describe every built-in type, each type when it is first asked for.
 *
 * A line is `Name:field;field…` for a struct (`Name^:…` when it has one owner as a whole) or `Name=type` for a name of
 * another type. A field is `json type flags…`; `~Name type` embeds a struct. Types: s string, b bool, i int32, l int64,
 * n int, f float64, y bytes, t time, m time with microseconds, d duration, q quantity, o int or string, x any JSON,
 * `[T` list, `{T` map, else a type of the same or (`meta/v1.ObjectMeta`) of another package.
 * Flags: `*` pointer, `?` omitempty, `0` omitzero, `!` required, `#N` protobuf number where it does not simply count up,
 * `l=` list type and keys, `a`/`g` atomic or granular map, `p=` patch strategy and merge key, `d=` default.
 */
import { schemaLines } from "./Schemas.generated.ts"
import { field, list, map, scalar, SchemaNode, struct, untypedAtomic, type ListType, type ScalarType, type SchemaField } from "./SchemaNode.ts"

interface PackageLines {
  readonly name: string
  readonly openApiPrefix: string
  readonly group: string
  readonly lines: Map<string, string>
}

const scalars: Readonly<Record<string, readonly [ScalarType, string]>> = {
  s: ["string", "string"],
  b: ["boolean", "bool"],
  i: ["int32", "int32"],
  l: ["int64", "int64"],
  n: ["int", "int"],
  f: ["float64", "float64"],
  y: ["bytes", "[]uint8"],
  t: ["time", "v1.Time"],
  m: ["microTime", "v1.MicroTime"],
  d: ["duration", "v1.Duration"],
  q: ["quantity", "resource.Quantity"],
  o: ["intOrString", "intstr.IntOrString"]
}

const scalarNodes = new Map(Object.entries(scalars).map(([letter, [type, goType]]) => [letter, scalar(type, goType)]))

const readPackages = (): Map<string, PackageLines> => {
  const packages = new Map<string, PackageLines>()
  let current: PackageLines | undefined
  for (const line of schemaLines.split("\n")) {
    if (line.startsWith("@")) {
      const [name = "", openApiPrefix = "", group = ""] = line.slice(1).split(" ")
      current = { name, openApiPrefix, group, lines: new Map() }
      packages.set(name, current)
    } else {
      const end = line.search(/[:=^]/)
      current?.lines.set(line.slice(0, end), line.slice(end))
    }
  }
  return packages
}

let packages: Map<string, PackageLines> | undefined
const allPackages = (): Map<string, PackageLines> => (packages ??= readPackages())

const named = new Map<string, SchemaNode>()

/** What a field line says beside name and type. */
interface Flags {
  listType: ListType | undefined
  keys: ReadonlyArray<string>
  atomic: boolean | undefined
  number: number | undefined
  more: Partial<Omit<SchemaField, "name" | "node">>
}

const readFlags = (parts: ReadonlyArray<string>): Flags => {
  const flags: Flags = { listType: undefined, keys: [], atomic: undefined, number: undefined, more: { omitEmpty: false } }
  const more = flags.more as { -readonly [K in keyof SchemaField]?: SchemaField[K] }
  for (const part of parts) {
    if (/^[*?0]+$/.test(part)) {
      more.pointer = part.includes("*")
      more.omitEmpty = part.includes("?")
      more.omitZero = part.includes("0")
    } else if (part === "!") more.required = true
    else if (part === "a" || part === "g") flags.atomic = part === "a"
    else if (part.startsWith("#")) flags.number = Number(part.slice(1))
    else if (part.startsWith("d=")) more.keyDefault = JSON.parse(part.slice(2))
    else if (part.startsWith("l=")) {
      const [type, keys] = part.slice(2).split(":")
      flags.listType = type as ListType
      flags.keys = keys?.split(",") ?? []
    } else if (part.startsWith("p=")) {
      const [strategy = "", key] = part.slice(2).split(":")
      more.retainKeys = strategy.includes("retainKeys")
      more.patchStrategy = strategy.startsWith("merge") ? "merge" : strategy === "replace" ? "replace" : undefined
      more.mergeKey = key
    }
  }
  return flags
}

/** A list without a list type falls back to its patch strategy, as OpenAPI consumers do. */
const listOptions = (flags: Flags): { type: ListType; keys: ReadonlyArray<string> } => {
  if (flags.listType !== undefined) return { type: flags.listType, keys: flags.keys }
  if (flags.more.patchStrategy !== "merge") return { type: "atomic", keys: [] }
  return flags.more.mergeKey === undefined ? { type: "set", keys: [] } : { type: "map", keys: [flags.more.mergeKey] }
}

const typeNode = (code: string, pkg: string, flags: Flags): SchemaNode => {
  const letter = scalarNodes.get(code)
  if (letter !== undefined) return letter
  if (code === "x") return untypedAtomic
  const plain: Flags = { listType: undefined, keys: [], atomic: undefined, number: undefined, more: {} }
  if (code.startsWith("[")) {
    const goType = `[]${goTypeOf(code.slice(1), pkg)}`
    return list(() => typeNode(code.slice(1), pkg, plain), { ...listOptions(flags), goType })
  }
  if (code.startsWith("{")) {
    const goType = `map[string]${goTypeOf(code.slice(1), pkg)}`
    return map(() => typeNode(code.slice(1), pkg, plain), { atomic: flags.atomic ?? false, goType })
  }
  const dot = code.lastIndexOf(".")
  const node = dot < 0 ? namedNode(pkg, code, flags) : namedNode(code.slice(0, dot), code.slice(dot + 1), flags)
  return flags.atomic === undefined ? node : node.withAtomic(flags.atomic)
}

const goTypeOf = (code: string, pkg: string): string => {
  const letter = scalars[code]
  if (letter !== undefined) return letter[1]
  if (code === "x") return "interface {}"
  if (code.startsWith("[")) return `[]${goTypeOf(code.slice(1), pkg)}`
  if (code.startsWith("{")) return `map[string]${goTypeOf(code.slice(1), pkg)}`
  const dot = code.lastIndexOf(".")
  return dot < 0 ? `${lastSegment(pkg)}.${code}` : `${lastSegment(code.slice(0, dot))}${code.slice(dot)}`
}

const lastSegment = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const namedNode = (pkg: string, name: string, flags: Flags): SchemaNode => {
  const line = allPackages().get(pkg)?.lines.get(name)
  if (line === undefined) return untypedAtomic
  const goType = `${lastSegment(pkg)}.${name}`
  if (line.startsWith("=")) return aliasNode(line.slice(1), pkg, goType, flags)
  const id = `${pkg}.${name}`
  const known = named.get(id)
  if (known !== undefined) return known
  const atomic = line.startsWith("^")
  const node = struct(() => fieldsOf(pkg, line.slice(atomic ? 2 : 1)), { atomic, goType })
  named.set(id, node)
  return node
}

const aliasNode = (code: string, pkg: string, goType: string, flags: Flags): SchemaNode => {
  const letter = scalars[code]
  if (letter !== undefined) {
    const known = named.get(goType)
    if (known !== undefined) return known
    const made = scalar(letter[0], goType)
    named.set(goType, made)
    return made
  }
  const node = typeNode(code, pkg, flags)
  if (node.shape === "list") return list(() => node.items as SchemaNode, { type: node.listType, keys: node.keys, goType })
  return node.shape === "map" ? map(() => node.items as SchemaNode, { atomic: node.atomic, goType }) : node
}

const fieldsOf = (pkg: string, text: string): ReadonlyArray<SchemaField> => {
  let last = 0
  return text === "" ? [] : text.split(";").flatMap((entry) => {
    const [name = "", code = "", ...parts] = entry.split(" ")
    const flags = readFlags(parts)
    const node = typeNode(code, pkg, flags)
    // The kind of an object travels outside of its message.
    const own = name === "~TypeMeta" ? undefined : (last = flags.number ?? last + 1)
    const outer = own === undefined ? [] : [own]
    if (!name.startsWith("~")) return [field(name, node, { ...withZeroDefault(node, flags.more), numbers: outer })]
    return node.fields.map((inner) => ({
      ...inner,
      embedded: inner.embedded === undefined ? name.slice(1) : `${name.slice(1)}.${inner.embedded}`,
      numbers: own === undefined ? [] : [own, ...inner.numbers]
    }))
  })
}

/** A scalar that is always written has its zero as default in list keys, as the published schemas say. */
const withZeroDefault = (node: SchemaNode, more: Flags["more"]): Flags["more"] => {
  if (more.keyDefault !== undefined || more.omitEmpty === true || more.pointer === true || node.shape !== "scalar") return more
  const zero = node.scalar === "string" ? "" : node.scalar === "boolean" ? false : node.scalar.startsWith("int") ? 0 : undefined
  return zero === undefined ? more : { ...more, keyDefault: zero }
}

/** The schema of the Go type `name` of a package such as `core/v1`; `undefined` if there is none. */
export const schemaOfType = (pkg: string, name: string): SchemaNode | undefined =>
  allPackages().get(pkg)?.lines.has(name) === true ? namedNode(pkg, name, readFlags([])) : undefined

/** The package whose types serve a group and version: `core/v1` for `v1`, `rbac/v1` for `rbac.authorization.k8s.io/v1`. */
export const packageOf = (group: string, version: string): string | undefined => {
  for (const pkg of allPackages().values()) {
    const served = group === "" ? pkg.name === "core/v1" : pkg.group === group
    if (served && pkg.name.endsWith(`/${version}`)) return pkg.name
  }
  return undefined
}
