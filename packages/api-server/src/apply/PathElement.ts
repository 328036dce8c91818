/** Elements of field paths: how list items are named, how paths are printed, and in which order they stand. */
import { goQuote, goNumber } from "../builtin/GoText.ts"
import type { SchemaNode } from "../builtin/SchemaNode.ts"
import { isObject, type Fields } from "../builtin/Sharing.ts"
import { isMember, leaf, type FieldSet } from "./FieldSet.ts"

const fieldElements = new Map<string, string>()
const fieldElementsMax = 4096

/** The element of a field. Names come again and again, so their elements are kept: making a key out of a new text costs much more. */
export const fieldElement = (name: string): string => {
  let element = fieldElements.get(name)
  if (element === undefined) {
    element = `f:${name}`
    if (fieldElements.size >= fieldElementsMax) fieldElements.clear()
    fieldElements.set(name, element)
  }
  return element
}

interface KeyPlan {
  /** Key fields in the order in which they are written. */
  readonly names: ReadonlyArray<string>
  readonly defaults: ReadonlyArray<unknown>
}

const plans = new WeakMap<SchemaNode, KeyPlan>()

const planOf = (list: SchemaNode): KeyPlan => {
  let plan = plans.get(list)
  if (plan === undefined) {
    const names = [...list.keys].sort()
    plan = { names, defaults: names.map((name) => list.items?.field(name)?.keyDefault) }
    plans.set(list, plan)
  }
  return plan
}

/** The element by which an item of a set or keyed list is known, or why there is none. */
export const elementOf = (list: SchemaNode, item: unknown): string | { readonly problem: string } => {
  if (list.listType === "set") {
    if (Array.isArray(item)) return { problem: "not supported: associative list with lists as elements" }
    if (item === null) return { problem: "associative list without keys has an element that's an explicit null" }
    if (typeof item === "object") return { problem: "associative list without keys has an element that's a map type" }
    return `v:${JSON.stringify(item)}`
  }
  if (item === null || item === undefined) return { problem: "associative list with keys may not have a null element" }
  if (!isObject(item)) return { problem: "associative list with keys may not have non-map elements" }
  return keyElement(list, item)
}

const keyElement = (list: SchemaNode, item: Fields): string | { readonly problem: string } => {
  const { names, defaults } = planOf(list)
  let text = "k:{"
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    const given = item[name]
    const value = given === undefined ? defaults[i] : given
    if (value === undefined) continue
    text += `${text.length > 3 ? "," : ""}"${name}":${JSON.stringify(value)}`
  }
  if (text.length > 3) return `${text}}`
  return {
    problem: `associative list with keys has an element that omits all key fields [${list.keys.map((key) => `"${key}"`).join(" ")}] (and doesn't have default values for any key fields)`
  }
}

/** The elements of all items; items that have none get an element of their own that equals no other. */
export const elementsOf = (list: SchemaNode, items: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  items.map((item, i) => {
    const element = elementOf(list, item)
    return typeof element === "string" ? element : `i:${i}`
  })

const printValue = (value: unknown): string => {
  if (typeof value === "string") return goQuote(value)
  if (typeof value === "number") return goNumber(value)
  return Array.isArray(value) ? `[${value.map(printValue).join(",")}]` : String(value)
}

/** One element as conflicts and errors print it: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export const printElement = (element: string): string => {
  const text = element.slice(2)
  switch (element[0]) {
    case "f":
      return `.${text}`
    case "k":
      return `[${Object.entries(JSON.parse(text) as Fields).map(([name, value]) => `${name}=${printValue(value)}`).join(",")}]`
    case "v":
      return `[=${printValue(JSON.parse(text))}]`
    default:
      return `[${text}]`
  }
}

const ranks: Readonly<Record<string, number>> = { ".": 0, f: 1, k: 2, v: 3, i: 4 }

const compareValues = (a: unknown, b: unknown): number => {
  if (typeof a === "number" && typeof b === "number") return a - b
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

const compareKeys = (a: Fields, b: Fields): number => {
  const [left, right] = [Object.entries(a), Object.entries(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [[aName, aValue], [bName, bValue]] = [left[i] as [string, unknown], right[i] as [string, unknown]]
    const order = compareValues(aName, bName) || compareValues(aValue, bValue)
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Order in which elements stand: fields by name, then keyed items by their keys, then values, then indexes. */
export const compareElements = (a: string, b: string): number => {
  const byRank = (ranks[a[0] as string] ?? 5) - (ranks[b[0] as string] ?? 5)
  if (byRank !== 0) return byRank
  if (a[0] === "k") return compareKeys(JSON.parse(a.slice(2)) as Fields, JSON.parse(b.slice(2)) as Fields)
  if (a[0] === "v" || a[0] === "i") return compareValues(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)))
  return a < b ? -1 : a > b ? 1 : 0
}

/** All paths of a set as text, in order: the members of a node before what lies deeper. */
export const printPaths = (set: FieldSet, prefix = ""): ReadonlyArray<string> => {
  const elements = Object.keys(set).filter((key) => key !== ".").sort(compareElements)
  const members = elements.filter((key) => isMember(set[key] as FieldSet)).map((key) => prefix + printElement(key))
  return [...members, ...elements.flatMap((key) => printPaths(set[key] as FieldSet, prefix + printElement(key)))]
}

const inOrder = new WeakSet<FieldSet>()

/** Remembers that a set has its elements in order at every level. */
export const noteOrdered = (set: FieldSet): FieldSet => {
  inOrder.add(set)
  return set
}

/** The set with its elements in order at every level; parts that are in order already are kept. */
export const ordered = (set: FieldSet): FieldSet => {
  if (set === leaf || inOrder.has(set)) return set
  let previous: string | undefined
  let kept = true
  let changed: Fields | undefined
  for (const key in set) {
    if (previous !== undefined && kept && compareElements(previous, key) > 0) kept = false
    previous = key
    const node = set[key] as FieldSet
    const sorted = ordered(node)
    if (sorted !== node) (changed ??= {})[key] = sorted
  }
  if (kept && changed === undefined) return noteOrdered(set)
  const out: Fields = {}
  for (const key of Object.keys(set).sort(compareElements)) out[key] = changed?.[key] ?? set[key]
  return noteOrdered(out as FieldSet)
}
