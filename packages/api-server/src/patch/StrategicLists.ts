/** How strategic merge patches merge lists: by a key, as sets of scalars, and in which order the result stands. */
import { goPrint } from "../builtin/GoText.ts"
import { isObject, type Fields } from "../builtin/Sharing.ts"
import { broken, noMergeKey, refused, unknownDirective, wrongType } from "./StrategicFailure.ts"

/** What the schema says of a list. */
export interface ListRules {
  readonly merges: boolean
  /** Field that tells items apart; `undefined` for lists of scalars. */
  readonly key: string | undefined
  readonly mergeItem: (current: Fields, change: Fields) => Fields
}

type List = ReadonlyArray<unknown>

const kindOf = (item: unknown): string => (Array.isArray(item) ? "list" : isObject(item) ? "map" : item === null ? "null" : typeof item)

/** What all items of the lists are; they must be of one kind. */
export const elementKind = (...lists: ReadonlyArray<List>): string => {
  let kind: string | undefined
  for (const list of lists) {
    for (const item of list) {
      const own = kindOf(item)
      if (own === "list") return refused()
      if (kind !== undefined && kind !== own) return broken(`list element types are not identical: ${goPrint(lists)}`)
      kind = own
    }
  }
  return kind ?? broken("no elements in any of the given slices")
}

/** Adds scalars that are not there yet, or deletes those named. */
export const mergeScalars = (current: List, patch: List, isDeleteList: boolean): List => {
  if (isDeleteList) return current.filter((item) => !patch.includes(item))
  const merged = [...new Set([...current, ...patch])]
  return inOrder(...partition(merged, patch, undefined), patch, current, undefined)
}

/** Merges items that have the same key; items of the patch may delete or replace. */
export const mergeKeyed = (current: List, patch: List, rules: ListRules): List => {
  const { key } = rules
  if (key === undefined) return broken("cannot merge lists without merge key for struct")
  const [kept, changes] = applyItemDirectives(current, patch as ReadonlyArray<Fields>, key)
  const merged = [...kept]
  const keys = merged.map((item) => keyOf(item, key))
  let last = -1
  let isInOrder = true
  for (const change of changes) {
    if (!Object.hasOwn(change, key)) noMergeKey(change, key)
    const at = keys.indexOf(change[key])
    if (at >= 0) merged[at] = rules.mergeItem(merged[at] as Fields, change)
    else keys[merged.push(change) - 1] = change[key]
    isInOrder &&= at > last
    last = at
  }
  if (areDistinct(keys)) {
    // The usual patch changes items that are there, in the order in which they stand, and so leaves them there,
    if (isInOrder) return merged
    // or it only brings new ones, which go to the front.
    if (merged.length === kept.length + changes.length) return [...changes, ...kept]
  }
  return inOrder(...partition(merged, changes, key), changes, kept, key)
}

/** Whether every item has a key of its own. */
const areDistinct = (keys: List): boolean => {
  for (let i = 0; i < keys.length; i++) if (keys[i] === undefined || keys.indexOf(keys[i]) !== i) return false
  return true
}

/**
 * What the original takes for the old order after it has merged a patch with deletions: it deletes in place, so that later items move up and new
 * ones take the room at the end.
 */
export const orderLeftBy = (current: List, patch: List, key: string | undefined): List => {
  const changes = patch.filter(isObject)
  if (key === undefined || !changes.some((item) => item["$patch"] === "delete") || changes.some((item) => item["$patch"] === "replace")) return current
  const order = [...current]
  let length = order.length
  for (const item of changes) {
    const at = item["$patch"] === "delete" ? findByKey(order.slice(0, length), key, item[key]) : -1
    if (at >= 0) order.copyWithin(at, at + 1, length--)
  }
  for (const item of changes) {
    if (Object.hasOwn(item, "$patch") || findByKey(order.slice(0, length), key, item[key]) >= 0) continue
    if (length === order.length) break
    order[length++] = item
  }
  return order
}

/** Takes the special items out of the patch: what is left of the list, and the plain items to merge into it. */
const applyItemDirectives = (current: List, patch: ReadonlyArray<Fields>, key: string): readonly [List, ReadonlyArray<Fields>] => {
  if (!patch.some((item) => Object.hasOwn(item, "$patch"))) return [current, patch]
  let kept = current
  let replace = false
  const plain: Array<Fields> = []
  for (const item of patch) {
    if (!Object.hasOwn(item, "$patch")) plain.push(item)
    else if (item["$patch"] === "delete") {
      if (!Object.hasOwn(item, key)) noMergeKey(item, key)
      kept = kept.filter((old) => !(isObject(old) && Object.hasOwn(old, key) && old[key] === item[key]))
    } else if (item["$patch"] === "replace") replace = true
    else if (item["$patch"] === "merge") broken("merging lists cannot yet be specified in the patch")
    else unknownDirective(item["$patch"], item)
  }
  return replace ? [plain, []] : [kept, plain]
}

const findByKey = (list: List, key: string, value: unknown): number => {
  for (let i = 0; i < list.length; i++) {
    const item = list[i]
    if (!isObject(item)) return broken(`value for key ${i} is not a map`)
    if (item[key] === value && Object.hasOwn(item, key)) return i
  }
  return -1
}

/** Splits a list into the items that `by` names too and the others. */
export const partition = (list: List, by: List, key: string | undefined): readonly [List, List] => {
  const named: Array<unknown> = []
  const others: Array<unknown> = []
  for (const item of list) {
    if (key === undefined) (by.includes(item) ? named : others).push(item)
    else if (!isObject(item)) wrongType("map", item)
    else if (!Object.hasOwn(item, key)) noMergeKey(item, key)
    else (findByKey(by, key, item[key]) >= 0 ? named : others).push(item)
  }
  return [named, others]
}

/**
 * Merges the items of the patch, in its order, with those that only the server has, in theirs: an item of the server
 * comes first only where both stood in the old list and it stood before the other. So new items go to the front.
 */
export const inOrder = (patched: List, serverOnly: List, patchOrder: List, serverOrder: List, key: string | undefined): List => {
  const right = sorted(patched, patchOrder, key)
  const left = sorted(serverOnly, serverOrder, key)
  const out: Array<unknown> = []
  let [i, j] = [0, 0]
  while (i < left.length && j < right.length) {
    const l = positionOf(serverOrder, left[i], key)
    const r = positionOf(serverOrder, right[j], key)
    if (l >= 0 && r >= 0 && l < r) out.push(left[i++])
    else out.push(right[j++])
  }
  out.push(...left.slice(i), ...right.slice(j))
  return out
}

const sorted = (list: List, order: List, key: string | undefined): List => {
  if (key !== undefined) for (const item of [...list, ...order]) if (isObject(item) && !Object.hasOwn(item, key)) noMergeKey(item, key)
  return sink(list.map((item) => ({ item, at: positionOf(order, item, key) }))).map(({ item }) => item)
}

interface Placed {
  readonly item: unknown
  readonly at: number
}

/** Sorts by insertion, as the original does; an item without a place counts as less than any other, so that such items change their order. */
const sink = (items: ReadonlyArray<Placed>): ReadonlyArray<Placed> => {
  if (items.every(({ at }) => at >= 0)) return items.toSorted((a, b) => a.at - b.at)
  const out: Array<Placed> = []
  for (const placed of items) {
    let i = out.length
    while (i > 0 && (placed.at < 0 || out[i - 1]!.at < 0 || placed.at < out[i - 1]!.at)) i--
    out.splice(i, 0, placed)
  }
  return out
}

const positionOf = (list: List, item: unknown, key: string | undefined): number => {
  const value = keyOf(item, key)
  return list.findIndex((other) => keyOf(other, key) === value)
}

const keyOf = (item: unknown, key: string | undefined): unknown => (key !== undefined && isObject(item) ? item[key] : item)
