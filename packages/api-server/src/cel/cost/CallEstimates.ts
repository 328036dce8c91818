/** What calls of functions may cost at most, before anything is known of values. */
import type { Overload } from "../types/Declarations.ts"
import type { Type } from "../types/Type.ts"
import type { Value } from "../values/Value.ts"
import { anything, countless, either, exactly, listBase, perCharacter, perPatternCharacter, product, type Range, sum, times } from "./Range.ts"

/** What is known of an argument. */
export interface Argument {
  readonly type: Type
  readonly size: Range | undefined
  /** The size of what a list contains. */
  readonly itemSize: Range | undefined
  /** Its value if it is a constant. */
  readonly constant: Value | undefined
}

/** What a call may cost apart from its arguments, and how long its result may be. */
export interface CallEstimate {
  readonly cost: Range
  readonly size?: Range | undefined
}

/** `args` begin with what a function is called on. */
type Estimator = (args: ReadonlyArray<Argument>, overload: Overload) => CallEstimate | undefined

const one = exactly(1)
const sizeOf = (argument: Argument | undefined): Range => argument?.size ?? anything
const reading = (size: Range, factor = 1): Range => times(size, perCharacter * factor)
const fixed: Estimator = () => ({ cost: one })
const readFirst: Estimator = ([first]) => ({ cost: reading(sizeOf(first)) })

const keepFirst: Estimator = ([first]) => ({ cost: reading(sizeOf(first)), size: sizeOf(first) })

const traverse: Estimator = ([list]) => {
  const item = list!.type.parameters[0]
  if (item === undefined) return readFirst([list!], undefined as never)
  const perItem = item.kind === "string" || item.kind === "bytes" ? sum(one, reading(list!.itemSize ?? anything)) : one
  return { cost: product(sizeOf(list), perItem) }
}

const replace: Estimator = ([text, old, replacement]) => {
  const [size, oldSize, newSize] = [sizeOf(text), sizeOf(old), sizeOf(replacement)]
  const growing = oldSize.min !== 0 && newSize.max > oldSize.min
  const shrinking = oldSize.max !== 0 && oldSize.max > newSize.min
  const count = {
    min: oldSize.max === 0 ? Math.min(size.min + 1, countless) : shrinking ? Math.ceil(size.min / oldSize.max) : 0,
    max: oldSize.min === 0 ? Math.min(size.max + 1, countless) : growing ? Math.ceil(size.max / oldSize.min) : 0
  }
  const kept = { min: shrinking ? 0 : size.min, max: growing ? 0 : size.max }
  return { cost: reading(size, 2), size: sum(product(count, newSize), kept) }
}

const split: Estimator = ([text, , count]) => {
  const size = sizeOf(text)
  const limit = typeof count?.constant === "bigint" ? Number(BigInt.asUintN(64, count.constant)) : size.max
  return { cost: reading(size, 2), size: { min: 0, max: limit } }
}

const join: Estimator = ([list, separator]) => {
  const count = sizeOf(list)
  const items = product(count, list!.itemSize ?? anything)
  const separators = { min: Math.max(count.min - 1, 0), max: Math.max(count.max - 1, 0) }
  const size = separator === undefined ? items : sum(items, product(sizeOf(separator), separators))
  return { cost: reading(size), size }
}

const search: Estimator = ([text, pattern]) => ({
  cost: product(reading(sum(sizeOf(text), one)), times(sizeOf(pattern), perPatternCharacter)),
  size: { min: 0, max: sizeOf(text).max }
})

const addressSize: Range = { min: 4, max: 16 }
const withText = (cost: Range, other: Argument | undefined): Range => (other?.type.kind === "string" ? sum(cost, reading(sizeOf(other))) : cost)
const inNetwork: Estimator = ([, other], { args }) => ({ cost: args[1]!.kind === "string" ? withText(reading(sum(addressSize, addressSize)), other) : reading(sum(addressSize, addressSize)) })
const networkInNetwork: Estimator = ([, other], { args }) => {
  const cost = sum(reading(sum(addressSize, addressSize)), reading(addressSize), one)
  return { cost: args[1]!.kind === "string" ? withText(cost, other) : cost }
}

const longestFormatPattern = 128

const validate: Estimator = ([, text]) => ({ cost: times(reading(sizeOf(text)), longestFormatPattern * perPatternCharacter) })

const smaller = (left: Argument | undefined, right: Argument | undefined): Range => {
  const max = Math.min(sizeOf(left).max, sizeOf(right).max)
  return reading({ min: Math.min(max, 1), max })
}

const comparison: Estimator = ([left, right], { args }) => (["string", "bytes"].includes(args[0]!.kind) ? { cost: smaller(left, right) } : undefined)

const plainOpaques: ReadonlySet<string> = new Set(["net.IP", "net.CIDR", "kubernetes.Quantity", "kubernetes.Semver"])
const longestFormat = 64

const equality: Estimator = ([left, right]) => {
  const { name } = left!.type
  if (name !== right!.type.name) return { cost: smaller(left, right) }
  if (plainOpaques.has(name)) return { cost: one }
  if (name === "kubernetes.NamedFormat") return { cost: reading({ min: 1, max: longestFormat }) }
  if (name === "kubernetes.URL") return { cost: reading({ min: 1, max: right!.size?.max ?? 1 }) }
  return { cost: smaller(left, right) }
}

const addition: Estimator = ([left, right], { args }) => {
  const { kind } = args[0]!
  if (kind !== "list" && kind !== "string" && kind !== "bytes") return undefined
  const size = sum(sizeOf(left), sizeOf(right))
  return { cost: kind === "list" ? one : reading(size), size }
}

const listCall = (factor: number, size: Range): CallEstimate => ({ cost: sum(times(size, factor), one, exactly(listBase)), size })

const constantOr = (argument: Argument | undefined, otherwise: number): number =>
  typeof argument?.constant === "bigint" ? Math.max(Number(argument.constant), 0) : otherwise

const slice: Estimator = ([list, start, end]) => {
  const length = constantOr(end, sizeOf(list).max) - constantOr(start, 0)
  return listCall(1, exactly(length < 0 ? countless + length : length))
}

const sorting = (list: Argument | undefined, item: Type): CallEstimate => {
  const isText = item.kind === "string" || item.kind === "bytes"
  return listCall(isText ? 2 + perCharacter : 2, product(sizeOf(list), sizeOf(list)))
}

const pairs = (factor: number): Estimator => ([left, right]) => ({ cost: sum(times(product(sizeOf(left), sizeOf(right)), factor), one) })

const toBytes: Estimator = ([text], { args }) => {
  const size = sizeOf(text)
  return args[0]!.kind === "string" ? { cost: reading(size), size: { min: size.min, max: Math.min(size.max * 4, countless) } } : undefined
}

const toText: Estimator = ([bytes], { args }) => {
  const size = sizeOf(bytes)
  return args[0]!.kind === "bytes" ? { cost: reading(size), size: { min: Math.floor(size.min / 4), max: size.max } } : undefined
}

const quote: Estimator = ([text]) => {
  const size = sizeOf(text)
  return { cost: reading(size), size: { min: size.min + 2, max: Math.min(size.max * 2 + 2, countless) } }
}

const constantCosts = [
  "masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast", "format.named", "sign",
  "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor", "patch", "getScheme",
  "getHostname", "getHost", "getPort", "getEscapedPath", "getQuery"
]

const estimators: ReadonlyMap<string, Estimator> = new Map<string, Estimator>([
  ...constantCosts.map((name) => [name, fixed] as const),
  ...["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"].map((name) => [name, traverse] as const),
  ...["url", "lowerAscii", "upperAscii", "substring", "trim"].map((name) => [name, keepFirst] as const),
  ...["cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver", "format"].map((name) => [name, readFirst] as const),
  ...["_<_", "_<=_", "_>_", "_>=_"].map((name) => [name, comparison] as const),
  ["replace", replace],
  ["split", split],
  ["join", join],
  ["find", search],
  ["findAll", search],
  ["matches", (args, overload) => (overload.member ? { cost: search(args, overload)!.cost } : undefined)],
  ["contains", ([text, part]) => ({ cost: product(reading(sizeOf(text)), reading(sizeOf(part))) })],
  ["startsWith", ([, part]) => ({ cost: reading(sizeOf(part)) })],
  ["endsWith", ([, part]) => ({ cost: reading(sizeOf(part)) })],
  ["ip", (args, overload) => (overload.member ? { cost: one } : readFirst(args, overload))],
  ["ip.isCanonical", ([text]) => ({ cost: reading(sizeOf(text), 2) })],
  ["containsIP", inNetwork],
  ["containsCIDR", networkInNetwork],
  ["validate", validate],
  ["_==_", equality],
  ["_!=_", ([left, right]) => ({ cost: smaller(left, right) })],
  ["_+_", addition],
  ["@in", ([, list], { args }) => (args[1]!.kind === "list" ? { cost: sizeOf(list) } : undefined)],
  ["bytes", toBytes],
  ["string", toText],
  ["strings.quote", quote],
  ["slice", slice],
  ["lists.range", ([count]) => listCall(1, exactly(constantOr(count, countless)))],
  ["reverse", ([list]) => listCall(1, sizeOf(list))],
  ["flatten", ([list, depth]) => listCall(depth === undefined ? 1 : constantOr(depth, countless), sizeOf(list))],
  ["distinct", ([list]) => listCall(2, product(sizeOf(list), sizeOf(list)))],
  ["sort", ([list], { args }) => sorting(list, args[0]!.parameters[0]!)],
  ["@sortByAssociatedKeys", ([, keys], { args }) => sorting(keys, args[1]!.parameters[0]!)],
  ["sets.contains", pairs(1)],
  ["sets.intersects", pairs(1)],
  ["sets.equivalent", pairs(2)]
])

/** What a call may cost apart from its arguments. */
export const estimateCall = (overload: Overload, args: ReadonlyArray<Argument>): CallEstimate => estimators.get(overload.name)?.(args, overload) ?? { cost: one }

/** The size of one of two values. */
export const sizeOfEither = (left: Argument | undefined, right: Argument | undefined): Range => either(sizeOf(left), sizeOf(right))

