/** The form in which patches, apply and managedFields read the schema of a custom resource. */
import { objectMeta } from "../builtin/Builtin.ts"
import { deduced, field, list, type ListType, map, scalar, type ScalarType, type SchemaField, SchemaNode, struct } from "../builtin/SchemaNode.ts"
import type { Structural } from "./Structural.ts"

const scalars: Readonly<Record<string, ScalarType>> = { string: "string", integer: "int64", number: "float64", boolean: "boolean" }

const text = scalar("string", "string")

const identity: ReadonlyArray<SchemaField> = [field("apiVersion", text), field("kind", text), field("metadata", objectMeta)]

/** The node of whole objects; what else their schema says of metadata does not count. */
export const schemaNodeOf = (schema: Structural): SchemaNode => {
  if (schema.intOrString || schema.type === "") return schema.properties.size === 0 ? deduced : objectNode(schema)
  if (schema.type === "array") return listNode(schema)
  return schema.type === "object" ? objectNode(schema) : scalar(scalars[schema.type] ?? "untyped")
}

const listNode = ({ items, listType, listKeys }: Structural): SchemaNode =>
  list(() => (items === undefined ? deduced : schemaNodeOf(items)), { type: listType === "" ? "atomic" : (listType as ListType), keys: listKeys })

const objectNode = (schema: Structural): SchemaNode => {
  const { properties, values, takesOthers, embedded, preserves, mapType } = schema
  const atomic = mapType === "atomic"
  if (properties.size === 0 && takesOthers && !embedded) return map(() => (values === undefined ? deduced : schemaNodeOf(values)), { atomic })
  const open = preserves || (properties.size === 0 && !embedded)
  return struct(() => fieldsOf(schema), { atomic, ...(open ? { unknown: deduced } : {}) })
}

const fieldsOf = ({ properties, embedded, props }: Structural): ReadonlyArray<SchemaField> => {
  const own = [...properties].filter(([name]) => !embedded || !identity.some((it) => it.name === name))
  return [
    ...(embedded ? identity : []),
    ...own.map(([name, child]) => field(name, schemaNodeOf(child), { required: props.required?.includes(name) ?? false, keyDefault: child.default }))
  ]
}
