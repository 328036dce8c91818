/** What calls cost once they have been carried out. */
import type { Declared } from "../functions/Declare.ts"
import { textSize } from "../functions/Conversions.ts"
import { FormatValue } from "../functions/NamedFormats.ts"
import { ListValue, MapValue, Opaque, Optional, type Value } from "../values/Value.ts"
import { listBase, perCharacter, perPatternCharacter } from "./Range.ts"

type Cost = (args: ReadonlyArray<Value>, result: Value, overload: Declared) => number

/** How long a text, list or map is; other values count as one. */
const actualSize = (value: Value): number => {
  if (typeof value === "string") return textSize(value)
  if (value instanceof ListValue || value instanceof MapValue || value instanceof Opaque) return value.size
  if (value instanceof Uint8Array) return value.length
  return value instanceof Optional && value.value !== undefined ? actualSize(value.value) : 1
}

const reading = (size: number, factor = 1): number => Math.ceil(size * factor * perCharacter)

const traversal = (value: Value): number => {
  if (typeof value === "string") return Math.floor(new TextEncoder().encode(value).length * perCharacter)
  if (value instanceof Uint8Array) return Math.floor(value.length * perCharacter)
  if (value instanceof ListValue) return value.items().reduce<number>((total, item) => total + traversal(item), 0)
  if (value instanceof MapValue) return value.keys().reduce<number>((total, key) => total + traversal(key) + traversal(value.find(key) ?? null), 0)
  return 1
}

const readFirst: Cost = ([first]) => reading(actualSize(first!))
const readFirstTwice: Cost = ([first]) => reading(actualSize(first!), 2)
const readSecond: Cost = ([, second]) => reading(actualSize(second!))
/** Asking who may do what is dear, since somebody else may have to be asked. */
const accessCheck = 350_000
const traverse: Cost = ([first]) => traversal(first!)
const search: Cost = ([text, pattern]) => reading(1 + actualSize(text!)) * Math.ceil(actualSize(pattern!) * perPatternCharacter)

const comparison: Cost = ([left, right]) =>
  typeof left === "bigint" || typeof left === "boolean" || typeof left === "number" ? 1 : reading(Math.min(actualSize(left!), actualSize(right!)))

const equality: Cost = (args, result, overload) => (args[0] instanceof Opaque ? 1 : comparison(args, result, overload))

const addition: Cost = ([left, right], _result, { args }) =>
  args[0]!.kind === "string" || args[0]!.kind === "bytes" ? reading(actualSize(left!) + actualSize(right!)) : 1

const listCall = (factor: number, size: number): number => Math.floor(size * factor) + 1 + listBase

const isText = (value: Value | undefined): boolean => typeof value === "string" || value instanceof Uint8Array

const comparingAll = (list: Value): number => {
  const size = actualSize(list)
  const first = list instanceof ListValue && size > 0 ? list.at(0) : undefined
  return listCall(2 + (isText(first) ? perCharacter : 0), size * size)
}

const pairs = (factor: number): Cost => ([left, right]) => 1 + Math.floor(actualSize(left!) * actualSize(right!) * factor)

const inNetwork: Cost = ([network, other]) => reading(actualSize(network!), 2) + (typeof other === "string" ? reading(actualSize(other)) : 0)

const networkInNetwork: Cost = (args, result, overload) => inNetwork(args, result, overload) + reading(actualSize(args[0]!)) + 1

const conversion = (kind: string): Cost => (args, result, overload) => (overload.args[0]!.kind === kind ? readFirst(args, result, overload) : 1)

const costs: ReadonlyMap<string, Cost> = new Map<string, Cost>([
  ...["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"].map((name) => [name, traverse] as const),
  ...["url", "lowerAscii", "upperAscii", "substring", "trim", "cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"].map(
    (name) => [name, readFirst] as const
  ),
  ...["replace", "split", "ip.isCanonical"].map((name) => [name, readFirstTwice] as const),
  ...["_<_", "_<=_", "_>_", "_>=_"].map((name) => [name, comparison] as const),
  ...["startsWith", "endsWith", "strings.quote", "format"].map((name) => [name, readFirst] as const),
  ["check", () => accessCheck],
  ["fieldSelector", readSecond],
  ["labelSelector", readSecond],
  ["_[?_]", (_args, result) => (result instanceof Optional && result.value !== undefined ? 1 : 0)],
  ["_==_", equality],
  ["_!=_", comparison],
  ["_+_", addition],
  ["join", (_args, result) => reading(actualSize(result), 2)],
  ["find", search],
  ["findAll", search],
  ["matches", (args, result, overload) => (overload.member ? search(args, result, overload) : 1)],
  ["contains", ([text, part]) => reading(actualSize(text!)) * reading(actualSize(part!))],
  ["ip", (args, result, overload) => (overload.member ? 1 : readFirst(args, result, overload))],
  ["containsIP", inNetwork],
  ["containsCIDR", networkInNetwork],
  ["validate", ([format, text]) => reading(1 + actualSize(text!)) * Math.ceil((format instanceof FormatValue ? format.patternSize : 0) * perPatternCharacter)],
  ["@in", ([, list]) => (list instanceof ListValue ? list.size : 1)],
  ["bytes", conversion("string")],
  ["string", conversion("bytes")],
  ["slice", (_args, result) => listCall(1, actualSize(result))],
  ["lists.range", (_args, result) => listCall(1, actualSize(result))],
  ["reverse", (_args, result) => listCall(1, actualSize(result))],
  ["flatten", ([list, depth]) => listCall(depth === undefined ? 1 : Number(depth), actualSize(list!))],
  ["distinct", ([list]) => comparingAll(list!)],
  ["sort", ([list]) => comparingAll(list!)],
  ["@sortByAssociatedKeys", ([, keys]) => comparingAll(keys!)],
  ["sets.contains", pairs(1)],
  ["sets.intersects", pairs(1)],
  ["sets.equivalent", pairs(2)]
])

/** How to find out what a call of a function cost; `undefined` if it costs one. */
export const actualCost = (name: string): Cost | undefined => costs.get(name)

const byOverload: ReadonlySet<string> = new Set([
  "_<_", "_<=_", "_>_", "_>=_", "_+_", "@in", "bytes", "string", "contains", "startsWith", "endsWith", "matches", "slice", "reverse", "flatten", "distinct", "sort",
  "@sortByAssociatedKeys", "sets.contains", "sets.intersects", "sets.equivalent"
])

/** Whether the original knows what a call costs only where the types of its arguments leave one way to carry it out. */
export const weighedByOverload = (name: string): boolean => byOverload.has(name)
