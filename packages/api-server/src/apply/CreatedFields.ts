/** The paths that a new object sets beyond what stands in an empty one of its kind: what belongs to its creator. */
import { untypedAtomic, type SchemaNode } from "../builtin/SchemaNode.ts"
import { isObject, sizeOf, type Fields } from "../builtin/Sharing.ts"
import { addedFields, setOf } from "./AddedFields.ts"
import { visit } from "./Compare.ts"
import { empty, union, type FieldSet } from "./FieldSet.ts"
import { elementsOf } from "./PathElement.ts"

/** What comparing with the empty object finds added or modified; objects of the same form get the very same set. */
export const createdFields = (schema: SchemaNode, emptyObject: Fields, object: Fields): FieldSet => beyond(schema, emptyObject, object) ?? empty

/** What stands in an empty object is made of structs, nulls and zeros. */
const beyond = (schema: SchemaNode, base: unknown, value: unknown): FieldSet | undefined => {
  if (value === base || value === undefined) return undefined
  if (base === undefined) return addedFields(schema, value)
  if (!schema.atomic && (base === null || isObject(base))) {
    if (isObject(value) && sizeOf(value) > 0 && (schema.shape === "struct" || schema.shape === "map")) return keysBeyond(schema, base ?? noFields, value)
    if (Array.isArray(value) && value.length > 0 && base === null && schema.shape === "list" && schema.listType !== "atomic") {
      return setOf(schema, "", false, elementsOf(schema, value), value.map((item: unknown) => addedFields(schema.items as SchemaNode, item)))
    }
  }
  const { added, modified } = visit(schema, base, value)
  return added === undefined || modified === undefined ? (added ?? modified) : union(modified, added)
}

const noFields: Fields = {}

const keysBeyond = (schema: SchemaNode, base: Fields, value: Fields): FieldSet | undefined => {
  const names: Array<string> = []
  const nodes: Array<FieldSet> = []
  for (const key in value) {
    const node = beyond(schema.child(key) ?? untypedAtomic, base[key], value[key])
    if (node === undefined) continue
    names.push(key)
    nodes.push(node)
  }
  return names.length === 0 ? undefined : setOf(schema, "f:", false, names, nodes)
}
