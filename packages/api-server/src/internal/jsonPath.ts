/** The part of JSONPath that Kubernetes uses in columns: keys, indexes, wildcards, filters, recursive descent. */

/** Finds all values that a path leads to. */
export type JsonPath = (root: unknown) => ReadonlyArray<unknown>

type Step = (values: ReadonlyArray<unknown>) => ReadonlyArray<unknown>

/** Compiles a path such as `.status.conditions[?(@.type=="Ready")].status`; `undefined` if it is none. */
export const compileJsonPath = (path: string): JsonPath | undefined => {
  const steps: Array<Step> = []
  let rest = path.replace(/^\{/, "").replace(/\}$/, "").replace(/^\$/, "")
  if (!rest.startsWith(".") && !rest.startsWith("[")) return undefined
  while (rest !== "") {
    const token = tokenPattern.exec(rest)
    if (token === null) return undefined
    const step = stepOf(token)
    if (step === undefined) return undefined
    steps.push(step)
    rest = rest.slice(token[0].length)
  }
  return (root) => steps.reduce<ReadonlyArray<unknown>>((values, step) => step(values), [root])
}

/** Descent, key, wildcard, quoted key, index or range, filter. */
const tokenPattern = /^(?:(\.\.)|\.((?:\\.|[^.[\]\\])+)|\.(?=\[)|\[(\*)\]|\[(?:'([^']*)'|"([^"]*)")\]|\[(-?\d*(?::-?\d*)?)\]|\[\?\((.+?)\)\])/

const stepOf = ([, descent, key, star, single, double, index, filter]: ReadonlyArray<string | undefined>): Step | undefined => {
  if (descent !== undefined) return (values) => values.flatMap(withDescendants)
  if (star !== undefined || key === "*") return (values) => values.flatMap(childrenOf)
  const name = single ?? double ?? key?.replace(/\\(.)/g, "$1")
  if (name !== undefined) return (values) => values.flatMap((value) => childAt(value, name))
  if (index !== undefined && index !== "") return (values) => values.flatMap((value) => (Array.isArray(value) ? sliceOf(value, index) : []))
  if (filter !== undefined) return filterStep(filter)
  return index === undefined ? (values) => values : undefined
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value)

const childAt = (value: unknown, name: string): ReadonlyArray<unknown> => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : [])

const childrenOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [])

const withDescendants = (value: unknown): ReadonlyArray<unknown> => [value, ...childrenOf(value).flatMap(withDescendants)]

const sliceOf = (list: ReadonlyArray<unknown>, index: string): ReadonlyArray<unknown> => {
  if (!index.includes(":")) return list.slice(Number(index)).slice(0, 1)
  const [from = "", to = ""] = index.split(":")
  return list.slice(from === "" ? 0 : Number(from), to === "" ? undefined : Number(to))
}

const filterPattern = /^\s*@((?:\.[^\s=!<>]+|\[[^\]]+\])*)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?$/

const filterStep = (text: string): Step | undefined => {
  const match = filterPattern.exec(text)
  if (match === null) return undefined
  const [, path = "", operator, literal = ""] = match
  const find = path === "" ? (root: unknown) => [root] : compileJsonPath(path)
  if (find === undefined) return undefined
  const wanted = literalOf(literal)
  const holds = (item: unknown): boolean => {
    const found = find(item)
    return operator === undefined ? found.length > 0 : found.length > 0 && compare(found[0], operator, wanted)
  }
  return (values) => values.flatMap((value) => childrenOf(value).filter(holds))
}

const literalOf = (text: string): unknown => {
  if (/^(["']).*\1$/.test(text)) return text.slice(1, -1)
  if (text === "true" || text === "false") return text === "true"
  return Number.isNaN(Number(text)) ? text : Number(text)
}

const compare = (a: unknown, operator: string, b: unknown): boolean => {
  switch (operator) {
    case "==":
      return a === b
    case "!=":
      return a !== b
    case "<":
      return (a as number) < (b as number)
    case "<=":
      return (a as number) <= (b as number)
    case ">":
      return (a as number) > (b as number)
    default:
      return (a as number) >= (b as number)
  }
}

/** A value as a text column prints it: scalars plainly, the rest as JSON. */
export const printJsonValue = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value))
