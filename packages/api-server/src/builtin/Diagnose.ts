/** Finds what is wrong with a document, in document order and in the words of Go's decoder. */
import type { GoValue } from "./GoJson.ts"
import { problemOf, type Written } from "./Scalars.ts"
import type { SchemaNode } from "./SchemaNode.ts"

/** The first thing that stops decoding, and all fields that are unknown or stand twice. */
export interface Diagnosis {
  readonly problem: string | undefined
  readonly strict: ReadonlyArray<string>
}

/** Go's decoder reports no more than this many. */
const strictMax = 100

class Fatal extends Error {}

/** Which field was being read when a value of the wrong kind came. */
const inContext = (problem: string, owner: string, fields: ReadonlyArray<string>): string =>
  owner === "" || !problem.startsWith("json: cannot unmarshal")
    ? problem
    : problem.replace(" into Go value of type ", ` into Go struct field ${owner}.${fields.join(".")} of type `)

class Walk {
  /** The first mismatch; decoding goes on after it, and a later fatal problem wins over it. */
  mismatch: string | undefined
  readonly strict = new Set<string>()

  note(kind: "unknown" | "duplicate", path: string, key: string): void {
    if (this.strict.size < strictMax) this.strict.add(`${kind} field ${JSON.stringify(path === "" ? key : `${path}.${key}`)}`)
  }

  mismatched(found: string, node: SchemaNode, owner: string, fields: ReadonlyArray<string>): void {
    this.mismatch ??= owner === ""
      ? `json: cannot unmarshal ${found} into Go value of type ${node.goType}`
      : `json: cannot unmarshal ${found} into Go struct field ${owner}.${fields.join(".")} of type ${node.goType}`
  }

  value(node: SchemaNode, value: GoValue, owner: string, fields: ReadonlyArray<string>, path: string): void {
    if (value.kind === "null") return
    switch (node.shape) {
      case "struct":
        if (value.kind === "object") return this.struct(node, value, fields, path)
        return this.mismatched(value.kind, node, owner, fields)
      case "map":
        if (value.kind === "object") return this.map(node, value, owner, fields, path)
        return this.mismatched(value.kind, node, owner, fields)
      case "list":
        if (value.kind !== "array") return this.mismatched(value.kind, node, owner, fields)
        value.items.forEach((item, i) => this.value(node.items as SchemaNode, item, owner, fields, `${path}[${i}]`))
        return
      case "scalar": {
        const problem = problemOf(node.scalar, value as Written)
        if (problem?.fatal !== undefined) throw new Fatal(inContext(problem.fatal, owner, fields))
        if (problem?.mismatch !== undefined) this.mismatched(problem.mismatch, node, owner, fields)
        return
      }
      default:
        this.any(value, path)
    }
  }

  /** A value without a schema can only have duplicates. */
  any(value: GoValue, path: string): void {
    if (value.kind === "array") value.items.forEach((item, i) => this.any(item, `${path}[${i}]`))
    if (value.kind !== "object") return
    const seen = new Set<string>()
    for (const [key, member] of value.members) {
      if (seen.has(key)) this.note("duplicate", path, key)
      seen.add(key)
      this.any(member, path === "" ? key : `${path}.${key}`)
    }
  }

  struct(node: SchemaNode, value: GoValue & { readonly kind: "object" }, fields: ReadonlyArray<string>, path: string): void {
    const owner = node.goType.slice(node.goType.lastIndexOf(".") + 1)
    const seen = new Set<string>()
    for (const [key, member] of value.members) {
      const found = node.field(key)
      if (found === undefined) {
        this.note("unknown", path, key)
        continue
      }
      if (seen.has(key)) this.note("duplicate", path, key)
      seen.add(key)
      const stack = found.embedded === undefined ? [...fields, key] : [...fields, found.embedded, key]
      this.value(found.node, member, owner, stack, path === "" ? key : `${path}.${key}`)
    }
  }

  map(node: SchemaNode, value: GoValue & { readonly kind: "object" }, owner: string, fields: ReadonlyArray<string>, path: string): void {
    const seen = new Set<string>()
    for (const [key, member] of value.members) {
      if (seen.has(key)) this.note("duplicate", path, key)
      seen.add(key)
      this.value(node.items as SchemaNode, member, owner, fields, path === "" ? key : `${path}.${key}`)
    }
  }
}

/** Reads a document against a schema. */
export const diagnose = (node: SchemaNode, document: GoValue): Diagnosis => {
  const walk = new Walk()
  try {
    walk.value(node, document, "", [], "")
  } catch (error) {
    if (!(error instanceof Fatal)) throw error
    return { problem: error.message, strict: [...walk.strict] }
  }
  return { problem: walk.mismatch, strict: [...walk.strict] }
}
