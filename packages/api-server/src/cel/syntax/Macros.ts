/** Calls that are written like functions but stand for loops, tests and bindings. */
import { call, type Expr, ident, list, literal, memberCall } from "./Expr.ts"

/** A macro used in a wrong way. */
export interface MacroProblem {
  readonly problem: string
  readonly at: Expr
}

type Expansion = Expr | MacroProblem
type Macro = (offset: number, target: Expr, args: ReadonlyArray<Expr>) => Expansion

const accumulator = "@result"
const unused = "#unused"

const isProblem = (value: string | MacroProblem): value is MacroProblem => typeof value !== "string"

const simpleName = (expr: Expr, otherwise: string): string | MacroProblem => {
  if (expr.kind !== "ident") return { problem: otherwise, at: expr }
  if (expr.name === accumulator || expr.name === "__result__") return { problem: "iteration variable overwrites accumulator variable", at: expr }
  return expr.name
}

interface Fold {
  readonly initial: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

const soFar = (offset: number): Expr => ident(offset, accumulator)
const yes = (offset: number): Expr => literal(offset, true)

const foldAll = (offset: number, test: Expr): Fold => ({
  initial: yes(offset),
  condition: call(offset, "@not_strictly_false", soFar(offset)),
  step: call(offset, "_&&_", soFar(offset), test),
  result: soFar(offset)
})

const foldExists = (offset: number, test: Expr): Fold => ({
  initial: literal(offset, false),
  condition: call(offset, "@not_strictly_false", call(offset, "!_", soFar(offset))),
  step: call(offset, "_||_", soFar(offset), test),
  result: soFar(offset)
})

const foldOne = (offset: number, test: Expr): Fold => ({
  initial: literal(offset, 0n),
  condition: yes(offset),
  step: call(offset, "_?_:_", test, call(offset, "_+_", soFar(offset), literal(offset, 1n)), soFar(offset)),
  result: call(offset, "_==_", soFar(offset), literal(offset, 1n))
})

/** Adds one more value for each item that passes the filter. */
const foldWith = (offset: number, initial: Expr, filter: Expr | undefined, step: Expr): Fold => ({
  initial,
  condition: yes(offset),
  step: filter === undefined ? step : call(offset, "_?_:_", filter, step, soFar(offset)),
  result: soFar(offset)
})

const foldMap = (offset: number, filter: Expr | undefined, value: Expr): Fold =>
  foldWith(offset, list(offset), filter, call(offset, "_+_", soFar(offset), list(offset, value)))

const loop = (offset: number, range: Expr, variable: string, secondVariable: string | undefined, fold: Fold): Expr => ({
  kind: "loop",
  offset,
  range,
  variable,
  secondVariable,
  accumulator,
  ...fold
})

const overOne = (fold: (offset: number, test: Expr) => Fold): Macro => (offset, target, [variable, test]) => {
  const name = simpleName(variable!, "argument must be a simple name")
  return isProblem(name) ? name : loop(offset, target, name, undefined, fold(offset, test!))
}

const mapped: Macro = (offset, target, [variable, ...rest]) => {
  const name = simpleName(variable!, "argument is not an identifier")
  return isProblem(name) ? name : loop(offset, target, name, undefined, foldMap(offset, rest.length === 2 ? rest[0] : undefined, rest.at(-1)!))
}

const filtered: Macro = (offset, target, [variable, test]) => {
  const name = simpleName(variable!, "argument is not an identifier")
  return isProblem(name) ? name : loop(offset, target, name, undefined, foldMap(offset, test!, variable!))
}

/** Both variables of a loop over keys or indexes with values; the rest is the filter, if any, and the body. */
const overTwo = (fold: (offset: number, key: string, filter: Expr | undefined, body: Expr) => Fold): Macro => (offset, target, [first, second, ...rest]) => {
  const expected = "argument must be a simple name"
  for (const variable of [first!, second!]) if (variable.kind !== "ident") return { problem: expected, at: variable }
  const [key, value] = [first as Expr & { name: string }, second as Expr & { name: string }]
  if (key.name === value.name) return { problem: `duplicate variable name: ${key.name}`, at: value }
  const names = [simpleName(key, expected), simpleName(value, expected)] as const
  const wrong = names.find(isProblem)
  return wrong ?? loop(offset, target, key.name, value.name, fold(offset, key.name, rest.length === 2 ? rest[0] : undefined, rest.at(-1)!))
}

const testTwo = (fold: (offset: number, test: Expr) => Fold): Macro => overTwo((offset, _key, _filter, test) => fold(offset, test))

const emptyMap = (offset: number): Expr => ({ kind: "map", offset, entries: [] })
const listTwo = overTwo((offset, _key, filter, value) => foldMap(offset, filter, value))
const mapTwo = overTwo((offset, key, filter, value) =>
  foldWith(offset, emptyMap(offset), filter, call(offset, "cel.@mapInsert", soFar(offset), ident(offset, key), value)))
const entryTwo = overTwo((offset, _key, filter, entry) =>
  foldWith(offset, emptyMap(offset), filter, call(offset, "cel.@mapInsert", soFar(offset), entry)))

/** Gives a value a name: a loop over nothing whose accumulator is the value. */
const bind = (offset: number, name: string, value: Expr, body: Expr): Expr => ({
  kind: "loop",
  offset,
  range: list(offset),
  variable: unused,
  secondVariable: undefined,
  accumulator: name,
  initial: value,
  condition: literal(offset, false),
  step: ident(offset, name),
  result: body
})

const optional = (name: string, wrap: (offset: number, value: Expr) => Expr): Macro => (offset, target, [variable, body]) => {
  if (variable!.kind !== "ident") return { problem: `${name}() variable name must be a simple identifier`, at: variable! }
  const value = bind(offset, variable!.name, memberCall(offset, "value", target), body!)
  return call(offset, "_?_:_", memberCall(offset, "hasValue", target), wrap(offset, value), call(offset, "optional.none"))
}

const sorted: Macro = (offset, target, args) => {
  if (!["list", "select", "ident", "loop", "call"].includes(target.kind)) {
    return { problem: "sortBy can only be applied to a list, identifier, comprehension, call or select expression", at: target }
  }
  const input = ident(offset, "@__sortBy_input__")
  const keys = mapped(offset, input, args)
  return "problem" in keys ? keys : bind(offset, "@__sortBy_input__", target, memberCall(offset, "@sortByAssociatedKeys", input, keys))
}

const macros: ReadonlyMap<string, Macro> = new Map([
  ["all/2", overOne(foldAll)],
  ["exists/2", overOne(foldExists)],
  ["exists_one/2", overOne(foldOne)],
  ["map/2", mapped],
  ["map/3", mapped],
  ["filter/2", filtered],
  ["all/3", testTwo(foldAll)],
  ["exists/3", testTwo(foldExists)],
  ["existsOne/3", testTwo(foldOne)],
  ["exists_one/3", testTwo(foldOne)],
  ["transformList/3", listTwo],
  ["transformList/4", listTwo],
  ["transformMap/3", mapTwo],
  ["transformMap/4", mapTwo],
  ["transformMapEntry/3", entryTwo],
  ["transformMapEntry/4", entryTwo],
  ["optMap/2", optional("optMap", (offset, value) => call(offset, "optional.of", value))],
  ["optFlatMap/2", optional("optFlatMap", (_offset, value) => value)],
  ["sortBy/2", sorted]
])

/** What a call with a macro's name stands for; `undefined` if it is just a call. */
export const expandMacro = (offset: number, name: string, target: Expr | undefined, args: ReadonlyArray<Expr>): Expansion | undefined => {
  if (target !== undefined) return macros.get(`${name}/${args.length}`)?.(offset, target, args)
  if (name !== "has" || args.length !== 1) return undefined
  const [argument] = args
  return argument?.kind === "select"
    ? { kind: "select", offset, operand: argument.operand, field: argument.field, test: true }
    : { problem: "invalid argument to has() macro", at: argument! }
}
