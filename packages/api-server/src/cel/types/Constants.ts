/** Checks constants in expressions for what can be known of them before they are used. */
import { parseDuration, parseTimestamp } from "../functions/Times.ts"
import { goRegex } from "../regex/GoRegex.ts"
import { RegexSyntaxError } from "../regex/RegexNode.ts"
import { type Expr, partsOf } from "../syntax/Expr.ts"
import type { Problems } from "../syntax/Source.ts"
import type { Checked } from "./Check.ts"
import type { Type } from "./Type.ts"

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

/** Calls visit for a part of an expression and all parts of it. */
const visitAll = (expr: Expr, visit: (expr: Expr) => void): void => {
  visit(expr)
  for (const part of partsOf(expr)) visitAll(part, visit)
}

/** Reports constants that functions cannot read, and lists and maps of things of several types. */
export const checkConstants = ({ root, types }: Checked, problems: Problems): void => {
  const found: Array<Expr> = []
  visitAll(root, (expr) => found.push(expr))
  for (const [name, test] of tests) {
    for (const expr of found) {
      const argument = expr.kind === "call" && expr.name === name ? expr.args[0] : undefined
      const value = argument?.kind === "literal" ? argument.value : undefined
      if (typeof value === "string" && !test(value)) problems.report(argument!.offset, `invalid ${name} argument`)
    }
  }
  const typeOf = (expr: Expr, optional: boolean): Type => (optional ? types.get(expr)!.parameters[0]! : types.get(expr)!)
  const same = (parts: ReadonlyArray<readonly [Expr, Type]>): void => {
    const [first] = parts
    const other = parts.find(([, type]) => !type.equals(first![1]))
    if (other !== undefined) problems.report(other[0].offset, `expected type '${first![1]}' but found '${other[1]}'`)
  }
  for (const expr of found) if (expr.kind === "list") same(expr.items.map(({ optional, value }) => [value, typeOf(value, optional)]))
  for (const expr of found) {
    if (expr.kind !== "map") continue
    same(expr.entries.map(({ key }) => [key, typeOf(key, false)]))
    same(expr.entries.map(({ optional, value }) => [value, typeOf(value, optional)]))
  }
}
