/**
 * Sets of field paths in the very form in which `managedFields` show them (`FieldsV1`): a trie of plain objects.
 *
 * A key is a path element: `f:name` (field), `k:{…}` (list item by its keys), `v:…` (set item by its value), `i:0` (index).
 * Below it, `{}` says that the path itself is in the set, `.` says so where deeper paths are in the set too. Sets are
 * immutable and shared; all operations give back one of their arguments where that is the result.
 */
import { sizeOf, type Fields } from "../builtin/Sharing.ts"
import type { SchemaNode } from "../builtin/SchemaNode.ts"

/** A set of paths, or what of it lies below one path. */
export type FieldSet = { readonly [element: string]: FieldSet }

/** Below a path that is in the set, with nothing deeper. The same object everywhere. */
export const leaf: FieldSet = Object.freeze({})

/** The set without paths. */
export const empty: FieldSet = leaf

const own = "."

const isEmptyObject = (set: FieldSet): boolean => {
  for (const _ in set) return false
  return true
}

/** Whether a whole set has no paths. */
export const isEmpty = (set: FieldSet): boolean => isEmptyObject(set)

/** Whether the path of this node is in the set itself. */
export const isMember = (node: FieldSet): boolean => node[own] !== undefined || isEmptyObject(node)

/** A node out of its parts; `undefined` when nothing is left of it. */
const nodeOf = (member: boolean, children: Fields | undefined): FieldSet | undefined => {
  if (children === undefined || sizeOf(children) === 0) return member ? leaf : undefined
  return (member ? { [own]: leaf, ...children } : children) as FieldSet
}

/** Makes a set from paths of path elements. */
export const ofPaths = (...paths: ReadonlyArray<ReadonlyArray<string>>): FieldSet =>
  paths.reduce<FieldSet>((set, path) => unionRoot(set, path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), leaf)), empty)

/** Joins two nodes at the same path. */
export const union = (a: FieldSet, b: FieldSet): FieldSet => {
  if (a === b) return a
  const [aMember, bMember] = [isMember(a), isMember(b)]
  let out: Fields | undefined
  for (const key in b) {
    if (key === own) continue
    const [mine, theirs] = [a[key], b[key] as FieldSet]
    const joined = mine === undefined ? theirs : union(mine, theirs)
    if (joined !== mine) (out ??= childrenOf(a))[key] = joined
  }
  if (out === undefined) return aMember || !bMember ? a : (nodeOf(true, childrenOf(a)) as FieldSet)
  return nodeOf(aMember || bMember, out) as FieldSet
}

const childrenOf = (node: FieldSet): Fields => {
  const { [own]: _, ...children } = node
  return children
}

/** Joins two whole sets; unlike a node, an empty set contains no path. */
export const unionRoot = (a: FieldSet, b: FieldSet): FieldSet => {
  if (a === b || isEmptyObject(b)) return a
  if (isEmptyObject(a)) return b
  return union(a, b)
}

/** The paths of `a` that are not in `b`. A path goes alone, what lies below it stays. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet => {
  if (isEmptyObject(a) || isEmptyObject(b)) return a
  let out: Fields | undefined
  for (const key in b) {
    const mine = a[key]
    if (key === own || mine === undefined) continue
    const left = differenceNode(mine, b[key] as FieldSet)
    if (left !== mine) (out ??= { ...a })[key] = left
  }
  return out === undefined ? a : withoutGone(out)
}

/** What is left of a set. Built anew, because V8 keeps what lost a key as a hash table, which is slow to walk and to write as JSON. */
const withoutGone = (nodes: Fields): FieldSet => {
  const out: Fields = {}
  for (const key in nodes) if (nodes[key] !== undefined) out[key] = nodes[key]
  return out as FieldSet
}

const differenceNode = (a: FieldSet, b: FieldSet): FieldSet | undefined => {
  const [aMember, bMember] = [isMember(a), isMember(b)]
  if (isEmptyObject(a)) return bMember ? undefined : a
  const left = difference(a, b)
  return left === a && !(aMember && bMember) ? a : nodeOf(aMember && !bMember, childrenOf(left))
}

/** The paths of `a` that neither are in `b` nor lie below a path in `b`. */
export const differenceBelow = (a: FieldSet, b: FieldSet): FieldSet => {
  let out: Fields | undefined
  for (const key in b) {
    const mine = a[key]
    if (key === own || mine === undefined) continue
    const theirs = b[key] as FieldSet
    const left = isMember(theirs) ? undefined : belowNode(mine, theirs)
    if (left !== mine) (out ??= { ...a })[key] = left
  }
  return out === undefined ? a : withoutGone(out)
}

const belowNode = (a: FieldSet, b: FieldSet): FieldSet | undefined => {
  if (isEmptyObject(a)) return a
  const left = differenceBelow(a, b)
  return left === a ? a : nodeOf(isMember(a), childrenOf(left))
}

/** The paths that are in both sets. */
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => {
  if (a === b) return a
  let out: Fields | undefined
  for (const key in b) {
    const mine = a[key]
    if (key === own || mine === undefined) continue
    const theirs = b[key] as FieldSet
    const both = intersection(mine, theirs)
    const node = nodeOf(isMember(mine) && isMember(theirs), isEmptyObject(both) ? undefined : (both as Fields))
    if (node !== undefined) (out ??= {})[key] = node
  }
  return (out ?? empty) as FieldSet
}

/** Whether two sets have a path in common. */
export const intersects = (a: FieldSet, b: FieldSet): boolean => {
  for (const key in b) {
    const mine = a[key]
    if (key === own || mine === undefined) continue
    const theirs = b[key] as FieldSet
    if ((isMember(mine) && isMember(theirs)) || intersects(mine, theirs)) return true
  }
  return false
}

/** Whether the path is in the set. */
export const has = (set: FieldSet, path: ReadonlyArray<string>): boolean => {
  let node: FieldSet | undefined = set
  for (const element of path) {
    node = node?.[element]
    if (node === undefined) return false
  }
  return path.length > 0 && isMember(node)
}

/** The set with every declared field on the way to a path added to it. */
export const withNamedFields = (set: FieldSet, schema: SchemaNode | undefined): FieldSet => {
  const out: Fields = {}
  for (const key in set) {
    const node = set[key] as FieldSet
    if (key === own) continue
    const isField = key.startsWith("f:")
    const child = isField ? schema?.child(key.slice(2)) : key.startsWith("k:") ? schema?.items : undefined
    const below = isEmptyObject(node) ? node : withNamedFields(node, child)
    const declared = isField && schema?.field(key.slice(2)) !== undefined
    out[key] = declared && !isMember(below) ? nodeOf(true, below as Fields) : below
  }
  if (set[own] !== undefined) return { [own]: leaf, ...out } as FieldSet
  return out as FieldSet
}
