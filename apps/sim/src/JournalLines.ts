/** Writes changes down as lines of the journal: what stood there before and stayed as it was is left out. */
import type { StoreWrite } from "@fairlead/api-server"

/**
 * Makes a line of a change. Two journals have the same lines when the same things became of the same objects at the same times, field by field.
 *
 * A change is written as the difference between the object and its predecessor, so an update costs what it changes. Stored objects share with their
 * predecessors what has stayed as it was; a part that is equal without being shared leaves nothing in the line either.
 */
export const lineOf = ({ event, resource }: StoreWrite, time: number): string =>
  `${time} ${event.type} ${resource.plural} ${event.namespace}/${event.name}${differences(event.object, event.previous)}`

type Fields = { readonly [key: string]: unknown }

const none: Fields = {}

const differences = (fields: object, previous: object | undefined): string => {
  const now = fields as Fields
  const before = (previous ?? none) as Fields
  let text = ""
  for (const key in now) {
    const value = now[key]
    const old = before[key]
    if (value === old || value === undefined) continue
    const difference = differenceOf(value, old)
    if (difference !== "") text += ` ${key}${difference}`
  }
  if (previous !== undefined) {
    for (const key in before) if (now[key] === undefined && before[key] !== undefined) text += ` ${key}-`
  }
  return text
}

/** Empty when both are equal. Every form begins with a sign of its own, and texts say how long they are. */
const differenceOf = (value: unknown, previous: unknown): string => {
  if (value === previous) return ""
  if (typeof value === "string") return `"${value.length}:${value}`
  if (typeof value !== "object" || value === null) return `=${String(value)}`
  if (Array.isArray(value)) return listDifference(value, Array.isArray(previous) ? previous : undefined)
  const known = typeof previous === "object" && previous !== null && !Array.isArray(previous) ? previous : undefined
  const inside = differences(value, known)
  return inside === "" && known !== undefined ? "" : `{${inside}}`
}

const listDifference = (list: ReadonlyArray<unknown>, previous: ReadonlyArray<unknown> | undefined): string => {
  let text = ""
  for (let i = 0; i < list.length; i++) {
    const difference = differenceOf(list[i], previous === undefined || i >= previous.length ? undefined : previous[i])
    if (difference !== "") text += ` ${i}${difference}`
  }
  return text === "" && list.length === previous?.length ? "" : `[${list.length}${text}]`
}
