/** Reads struct declarations of Go source files: field order, JSON names, pointers, omitempty and protobuf numbers. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** One field of a Go struct. */
export interface GoField {
  readonly goName: string
  /** Go type with its packages spelled out by their folder: `[]core/v1.Container`, `*string`. */
  readonly type: string
  /** JSON name; `undefined` for a struct that is embedded inline. */
  readonly json: string | undefined
  readonly omitempty: boolean
  readonly omitzero: boolean
  /** Protobuf field number; `undefined` where there is none. */
  readonly number: number | undefined
}

/** A declared Go type: a struct with fields, or a name for another type. */
export interface GoType {
  readonly name: string
  readonly fields: ReadonlyArray<GoField> | undefined
  readonly alias: string | undefined
}

/** Everything that one Go package declares. */
export type GoPackage = ReadonlyMap<string, GoType>

const predeclared = new Set([
  "string", "bool", "int", "int32", "int64", "float64", "byte", "error", "interface{}", "any", "uint64", "uint32", "uint16", "uint8", "float32", "int8", "int16"
])

/** Maps an import path to the short name that packages have here: `core/v1`, `meta/v1`, `resource`. */
export const packageOf = (path: string): string =>
  path
    .replace(/^k8s\.io\/kubernetes\/pkg\/apis\//, "internal/")
    .replace(/^k8s\.io\/api\//, "")
    .replace(/^k8s\.io\/apimachinery\/pkg\/apis\//, "")
    .replace(/^k8s\.io\/apimachinery\/pkg\/(api|util)\//, "")
    .replace(/^k8s\.io\/apimachinery\/pkg\//, "")
    .replace(/^k8s\.io\/(apiextensions-apiserver|kube-aggregator)\/pkg\/apis\//, "")

const importsOf = (source: string): Map<string, string> => {
  const found = new Map<string, string>()
  const block = /import \(([\s\S]*?)\)/.exec(source)?.[1] ?? source
  for (const match of block.matchAll(/^\s*(?:import\s+)?(\w+)?\s*"([^"]+)"/gm)) {
    const path = match[2] ?? ""
    found.set(match[1] ?? path.split("/").at(-1) ?? "", packageOf(path))
  }
  return found
}

const qualify = (type: string, self: string, imports: Map<string, string>): string =>
  type.replace(/(\w+)\.(\w+)|\b([A-Za-z]\w*)\b/g, (whole, alias: string | undefined, name: string, plain: string | undefined) => {
    if (alias !== undefined) return `${imports.get(alias) ?? alias}.${name}`
    return plain === "map" || predeclared.has(plain ?? "") || plain === "interface" ? whole : `${self}.${plain}`
  })

const fieldOf = (line: string, self: string, imports: Map<string, string>): GoField | undefined => {
  const match = /^\s+(?:(\w+)\s+)?([*[\]\w.{}]+)(?:\s+`(.*)`)?\s*(?:\/\/.*)?$/.exec(line)
  if (match === null) return undefined
  const tags = match[3] ?? ""
  const json = /json:"([^"]*)"/.exec(tags)?.[1]?.split(",")
  if (json?.[0] === "-") return undefined
  const embedded = match[1] === undefined
  const inline = embedded && (json === undefined || json[0] === "")
  const number = /protobuf:"\w+,(\d+),/.exec(tags)?.[1]
  return {
    goName: match[1] ?? (match[2] ?? "").split(".").at(-1) ?? "",
    type: qualify(match[2] ?? "", self, imports),
    json: inline ? undefined : (json?.[0] || match[1] || ""),
    omitempty: json?.includes("omitempty") ?? false,
    omitzero: json?.includes("omitzero") ?? false,
    number: number === undefined ? undefined : Number(number)
  }
}

const parseFile = (source: string, self: string, into: Map<string, GoType>): void => {
  const imports = importsOf(source)
  const lines = source.replace(/\/\*[\s\S]*?\*\//g, "").split("\n")
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ""
    const struct = /^type (\w+) struct ?\{(\})?/.exec(line)
    if (struct !== null) {
      const fields: Array<GoField> = []
      for (i = struct[2] === undefined ? i + 1 : i; struct[2] === undefined && !(lines[i] ?? "}").startsWith("}"); i++) {
        const field = fieldOf(lines[i] ?? "", self, imports)
        if (field !== undefined) fields.push(field)
      }
      into.set(struct[1] ?? "", { name: struct[1] ?? "", fields, alias: undefined })
      continue
    }
    const alias = /^type (\w+) ([[\]*\w.]+)\s*(?:\/\/.*)?$/.exec(line)
    if (alias !== null && alias[2] !== "interface") {
      into.set(alias[1] ?? "", { name: alias[1] ?? "", fields: undefined, alias: qualify(alias[2] ?? "", self, imports) })
    }
  }
}

/** Parses the declarations of the Go package in `folder`; `self` is the short name that its own types get. */
export const parsePackage = (folder: string, self: string): GoPackage => {
  const types = new Map<string, GoType>()
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(".go") || file.endsWith("_test.go") || file.startsWith("zz_generated") || file.startsWith("generated")) continue
    parseFile(readFileSync(join(folder, file), "utf8"), self, types)
  }
  return types
}
