/** Carries out calls of functions. */
import { actualCost, weighedByOverload } from "../cost/ActualCost.ts"
import type { Declared } from "../functions/Declare.ts"
import { isOfType, typeOf } from "../values/TypeOf.ts"
import { listIndex } from "../functions/Operators.ts"
import { goFloat } from "../values/FloatText.ts"
import { Duration, fail, ListValue, MapValue, Optional, Timestamp, Uint, type Value } from "../values/Value.ts"
import type { Evaluate } from "./Frame.ts"

const accepts = ({ args }: Declared, values: ReadonlyArray<Value>): boolean =>
  args.length === values.length && args.every((type, index) => isOfType(values[index]!, type))

const operator = /^(?:[-!]_|_.*_|@in)$/

/** Whether a value is asked itself for what functions make of it. */
const isReceiver = (value: Value | undefined): boolean => typeof value === "string" || value instanceof Timestamp || value instanceof Duration

const anywhere: ReadonlySet<string> = new Set(["contains", "startsWith", "endsWith", "matches"])

/** What looking for a key in something without keys answers. */
const noKey = (container: Value, key: Value): void => {
  if (container instanceof ListValue || container instanceof MapValue || container instanceof Optional) return
  if (typeof key !== "object") fail(`no such key: ${typeof key === "number" ? goFloat(key) : key}`)
}

/** `all` are the ways to call the function at all, whatever was known of the arguments beforehand. */
const refuse = (name: string, all: ReadonlyArray<Declared>, values: ReadonlyArray<Value>): never => {
  const [first] = values as readonly [Value]
  if (anywhere.has(name)) return fail("no such overload")
  if (name === "size") return fail(isReceiver(first) ? "no such overload" : "no such overload: size")
  if (name === "_[_]") noKey(first, values[1]!)
  if (!operator.test(name)) return fail(`no such overload: ${name}(${values.map((value) => typeOf(value).name).join(", ")})`)
  return fail(name === "!_" || isReceiver(first) || (name === "-_" && typeof first === "boolean") || all.some(({ args }) => isOfType(first, args[0]!)) ? "no such overload" : `no such overload: ${name}`)
}

/** Lists take any number without fraction as an index where nothing was known of it beforehand. */
const anyIndex = (name: string, [list, index]: ReadonlyArray<Value>): Declared | undefined => {
  if (name !== "_[_]" || !(list instanceof ListValue)) return undefined
  if (typeof index !== "number" && !(index instanceof Uint)) return fail(`unsupported index type '${typeOf(index!).name}' in list`)
  return listIndex
}

/** Calls the first of the functions that takes the arguments. */
export const compileCall = (name: string, overloads: ReadonlyArray<Declared>, args: ReadonlyArray<Evaluate>, all: ReadonlyArray<Declared>): Evaluate => {
  const cost = overloads.length > 1 && weighedByOverload(name) ? undefined : actualCost(name)
  const finish = (values: ReadonlyArray<Value>, spend: (amount: number) => void): Value => {
    const found = overloads.find((overload) => accepts(overload, values)) ?? anyIndex(name, values) ?? refuse(name, all, values)
    const result = found.run(...values)
    spend(cost === undefined ? 1 : cost(values, result, found))
    return result
  }
  const [first, second] = args
  if (overloads.length === 1 && args.length === 2) return compileBinary(name, overloads[0]!, first!, second!, all)
  return (frame) => finish(args.map((argument) => argument(frame)), (amount) => frame.spend(amount))
}

/** Most calls are operators on two values of known types. */
const compileBinary = (name: string, only: Declared, first: Evaluate, second: Evaluate, all: ReadonlyArray<Declared>): Evaluate => {
  const cost = actualCost(name)
  const [left, right] = only.args as [Declared["result"], Declared["result"]]
  const { run } = only
  return (frame) => {
    const one = first(frame)
    const other = second(frame)
    if (!isOfType(one, left) || !isOfType(other, right)) return refuse(name, all, [one, other])
    const result = run(one, other)
    frame.spend(cost === undefined ? 1 : cost([one, other], result, only))
    return result
  }
}
