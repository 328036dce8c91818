/** What an applied configuration means to its schema: whether it fits, which paths it sets, what merging it gives. */
import { goPrint, goTypeOf } from "../builtin/GoText.ts"
import type { ScalarType, SchemaNode } from "../builtin/SchemaNode.ts"
import { untypedAtomic } from "../builtin/SchemaNode.ts"
import { isObject, put, sameParts, sizeOf, type Fields } from "../builtin/Sharing.ts"
import { leaf, type FieldSet } from "./FieldSet.ts"
import { elementOf, elementsOf, printElement } from "./PathElement.ts"

/** One reason why a value does not fit its schema: `.spec.n: expected numeric (int or float), got string`. */
type Problem = { readonly path: string; readonly text: string; readonly isDuplicate?: true }

/** What keeps a configuration from being read by its schema, as the original prints it; `undefined` when it fits. */
export const problemsOf = (schema: SchemaNode, value: unknown): string | undefined => {
  const problems: Array<Problem> = []
  check(schema, value, "", problems)
  const texts = problems.map(({ path, text }) => (path === "" ? text : `${path}: ${text}`))
  if (texts.length <= 1) return texts[0]
  return ["errors:", ...texts.map((text) => `  ${text}`)].join("\n")
}

const known = new WeakMap<SchemaNode, WeakSet<object>>()

/** Whether the parts of an object can be read by its schema; items may stand twice. Remembers parts that could: most writes leave most of them. */
export const fits = (schema: SchemaNode, object: Fields): boolean => {
  let good = known.get(schema)
  if (good === undefined) known.set(schema, (good = new WeakSet()))
  for (const key in object) {
    const part = object[key]
    if (typeof part !== "object" || part === null || good.has(part)) continue
    const problems: Array<Problem> = []
    check(schema.child(key) ?? untypedAtomic, part, "", problems)
    if (problems.some(({ isDuplicate }) => isDuplicate !== true)) return false
    good.add(part)
  }
  return true
}

const check = (schema: SchemaNode, value: unknown, path: string, problems: Array<Problem>): void => {
  if (value === null || value === undefined) return
  const add = (text: string): void => void problems.push({ path, text })
  switch (schema.shape) {
    case "struct":
    case "map":
      if (!isObject(value)) return add(`expected map, got &{${goPrint(value)}}`)
      return checkMap(schema, value, path, problems)
    case "list":
      if (!Array.isArray(value)) return add(`expected list, got &{${goPrint(value)}}`)
      return checkList(schema, value, path, problems)
    case "scalar": {
      const problem = scalarProblem(schema.scalar, value)
      if (problem !== undefined) add(problem)
      return
    }
    default:
      if (isObject(value)) checkMap(schema, value, path, problems)
  }
}

const checkMap = (schema: SchemaNode, value: Fields, path: string, problems: Array<Problem>): void => {
  for (const key in value) {
    const child = schema.child(key)
    if (child === undefined) {
      problems.push({ path: `${path}.${key}`, text: "field not declared in schema" })
      return
    }
    check(child, value[key], `${path}.${key}`, problems)
  }
}

const checkList = (schema: SchemaNode, items: ReadonlyArray<unknown>, path: string, problems: Array<Problem>): void => {
  const seen = new Set<string>()
  for (let i = 0; i < items.length; i++) {
    const element = schema.listType === "atomic" ? `i:${i}` : elementOf(schema, items[i])
    if (typeof element !== "string") {
      problems.push({ path, text: `element ${i}: ${element.problem}` })
      return
    }
    if (seen.has(element)) problems.push({ path, text: `duplicate entries for key ${printElement(element)}`, isDuplicate: true })
    seen.add(element)
    check(schema.items as SchemaNode, items[i], path + printElement(element), problems)
  }
}

/** A value as `%#v` prints what wraps it. */
const wrapped = (value: unknown): string => {
  const text = typeof value === "string" ? JSON.stringify(value) : isObject(value) ? `${goTypeOf(value)}{}` : goPrint(value)
  return `&value.valueUnstructured{Value:${text}}`
}

const untypedScalars: ReadonlySet<ScalarType> = new Set(["untyped", "time", "microTime", "quantity", "intOrString", "duration"])

const scalarProblem = (type: ScalarType, value: unknown): string | undefined => {
  if (untypedScalars.has(type)) return typeof value === "object" && type !== "intOrString" ? `expected any scalar, got &{${goPrint(value)}}` : undefined
  if (type === "string" || type === "bytes") return typeof value === "string" ? undefined : `expected string, got ${wrapped(value)}`
  if (type === "boolean") return typeof value === "boolean" ? undefined : `expected boolean, got &{${goPrint(value)}}`
  return typeof value === "number" ? undefined : `expected numeric (int or float), got ${goTypeOf(value)}`
}

/** The paths that a value sets, as its applier owns them. */
export const fieldsOf = (schema: SchemaNode, value: unknown): FieldSet => nodeOf(schema, value) ?? leaf

/** What a value has at and below its path; `undefined` for nothing. */
const nodeOf = (schema: SchemaNode, value: unknown): FieldSet | undefined => {
  switch (schema.shape) {
    case "scalar":
      return leaf
    case "list":
      return listNode(schema, value)
    case "any":
      if (isObject(value)) return mapNode(schema, value)
      // Null has no shape of its own: the schema takes it for a map, which without keys sets nothing.
      return value === null && !schema.atomic ? undefined : leaf
    default:
      return mapNode(schema, value)
  }
}

const mapNode = (schema: SchemaNode, value: unknown): FieldSet | undefined => {
  if (schema.atomic) return leaf
  if (!isObject(value)) return undefined
  let out: Fields | undefined
  for (const key in value) {
    const item = value[key]
    if (item === undefined) continue
    const below = nodeOf(schema.child(key) ?? untypedAtomic, item)
    const itself = item === null || (isObject(item) && sizeOf(item) === 0) || schema.field(key) === undefined
    const node = itself ? withMember(below) : below
    if (node !== undefined) (out ??= {})[`f:${key}`] = node
  }
  return out as FieldSet | undefined
}

const withMember = (node: FieldSet | undefined): FieldSet => {
  if (node === undefined || node === leaf || node["."] !== undefined) return node ?? leaf
  return { ".": leaf, ...node }
}

const listNode = (schema: SchemaNode, value: unknown): FieldSet | undefined => {
  if (schema.listType === "atomic") return leaf
  if (!Array.isArray(value)) return undefined
  const elements = elementsOf(schema, value)
  let out: Fields | undefined
  elements.forEach((element, i) => {
    const twice = elements.indexOf(element) !== elements.lastIndexOf(element)
    const node = twice ? leaf : withMember(nodeOf(schema.items as SchemaNode, value[i]))
    ;(out ??= {})[element] = node
  })
  return out as FieldSet | undefined
}

/** The live value with a configuration merged over it; `undefined` stands for no value. Unchanged parts are shared. */
export const mergeOver = (schema: SchemaNode, live: unknown, config: unknown): unknown => {
  if (live === config || config === undefined) return live
  if (live === undefined && schema.shape === "scalar") return config
  const asMap = schema.shape === "struct" || schema.shape === "map" || (schema.shape === "any" && isObject(config === null ? live : config))
  if (asMap) return schema.atomic ? config : mergeMaps(schema, live, config)
  return schema.shape === "list" && schema.listType !== "atomic" ? mergeLists(schema, live, config) : config
}

const mergeMaps = (schema: SchemaNode, live: unknown, config: unknown): unknown => {
  const left = isObject(live) ? live : {}
  const right = isObject(config) ? config : {}
  if (sizeOf(left) === 0 && sizeOf(right) === 0) return config
  const out: Fields = {}
  for (const key in left) put(out, key, mergeOver(schema.child(key) ?? untypedAtomic, left[key], right[key]))
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) put(out, key, mergeOver(schema.child(key) ?? untypedAtomic, undefined, right[key]))
  return isObject(live) && sameParts(out, live) ? live : out
}

/** Items keep the order of the configuration among themselves; items that only the live list has stay where they were. */
const mergeLists = (schema: SchemaNode, live: unknown, config: unknown): unknown => {
  const left = Array.isArray(live) ? live as ReadonlyArray<unknown> : []
  const right = Array.isArray(config) ? config as ReadonlyArray<unknown> : []
  if (left.length === 0 && right.length === 0) return config
  const [leftKeys, rightKeys] = [elementsOf(schema, left), elementsOf(schema, right)]
  const lefts = indexed(leftKeys, left)
  const rights = indexed(rightKeys, right)
  const out = weave(leftKeys, rightKeys, lefts, rights).map(({ element, at }) => {
    const own = at === undefined ? lefts.get(element) : left[at]
    return rights.has(element) ? mergeOver(schema.items as SchemaNode, own, rights.get(element)) : own
  })
  return out.length === left.length && out.every((item, i) => item === left[i]) ? live : out
}

/** Items by element; one that stands twice counts as null, since nothing tells which of them is meant. */
const indexed = (elements: ReadonlyArray<string>, items: ReadonlyArray<unknown>): Map<string, unknown> => {
  const found = new Map<string, unknown>()
  elements.forEach((element, i) => found.set(element, found.has(element) ? null : items[i]))
  return found
}

/** A place in the merged list; `at` is the index of an item that only the live list has. */
interface Place {
  readonly element: string
  readonly at: number | undefined
}

const weave = (
  left: ReadonlyArray<string>,
  right: ReadonlyArray<string>,
  lefts: ReadonlyMap<string, unknown>,
  rights: ReadonlyMap<string, unknown>
): ReadonlyArray<Place> => {
  const out: Array<Place> = []
  const shared = right.filter((element) => lefts.has(element))
  let next = shared.shift()
  const done = new Set<string>()
  let [l, r] = [0, 0]
  const takeRight = (element: string): void => {
    done.add(element)
    out.push({ element, at: undefined })
    r++
    if (next === element) next = shared.shift()
  }
  while (l < left.length || r < right.length) {
    const [mine, theirs] = [left[l], right[r]]
    if (mine !== undefined && theirs !== undefined) {
      if (mine === theirs) {
        l++
        takeRight(theirs)
        continue
      }
      if (rights.has(mine) && next !== undefined && next !== mine) {
        l++
        continue
      }
    }
    if (mine !== undefined && !rights.has(mine)) {
      out.push({ element: mine, at: l++ })
      continue
    }
    if (mine !== undefined && done.has(mine)) l++
    if (theirs !== undefined) takeRight(theirs)
    else if (mine !== undefined && !done.has(mine)) l++
  }
  return out
}

/** The value without the items and fields in `set`. What loses all of its own items or fields becomes null, as in the original. */
export const withoutFields = (schema: SchemaNode, value: unknown, set: FieldSet): unknown => {
  if (isObject(value)) return withoutKeys(schema, value, set)
  if (!Array.isArray(value) || schema.shape !== "list") return value
  if (value.length === 0 || schema.listType === "atomic") return null
  const elements = elementsOf(schema, value)
  const kept = value.flatMap((item: unknown, i) => {
    const node = set[elements[i] as string]
    if (node === undefined) return [item]
    if (node === leaf || node["."] !== undefined || sizeOf(node) === 0) return []
    return [withoutInner(schema.items as SchemaNode, item, node)]
  })
  return kept.length === 0 ? null : kept
}

const withoutKeys = (schema: SchemaNode, value: Fields, set: FieldSet): unknown => {
  if (schema.atomic || sizeOf(value) === 0) return null
  const out: Fields = {}
  for (const key in value) {
    const node = set[`f:${key}`]
    if (node === undefined) put(out, key, value[key])
    else if (node["."] === undefined && sizeOf(node) > 0) put(out, key, withoutInner(schema.child(key) ?? untypedAtomic, value[key], node))
  }
  return sizeOf(out) === 0 ? null : out
}

/** The same for a value that stays itself: it is empty then rather than null. */
const withoutInner = (schema: SchemaNode, value: unknown, set: FieldSet): unknown =>
  withoutFields(schema, value, set) ?? (Array.isArray(value) ? [] : isObject(value) ? {} : value)
