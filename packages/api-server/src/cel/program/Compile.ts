/** Turns checked expressions into closures. */
import type { Declared } from "../functions/Declare.ts"
import { conversionNames, library, regexArgument } from "../functions/Library.ts"
import { goRegex } from "../regex/GoRegex.ts"
import type { CallExpr, Expr, IdentExpr, ListExpr, LoopExpr, MapExpr, SelectExpr, StructExpr } from "../syntax/Expr.ts"
import type { Checked } from "../types/Check.ts"
import { type Type, typeOfType } from "../types/Type.ts"
import { EntryMap, EvaluationError, fail, isKey, ItemList, ListValue, MapValue, Optional, StructValue, type Value } from "../values/Value.ts"
import { equal } from "../values/Compare.ts"
import { notIterable } from "../values/TypeOf.ts"
import { compileCall } from "./Calls.ts"
import { type Evaluate, Frame } from "./Frame.ts"

const listCost = 10
const mapCost = 30
const structCost = 40

/** The values of what need not be carried out: constants, and lists, maps and conversions of them. They cost nothing. */
const constants = new WeakMap<Evaluate, { readonly value: Value }>()

const constant = (value: Value): Evaluate => {
  const evaluate = (): Value => value
  constants.set(evaluate, { value })
  return evaluate
}

const noSuchOverload = (): never => fail("no such overload")

const isTrue = (value: Value): boolean => (typeof value === "boolean" ? value : noSuchOverload())

/** Finds a field of a value, or of what an optional holds. */
const fieldOf = (value: Value, field: string): Value => {
  if (value instanceof MapValue) {
    const found = value.find(field)
    return found === undefined ? fail(`no such key: ${field}`) : found
  }
  if (value instanceof ListValue) return fail("unsupported index type 'string' in list")
  if (value instanceof Optional) return optionalField(value, field)
  return fail(`no such key: ${field}`)
}

const optionalField = (value: Value, field: string): Optional => {
  const inner = value instanceof Optional ? value.value : value
  const found = inner instanceof MapValue ? inner.find(field) : undefined
  return found === undefined ? Optional.none : new Optional(found)
}

const hasField = (value: Value, field: string): boolean =>
  value instanceof ListValue ? fail("unsupported index type 'string' in list") : optionalField(value, field).value !== undefined

/** What a variable or a type that is named in an expression is. */
export interface Known {
  /** Names of variables in the order of their values. */
  readonly variables: ReadonlyArray<string>
  /** Types by their names. */
  type(name: string): Type | undefined
}

class Compiler {
  private readonly checked: Checked
  private readonly known: Known
  private readonly slots = new Map<string, number>()
  slotCount = 0

  constructor(checked: Checked, known: Known) {
    this.checked = checked
    this.known = known
    for (const name of known.variables) this.slots.set(name, this.slotCount++)
  }

  compile(expr: Expr): Evaluate {
    switch (expr.kind) {
      case "literal":
        return constant(expr.value)
      case "ident":
        return this.variable(expr)
      case "select":
        return this.select(expr)
      case "call":
        return this.call(expr)
      case "list":
        return this.list(expr)
      case "map":
        return this.map(expr)
      case "struct":
        return this.struct(expr)
      case "loop":
        return this.loop(expr)
      default:
        return () => fail(`unsupported expression: ${expr.kind}`)
    }
  }

  private variable(expr: IdentExpr | SelectExpr): Evaluate {
    const name = this.checked.names.get(expr) ?? ""
    const slot = this.slots.get(name)
    if (slot === undefined) {
      const type = this.known.type(name)
      return type === undefined ? () => fail(`no such attribute(s): ${name}`) : constant(type.kind === "type" ? typeOfType(type) : type)
    }
    return (frame) => {
      frame.spend(1)
      const value = frame.slots[slot]
      if (value instanceof EvaluationError) throw value
      return value === undefined ? fail(`no such attribute(s): ${name}`) : value
    }
  }

  private select(expr: SelectExpr): Evaluate {
    if (this.checked.names.has(expr)) return this.variable(expr)
    const { field, test } = expr
    const operand = this.compile(expr.operand)
    if (test) return (frame) => hasField(operand(frame), field)
    return (frame) => {
      const value = operand(frame)
      frame.spend(1)
      return fieldOf(value, field)
    }
  }

  private call(expr: CallExpr): Evaluate {
    const qualified = this.checked.qualified.has(expr)
    const args = expr.target === undefined || qualified ? expr.args : [expr.target, ...expr.args]
    const parts = args.map((argument) => this.compile(argument))
    const [first, second, third] = parts as [Evaluate, Evaluate, Evaluate]
    switch (expr.name) {
      case "_&&_":
        return logical(first, second, false)
      case "_||_":
        return logical(first, second, true)
      case "_?_:_":
        return (frame) => (isTrue(first(frame)) ? second(frame) : third(frame))
      case "@not_strictly_false":
        return (frame) => notStrictlyFalse(first, frame)
      case "_?._":
        return (frame) => optionalField(first(frame), second(frame) as string)
      case "or":
        return (frame) => orElse(first(frame), (held) => held, () => second(frame))
      case "orValue":
        return (frame) => orElse(first(frame), (held) => held.value!, () => second(frame))
      default:
        return this.functionCall(expr, args, parts)
    }
  }

  private functionCall(expr: CallExpr, args: ReadonlyArray<Expr>, parts: ReadonlyArray<Evaluate>): Evaluate {
    const overloads = (this.checked.overloads.get(expr) ?? []) as ReadonlyArray<Declared>
    const name = overloads[0]?.name ?? expr.name
    const evaluate = membership(name, parts) ?? compileCall(name, overloads, parts, library.get(name) ?? overloads)
    const pattern = args[regexArgument(name)]
    if (pattern?.kind === "literal" && typeof pattern.value === "string") goRegex(pattern.value)
    if (!conversionNames.has(name) || parts.length !== 1 || !constants.has(parts[0]!)) return evaluate
    return constant(evaluate(new Frame([], Number.POSITIVE_INFINITY)))
  }

  private list(expr: ListExpr): Evaluate {
    const items = expr.items.map(({ optional, value }) => ({ optional, evaluate: this.compile(value) }))
    if (items.every(({ evaluate, optional }) => !optional && constants.has(evaluate))) {
      return constant(new ItemList(items.map(({ evaluate }) => constants.get(evaluate)!.value)))
    }
    return (frame) => {
      const values: Array<Value> = []
      for (const { evaluate, optional } of items) {
        const value = evaluate(frame)
        if (!optional) values.push(value)
        else if (!(value instanceof Optional)) fail(`cannot initialize optional list element from non-optional value ${String(value)}`)
        else if (value.value !== undefined) values.push(value.value)
      }
      frame.spend(listCost)
      return new ItemList(values)
    }
  }

  private map(expr: MapExpr): Evaluate {
    const entries = expr.entries.map(({ key, optional, value }) => ({ optional, key: this.compile(key), value: this.compile(value) }))
    if (entries.every(({ key, optional, value }) => !optional && constants.has(value) && constants.has(key) && isKey(constants.get(key)!.value))) {
      return constant(new EntryMap(entries.map(({ key, value }) => [constants.get(key)!.value, constants.get(value)!.value] as const)))
    }
    return (frame) => {
      const values: Array<readonly [Value, Value]> = []
      for (const { key, optional, value } of entries) {
        const [at, found] = [key(frame), value(frame)]
        if (!isKey(at)) fail(`unsupported key type: ${String(at)}`)
        if (!optional) values.push([at, found])
        else if (!(found instanceof Optional)) fail(`cannot initialize optional entry '${String(at)}' from non-optional value ${String(found)}`)
        else if (found.value !== undefined) values.push([at, found.value])
      }
      frame.spend(mapCost)
      return new EntryMap(values)
    }
  }

  private struct(expr: StructExpr): Evaluate {
    const fields = expr.fields.map(({ name, optional, value }) => ({ name, optional, evaluate: this.compile(value) }))
    return (frame) => {
      const values: Array<readonly [string, Value]> = []
      for (const { name, optional, evaluate } of fields) {
        const value = evaluate(frame)
        if (!optional) values.push([name, value])
        else if (!(value instanceof Optional)) fail(`cannot initialize optional entry '${name}' from non-optional value ${String(value)}`)
        else if (value.value !== undefined) values.push([name, value.value])
      }
      frame.spend(structCost)
      return new StructValue(expr.name.replace(/^\./, ""), values)
    }
  }

  /** Gives names new meanings while a part of the expression is compiled. */
  private within<A>(names: ReadonlyArray<string>, compile: (slots: ReadonlyArray<number>) => A): A {
    const before = names.map((name) => [name, this.slots.get(name)] as const)
    const slots = names.map(() => this.slotCount++)
    for (const [index, name] of names.entries()) this.slots.set(name, slots[index]!)
    const result = compile(slots)
    for (const [name, slot] of before) slot === undefined ? this.slots.delete(name) : this.slots.set(name, slot)
    return result
  }

  private loop(expr: LoopExpr): Evaluate {
    const range = this.compile(expr.range)
    const initial = this.compile(expr.initial)
    return this.within([expr.accumulator], ([accumulator]) => {
      const variables = expr.secondVariable === undefined ? [expr.variable] : [expr.variable, expr.secondVariable]
      const [go, slots] = this.within(variables, (own) => [{ condition: this.compile(expr.condition), step: this.compile(expr.step) }, own] as const)
      const result = this.compile(expr.result)
      const [first, second] = slots
      return (frame) => {
        const over = range(frame)
        frame.slots[accumulator!] = initial(frame)
        if (!(over instanceof ListValue) && !(over instanceof MapValue)) return notIterable(over)
        const items = over instanceof ListValue ? over.items() : over.keys()
        for (const [index, item] of items.entries()) {
          frame.slots[first!] = second === undefined || over instanceof MapValue ? item : BigInt(index)
          if (second !== undefined) frame.slots[second] = over instanceof MapValue ? (over.find(item) ?? null) : item
          if (!isTrue(go.condition(frame))) break
          frame.slots[accumulator!] = attempt(go.step, frame)
        }
        return result(frame)
      }
    })
  }
}

/** Whether a value is one of a list of plain constants is found out at no cost. */
const membership = (name: string, [value, list]: ReadonlyArray<Evaluate>): Evaluate | undefined => {
  const among = name === "@in" && list !== undefined ? constants.get(list)?.value : undefined
  if (!(among instanceof ListValue) || among.size === 0 || !among.items().every((item) => typeof item !== "object")) return undefined
  return (frame) => {
    const wanted = value!(frame)
    return among.items().some((item) => equal(item, wanted))
  }
}

/** A value or the reason why there is none. */
const attempt = (evaluate: Evaluate, frame: Frame): Value | EvaluationError => {
  try {
    return evaluate(frame)
  } catch (error) {
    if (error instanceof EvaluationError) return error
    throw error
  }
}

/** `&&` and `||` look at the right side only if the left does not decide, and forget an error if the other side decides. */
const logical = (left: Evaluate, right: Evaluate, decisive: boolean): Evaluate => (frame) => {
  const one = attempt(left, frame)
  if (one === decisive) return decisive
  const other = attempt(right, frame)
  if (other === decisive) return decisive
  for (const side of [one, other]) if (side instanceof EvaluationError) throw side
  return typeof one === "boolean" && typeof other === "boolean" ? !decisive : noSuchOverload()
}

const notStrictlyFalse = (evaluate: Evaluate, frame: Frame): boolean => {
  const value = attempt(evaluate, frame)
  frame.spend(1)
  return value !== false
}

const orElse = (value: Value, held: (optional: Optional) => Value, otherwise: () => Value): Value => {
  if (!(value instanceof Optional)) return noSuchOverload()
  return value.value === undefined ? otherwise() : held(value)
}

/** An expression that can be carried out. */
export interface Program {
  /** Carries it out with values for the variables; throws if it cannot be. `undefined` stands for a variable without value, an error for one that cannot be read. */
  run(variables: ReadonlyArray<Value | EvaluationError | undefined>, limit: number): { readonly value: Value; readonly cost: number } | EvaluationFailure
}

/** Why an expression gave no value, with what was spent on it. */
export interface EvaluationFailure {
  readonly problem: Error
  readonly cost: number
}

/** Compiles an expression. Throws what is wrong with constants in it. */
export const compileProgram = (checked: Checked, known: Known): Program => {
  const compiler = new Compiler(checked, known)
  const evaluate = compiler.compile(checked.root)
  return {
    run: (variables, limit) => {
      const frame = new Frame([...variables] as Array<Value>, limit)
      try {
        const value = evaluate(frame)
        return { value, cost: frame.cost }
      } catch (problem) {
        return { problem: problem as Error, cost: frame.cost }
      }
    }
  }
}
