/** Fits owned paths to a schema that changed: what has become atomic is owned as a whole. */
import type { SchemaNode } from "../builtin/SchemaNode.ts"
import { sizeOf, type Fields } from "../builtin/Sharing.ts"
import { leaf, type FieldSet } from "./FieldSet.ts"

const fitting = new WeakMap<FieldSet, SchemaNode>()

/** The set as the schema allows it; sets that were found to fit are remembered. */
export const fittedTo = (schema: SchemaNode, set: FieldSet): FieldSet => {
  if (fitting.get(set) === schema) return set
  const fitted = fit(schema, set)
  fitting.set(fitted, schema)
  return fitted
}

const isAtomic = (schema: SchemaNode): boolean => (schema.shape === "list" ? schema.listType === "atomic" : schema.atomic)

const fit = (schema: SchemaNode, node: FieldSet): FieldSet => {
  if (schema.shape === "scalar" || schema.shape === "any") return node
  if (isAtomic(schema)) return sizeOf(node) === 0 ? node : leaf
  let out: Fields | undefined
  for (const key in node) {
    const child = key.startsWith("f:") ? schema.child(key.slice(2)) : key === "." ? undefined : schema.items
    if (child === undefined) continue
    const below = node[key] as FieldSet
    const fitted = fit(child, below)
    if (fitted !== below) (out ??= { ...node })[key] = fitted
  }
  return (out ?? node) as FieldSet
}
