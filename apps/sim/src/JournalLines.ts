/** Writes changes down as lines of the journal: what stood there before and stayed as it was is left out. */
import { jsonEqual } from "@fairlead/kube"
import type { StoreWrite } from "@fairlead/api-server"

/**
 * Makes a line of a change. Two journals have the same lines when the same things became of the same objects at the same times, field by field in their
 * order.
 *
 * An update is written as those fields of the object and of its metadata, spec and status, and those items of lists there, that are not what they were.
 * Stored objects share with their predecessors what has stayed as it was, so that costs what changes; a field that is equal without being shared leaves
 * nothing in the line either.
 */
export const lineOf = ({ event, resource }: StoreWrite, time: number): string => {
  const change = event.previous === undefined ? ` ${JSON.stringify(event.object)}` : differences(event.object, event.previous, 2)
  return `${time} ${event.type} ${resource.plural} ${event.namespace}/${event.name}${change}`
}

type Fields = { readonly [key: string]: unknown }

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)

/** Native code writes deep values faster than any comparison of theirs would be. */
const differences = (fields: object, previous: object, levels: number): string => {
  const now = fields as Fields
  const before = previous as Fields
  let text = ""
  let kept = 0
  // Not `for (const key in now)`: V8 finds code for that too special for all these shapes again and again, and drops it each time.
  for (const key of Object.keys(now)) {
    const value = now[key]
    if (value === undefined) continue
    const old = before[key]
    if (old !== undefined) kept++
    if (value === old) continue
    if (typeof value === "string") text += ` ${key}:"${value}"`
    else if (typeof value !== "object" || value === null) text += ` ${key}:${String(value)}`
    else if (levels > 1 && isFields(value) && isFields(old)) {
      const inside = differences(value, old, levels - 1)
      if (inside !== "") text += ` ${key}{${inside}}`
    } else if (Array.isArray(value) && Array.isArray(old)) {
      const inside = itemDifferences(value, old)
      if (inside !== "") text += ` ${key}[${value.length}${inside}]`
    } else if (!jsonEqual(value, old)) text += ` ${key}:${JSON.stringify(value)}`
  }
  return Object.keys(before).length === kept ? text : text + removals(now, before)
}

const removals = (now: Fields, before: Fields): string => {
  let text = ""
  for (const key of Object.keys(before)) if (now[key] === undefined && before[key] !== undefined) text += ` ${key}-`
  return text
}

/** Lists of conditions and the like change in one place or grow at their end. */
const itemDifferences = (list: ReadonlyArray<unknown>, previous: ReadonlyArray<unknown>): string => {
  let text = ""
  for (let i = 0; i < list.length; i++) {
    if (i >= previous.length || (list[i] !== previous[i] && !jsonEqual(list[i], previous[i]))) text += ` ${i}:${JSON.stringify(list[i])}`
  }
  return text === "" && list.length < previous.length ? " " : text
}
