/**
 * JSONPath as the original's library reads it: keys, indexes, ranges, unions, wildcards, filters and recursive descent. What cannot be read is no path;
 * a path that fails on a value, such as an index beyond the end of a list, leads to nothing there.
 */
import { goJson, goNumber } from "../crd/GoValueText.ts"
import { isObject } from "../builtin/Sharing.ts"

/** Finds all values that a path leads to. */
export type JsonPath = (root: unknown) => ReadonlyArray<unknown>

/** Compiles a path such as `.status.conditions[?(@.type=="Ready")].status`; `undefined` if it is none. */
export const compileJsonPath = (path: string): JsonPath | undefined => {
  const step = compile(path)
  if (step === undefined) return undefined
  return (root) => {
    try {
      return step([root])
    } catch (failure) {
      if (failure instanceof Astray) return []
      throw failure
    }
  }
}

/** A path cannot be followed on a value. */
class Astray extends Error {}

const astray = (): never => {
  throw new Astray()
}

type Values = ReadonlyArray<unknown>
type Step = (values: Values) => Values

const present = (value: unknown): boolean => value !== null && value !== undefined

/** What may end a path: the text behind a closing brace stands outside. */
const compile = (text: string): Step | undefined => {
  const steps: Array<Step> = []
  let rest = text
  while (rest !== "" && !rest.startsWith("}")) {
    const read = stepAt(rest, steps.at(-1) === descend)
    if (read === undefined) return undefined
    steps.push(...read.steps)
    rest = rest.slice(read.length)
  }
  return (values) => steps.reduce<Values>((found, step) => step(found), values)
}

interface Read {
  readonly steps: ReadonlyArray<Step>
  readonly length: number
}

/** A key ends where another step begins; a backslash lets it go on. */
const keyPattern = /^(?:\\.|[^\\ \t\r\n.,[\]$@{}])*/s

const stepAt = (text: string, descended: boolean): Read | undefined => {
  if (text.startsWith("[?(")) return filterAt(text)
  if (text.startsWith("..")) {
    if (descended) return undefined
    const key = /^[\p{L}\p{Nd}_]/u.test(text.slice(2)) ? keyPattern.exec(text.slice(2))![0] : ""
    return { steps: key === "" ? [descend] : [descend, keyStep(key)], length: 2 + key.length }
  }
  const [first] = text
  if (first === " " || first === "@" || first === "$") return { steps: [], length: 1 }
  if (first === "[") return arrayAt(text)
  if (first === '"' || first === "'") return quoteAt(text)
  if (first === ".") {
    const [key] = keyPattern.exec(text.slice(1))!
    return { steps: [keyStep(key)], length: 1 + key.length }
  }
  const [number] = /^[+-]?[\d.]*/.exec(text)!
  if (/^[+-]?\d/.test(text)) return Number.isNaN(Number(number)) ? undefined : { steps: [scalarStep(number.includes(".") ? new Decimal(Number(number)) : Number(number))], length: number.length }
  if (!/^[\p{L}\p{Nd}_]/u.test(text)) return undefined
  const [word] = keyPattern.exec(text)!
  return { steps: [word === "true" || word === "false" ? scalarStep(word === "true") : astray], length: word.length }
}

/** A number with a point, which is never equal to one without. */
class Decimal {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

const scalarStep = (scalar: unknown): Step => (values) => values.map(() => scalar)

const keyStep = (key: string): Step => {
  if (key === "*") return (values) => values.flatMap(childrenOf)
  const name = key.replaceAll("\\", "")
  return (values) => values.flatMap((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []))
}

/** The original goes through maps in no order; this goes by their keys. */
const childrenOf = (value: unknown): Values => (Array.isArray(value) ? value : isObject(value) ? Object.keys(value).sort().map((key) => value[key]) : [])

const descend: Step = (values) => values.flatMap((value) => {
  const children = childrenOf(value)
  return children.length === 0 ? [] : [value, ...descend(children)]
})

const quoteAt = (text: string): Read | undefined => {
  const found = /^"((?:\\.|[^"\\\n])*)"|^'((?:\\.|[^'\\\n])*)'/.exec(text)
  if (found === null) return undefined
  const plain = (found[1] ?? found[2] ?? "").replaceAll(/\\(.)/g, "$1")
  return { steps: [() => [plain]], length: found[0].length }
}

const arrayAt = (text: string): Read | undefined => {
  const end = text.search(/[\]\n]/)
  if (end < 0 || text[end] === "\n") return undefined
  const inner = text.slice(1, end) === "*" ? ":" : text.slice(1, end)
  const length = end + 1
  const parts = inner.split(",")
  if (parts.length > 1) {
    const steps = parts.map((part) => compile(`[${part.replaceAll(/^ +| +$/g, "")}]`))
    if (steps.includes(undefined)) return undefined
    return { steps: [(values) => steps.flatMap((step) => step!(values))], length }
  }
  const key = /^'([^']*)'$/.exec(inner)
  // A quoted key is read as a path of its own, points and all.
  const step = key === null ? sliceStep(inner) : compile(`.${key[1]}`)
  return step === undefined ? undefined : { steps: [step], length }
}

const sliceStep = (text: string): Step | undefined => {
  const found = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text)
  if (found === null) return undefined
  const [from, to, step] = found.slice(1).map((part, i) => (i > 0 ? part?.slice(1) : part))
  if ([from, to, step].includes("-")) return undefined
  const start = from === "" ? 0 : Number(from)
  const isOne = to === undefined
  return (values) => {
    const out: Array<unknown> = []
    for (const value of values) {
      if (!present(value)) continue
      if (!Array.isArray(value)) return astray()
      const first = start < 0 ? start + value.length : start
      const asked = isOne ? start + 1 : to === "" ? value.length : Number(to)
      const last = asked < 0 || (isOne && asked === 0) ? asked + value.length : asked
      if (first === last) return out
      if (first < 0 || first >= value.length || last < 0 || last > value.length || first > last) return astray()
      const stride = step === undefined || step === "" ? 1 : Number(step)
      if (stride <= 0) return astray()
      for (let i = first; i < last; i += stride) out.push(value[i])
    }
    return out
  }
}

/** Up to the parenthesis that closes the filter, outside of the quotes of its one text. */
const filterPattern = /^\[\?\(([^"')\n]*(?:(["'])(?:\\.|(?!\2)[^\n])*\2[^)\n]*)?)\)\]/

const filterAt = (text: string): Read | undefined => {
  const found = filterPattern.exec(text)
  if (found === null) return undefined
  const comparison = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(found[1]!)
  const left = compile(comparison?.[1] ?? found[1]!)
  const right = comparison === null ? undefined : compile(comparison[3]!)
  if (left === undefined || (comparison !== null && right === undefined)) return undefined
  const holds = right === undefined ? exists(left) : (item: unknown): boolean => compared(left([item]), comparison![2]!, right, item)
  return { steps: [(values) => values.flatMap((value) => (Array.isArray(value) ? value.filter(holds) : astray()))], length: found[0].length }
}

const exists = (path: Step) => (item: unknown): boolean => {
  try {
    return path([item]).length > 0
  } catch (failure) {
    if (failure instanceof Astray) return false
    throw failure
  }
}

const compared = (lefts: Values, operator: string, right: Step, item: unknown): boolean => {
  if (lefts.length === 0) return false
  const rights = right([item])
  if (lefts.length > 1 || rights.length > 1) return astray()
  return rights.length > 0 && compare(comparable(lefts[0]), operator, comparable(rights[0]))
}

interface Comparable {
  readonly kind: string
  readonly value: string | number | boolean
}

const comparable = (value: unknown): Comparable => {
  if (value instanceof Decimal) return { kind: "decimal", value: value.value }
  if (typeof value === "number") return { kind: Number.isInteger(value) ? "integer" : "decimal", value }
  return typeof value === "string" || typeof value === "boolean" ? { kind: typeof value, value } : astray()
}

const compare = (a: Comparable, operator: string, b: Comparable): boolean => {
  if (a.kind !== b.kind) return astray()
  if (operator === "==") return a.value === b.value
  if (operator === "!=") return a.value !== b.value
  if (a.kind === "boolean") return astray()
  switch (operator) {
    case "<":
      return a.value < b.value
    case "<=":
      return a.value <= b.value
    case ">":
      return a.value > b.value
    case ">=":
      return a.value >= b.value
    default:
      return astray()
  }
}

/** A value as a text column prints it: scalars plainly, the rest as JSON. */
export const printJsonValue = (value: unknown): string => {
  if (value === null) return "<no value>"
  return typeof value === "object" ? goJson(value) : typeof value === "number" ? goNumber(value) : String(value)
}
