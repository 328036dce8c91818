/** Functions on lists. */
import { compare, equal } from "../values/Compare.ts"
import { isOfType, typeOf } from "../values/TypeOf.ts"
import { Duration, fail, ItemList, ListValue, Uint, type Value } from "../values/Value.ts"
import { type Declared, declare, type Run } from "./Declare.ts"
import { operators } from "./Operators.ts"

/** Types of which lists can be sorted. */
const sortable = ["int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"]

const noSuchOverload = (): never => fail("no such overload")

const isSorted = (list: ListValue): boolean => list.items().every((item, index) => index === 0 || (compare(list.at(index - 1), item) ?? 0) <= 0)

const extreme = (name: string, wanted: number) => (list: ListValue): Value => {
  if (list.size === 0) return fail(`${name} called on empty list`)
  return list.items().reduce((best, item) => ((compare(best, item) ?? noSuchOverload()) === wanted ? item : best))
}

const zeros: Readonly<Record<string, Value>> = { int: 0n, uint: new Uint(0n), double: 0, duration: new Duration(0n) }

const adders = new Map(operators.filter(({ name, args }) => name === "_+_" && args[0]!.equals(args[1]!)).map(({ args, run }) => [args[0]!.toString(), run] as const))

const sumFrom = (zero: Value, add: Run) => (list: ListValue): Value => list.items().reduce((sum, item) => (isOfType(item, typeOf(zero)) ? add(sum, item) : noSuchOverload()), zero)

const indexOf = (list: ListValue, item: Value): bigint => BigInt(list.items().findIndex((each) => equal(each, item)))

const lastIndexOf = (list: ListValue, item: Value): bigint => BigInt(list.items().findLastIndex((each) => equal(each, item)))

const distinct = (list: ListValue): ListValue => {
  const found: Array<Value> = []
  for (const item of list.items()) if (!found.some((each) => equal(each, item))) found.push(item)
  return new ItemList(found)
}

const flatten = (list: ListValue, depth: bigint): ListValue => {
  if (depth < 0n) return fail("level must be non-negative")
  return new ItemList(list.items().flatMap((item) => (item instanceof ListValue && depth > 0n ? flatten(item, depth - 1n).items() : [item])))
}

const slice = (list: ListValue, start: bigint, end: bigint): ListValue => {
  if (start < 0n || end < 0n) return fail(`cannot slice(${start}, ${end}), negative indexes not supported`)
  if (start > end) return fail(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`)
  if (end > list.size) return fail(`cannot slice(${start}, ${end}), list is length ${list.size}`)
  return new ItemList(list.items().slice(Number(start), Number(end)))
}

const sortBy = (list: ListValue, keys: ListValue): ListValue => {
  if (list.size !== keys.size) {
    return fail(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.size} and ${keys.size} elements respectively`
    )
  }
  const pairs = list.items().map((item, index) => ({ item, key: keys.at(index) }))
  return new ItemList(pairs.sort((left, right) => compare(left.key, right.key) ?? fail("list elements must have the same type")).map(({ item }) => item))
}

const containsAll = (list: ListValue, wanted: ListValue): boolean => wanted.items().every((item) => list.items().some((each) => equal(each, item)))

/** Functions on lists, and on lists as sets. */
export const lists: ReadonlyArray<Declared> = [
  ...sortable.flatMap((type) => [
    declare(`isSorted.(list(${type})) -> bool`, isSorted),
    declare(`max.(list(${type})) -> ${type}`, extreme("max", -1)),
    declare(`min.(list(${type})) -> ${type}`, extreme("min", 1)),
    declare(`sort.(list(${type})) -> list(${type})`, (list: ListValue) => sortBy(list, list)),
    declare(`@sortByAssociatedKeys.(list(T), list(${type})) -> list(T)`, sortBy)
  ]),
  ...Object.entries(zeros).map(([type, zero]) => declare(`sum.(list(${type})) -> ${type}`, sumFrom(zero, adders.get(type)!))),
  declare("indexOf.(list(A), A) -> int", indexOf),
  declare("lastIndexOf.(list(A), A) -> int", lastIndexOf),
  declare("distinct.(list(T)) -> list(T)", distinct),
  declare("flatten.(list(list(T))) -> list(T)", (list: ListValue) => flatten(list, 1n)),
  declare("flatten.(list(dyn), int) -> list(dyn)", flatten),
  declare("reverse.(list(T)) -> list(T)", (list: ListValue) => new ItemList(list.items().toReversed())),
  declare("slice.(list(T), int, int) -> list(T)", slice),
  declare("sets.contains(list(T), list(T)) -> bool", containsAll),
  declare("sets.equivalent(list(T), list(T)) -> bool", (left: ListValue, right: ListValue) => containsAll(left, right) && containsAll(right, left)),
  declare("sets.intersects(list(T), list(T)) -> bool", (left: ListValue, right: ListValue) =>
    left.items().some((item) => right.items().some((each) => equal(each, item))))
]
