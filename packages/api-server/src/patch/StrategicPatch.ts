/**
 * Strategic merge patches: merge patches that know from the schema which lists are merged by a key, with directives
 * `$patch`, `$retainKeys`, `$setElementOrder/list` and `$deleteFromPrimitiveList/list`.
 *
 * Errors have the texts of the original, which its clients see.
 */
import { goPrint, goTypeOf } from "../builtin/GoText.ts"
import type { SchemaField, SchemaNode } from "../builtin/SchemaNode.ts"
import { copyOf, isObject, own, put, sameParts, type Fields } from "../builtin/Sharing.ts"
import type { PatchError } from "./PatchError.ts"
import { broken, malformed, noMergeKey, StrategicFailure, unknownDirective, wrongType } from "./StrategicFailure.ts"
import { elementKind, inOrder, mergeKeyed, mergeScalars, orderLeftBy, partition, type ListRules } from "./StrategicLists.ts"

const directive = "$patch"
const retainKeys = "$retainKeys"
const elementOrder = "$setElementOrder"
const deleteFromList = "$deleteFromPrimitiveList"

/** The document with the patch merged in, or why it cannot be. Neither is changed; untouched parts are shared. */
export const strategicPatch = (current: Fields, patch: Fields, schema: SchemaNode): Fields | PatchError => {
  try {
    return mergeMap(current, patch, schema)
  } catch (failure) {
    if (failure instanceof StrategicFailure) return failure.error
    throw failure
  }
}

const mergeMap = (current: Fields, patch: Fields, schema: SchemaNode): Fields => {
  if (hasDirectives(patch)) return mergeDirected(current, patch, schema)
  let out = current
  for (const key in patch) out = mergeKey(out, current, key, patch[key], schema, false)
  return out
}

/** A patch that says more than what to set and what to delete. */
const mergeDirected = (current: Fields, patch: Fields, schema: SchemaNode): Fields => {
  if (Object.hasOwn(patch, directive)) return replaceOrDelete(patch)
  const kept = applyRetainKeys(current, patch)
  let out: Fields = { ...kept }
  const done = new Set<string>()
  for (const key in patch) if (key.startsWith(elementOrder)) orderList(out, patch, key, schema, done)
  for (const key in patch) {
    if (key === retainKeys || done.has(key)) continue
    if (key.startsWith(deleteFromList)) out = mergeKey(out, kept, listNameOf(key, deleteFromList, "primitive list"), patch[key], schema, true)
    else out = mergeKey(out, kept, key, patch[key], schema, false)
  }
  return sameParts(out, current) ? current : out
}

const dollar = 36

const hasDirectives = (patch: Fields): boolean => {
  for (const key in patch) if (key.charCodeAt(0) === dollar) return true
  return false
}

const replaceOrDelete = (patch: Fields): Fields => {
  const { [directive]: wanted, ...rest } = patch
  if (wanted === "replace") return rest
  return wanted === "delete" ? {} : unknownDirective(wanted, patch)
}

const applyRetainKeys = (current: Fields, patch: Fields): Fields => {
  if (!Object.hasOwn(patch, retainKeys)) return current
  const list = patch[retainKeys]
  if (!Array.isArray(list)) return malformed("retainKeys")
  for (const key in patch) {
    const exempt = key === retainKeys || patch[key] === null || key.startsWith(deleteFromList) || key.startsWith(elementOrder)
    if (!exempt && !list.includes(key)) return malformed("retainKeys")
  }
  return Object.fromEntries(Object.entries(current).filter(([key]) => list.includes(key)))
}

const listNameOf = (key: string, prefix: string, what: string): string => {
  const slash = key.indexOf("/")
  return slash < 0 || key.slice(0, slash) !== prefix ? malformed(what) : key.slice(slash + 1)
}

/** `out` with one key merged; a copy where it is still the shared object and has to change. */
const mergeKey = (out: Fields, shared: Fields, key: string, patch: unknown, schema: SchemaNode, isDeleteList: boolean): Fields => {
  const current = own(out, key)
  // A field of a struct that is written as null comes back when the result is decoded.
  if (patch === null) return current === undefined || (current === null && schema.shape === "struct") ? out : without(out, key)
  if (isDeleteList && goTypeOf(current) !== goTypeOf(patch)) return out
  const next = mergeValue(current, patch, schema, key, isDeleteList)
  if (next === current) return out
  if (next === undefined) return without(out, key)
  const target = out === shared ? copyOf(out) : out
  put(target, key, next)
  return target
}

/** Copies, since an object from which a key was deleted is slow ever after. */
const without = (value: Fields, dropped: string): Fields => {
  const out: Fields = {}
  for (const key in value) if (key !== dropped) put(out, key, value[key])
  return out
}

/** What a patch makes of one value; `undefined` where nothing is left of it. */
const mergeValue = (current: unknown, patch: unknown, schema: SchemaNode, key: string, isDeleteList: boolean): unknown => {
  if (typeof patch !== "object") return patch
  if (Array.isArray(patch)) return Array.isArray(current) ? mergeListField(current, patch, listRulesOf(schema, key), isDeleteList) : clean(patch)
  return isObject(current) ? mergeObjectField(current, patch as Fields, lookUp(schema, key)) : clean(patch)
}

const mergeObjectField = (current: Fields, patch: Fields, field: SchemaField): Fields =>
  field.patchStrategy === "replace" ? patch : mergeMap(current, patch, field.node)

/** Merges two lists by the rules of their field, or replaces one by the other. */
const mergeListField = (current: ReadonlyArray<unknown>, patch: ReadonlyArray<unknown>, rules: ListRules, isDeleteList: boolean): ReadonlyArray<unknown> => {
  if (!rules.merges && !isDeleteList) return patch
  if (current.length === 0 && patch.length === 0) return current
  return elementKind(current, patch) === "map" ? mergeKeyed(current, patch, rules) : mergeScalars(current, patch, isDeleteList)
}

/** Carries out `$setElementOrder/list`, together with the patch of that list. */
const orderList = (out: Fields, patch: Fields, key: string, schema: SchemaNode, done: Set<string>): void => {
  done.add(key)
  const order = patch[key]
  if (!Array.isArray(order)) return wrongType("list", order)
  const name = listNameOf(key, elementOrder, "setElementOrder list")
  const current = out[name]
  const changes = patch[name]
  if (Object.hasOwn(out, name) && !Array.isArray(current)) return wrongType("list", current)
  if (Object.hasOwn(patch, name) && !Array.isArray(changes)) return wrongType("list", changes)
  const rules = listRulesOf(schema, name)
  checkOrder((changes ?? []) as ReadonlyArray<unknown>, order, rules.key)
  if (current === undefined && changes === undefined) return
  done.add(name)
  const merged = changes === undefined
    ? current as ReadonlyArray<unknown>
    : current === undefined
    ? withoutDirectives(changes) as ReadonlyArray<unknown>
    : mergeListField(current as ReadonlyArray<unknown>, changes as ReadonlyArray<unknown>, rules, false)
  const original = (current ?? []) as ReadonlyArray<unknown>
  const [patched, serverOnly] = partition(merged, order, rules.key)
  elementKind(original, (changes ?? []) as ReadonlyArray<unknown>)
  put(out, name, inOrder(patched, serverOnly, order, orderLeftBy(original, (changes ?? []) as ReadonlyArray<unknown>, rules.key), rules.key))
}

/** Patched items must stand in the order that `$setElementOrder` gives. */
const checkOrder = (patch: ReadonlyArray<unknown>, order: ReadonlyArray<unknown>, key: string | undefined): void => {
  if (patch.length === 0 || order.length === 0) return
  const kept = key === undefined ? patch : patch.filter((item) => !isObject(item) ? wrongType("map", item) : item[directive] !== "delete")
  let at = 0
  for (const wanted of order) {
    while (at < kept.length && isObject(kept[at]) && Object.hasOwn(kept[at] as Fields, directive)) at++
    if (at < kept.length && sameItem(kept[at], wanted, key)) at++
  }
  if (at < kept.length) broken(`The order in patch list:\n${goPrint(patch)}\n doesn't match ${elementOrder} list:\n${goPrint(order)}\n`)
}

const sameItem = (left: unknown, right: unknown, key: string | undefined): boolean => {
  if (key === undefined) return left === right
  if (!isObject(left)) return wrongType("map", left)
  if (!isObject(right)) return wrongType("map", right)
  if (!Object.hasOwn(left, key)) return noMergeKey(left, key)
  return Object.hasOwn(right, key) ? left[key] === right[key] : noMergeKey(right, key)
}

/** The declared field; the original does not look at case either where there is no exact match. */
const lookUp = (schema: SchemaNode, key: string): SchemaField => {
  if (schema.shape !== "struct") return broken(`merging an object in json but data type is not struct, instead is: ${goKindOf(schema)}`)
  const found = schema.field(key) ?? schema.fields.find((field) => field.name.toLowerCase() === key.toLowerCase())
  const name = schema.goType.slice(schema.goType.lastIndexOf(".") + 1)
  return found ?? broken(`unable to find api field in struct ${name} for the json field ${JSON.stringify(key)}`)
}

const goKindOf = (schema: SchemaNode): string =>
  schema.shape === "map" ? "map" : schema.shape === "list" ? "slice" : schema.shape === "any" ? "interface" : schema.scalar

const listRulesOf = (schema: SchemaNode, key: string): ListRules => {
  const field = lookUp(schema, key)
  if (field.node.shape !== "list") return broken("expected slice or array type, but got: struct")
  return { merges: field.patchStrategy === "merge", key: field.mergeKey, mergeItem: (current, change) => mergeMap(current, change, field.node.items as SchemaNode) }
}

/** What a patch brings where there was nothing: directives inside it mean nothing then. */
const clean = (value: unknown): unknown => (isClean(value) ? value : withoutDirectives(withoutNulls(value)))

const isClean = (value: unknown): boolean => {
  if (typeof value !== "object") return value !== undefined
  if (Array.isArray(value)) return value.every((item) => item === null || isClean(item))
  for (const key in value) if (key === directive || !isClean((value as Fields)[key])) return false
  return value !== null
}

/** Drops every object that has a `$patch`; `undefined` when the value itself is one. */
const withoutDirectives = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isObject(value)) return value
  if (Object.hasOwn(value, directive)) return undefined
  const out: Fields = {}
  for (const key in value) {
    const clean = withoutDirectives(value[key])
    if (clean !== undefined) put(out, key, clean)
  }
  return out
}

const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  const out: Fields = {}
  for (const key in value) if (value[key] !== null) put(out, key, withoutNulls(value[key]))
  return out
}
