/** Functions on values that may be missing. */
import { Duration, EntryMap, fail, ItemList, ListValue, MapValue, Optional, Uint, type Value } from "../values/Value.ts"
import { type Declared, declare } from "./Declare.ts"

const isZero = (value: Value): boolean => {
  if (value === null || value === false || value === "" || value === 0n || value === 0) return true
  if (value instanceof ListValue || value instanceof MapValue) return value.size === 0
  if (value instanceof Uint8Array) return value.length === 0
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Optional) return value.value === undefined || isZero(value.value)
  return value instanceof Duration && value.nanos === 0n
}

const valueOf = (optional: Optional): Value => (optional.value === undefined ? fail("optional.none() dereference") : optional.value)

const present = (list: ListValue): ListValue => {
  const items = list.items().map((item) => (item instanceof Optional ? item : fail(`value ${String(item)} is not optional`)))
  return new ItemList(items.flatMap(({ value }) => (value === undefined ? [] : [value])))
}

const insert = (map: MapValue, key: Value, value: Value): MapValue => {
  if (map.find(key) !== undefined) return fail(`insert failed: key ${String(key instanceof Uint ? key.value : key)} already exists`)
  return map instanceof EntryMap ? map.with(key, value) : new EntryMap([...map.keys().map((each) => [each, map.find(each) ?? null] as const), [key, value]])
}

const insertAll = (map: MapValue, more: MapValue): MapValue =>
  more.keys().reduce<MapValue>((all, key) => insert(all, key, more.find(key) ?? null), map)

const unused = (): Value => null

/** Functions on values that may be missing, and those that loops build maps with. */
export const optionals: ReadonlyArray<Declared> = [
  declare("optional.none() -> optional_type(V)", () => Optional.none),
  declare("optional.of(V) -> optional_type(V)", (value: Value) => new Optional(value)),
  declare("optional.ofNonZeroValue(V) -> optional_type(V)", (value: Value) => (isZero(value) ? Optional.none : new Optional(value))),
  declare("optional.unwrap(list(optional_type(V))) -> list(V)", present),
  declare("unwrapOpt.(list(optional_type(V))) -> list(V)", present),
  declare("value.(optional_type(V)) -> V", valueOf),
  declare("hasValue.(optional_type(V)) -> bool", (optional: Optional) => optional.value !== undefined),
  declare("or.(optional_type(V), optional_type(V)) -> optional_type(V)", unused),
  declare("orValue.(optional_type(V), V) -> V", unused),
  declare("first.(list(V)) -> optional_type(V)", (list: ListValue) => (list.size === 0 ? Optional.none : new Optional(list.at(0)))),
  declare("last.(list(V)) -> optional_type(V)", (list: ListValue) => (list.size === 0 ? Optional.none : new Optional(list.at(list.size - 1)))),
  declare("cel.@mapInsert(map(K, V), K, V) -> map(K, V)", insert),
  declare("cel.@mapInsert(map(K, V), map(K, V)) -> map(K, V)", insertAll)
]
