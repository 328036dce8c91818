/** Finds the types of all parts of an expression, and what is wrong with them. */
import { type CallExpr, dottedName, type Expr, type ListExpr, type LoopExpr, type MapExpr, type SelectExpr, type StructExpr } from "../syntax/Expr.ts"
import type { Problems } from "../syntax/Source.ts"
import { typeOf } from "../values/TypeOf.ts"
import { type Declarations, freshParameter, type Overload } from "./Declarations.ts"
import { moreGeneral, Substitution } from "./Substitution.ts"
import { boolType, dynType, errorType, intType, listOf, mapOf, optionalOf, type Type } from "./Type.ts"

/** What is known of an expression that has been checked. */
export interface Checked {
  readonly root: Expr
  readonly types: ReadonlyMap<Expr, Type>
  /** The ways in which each call may be carried out; which one shows when the arguments are known. */
  readonly overloads: ReadonlyMap<Expr, ReadonlyArray<Overload>>
  /** Names of variables and types that selections and references stand for. */
  readonly names: ReadonlyMap<Expr, string>
  /** Calls whose target is part of the function's name. */
  readonly qualified: ReadonlySet<Expr>
}

interface Unwrapped {
  readonly type: Type
  readonly wasOptional: boolean
}

const unwrapped = (type: Type): Unwrapped => (type.isOptional ? { type: type.parameters[0]!, wasOptional: true } : { type, wasOptional: false })

const withoutDot = (name: string): string => (name.startsWith(".") ? name.slice(1) : name)

class Checker {
  readonly types = new Map<Expr, Type>()
  readonly overloads = new Map<Expr, ReadonlyArray<Overload>>()
  readonly names = new Map<Expr, string>()
  readonly qualified = new Set<Expr>()
  readonly substitution = new Substitution()
  private readonly declarations: Declarations
  private readonly problems: Problems
  private scopes: ReadonlyArray<ReadonlyMap<string, Type>> = []
  private freshCount = 0

  constructor(declarations: Declarations, problems: Problems) {
    this.declarations = declarations
    this.problems = problems
  }

  check(expr: Expr): Type {
    const type = this.typeFor(expr)
    this.types.set(expr, type)
    return type
  }

  private typeFor(expr: Expr): Type {
    switch (expr.kind) {
      case "literal":
        return typeOf(expr.value)
      case "ident":
        return this.named(expr, expr.name) ?? this.undeclared(expr, expr.name)
      case "select":
        return this.select(expr)
      case "call":
        return expr.name === "_?._" ? this.optionalSelect(expr) : this.call(expr)
      case "list":
        return this.list(expr)
      case "map":
        return this.map(expr)
      case "struct":
        return this.struct(expr)
      case "loop":
        return this.loop(expr)
      case "missing":
        return errorType
    }
  }

  private report(expr: { readonly offset: number }, message: string): Type {
    this.problems.report(expr.offset, message)
    return errorType
  }

  private undeclared(expr: Expr, name: string): Type {
    return this.report(expr, `undeclared reference to '${name}' (in container '')`)
  }

  private fresh(): Type {
    return freshParameter(this.freshCount++)
  }

  private named(expr: Expr, name: string): Type | undefined {
    const bare = withoutDot(name)
    const found = this.scopes.findLast((scope) => scope.has(bare))?.get(bare) ?? this.declarations.variable(bare)
    if (found !== undefined) this.names.set(expr, bare)
    return found
  }

  private select(expr: SelectExpr): Type {
    const name = dottedName(expr)
    const known = name === undefined ? undefined : this.named(expr, name)
    if (known !== undefined) return known
    const field = this.field(expr, expr.operand, expr.field, false)
    return expr.test ? boolType : this.substitution.apply(field)
  }

  private optionalSelect(expr: CallExpr): Type {
    const [operand, field] = expr.args
    const name = field?.kind === "literal" ? field.value : undefined
    if (typeof name !== "string") return this.report(expr, "unsupported optional field selection")
    this.overloads.set(expr, this.declarations.functions("_?._") ?? [])
    return this.substitution.apply(this.field(expr, operand!, name, true))
  }

  private field(expr: Expr, operand: Expr, field: string, optional: boolean): Type {
    const { type, wasOptional } = unwrapped(this.substitution.apply(this.check(operand)))
    const result = this.fieldOf(expr, type, field)
    return wasOptional || optional ? optionalOf(result) : result
  }

  private fieldOf(expr: Expr, type: Type, field: string): Type {
    if (type.kind === "map") return type.parameters[1]!
    if (type.kind === "struct") {
      if (type.fields === undefined) return this.report(expr, `unexpected failed resolution of '${type.name}'`)
      return type.fields.get(field) ?? this.report(expr, `undefined field '${field}'`)
    }
    if (type.kind === "parameter") this.substitution.assignable(dynType, type)
    else if (!type.isDyn && type.kind !== "error") this.report(expr, `type '${type}' does not support field selection`)
    return dynType
  }

  private call(expr: CallExpr): Type {
    const args = expr.args.map((argument) => this.check(argument))
    const { target } = expr
    if (target === undefined) {
      const name = withoutDot(expr.name)
      const functions = this.declarations.functions(name)
      return functions === undefined ? this.undeclared(expr, expr.name) : this.resolve(expr, name, functions, undefined, args)
    }
    const prefix = dottedName(target)
    if (prefix !== undefined) {
      const name = withoutDot(`${prefix}.${expr.name}`)
      const functions = this.declarations.functions(name)
      if (functions !== undefined) {
        this.qualified.add(expr)
        return this.resolve(expr, name, functions, undefined, args)
      }
    }
    const targetType = this.check(target)
    const functions = this.declarations.functions(expr.name)
    return functions === undefined ? this.undeclared(expr, expr.name) : this.resolve(expr, expr.name, functions, targetType, args)
  }

  private resolve(expr: CallExpr, name: string, functions: ReadonlyArray<Overload>, target: Type | undefined, args: ReadonlyArray<Type>): Type {
    if (name === "_&&_" || name === "_||_") return this.logical(expr, functions, args)
    const given = target === undefined ? args : [target, ...args]
    const fitting: Array<Overload> = []
    let result: Type | undefined
    for (const overload of functions) {
      if (overload.member !== (target !== undefined)) continue
      const fresh = new Substitution(new Map(overload.parameters.map((parameter) => [parameter, this.fresh()])))
      if (!this.substitution.allAssignable(given, overload.args.map((type) => fresh.apply(type)))) continue
      fitting.push(overload)
      const type = this.substitution.apply(fresh.apply(overload.result))
      if (result === undefined) result = type
      else if (!result.isDyn && !type.equals(result)) result = dynType
    }
    if (result === undefined) {
      const spelled = given.map((type) => this.substitution.apply(type, true))
      const shown = target === undefined ? `(${spelled.join(", ")})` : `${spelled[0]}.(${spelled.slice(1).join(", ")})`
      return this.report(expr, `found no matching overload for '${name}' applied to '${shown}'`)
    }
    this.overloads.set(expr, fitting)
    return result
  }

  private logical(expr: CallExpr, functions: ReadonlyArray<Overload>, args: ReadonlyArray<Type>): Type {
    this.overloads.set(expr, functions)
    const wrong = args.filter((type, index) => {
      const fits = this.substitution.assignable(type, boolType)
      if (!fits) this.mismatch(expr.args[index]!, boolType, type)
      return !fits
    })
    return wrong.length === 0 ? boolType : errorType
  }

  private mismatch(expr: Expr, expected: Type, found: Type): Type {
    return this.report(expr, `expected type '${expected}' but found '${found}'`)
  }

  private item(expr: Expr, optional: boolean): Type {
    const type = this.check(expr)
    if (!optional) return type
    const inner = unwrapped(type)
    if (!inner.wasOptional && !inner.type.isDyn) this.mismatch(expr, optionalOf(inner.type), inner.type)
    return inner.type
  }

  private join(before: Type | undefined, type: Type): Type {
    if (before === undefined) return type
    return this.substitution.assignable(before, type) ? moreGeneral(before, type) : dynType
  }

  private list(expr: ListExpr): Type {
    let items: Type | undefined
    for (const { optional, value } of expr.items) items = this.join(items, this.item(value, optional))
    return listOf(items ?? this.fresh())
  }

  private map(expr: MapExpr): Type {
    let keys: Type | undefined
    let values: Type | undefined
    for (const { key, optional, value } of expr.entries) {
      keys = this.join(keys, this.check(key))
      values = this.join(values, this.item(value, optional))
    }
    return mapOf(keys ?? this.fresh(), values ?? this.fresh())
  }

  private struct(expr: StructExpr): Type {
    const type = this.declarations.object(withoutDot(expr.name))
    if (type === undefined) return this.noObject(expr)
    for (const { name, offset, optional, value } of expr.fields) {
      const given = this.item(value, optional)
      const wanted = type.fields?.get(name)
      if (wanted === undefined) this.report({ offset }, `undefined field '${name}'`)
      else if (!this.substitution.assignable(wanted, given)) {
        this.report({ offset }, `expected type of field '${name}' is '${wanted}' but provided type is '${given}'`)
      }
    }
    return type
  }

  private noObject(expr: StructExpr): Type {
    const known = this.named(expr, expr.name)
    if (known === undefined) return this.undeclared(expr, expr.name)
    this.report(expr, known.kind === "type" ? `'${known.parameters[0]}' is not a message type` : `'${known}' is not a type`)
    for (const field of expr.fields) this.item(field.value, field.optional)
    return errorType
  }

  private loop(expr: LoopExpr): Type {
    const range = this.substitution.apply(this.check(expr.range))
    const accumulator = this.check(expr.initial)
    const [first, second] = this.loopTypes(expr, range)
    const outside = this.scopes
    this.scopes = [...outside, new Map([[expr.accumulator, accumulator]])]
    const around = this.scopes
    const variables: ReadonlyMap<string, Type> = new Map([[expr.variable, first], ...(expr.secondVariable === undefined ? [] : [[expr.secondVariable, second] as const])])
    this.scopes = [...around, variables]
    this.expect(expr.condition, boolType)
    this.expect(expr.step, accumulator)
    this.scopes = around
    const result = this.check(expr.result)
    this.scopes = outside
    return this.substitution.apply(result)
  }

  private expect(expr: Expr, wanted: Type): void {
    const type = this.check(expr)
    if (!this.substitution.assignable(wanted, type)) this.mismatch(expr, wanted, type)
  }

  private loopTypes(expr: LoopExpr, range: Type): readonly [Type, Type] {
    const two = expr.secondVariable !== undefined
    switch (range.kind) {
      case "list":
        return two ? [intType, range.parameters[0]!] : [range.parameters[0]!, errorType]
      case "map":
        return [range.parameters[0]!, range.parameters[1]!]
      case "dyn":
      case "any":
      case "error":
      case "parameter":
        this.substitution.assignable(dynType, range)
        return [dynType, dynType]
      default:
        this.report(expr.range, `expression of type '${range}' cannot be range of a comprehension (must be list, map, or dynamic)`)
        return [errorType, errorType]
    }
  }
}

/** Checks an expression; the problems tell what is wrong with it. */
export const checkTypes = (root: Expr, declarations: Declarations, problems: Problems): Checked => {
  const checker = new Checker(declarations, problems)
  checker.check(root)
  const types = new Map([...checker.types].map(([expr, type]) => [expr, checker.substitution.apply(type, true)]))
  return { root, types, overloads: checker.overloads, names: checker.names, qualified: checker.qualified }
}
