/** The operators of expressions. */
import { compare, equal } from "../values/Compare.ts"
import { Duration, fail, ItemList, ListValue, MapValue, Optional, Timestamp, Uint, type Value } from "../values/Value.ts"
import { type Declared, declare } from "./Declare.ts"

/** The number if it fits into an int. */
export const int = (value: bigint): bigint => (BigInt.asIntN(64, value) === value ? value : fail("integer overflow"))

/** The number without sign if it fits. */
export const uint = (value: bigint): Uint => (BigInt.asUintN(64, value) === value ? new Uint(value) : fail("unsigned integer overflow"))

const duration = (nanos: bigint): Duration => (BigInt.asIntN(64, nanos) === nanos ? new Duration(nanos) : fail("duration overflow"))

const firstSecond = -62_135_596_800n
const lastSecond = 253_402_300_799n

/** A moment if it is in the years 1 to 9999. */
export const timestamp = (nanos: bigint, offset = 0): Timestamp => {
  const seconds = nanos / 1_000_000_000n - (nanos % 1_000_000_000n < 0n ? 1n : 0n)
  return seconds < firstSecond || seconds > lastSecond ? fail("timestamp overflow") : new Timestamp(nanos, offset)
}

const nonzero = (value: bigint, message: string): bigint => (value === 0n ? fail(message) : value)

const arithmetic: ReadonlyArray<Declared> = [
  declare("_+_(int, int) -> int", (left: bigint, right: bigint) => int(left + right)),
  declare("_+_(uint, uint) -> uint", (left: Uint, right: Uint) => uint(left.value + right.value)),
  declare("_+_(double, double) -> double", (left: number, right: number) => left + right),
  declare("_+_(string, string) -> string", (left: string, right: string) => left + right),
  declare("_+_(bytes, bytes) -> bytes", (left: Uint8Array, right: Uint8Array) => Uint8Array.of(...left, ...right)),
  declare("_+_(list(A), list(A)) -> list(A)", (left: ListValue, right: ListValue) => left.concat(right)),
  declare("_+_(duration, duration) -> duration", (left: Duration, right: Duration) => duration(left.nanos + right.nanos)),
  declare("_+_(duration, timestamp) -> timestamp", (left: Duration, right: Timestamp) => timestamp(left.nanos + right.nanos, right.offset)),
  declare("_+_(timestamp, duration) -> timestamp", (left: Timestamp, right: Duration) => timestamp(left.nanos + right.nanos, left.offset)),
  declare("_-_(int, int) -> int", (left: bigint, right: bigint) => int(left - right)),
  declare("_-_(uint, uint) -> uint", (left: Uint, right: Uint) => uint(left.value - right.value)),
  declare("_-_(double, double) -> double", (left: number, right: number) => left - right),
  declare("_-_(duration, duration) -> duration", (left: Duration, right: Duration) => duration(left.nanos - right.nanos)),
  declare("_-_(timestamp, duration) -> timestamp", (left: Timestamp, right: Duration) => timestamp(left.nanos - right.nanos, left.offset)),
  declare("_-_(timestamp, timestamp) -> duration", (left: Timestamp, right: Timestamp) => duration(left.nanos - right.nanos)),
  declare("_*_(int, int) -> int", (left: bigint, right: bigint) => int(left * right)),
  declare("_*_(uint, uint) -> uint", (left: Uint, right: Uint) => uint(left.value * right.value)),
  declare("_*_(double, double) -> double", (left: number, right: number) => left * right),
  declare("_/_(int, int) -> int", (left: bigint, right: bigint) => int(left / nonzero(right, "division by zero"))),
  declare("_/_(uint, uint) -> uint", (left: Uint, right: Uint) => uint(left.value / nonzero(right.value, "division by zero"))),
  declare("_/_(double, double) -> double", (left: number, right: number) => left / right),
  declare("_%_(int, int) -> int", (left: bigint, right: bigint) => int(left % nonzero(right, "modulus by zero"))),
  declare("_%_(uint, uint) -> uint", (left: Uint, right: Uint) => uint(left.value % nonzero(right.value, "modulus by zero"))),
  declare("-_(int) -> int", (value: bigint) => int(-value)),
  declare("-_(double) -> double", (value: number) => -value),
  declare("-_(duration) -> duration", (value: Duration) => duration(-value.nanos))
]

const numbers = ["int", "uint", "double"]
const ordered = [
  ...["bool", "string", "bytes", "timestamp", "duration"].map((type) => [type, type] as const),
  ...numbers.flatMap((left) => numbers.map((right) => [left, right] as const))
]

const orderOf = (left: Value, right: Value): number => compare(left, right) ?? fail("NaN values cannot be ordered")

const comparisons: ReadonlyArray<Declared> = ordered.flatMap(([left, right]) => [
  declare(`_<_(${left}, ${right}) -> bool`, (one: Value, other: Value) => orderOf(one, other) < 0),
  declare(`_<=_(${left}, ${right}) -> bool`, (one: Value, other: Value) => orderOf(one, other) <= 0),
  declare(`_>_(${left}, ${right}) -> bool`, (one: Value, other: Value) => orderOf(one, other) > 0),
  declare(`_>=_(${left}, ${right}) -> bool`, (one: Value, other: Value) => orderOf(one, other) >= 0)
])

const place = (index: Value): number | undefined => {
  if (typeof index === "bigint") return Number(index)
  return index instanceof Uint ? Number(index.value) : Number.isInteger(index) ? (index as number) : undefined
}

const at = (list: ListValue, index: Value): Value => {
  const number = place(index)
  if (number === undefined) return fail(`unsupported index value ${String(index)} in list`)
  return number < 0 || number >= list.size ? fail(`index out of bounds: ${number}`) : list.at(number)
}

/** The value under a key that has to be there. */
export const under = (map: MapValue, key: Value): Value => {
  const found = map.find(key)
  return found === undefined ? missing(map, key) : found
}

const missing = (map: MapValue, key: Value): Value => (map.find(key) === undefined ? fail(`no such key: ${keyName(key)}`) : null)

const keyName = (key: Value): string => (key instanceof Uint ? String(key.value) : String(key))

const maybe = (value: Value | undefined): Optional => (value === undefined ? Optional.none : new Optional(value))

const maybeAt = (list: ListValue, index: bigint): Optional => (index < 0n || index >= list.size ? Optional.none : new Optional(list.at(Number(index))))

const inside = (optional: Optional, look: (value: Value) => Value): Optional => {
  if (optional.value === undefined) return Optional.none
  const found = look(optional.value)
  return found instanceof Optional ? found : new Optional(found)
}

/** Finds an item of a list by its index. */
export const listIndex = declare("_[_](list(A), int) -> A", at)

const access: ReadonlyArray<Declared> = [
  listIndex,
  declare("_[_](map(A, B), A) -> B", under),
  declare("_[_](optional_type(list(V)), int) -> optional_type(V)", (list: Optional, index: bigint) => inside(list, (value) => (value instanceof ListValue ? maybeAt(value, index) : Optional.none))),
  declare("_[_](optional_type(map(K, V)), K) -> optional_type(V)", (map: Optional, key: Value) => inside(map, (value) => (value instanceof MapValue ? maybe(value.find(key)) : Optional.none))),
  declare("_[?_](list(V), int) -> optional_type(V)", maybeAt),
  declare("_[?_](optional_type(list(V)), int) -> optional_type(V)", (list: Optional, index: bigint) => inside(list, (value) => maybeAt(value as ListValue, index))),
  declare("_[?_](map(K, V), K) -> optional_type(V)", (map: MapValue, key: Value) => maybe(map.find(key))),
  declare("_[?_](optional_type(map(K, V)), K) -> optional_type(V)", (map: Optional, key: Value) => inside(map, (value) => maybe((value as MapValue).find(key)))),
  declare("@in(A, list(A)) -> bool", (value: Value, list: ListValue) => list.items().some((item) => equal(item, value))),
  declare("@in(A, map(A, B)) -> bool", (value: Value, map: MapValue) => map.find(value) !== undefined)
]

const unused = (): Value => null

/** All operators. Those that do not look at all of their operands are carried out elsewhere. */
export const operators: ReadonlyArray<Declared> = [
  ...arithmetic,
  ...comparisons,
  ...access,
  declare("_==_(A, A) -> bool", equal),
  declare("_!=_(A, A) -> bool", (left: Value, right: Value) => !equal(left, right)),
  declare("!_(bool) -> bool", (value: boolean) => !value),
  declare("_&&_(bool, bool) -> bool", unused),
  declare("_||_(bool, bool) -> bool", unused),
  declare("_?_:_(bool, A, A) -> A", unused),
  declare("_?._(dyn, string) -> optional_type(V)", unused),
  declare("@not_strictly_false(bool) -> bool", unused),
  declare("dyn(A) -> dyn", (value: Value) => value),
  declare("lists.range(int) -> list(int)", (count: bigint) => new ItemList(Array.from({ length: Number(count) }, (_, index) => BigInt(index))))
]
