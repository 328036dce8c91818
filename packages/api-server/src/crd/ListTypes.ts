/** Lists that are sets or maps have no two equal items. */
import type { StatusCause } from "@fairlead/kube"
import { isObject } from "../builtin/Sharing.ts"
import { childField, duplicate, invalid } from "./Causes.ts"
import { goJson } from "./GoValueText.ts"
import { type Structural, structuralHas } from "./Structural.ts"

/** Finds equal items in the lists of a value. Parts that are those of `previous` itself are passed over. */
export type DuplicateSearch = (value: unknown, previous?: unknown) => ReadonlyArray<StatusCause>

const none: ReadonlyArray<StatusCause> = []

/** Compiles the search; it costs nothing for schemas without sets and maps. */
export const compileDuplicates = (schema: Structural): DuplicateSearch => {
  if (!isKeyed(schema)) return () => none
  return (value, previous) => {
    const found: Array<StatusCause> = []
    search(schema, value, previous, "", found)
    return found
  }
}

const isKeyed = (schema: Structural | undefined): boolean => structuralHas(schema, ({ listType }) => listType === "set" || listType === "map")

const search = (schema: Structural, value: unknown, previous: unknown, path: string, found: Array<StatusCause>): void => {
  if (value === previous) return
  if (Array.isArray(value)) {
    if (schema.listType === "set") searchSet(value, path, found)
    else if (schema.listType === "map") searchMap(value, schema.listKeys, path, found)
    if (schema.items !== undefined) value.forEach((item, i) => search(schema.items!, item, Array.isArray(previous) ? previous[i] : undefined, `${path}[${i}]`, found))
    return
  }
  if (!isObject(value)) return
  for (const key in value) {
    const part = value[key]
    if (typeof part !== "object" || part === null) continue
    const child = schema.properties.get(key)
    const before = isObject(previous) ? previous[key] : undefined
    if (child !== undefined) search(child, part, before, childField(path, key), found)
    else if (schema.values !== undefined) search(schema.values, part, before, `${path}[${key}]`, found)
  }
}

/** Indexes of the items that occur a second time. */
const secondOnes = (items: ReadonlyArray<unknown>): ReadonlyArray<number> => {
  if (items.length < 2) return []
  const times = new Map<unknown, number>()
  return items.flatMap((item, i) => {
    const key = typeof item === "object" && item !== null ? goJson(item) : typeof item === "string" ? `"${item}` : item
    const count = (times.get(key) ?? 0) + 1
    times.set(key, count)
    return count === 2 ? [i] : []
  })
}

const searchSet = (list: ReadonlyArray<unknown>, path: string, found: Array<StatusCause>): void => {
  for (const i of secondOnes(list)) found.push(duplicate(`${path}[${i}]`, list[i]))
}

/** Lists so short are compared item by item. */
const shortMax = 16

/** Whether each item has a text of its own under the key. */
export const haveOwnTexts = (list: ReadonlyArray<{ readonly [key: string]: unknown } | null>, key: string): boolean => {
  if (list.length > shortMax) {
    const texts = new Set<unknown>(list.map((item) => item?.[key]))
    return texts.size === list.length && list.every((item) => typeof item?.[key] === "string")
  }
  for (let i = 0; i < list.length; i++) {
    const text = list[i]?.[key]
    if (typeof text !== "string") return false
    for (let j = 0; j < i; j++) if (list[j]![key] === text) return false
  }
  return true
}

const searchMap = (list: ReadonlyArray<unknown>, keys: ReadonlyArray<string>, path: string, found: Array<StatusCause>): void => {
  const stranger = list.findIndex((item) => item !== null && !isObject(item))
  if (stranger >= 0) {
    found.push(invalid(`${path}[${stranger}]`, list[stranger], "must be an object for an array of list-type map"))
    return
  }
  if (keys.length === 1 && haveOwnTexts(list as ReadonlyArray<{ readonly [key: string]: unknown } | null>, keys[0]!)) return
  const keyed = list.map((item) => Object.fromEntries(keys.flatMap((key) => (isObject(item) && Object.hasOwn(item, key) ? [[key, item[key]]] : []))))
  for (const i of secondOnes(keyed)) found.push(duplicate(`${path}[${i}]`, keyed[i]))
}
