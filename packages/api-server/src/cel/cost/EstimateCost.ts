/** What an expression may cost at most, judged by how large its variables may become. */
import type { CallExpr, Expr, IdentExpr, LoopExpr, SelectExpr } from "../syntax/Expr.ts"
import type { Checked } from "../types/Check.ts"
import { dynType, type Type } from "../types/Type.ts"
import { textSize } from "../functions/Conversions.ts"
import { type Argument, estimateCall, sizeOfEither } from "./CallEstimates.ts"
import { anything, countless, either, exactly, listBase, mapBase, nothing, product, type Range, structBase, sum } from "./Range.ts"

/** Where a value is found: the variable, then names of fields, `@items`, `@values` and `@keys`. */
export type Path = ReadonlyArray<string>

/** Tells how long the text, list or map at a path may be. */
export type PathSize = (path: Path) => Range | undefined

/** Sizes of what a list or map contains. */
interface Contents {
  readonly kind: "list" | "map"
  readonly keys: Range
  readonly values: Range
}

interface Local {
  readonly path: Path
  readonly size: Range | undefined
  readonly contents: Contents | undefined
}

const one = exactly(1)
const noPath: Path = []
const smallKinds: ReadonlySet<string> = new Set(["bool", "double", "duration", "int", "timestamp", "uint"])

const isSmall = (type: Type): boolean => smallKinds.has(type.kind) || (type.isOptional && isSmall(type.parameters[0]!))

const writtenSize = (expr: Expr): Range | undefined => {
  switch (expr.kind) {
    case "literal":
      return exactly(typeof expr.value === "string" ? textSize(expr.value) : expr.value instanceof Uint8Array ? expr.value.length : 1)
    case "list":
      return exactly(expr.items.length)
    case "map":
      return exactly(expr.entries.length)
    default:
      return undefined
  }
}

class CostEstimate {
  private readonly checked: Checked
  private readonly sizeAt: PathSize
  private readonly paths = new Map<Expr, Path>()
  private readonly sizes = new Map<Expr, Range>()
  private readonly contents = new Map<Expr, Contents>()
  private readonly locals = new Map<string, Array<Local>>()

  constructor(checked: Checked, sizeAt: PathSize) {
    this.checked = checked
    this.sizeAt = sizeAt
  }

  cost(expr: Expr): Range {
    switch (expr.kind) {
      case "ident":
        return this.ident(expr)
      case "select":
        return this.select(expr)
      case "call":
        return this.call(expr)
      case "list":
        return this.parts(expr, "list", expr.items.map(() => undefined), expr.items.map(({ value }) => value), listBase)
      case "map":
        return this.parts(expr, "map", expr.entries.map(({ key }) => key), expr.entries.map(({ value }) => value), mapBase)
      case "struct":
        return sum(exactly(structBase), ...expr.fields.map(({ value }) => this.cost(value)))
      case "loop":
        return this.loop(expr)
      default:
        return nothing
    }
  }

  private typeOf(expr: Expr): Type {
    return this.checked.types.get(expr) ?? dynType
  }

  private local(name: string): Local | undefined {
    return this.locals.get(name)?.at(-1)
  }

  private ident(expr: IdentExpr): Range {
    this.paths.set(expr, this.local(expr.name)?.path ?? [expr.name])
    return one
  }

  private select(expr: SelectExpr): Range {
    if (this.checked.names.has(expr)) {
      this.paths.set(expr, [this.checked.names.get(expr)!])
      return one
    }
    const operand = this.cost(expr.operand)
    if (expr.test) return operand
    this.paths.set(expr, [...this.pathOf(expr.operand), expr.field])
    const { kind } = this.typeOf(expr.operand)
    return kind === "map" || kind === "struct" || kind === "parameter" ? sum(operand, one) : operand
  }

  private pathOf(expr: Expr): Path {
    const local = expr.kind === "ident" ? this.local(expr.name) : undefined
    return local?.path ?? this.paths.get(expr) ?? noPath
  }

  private sizeOf(expr: Expr): Range | undefined {
    const known = this.sizes.get(expr) ?? writtenSize(expr)
    if (known !== undefined) return known
    const path = this.pathOf(expr)
    const declared = path.length === 0 ? undefined : this.sizeAt(path)
    if (declared !== undefined) {
      this.sizes.set(expr, declared)
      return declared
    }
    if (isSmall(this.typeOf(expr))) return one
    return expr.kind === "ident" ? this.local(expr.name)?.size : undefined
  }

  private contentsOf(expr: Expr): Contents | undefined {
    return this.contents.get(expr) ?? (expr.kind === "ident" ? this.local(expr.name)?.contents : undefined)
  }

  private keepSize(expr: Expr, size: Range | undefined, contents?: Contents): void {
    if (size !== undefined) this.sizes.set(expr, size)
    if (contents !== undefined) this.contents.set(expr, contents)
  }

  private argument(expr: Expr): Argument {
    const path = this.pathOf(expr)
    const type = this.typeOf(expr)
    const hidden = path.length === 0 || path[0] === "@result"
    return {
      type,
      size: this.sizeOf(expr),
      itemSize: hidden ? undefined : this.sizeAt([...path, "@items"]),
      constant: expr.kind === "literal" ? expr.value : undefined
    }
  }

  private call(expr: CallExpr): Range {
    const member = expr.target !== undefined && !this.checked.qualified.has(expr)
    const [first] = expr.args
    if (expr.name === "dyn" && first !== undefined) {
      const cost = this.cost(first)
      this.keepSize(expr, this.sizeOf(first), this.contentsOf(first))
      return sum(one, cost)
    }
    const args = member ? [...expr.args, expr.target!] : expr.args
    const costs = args.map((argument) => this.cost(argument))
    const ordered = (member ? [expr.target!, ...expr.args] : expr.args).map((argument) => this.argument(argument))
    const own = this.ownCost(expr, ordered, costs)
    return own
  }

  /** The cost of a call with its arguments. */
  private ownCost(expr: CallExpr, args: ReadonlyArray<Argument>, costs: ReadonlyArray<Range>): Range {
    if (expr.name === "_&&_" || expr.name === "_||_") {
      this.keepSize(expr, this.sizeOf(expr))
      return { min: costs[0]!.min, max: sum(costs[0]!, costs[1]!).max }
    }
    if (expr.name === "_?_:_") return this.choice(expr, args, costs)
    const overloads = this.checked.overloads.get(expr) ?? []
    if (overloads.length === 0) return nothing
    const estimates = overloads.map((overload) => estimateCall(overload, args))
    if (expr.name === "_+_" && estimates.some((estimate) => estimate.size !== undefined)) this.joinContents(expr)
    let size = estimates.reduce<Range | undefined>((all, each) => (all === undefined || each.size === undefined ? all ?? each.size : either(all, each.size)), undefined)
    if (expr.name === "_[_]") size = this.indexed(expr, overloads.at(-1)!.args[0]!.kind)
    this.keepSize(expr, size ?? this.sizeOf(expr))
    const cost = estimates.map((estimate) => estimate.cost).reduce(either)
    return sum(cost, ...costs)
  }

  private indexed(expr: CallExpr, kind: string): Range | undefined {
    const [container] = expr.args
    if (kind !== "list" && kind !== "map") return undefined
    this.paths.set(expr, [...this.pathOf(container!), kind === "list" ? "@items" : "@values"])
    return this.contentsOf(container!)?.values
  }

  private joinContents(expr: CallExpr): void {
    const [left, right] = expr.args.map((argument) => this.contentsOf(argument))
    this.keepSize(expr, undefined, joined(left, right))
  }

  private choice(expr: CallExpr, args: ReadonlyArray<Argument>, [condition, yes, no]: ReadonlyArray<Range>): Range {
    const [, first, second] = expr.args
    this.keepSize(expr, sizeOfEither(args[1], args[2]), joined(this.contentsOf(first!), this.contentsOf(second!)))
    return sum(condition!, either(yes!, no!))
  }

  private parts(expr: Expr, kind: "list" | "map", keys: ReadonlyArray<Expr | undefined>, values: ReadonlyArray<Expr>, base: number): Range {
    let [cost, keySize, valueSize] = [nothing, emptyRange, emptyRange]
    for (const [index, value] of values.entries()) {
      const key = keys[index]
      if (key !== undefined) {
        cost = sum(cost, this.cost(key))
        keySize = either(keySize, this.sizeOf(key) ?? anything)
      }
      cost = sum(cost, this.cost(value))
      valueSize = either(valueSize, this.sizeOf(value) ?? anything)
    }
    const none = values.length === 0
    this.contents.set(expr, { kind, keys: kind === "list" ? one : none ? nothing : keySize, values: none ? nothing : valueSize })
    return sum(cost, exactly(base))
  }

  private within<A>(locals: ReadonlyArray<readonly [string, Local]>, read: () => A): A {
    for (const [name, local] of locals) this.locals.set(name, [...(this.locals.get(name) ?? []), local])
    const result = read()
    for (const [name] of locals) this.locals.get(name)!.pop()
    return result
  }

  private loop(expr: LoopExpr): Range {
    const before = sum(this.cost(expr.range), this.cost(expr.initial))
    const accumulator: Local = { path: this.pathOf(expr.initial), size: this.sizeOf(expr.initial), contents: this.contentsOf(expr.initial) }
    const isBinding = expr.range.kind === "list" && expr.range.items.length === 0 && expr.condition.kind === "literal" && expr.condition.value === false
    return this.within([[expr.accumulator, accumulator]], () => {
      if (isBinding) {
        const cost = sum(before, this.cost(expr.result))
        this.keepSize(expr, this.sizeOf(expr.result), this.contentsOf(expr.result))
        return cost
      }
      const each = this.within(this.variables(expr), () => sum(this.cost(expr.condition), this.cost(expr.step)))
      const result = this.cost(expr.result)
      const count = this.sizeOf(expr.range) ?? anything
      if (expr.initial.kind === "literal") this.keepSize(expr, this.sizeOf(expr.initial))
      else if (expr.initial.kind === "list" || expr.initial.kind === "map") this.keepSize(expr, count, this.contentsOf(expr.step))
      return sum(before, result, product(count, each))
    })
  }

  private variables(expr: LoopExpr): ReadonlyArray<readonly [string, Local]> {
    const contents = this.contentsOf(expr.range)
    const isList = (contents?.kind ?? this.typeOf(expr.range).kind) === "list"
    const path = this.pathOf(expr.range)
    const local = (part: string, size: Range | undefined): Local => ({ path: [...path, part], size, contents: undefined })
    if (expr.secondVariable === undefined) {
      return [[expr.variable, isList ? local("@items", contents?.values) : local("@keys", contents?.keys)]]
    }
    return [
      [expr.variable, local(isList ? "@indices" : "@keys", contents?.keys)],
      [expr.secondVariable, local(isList ? "@items" : "@values", contents?.values)]
    ]
  }
}

/** What lies in no range, to begin with. */
const emptyRange: Range = { min: countless, max: 0 }

const joined = (left: Contents | undefined, right: Contents | undefined): Contents | undefined =>
  left === undefined || right === undefined ? undefined : { kind: left.kind, keys: either(left.keys, right.keys), values: either(left.values, right.values) }

/** What a checked expression may cost at most. */
export const estimateCost = (checked: Checked, sizeAt: PathSize): number => new CostEstimate(checked, sizeAt).cost(checked.root).max
