/** Compares values. */
import { Duration, ListValue, MapValue, Opaque, Optional, Timestamp, Uint, type Value } from "./Value.ts"
import { Type } from "../types/Type.ts"

const numeric = (value: Value): bigint | number | undefined =>
  typeof value === "bigint" || typeof value === "number" ? value : value instanceof Uint ? value.value : undefined

/** Whether two values are the same; values of different types are not, but numbers are compared as numbers. */
export const equal = (left: Value, right: Value): boolean => {
  if (left === right) return true
  const number = numeric(left)
  if (number !== undefined) {
    const other = numeric(right)
    // oxlint-disable-next-line eqeqeq -- ints and doubles compare by what they are worth
    return other !== undefined && number == other
  }
  if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return false
  if (left instanceof ListValue) return right instanceof ListValue && equalLists(left, right)
  if (left instanceof MapValue) return right instanceof MapValue && equalMaps(left, right)
  if (left instanceof Uint8Array) return right instanceof Uint8Array && compareBytes(left, right) === 0
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos
  if (left instanceof Timestamp) return right instanceof Timestamp && left.nanos === right.nanos
  if (left instanceof Optional) return right instanceof Optional && equalOptionals(left, right)
  if (left instanceof Opaque) return left.equals(right)
  return left instanceof Type && right instanceof Type && left.name === right.name
}

const equalLists = (left: ListValue, right: ListValue): boolean => {
  if (left.size !== right.size) return false
  const known = left.sameAs(right)
  if (known !== undefined) return known
  for (let index = 0; index < left.size; index++) if (!equal(left.at(index), right.at(index))) return false
  return true
}

const equalMaps = (left: MapValue, right: MapValue): boolean =>
  left.size === right.size &&
  (left.sameAs(right) ?? left.keys().every((key) => {
    const found = left.find(key)
    const other = right.find(key)
    return found === undefined || other === undefined ? found === other : equal(found, other)
  }))

const equalOptionals = (left: Optional, right: Optional): boolean =>
  left.value === undefined || right.value === undefined ? left.value === right.value : equal(left.value, right.value)

/** Compares bytes one after the other. */
export const compareBytes = (left: Uint8Array, right: Uint8Array): number => {
  const shorter = Math.min(left.length, right.length)
  for (let index = 0; index < shorter; index++) if (left[index] !== right[index]) return left[index]! < right[index]! ? -1 : 1
  return Math.sign(left.length - right.length)
}

/** Compares texts by their code points, which is the order of their bytes. */
export const compareTexts = (left: string, right: string): number => {
  const shorter = Math.min(left.length, right.length)
  for (let index = 0; index < shorter; index++) {
    const [unit, other] = [left.charCodeAt(index), right.charCodeAt(index)]
    if (unit !== other) return orderOf(unit) < orderOf(other) ? -1 : 1
  }
  return Math.sign(left.length - right.length)
}

/** Moves halves of characters beyond 16 bits behind all others. */
const orderOf = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x2000 : unit)

/** Says which of two values comes first; `undefined` for values that have no order. */
export const compare = (left: Value, right: Value): number | undefined => {
  const number = numeric(left)
  if (number !== undefined) {
    const other = numeric(right)
    if (other === undefined || Number.isNaN(number) || Number.isNaN(other)) return undefined
    return number < other ? -1 : number > other ? 1 : 0
  }
  if (typeof left === "string") return typeof right === "string" ? compareTexts(left, right) : undefined
  if (typeof left === "boolean") return typeof right === "boolean" ? Number(left) - Number(right) : undefined
  if (left instanceof Uint8Array) return right instanceof Uint8Array ? compareBytes(left, right) : undefined
  if (left instanceof Duration && right instanceof Duration) return left.nanos < right.nanos ? -1 : Number(left.nanos > right.nanos)
  if (left instanceof Timestamp && right instanceof Timestamp) return left.nanos < right.nanos ? -1 : Number(left.nanos > right.nanos)
  return undefined
}
