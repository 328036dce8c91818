/**
 * Finds which paths were removed, modified and added between two values of one schema.
 *
 * The values should share what did not change: equal parts that are the same object cost nothing.
 */
import { jsonEqual } from "@fairlead/kube"
import { untypedAtomic, type SchemaNode } from "../builtin/SchemaNode.ts"
import { isObject, sizeOf, type Fields } from "../builtin/Sharing.ts"
import { addedFields } from "./AddedFields.ts"
import { empty, leaf, type FieldSet } from "./FieldSet.ts"
import { elementsOf, fieldElement } from "./PathElement.ts"

/** Three disjoint sets of paths. */
export interface Comparison {
  readonly removed: FieldSet
  readonly modified: FieldSet
  readonly added: FieldSet
}

/** Nothing differs. */
export const same: Comparison = { removed: empty, modified: empty, added: empty }

/** The three nodes for one path; `undefined` where a set has nothing at or below it. */
export interface Found {
  removed: FieldSet | undefined
  modified: FieldSet | undefined
  added: FieldSet | undefined
}

const nothing: Found = { removed: undefined, modified: undefined, added: undefined }
const leafAdded: Found = { removed: undefined, modified: undefined, added: leaf }
const leafRemoved: Found = { removed: leaf, modified: undefined, added: undefined }
const leafModified: Found = { removed: undefined, modified: leaf, added: undefined }

/** Compares two values; `undefined` stands for no value at all. */
export const compare = (schema: SchemaNode, before: unknown, after: unknown): Comparison => {
  const found = visit(schema, before, after)
  if (found === nothing) return same
  return { removed: found.removed ?? empty, modified: found.modified ?? empty, added: found.added ?? empty }
}

type Shape = "map" | "list" | "scalar"

const shapeOfValue = (value: unknown): Shape | undefined =>
  value === null || value === undefined ? undefined : Array.isArray(value) ? "list" : typeof value === "object" ? "map" : "scalar"

/** What a schema takes a value for; one that takes everything goes by the value. */
const shapeOf = (schema: SchemaNode, value: unknown): Shape => {
  switch (schema.shape) {
    case "struct":
    case "map":
      return "map"
    case "list":
    case "scalar":
      return schema.shape
    default:
      return shapeOfValue(value) ?? "map"
  }
}

/** Compares two values at a path below the root, where the path itself may be in a set. */
export const visit = (schema: SchemaNode, before: unknown, after: unknown): Found => {
  if (before === after) return nothing
  if (before === undefined) return { removed: undefined, modified: undefined, added: addedFields(schema, after) }
  const shape = shapeOf(schema, after === undefined ? before : after)
  if (schema.shape !== "any" || after === undefined || shapeOf(schema, before) === shape) {
    return visitAs(shape, schema, before, after)
  }
  // The kind of an untyped value changed: it counts as both kinds.
  return merged(visitAs(shapeOf(schema, before), schema, before, after), visitAs(shape, schema, before, after))
}

const visitAs = (shape: Shape, schema: SchemaNode, before: unknown, after: unknown): Found => {
  if (shape === "scalar") return visitLeaf(before, after)
  return shape === "list" ? visitList(schema, before, after) : visitMap(schema, before, after)
}

const visitLeaf = (before: unknown, after: unknown): Found => {
  if (before === undefined) return leafAdded
  if (after === undefined) return leafRemoved
  return jsonEqual(before, after) ? nothing : leafModified
}

const noFields: Fields = {}

const visitMap = (schema: SchemaNode, before: unknown, after: unknown): Found => {
  const left = isObject(before) ? before : noFields
  const right = isObject(after) ? after : noFields
  if (schema.atomic || (sizeOf(left) === 0 && sizeOf(right) === 0)) return visitLeaf(before, after)
  let found = nothing
  for (const key in left) {
    const [l, r] = [left[key], right[key]]
    if (l !== r) found = joined(found, fieldElement(key), visit(schema.child(key) ?? untypedAtomic, l, r))
  }
  for (const key in right) {
    const r = right[key]
    if (r !== undefined && left[key] === undefined) found = joined(found, fieldElement(key), visit(schema.child(key) ?? untypedAtomic, undefined, r))
  }
  return withSelf(found, before, after)
}

const noItems: ReadonlyArray<unknown> = []

const visitList = (schema: SchemaNode, before: unknown, after: unknown): Found => {
  const left = Array.isArray(before) ? before as ReadonlyArray<unknown> : noItems
  const right = Array.isArray(after) ? after as ReadonlyArray<unknown> : noItems
  if (schema.shape === "any" || schema.listType === "atomic" || (left.length === 0 && right.length === 0)) return visitLeaf(before, after)
  if (left.length === right.length && left.every((item, i) => item === right[i])) return nothing
  return withSelf(visitItems(schema, left, right), before, after)
}

const grouped = (schema: SchemaNode, items: ReadonlyArray<unknown>): Map<string, Array<unknown>> => {
  const groups = new Map<string, Array<unknown>>()
  elementsOf(schema, items).forEach((element, i) => {
    const group = groups.get(element)
    if (group === undefined) groups.set(element, [items[i]])
    else group.push(items[i])
  })
  return groups
}

const visitItems = (schema: SchemaNode, left: ReadonlyArray<unknown>, right: ReadonlyArray<unknown>): Found => {
  const olds = grouped(schema, left)
  const news = grouped(schema, right)
  let found = nothing
  for (const [element, ls] of olds) found = joined(found, element, visitGroup(schema, ls, news.get(element) ?? []))
  for (const [element, rs] of news) if (!olds.has(element)) found = joined(found, element, visitGroup(schema, [], rs))
  return found
}

/** Items with the same key: one on each side is the rule; where there are more, they are owned together. */
const visitGroup = (schema: SchemaNode, left: ReadonlyArray<unknown>, right: ReadonlyArray<unknown>): Found => {
  const items = schema.items as SchemaNode
  if (left.length <= 1 && right.length <= 1) return visit(items, left[0], right[0])
  if (left.length >= 2 && right.length >= 2) return jsonEqual(left, right) ? nothing : leafModified
  if (left.length >= 2) return merged(right.length === 0 ? nothing : visit(items, undefined, right[0]), leafRemoved)
  return merged(left.length === 0 ? nothing : visit(items, left[0], undefined), leafAdded)
}

/** Hangs what was found below a path element into the result of the level above. */
const joined = (found: Found, element: string, below: Found): Found => {
  if (below === nothing) return found
  const out: Found = found === nothing ? { ...nothing } : found
  if (below.removed !== undefined) out.removed = withChild(out.removed, element, below.removed)
  if (below.modified !== undefined) out.modified = withChild(out.modified, element, below.modified)
  if (below.added !== undefined) out.added = withChild(out.added, element, below.added)
  return out
}

/** The node is still being built, so it is changed in place. */
const withChild = (node: FieldSet | undefined, element: string, child: FieldSet): FieldSet => {
  if (node === undefined) return { [element]: child }
  ;(node as Fields)[element] = child
  return node
}

/** A map or list that is there on one side only is itself among the paths. */
const withSelf = (found: Found, before: unknown, after: unknown): Found => {
  if (before === undefined) return { ...found, added: withMember(found.added) }
  if (after === undefined) return { ...found, removed: withMember(found.removed) }
  return found
}

const withMember = (node: FieldSet | undefined): FieldSet => (node === undefined ? leaf : { ".": leaf, ...node })

const merged = (a: Found, b: Found): Found => ({
  removed: a.removed ?? b.removed,
  modified: a.modified ?? b.modified,
  added: a.added ?? b.added
})
