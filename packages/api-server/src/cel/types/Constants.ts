/** Checks constants in expressions for what can be known of them before they are used. */
import { parseDuration, parseTimestamp } from "../functions/Times.ts"
import { goRegex } from "../regex/GoRegex.ts"
import { RegexSyntaxError } from "../regex/RegexNode.ts"
import { type Expr, partsOf } from "../syntax/Expr.ts"
import type { Problems } from "../syntax/Source.ts"
import type { Checked } from "./Check.ts"
import { checkFormat } from "./FormatChecks.ts"
import { dynType, type Type } from "./Type.ts"

const isRegex = (text: string): boolean => {
  try {
    goRegex(text)
    return true
  } catch (error) {
    if (error instanceof RegexSyntaxError) return false
    throw error
  }
}

const tests: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["duration", (text: string) => parseDuration(text) !== undefined],
  ["timestamp", (text: string) => parseTimestamp(text) !== undefined],
  ["matches", isRegex]
])

/** Calls `visit` for a part of an expression and all parts of it. */
const visitAll = (expr: Expr, visit: (expr: Expr) => void): void => {
  visit(expr)
  for (const part of partsOf(expr)) visitAll(part, visit)
}

const partsIn = (root: Expr): ReadonlyArray<Expr> => {
  const found: Array<Expr> = []
  visitAll(root, (expr) => found.push(expr))
  return found
}

/** Reports constants that functions cannot read, and lists and maps of things of several types. */
export const checkConstants = ({ root, types }: Checked, problems: Problems): void => {
  const parts = partsIn(root)
  for (const [name, test] of tests) {
    for (const expr of parts) {
      const argument = expr.kind === "call" && expr.name === name ? expr.args[0] : undefined
      const value = argument?.kind === "literal" ? argument.value : undefined
      if (typeof value === "string" && !test(value)) problems.report(argument!.offset, `invalid ${name} argument`)
    }
  }
  // What is put into texts may be of several types.
  const formatted = new Set(parts.flatMap((expr) => (expr.kind === "call" && expr.name === "format" ? expr.args.flatMap(partsIn) : [])))
  checkUniform(parts.filter((expr) => !formatted.has(expr)), types, problems)
  for (const expr of parts) if (expr.kind === "call") checkFormat(expr, types, problems)
}

const checkUniform = (parts: ReadonlyArray<Expr>, types: Checked["types"], problems: Problems): void => {
  const typeOf = (expr: Expr, optional: boolean): Type => (optional ? (types.get(expr)!.parameters[0] ?? dynType) : types.get(expr)!)
  const differs = (expr: Expr, wanted: Type, type: Type): boolean => {
    if (wanted.equals(type)) return false
    problems.report(expr.offset, `expected type '${wanted}' but found '${type}'`)
    return true
  }
  for (const expr of parts) {
    if (expr.kind !== "list") continue
    const [first] = expr.items
    expr.items.some(({ optional, value }) => differs(value, typeOf(first!.value, first!.optional), typeOf(value, optional)))
  }
  for (const expr of parts) {
    if (expr.kind !== "map") continue
    const [first] = expr.entries
    for (const { key, optional, value } of expr.entries) {
      differs(key, typeOf(first!.key, false), typeOf(key, false))
      differs(value, typeOf(first!.value, first!.optional), typeOf(value, optional))
    }
  }
}
