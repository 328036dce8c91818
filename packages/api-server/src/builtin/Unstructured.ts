/** Finds what is wrong with a decoded value in the words of Go's converter from maps to structs (strategic patches use it). */
import { goTypeOf } from "./GoText.ts"
import type { Diagnosis } from "./Diagnose.ts"
import { normalise, problemOf, type Written } from "./Scalars.ts"
import type { SchemaNode } from "./SchemaNode.ts"
import { isObject, put, type Fields } from "./Sharing.ts"

class Mismatch extends Error {}

const kindNames: Readonly<Record<string, string>> = { "[]interface {}": "slice", "map[string]interface {}": "map" }

const kindOf = (value: unknown): string => kindNames[goTypeOf(value)] ?? goTypeOf(value)

const writtenOf = (value: unknown): Written => {
  if (typeof value === "string") return { kind: "string", value }
  if (typeof value === "number") return { kind: "number", text: String(value) }
  if (typeof value === "boolean") return { kind: "bool", value }
  return { kind: Array.isArray(value) ? "array" : "object" }
}

const goKinds: Readonly<Record<string, string>> = { boolean: "bool", int: "int", bytes: "slice" }

/** Checks a scalar; types with decoders of their own report as those do. */
const scalarProblem = (node: SchemaNode, value: unknown): string | undefined => {
  if (normalise(node.scalar, value) !== undefined) return undefined
  const problem = problemOf(node.scalar, writtenOf(value))
  if (problem?.fatal !== undefined) return node.scalar === "bytes" ? `error decoding from json: ${problem.fatal}` : problem.fatal
  if (typeof value === "object" || node.scalar === "bytes") {
    return node.scalar === "bytes" ? `cannot restore slice from ${kindOf(value)}` : `unrecognized type: ${goKinds[node.scalar] ?? node.scalar}`
  }
  if (typeof value === "number" && Number.isInteger(value) && node.scalar.startsWith("int")) return undefined
  return `cannot convert ${goTypeOf(value)} to ${node.goType}`
}

const noFields: Fields = {}

class Walk {
  readonly strict: Array<string> = []

  /** `path` is made only where something has to be said; `stored` needs no second look where it is the value itself. */
  value(node: SchemaNode, value: unknown, stored: unknown, path: () => string): void {
    if (value === null || value === undefined || value === stored) return
    switch (node.shape) {
      case "struct":
        if (!isObject(value)) throw new Mismatch(`cannot restore struct from: ${kindOf(value)}`)
        return this.struct(node, value, isObject(stored) ? stored : noFields, path)
      case "map":
        if (!isObject(value)) throw new Mismatch(`cannot restore map from ${kindOf(value)}`)
        for (const key in value) this.value(node.items as SchemaNode, value[key], isObject(stored) ? stored[key] : undefined, path)
        return
      case "list":
        if (!Array.isArray(value)) throw new Mismatch(`cannot restore slice from ${kindOf(value)}`)
        value.forEach((item, i) => this.value(node.items as SchemaNode, item, Array.isArray(stored) ? stored[i] : undefined, () => `${path()}[${i}]`))
        return
      case "scalar": {
        const problem = scalarProblem(node, value)
        if (problem !== undefined) throw new Mismatch(problem)
        return
      }
      default:
    }
  }

  struct(node: SchemaNode, value: Fields, stored: Fields, path: () => string): void {
    const inside = (key: string): string => (path() === "" ? key : `${path()}.${key}`)
    for (const field of node.fields) {
      const part = value[field.name]
      if (part !== undefined && part !== stored[field.name]) this.value(field.node, part, stored[field.name], () => inside(field.name))
    }
    for (const key in value) if (node.field(key) === undefined) this.strict.push(`unknown field "${inside(key)}"`)
  }
}

/** The first mismatch in the order of the schema, and unknown fields, innermost first. Parts of `stored` itself are known to be right. */
export const diagnoseUnstructured = (node: SchemaNode, value: unknown, stored?: unknown): Diagnosis => {
  const walk = new Walk()
  try {
    walk.value(node, value, stored, () => "")
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error
    return { problem: error.message, strict: walk.strict }
  }
  return { problem: undefined, strict: walk.strict }
}

/** Integers that are too large for 32 bits wrap around in that converter, instead of being refused. Parts of `stored` itself have none. */
export const wrapIntegers = (node: SchemaNode, value: unknown, stored?: unknown): unknown => {
  if (value === stored) return value
  if (node.shape === "scalar") return node.scalar === "int32" && typeof value === "number" && Number.isInteger(value) ? value | 0 : value
  if (Array.isArray(value) && node.items !== undefined) {
    const items = value.map((item, i) => wrapIntegers(node.items as SchemaNode, item, Array.isArray(stored) ? stored[i] : undefined))
    return items.every((item, i) => item === value[i]) ? value : items
  }
  if (!isObject(value)) return value
  let out = value
  for (const key in value) {
    const child = node.child(key)
    if (child === undefined) continue
    const wrapped = wrapIntegers(child, value[key], isObject(stored) ? stored[key] : undefined)
    if (wrapped === value[key]) continue
    if (out === value) out = { ...value }
    put(out, key, wrapped)
  }
  return out
}
