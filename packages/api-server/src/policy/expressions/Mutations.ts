/** Changes objects as the expressions of a policy say. */
import type { KubeObject } from "@fairlead/kube"
import { mergeOver, problemsOf } from "../../apply/Configuration.ts"
import { decode } from "../../builtin/Builtin.ts"
import type { SchemaNode } from "../../builtin/SchemaNode.ts"
import { isObject, type Fields } from "../../builtin/Sharing.ts"
import { internalError } from "../../ApiFailure.ts"
import { ListValue, MapValue, StructValue, type Value } from "../../cel/values/Value.ts"
import { applyJsonPatch, Inapplicable, TestFailed } from "../../patch/JsonPatch.ts"
import type { ServedResource } from "../../ServedResource.ts"
import { toJson } from "./JsonValues.ts"

/** A mutation that cannot be carried out. */
export class BadMutation extends Error {
  override readonly name = "BadMutation"
}

/** The object with an apply configuration merged over it. */
export const mergeConfiguration = (resource: ServedResource, object: KubeObject, configuration: Value): KubeObject => {
  checkNames(configuration, "Object")
  const patch = { ...jsonOf(configuration) as Fields, apiVersion: object.apiVersion, kind: object.kind }
  const problems = problemsOf(resource.schema, patch)
  if (problems !== undefined) throw new BadMutation(`error applying patch: failed to convert patch object to typed object: ${problems}`)
  const atomics = atomicsIn(resource.schema, patch, "")
  if (atomics.length > 0) throw new BadMutation(`error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`)
  return completed(resource, mergeOver(resource.schema, object, patch) as Fields)
}

/** The object with the operations of a JSON patch applied; as it was if a test among them fails. */
export const patchObject = (resource: ServedResource, object: KubeObject, operations: Value): KubeObject => {
  const list = (operations as ListValue).items().map((operation) => operationOf(operation as StructValue))
  try {
    return completed(resource, applyJsonPatch(object, list) as Fields)
  } catch (error) {
    if (error instanceof TestFailed) return object
    if (error instanceof Inapplicable) throw new BadMutation(`JSON Patch: ${error.message}`)
    throw error
  }
}

const operationOf = (operation: StructValue): Fields => {
  const value = operation.find("value")
  if (value instanceof StructValue) checkNames(value, value.typeName)
  const text = (name: string): string => (operation.find(name) as string | undefined) ?? ""
  return {
    op: text("op"),
    path: text("path"),
    ...(text("from") === "" ? {} : { from: text("from") }),
    ...(value === undefined ? {} : { value: jsonOf(value) })
  }
}

const jsonOf = (value: Value): unknown => {
  try {
    return toJson(value)
  } catch (error) {
    throw new BadMutation((error as Error).message)
  }
}

/** Objects made by an expression must be called by their place in it. */
const checkNames = (value: Value, wanted: string): void => {
  const problems: Array<string> = []
  visitNames(value, wanted, problems)
  if (problems.length > 0) throw new BadMutation(`type mismatch: ${problems.join("\n")}`)
}

const visitNames = (value: Value, wanted: string, problems: Array<string>): void => {
  if (value instanceof StructValue) {
    if (value.typeName !== wanted) problems.push(`unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(wanted)}, which matches field name path from root Object type`)
    for (const key of value.keys()) visitNames(value.find(key)!, `${wanted}.${String(key)}`, problems)
  } else if (value instanceof ListValue) {
    for (const item of value.items()) visitNames(item, wanted, problems)
  } else if (value instanceof MapValue) for (const key of value.keys()) visitNames(value.find(key)!, wanted, problems)
}

/** Paths of lists and maps that are only replaced as a whole, which would drop what is not named. */
const atomicsIn = (schema: SchemaNode, value: unknown, path: string): ReadonlyArray<string> => {
  if (Array.isArray(value)) {
    if (schema.shape !== "list") return []
    const own = schema.listType === "atomic" ? [path] : []
    return [...own, ...value.flatMap((item, i) => atomicsIn(schema.items as SchemaNode, item, `${path}[${i}]`))]
  }
  if (!isObject(value) || (schema.shape !== "struct" && schema.shape !== "map")) return []
  const own = schema.atomic ? [path] : []
  return [...own, ...Object.keys(value).sort().flatMap((key) => {
    const child = schema.child(key)
    return child === undefined ? [] : atomicsIn(child, value[key], `${path}.${key}`)
  })]
}

/** The object in its stored form, with defaults; unknown fields are refused only if asked for. */
export const completed = (resource: ServedResource, changed: Fields, strict = true): KubeObject => {
  if (resource.customSchema !== undefined) return resource.customSchema.read(changed, false).object as unknown as KubeObject
  const decoded = decode(resource.schema, changed, { strict })
  const problem = decoded.problem ?? (decoded.strict.length === 0 ? undefined : `strict decoding error: ${decoded.strict.join(", ")}`)
  if (problem !== undefined) throw internalError(problem)
  return { ...decoded.object, apiVersion: changed["apiVersion"], kind: changed["kind"] } as unknown as KubeObject
}
