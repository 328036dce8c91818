/**
 * The paths that come with a value where there was none.
 *
 * Objects made alike have equal sets, so each schema node remembers the last sets that it gave. A value of a form that
 * is remembered gets that very set: this saves building and sorting it, and most of the memory that sets take.
 */
import { untypedAtomic, type SchemaNode } from "../builtin/SchemaNode.ts"
import { isObject, sizeOf, type Fields } from "../builtin/Sharing.ts"
import { leaf, type FieldSet } from "./FieldSet.ts"
import { compareElements, elementsOf, noteOrdered } from "./PathElement.ts"

/** A set, and of what it was made: names and nodes in the order of the value. */
interface Known {
  readonly prefix: Prefix
  readonly isMember: boolean
  readonly names: ReadonlyArray<string>
  readonly nodes: ReadonlyArray<FieldSet>
  readonly set: FieldSet
}

/** What makes a path element of a name: keys of maps need one, names of list items are elements already. */
type Prefix = "f:" | ""

interface Memory {
  readonly known: Array<Known>
  next: number
}

/** How many forms a schema node remembers. */
const formsMax = 8

const memories = new WeakMap<SchemaNode, Memory>()

const memoryOf = (schema: SchemaNode): Memory => {
  let memory = memories.get(schema)
  if (memory === undefined) memories.set(schema, (memory = { known: [], next: 0 }))
  return memory
}

const sameItems = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * The node that has these names below it; `isMember` says whether it is a path itself. The lists belong to it from now on, and names that are equal
 * count as one.
 */
export const setOf = (schema: SchemaNode, prefix: Prefix, isMember: boolean, names: ReadonlyArray<string>, nodes: ReadonlyArray<FieldSet>): FieldSet => {
  const memory = memoryOf(schema)
  for (const one of memory.known) {
    if (one.isMember === isMember && one.prefix === prefix && sameItems(one.nodes, nodes) && sameItems(one.names, names)) return one.set
  }
  const set = made(prefix === "" ? names : names.map((name) => prefix + name), nodes, isMember)
  memory.known[memory.next] = { prefix, isMember, names, nodes, set }
  memory.next = (memory.next + 1) % formsMax
  return set
}

const made = (elements: ReadonlyArray<string>, nodes: ReadonlyArray<FieldSet>, isMember: boolean): FieldSet => {
  const byElement = new Map<string, FieldSet>()
  // Items with the same key are owned together, as one.
  elements.forEach((element, i) => byElement.set(element, byElement.has(element) ? leaf : (nodes[i] as FieldSet)))
  const out: Fields = isMember ? { ".": leaf } : {}
  for (const element of [...byElement.keys()].sort(compareElements)) out[element] = byElement.get(element)
  return noteOrdered(out as FieldSet)
}

/** The node for a value that is added: the path itself, and all below it. */
export const addedFields = (schema: SchemaNode, value: unknown): FieldSet => {
  if (schema.shape === "scalar" || schema.atomic || typeof value !== "object" || value === null) return leaf
  if (schema.shape === "list" || (schema.shape === "any" && Array.isArray(value))) return listFields(schema, value)
  if (!isObject(value) || sizeOf(value) === 0) return leaf
  const names: Array<string> = []
  const nodes: Array<FieldSet> = []
  for (const key in value) {
    const item = value[key]
    if (item === undefined) continue
    names.push(key)
    nodes.push(addedFields(schema.child(key) ?? untypedAtomic, item))
  }
  return names.length === 0 ? leaf : setOf(schema, "f:", true, names, nodes)
}

const listFields = (schema: SchemaNode, value: object): FieldSet => {
  if (!Array.isArray(value) || value.length === 0 || schema.shape === "any" || schema.listType === "atomic") return leaf
  const nodes = value.map((item: unknown) => addedFields(schema.items as SchemaNode, item))
  return setOf(schema, "", true, elementsOf(schema, value), nodes)
}
