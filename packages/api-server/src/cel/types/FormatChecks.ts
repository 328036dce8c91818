/** Checks what is put into texts before it is known. */
import { type Clause, clauseProblem, replaceClauses } from "../functions/FormatClauses.ts"
import type { CallExpr, Expr } from "../syntax/Expr.ts"
import type { Problems } from "../syntax/Source.ts"
import { dynType, type Type, type TypeKind } from "./Type.ts"

type Kinds = ReadonlySet<TypeKind>

const whole: Kinds = new Set(["int", "uint"])
const float: Kinds = new Set(["double", "string"])
const kinds: Readonly<Record<string, Kinds>> = {
  s: new Set(["list", "map", "int", "uint", "double", "bool", "string", "timestamp", "bytes", "duration", "type", "null"]),
  d: whole,
  f: float,
  e: float,
  b: new Set(["int", "uint", "bool"]),
  x: new Set(["int", "uint", "string", "bytes"]),
  o: whole
}

interface Mismatch {
  readonly offset: number
  readonly message: string
}

/** Reports clauses of a text that do not fit the values beside it, if both stand in the expression. */
export const checkFormat = ({ args, name, offset, target }: CallExpr, types: ReadonlyMap<Expr, Type>, problems: Problems): void => {
  const [list] = args
  if (name !== "format" || target?.kind !== "literal" || typeof target.value !== "string" || args.length !== 1 || list?.kind !== "list") return
  const values = list.items.map(({ value }) => value)
  const found: Array<Mismatch> = []
  let next = 0
  replaceClauses(target.value, (clause) => {
    const wrong = mismatch(clause, values, next++, offset, types)
    if (wrong !== undefined) found.push(wrong)
    return ""
  })
  const [wrong] = found
  if (wrong !== undefined) problems.report(wrong.offset, wrong.message)
  else if (values.length > next) problems.report(offset, `too many arguments supplied to string.format (expected ${next}, got ${values.length})`)
}

const mismatch = (clause: Clause, values: ReadonlyArray<Expr>, index: number, offset: number, types: ReadonlyMap<Expr, Type>): Mismatch | undefined => {
  if (clause.problem === "unexpected end of string") return { offset, message: clause.problem }
  if (index >= values.length) return { offset, message: `index ${index} out of range` }
  if (clause.problem !== undefined) return { offset, message: clause.problem }
  const letter = clause.letter.toLowerCase()
  const fitting = kinds[letter]!
  const typeOf = (expr: Expr): Type => types.get(expr) ?? dynType
  const fits = (expr: Expr): boolean => typeOf(expr).kind === "dyn" || fitting.has(typeOf(expr).kind)
  const bad = letter === "s" ? firstUnfit(values[index]!, fits) : fits(values[index]!) ? undefined : values[index]!
  return bad === undefined ? undefined : { offset: bad.offset, message: `error during formatting: ${clauseProblem(letter, typeOf(bad).name)}` }
}

const firstUnfit = (expr: Expr, fits: (expr: Expr) => boolean): Expr | undefined => {
  if (!fits(expr)) return expr
  const inner = expr.kind === "list" ? expr.items.map(({ value }) => value) : expr.kind === "map" ? expr.entries.flatMap(({ key, value }) => [key, value]) : []
  for (const part of inner) {
    const unfit = firstUnfit(part, fits)
    if (unfit !== undefined) return unfit
  }
  return undefined
}
