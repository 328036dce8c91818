/** What an expression is made of once it is read. */
import type { Value } from "../values/Value.ts"

/** A part of an expression; `offset` is the place in the text that problems with it are shown at. */
export type Expr = LiteralExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | LoopExpr | MissingExpr

/** A value that stands in the text. */
export interface LiteralExpr {
  readonly kind: "literal"
  readonly offset: number
  readonly value: Value
}

/** A name. */
export interface IdentExpr {
  readonly kind: "ident"
  readonly offset: number
  readonly name: string
}

/** `operand.field`, or with `test` whether there is such a field. */
export interface SelectExpr {
  readonly kind: "select"
  readonly offset: number
  readonly operand: Expr
  readonly field: string
  readonly test: boolean
}

/** A function or operator. */
export interface CallExpr {
  readonly kind: "call"
  readonly offset: number
  readonly name: string
  readonly target: Expr | undefined
  readonly args: ReadonlyArray<Expr>
}

/** One item of a list; with `optional`, `?item`. */
export interface ListItem {
  readonly value: Expr
  readonly optional: boolean
}

/** `[item, item]`. */
export interface ListExpr {
  readonly kind: "list"
  readonly offset: number
  readonly items: ReadonlyArray<ListItem>
}

/** One entry of a map; with `optional`, `?key: value`. */
export interface MapEntry {
  readonly key: Expr
  readonly value: Expr
  readonly optional: boolean
}

/** `{key: value}`. */
export interface MapExpr {
  readonly kind: "map"
  readonly offset: number
  readonly entries: ReadonlyArray<MapEntry>
}

/** One field of an object; with `optional`, `?field: value`. */
export interface StructField {
  readonly offset: number
  readonly name: string
  readonly value: Expr
  readonly optional: boolean
}

/** `Name{field: value}`. */
export interface StructExpr {
  readonly kind: "struct"
  readonly offset: number
  readonly name: string
  readonly fields: ReadonlyArray<StructField>
}

/** What macros such as `all` and `map` become: a fold over the items of a list or the keys of a map. */
export interface LoopExpr {
  readonly kind: "loop"
  readonly offset: number
  readonly range: Expr
  readonly variable: string
  /** For loops over keys or indexes together with values. */
  readonly secondVariable: string | undefined
  readonly accumulator: string
  readonly initial: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

/** Stands where something is missing; the problem has been reported. */
export interface MissingExpr {
  readonly kind: "missing"
  readonly offset: number
}

/** The dotted name that a chain of selections spells, if it is one. */
export const dottedName = (expr: Expr): string | undefined => {
  if (expr.kind === "ident") return expr.name
  if (expr.kind !== "select" || expr.test) return undefined
  const operand = dottedName(expr.operand)
  return operand === undefined ? undefined : `${operand}.${expr.field}`
}

/** Makes a constant. */
export const literal = (offset: number, value: Value): Expr => ({ kind: "literal", offset, value })

/** Makes a reference to a variable. */
export const ident = (offset: number, name: string): Expr => ({ kind: "ident", offset, name })

/** Makes a call of an operator or function. */
export const call = (offset: number, name: string, ...args: ReadonlyArray<Expr>): Expr => ({ kind: "call", offset, name, target: undefined, args })

/** Makes a call of a function on a value. */
export const memberCall = (offset: number, name: string, target: Expr, ...args: ReadonlyArray<Expr>): Expr => ({ kind: "call", offset, name, target, args })

/** Makes a list of values that are all there. */
export const list = (offset: number, ...values: ReadonlyArray<Expr>): Expr => ({
  kind: "list",
  offset,
  items: values.map((value) => ({ value, optional: false }))
})

/** The expressions that an expression is made of. */
export const partsOf = (expr: Expr): ReadonlyArray<Expr> => {
  switch (expr.kind) {
    case "select":
      return [expr.operand]
    case "call":
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args]
    case "list":
      return expr.items.map(({ value }) => value)
    case "map":
      return expr.entries.flatMap(({ key, value }) => [key, value])
    case "struct":
      return expr.fields.map(({ value }) => value)
    case "loop":
      return [expr.range, expr.initial, expr.condition, expr.step, expr.result]
    default:
      return []
  }
}
