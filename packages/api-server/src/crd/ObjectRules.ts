/** Carries out the rules of a schema on values. */
import type { StatusCause } from "@fairlead/kube"
import { goQuote } from "../builtin/GoText.ts"
import { isObject } from "../builtin/Sharing.ts"
import { CostExceeded } from "../cel/program/Frame.ts"
import type { Program } from "../cel/program/Compile.ts"
import { EvaluationError, Optional, type Value } from "../cel/values/Value.ts"
import { forbiddenValue, requiredValue } from "../FieldCause.ts"
import { causeText, childField, invalid, invalidHidden, noField } from "./Causes.ts"
import { type Correlation, keyOf } from "./Correlation.ts"
import { goValue } from "./GoValueText.ts"
import { type CompiledRule, RuleCompiler } from "./RulePrograms.ts"
import { ruleName } from "./RuleNames.ts"
import { type RuleType, ruleType } from "./RuleTypes.ts"
import { type ReadValue, valueReader } from "./RuleValues.ts"
import { itemsOf, type SchemaProps, valueSchemaOf } from "./SchemaProps.ts"
import type { Structural } from "./Structural.ts"

const callLimit = 1_000_000
const budget = 10_000_000
const longestMessage = 5 * 1024

/** Rules of a schema node, and of the nodes inside it that have rules. */
interface RuleNode {
  readonly schema: Structural
  readonly rules: ReadonlyArray<CompiledRule>
  readonly read: ReadValue
  readonly looksBack: boolean
  readonly allOf: ReadonlyArray<RuleNode>
  readonly items: RuleNode | undefined
  readonly values: RuleNode | undefined
  readonly properties: ReadonlyMap<string, RuleNode>
}

/** Collects the rules that `validation` states about values of `node`. */
const ruleNode = (validation: SchemaProps, node: Structural, isRoot: boolean, type: RuleType | undefined): RuleNode | undefined => {
  const own = validation["x-kubernetes-validations"] ?? []
  const compiler = own.length === 0 || type === undefined ? undefined : new RuleCompiler(type, node)
  const rules = compiler === undefined ? [] : own.map((rule) => compiler.compile(rule))
  const [items, values] = [itemsOf(validation), valueSchemaOf(validation)]
  const allOf = (validation.allOf ?? []).flatMap((each) => ruleNode(each, node, isRoot, type) ?? [])
  const properties = Object.entries(validation.properties ?? {}).flatMap(([name, property]) => {
    const child = node.properties.get(name)
    const below = child === undefined ? undefined : ruleNode(property, child, child.embedded, propertyType(name, child, type))
    return below === undefined ? [] : [[name, below] as const]
  })
  const result: RuleNode = {
    schema: node,
    rules,
    read: valueReader(node, isRoot),
    looksBack: rules.some((rule) => rule.looksBack),
    allOf,
    items: items === undefined || node.items === undefined ? undefined : ruleNode(items, node.items, node.items.embedded, type?.element),
    values: values === undefined || node.values === undefined ? undefined : ruleNode(values, node.values, node.values.embedded, type?.element),
    properties: new Map(properties)
  }
  return rules.length > 0 || allOf.length > 0 || properties.length > 0 || result.items !== undefined || result.values !== undefined ? result : undefined
}

const propertyType = (name: string, child: Structural, type: RuleType | undefined): RuleType | undefined => {
  const shown = ruleName(name)
  return shown === undefined ? ruleType(child, child.embedded) : type?.fields?.get(shown)
}

/** What tells whether a value has changed: its own correlation, or else that of the nearest value around it that has one. */
interface Change {
  readonly own: Correlation | undefined
  readonly around: Correlation | undefined
}

const changeAtKey = (change: Change, name: string): Change => {
  if (change.own === undefined) return change
  if (change.around === undefined && (name === "apiVersion" || name === "kind")) return { own: undefined, around: undefined }
  return { own: change.own.key(name), around: change.own }
}

const changeAt = (change: Change, index: number): Change => (change.own === undefined ? change : { own: change.own.index(index), around: change.own })

/** What rules take from the outside; an error for what cannot be read: an older schema let it in. */
type Variable = Value | EvaluationError | undefined

const readable = (node: RuleNode, value: unknown): Variable => {
  try {
    return node.read(value)
  } catch (error) {
    if (error instanceof EvaluationError) return error
    throw error
  }
}

/** No more rules are carried out. */
class BudgetSpent {}

/** One pass of rules over an object. */
class Check {
  readonly causes: Array<StatusCause> = []
  readonly warnings: Array<string> = []
  private left = budget

  node(node: RuleNode, path: string, value: unknown, old: unknown, change: Change): void {
    if (value === null || value === undefined) return
    if (node.rules.length > 0) this.rules(node, path, value, old ?? undefined, change)
    for (const each of node.allOf) this.node(each, path, value, old, { own: undefined, around: change.around })
    if (Array.isArray(value)) this.list(node, path, value, Array.isArray(old) ? old : [], change)
    else if (isObject(value)) this.map(node, path, value, isObject(old) ? old : {}, change)
  }

  private list(node: RuleNode, path: string, value: ReadonlyArray<unknown>, old: ReadonlyArray<unknown>, change: Change): void {
    const { items, schema: { listKeys, listType } } = node
    if (items === undefined) return
    const before = new Map(listType === "map" ? old.map((item) => [keyOf(item, listKeys), item] as const) : [])
    before.delete(undefined)
    for (const [index, item] of value.entries()) this.node(items, `${path}[${index}]`, item, before.get(keyOf(item, listKeys)), changeAt(change, index))
  }

  private map(node: RuleNode, path: string, value: { readonly [key: string]: unknown }, old: { readonly [key: string]: unknown }, change: Change): void {
    const { mapType } = node.schema
    const pairs = mapType === "" || mapType === "granular" || mapType === "atomic"
    const before = (key: string): unknown => (pairs && Object.hasOwn(old, key) ? old[key] : undefined)
    const { properties, values } = node
    if (values !== undefined) for (const key of Object.keys(value)) this.node(values, `${path}[${key}]`, value[key], before(key), changeAtKey(change, key))
    if (properties.size === 0) return
    for (const key of Object.keys(value)) {
      const property = properties.get(key)
      if (property !== undefined) this.node(property, childField(path, key), value[key], before(key), changeAtKey(change, key))
    }
  }

  private rules(node: RuleNode, path: string, value: unknown, old: unknown, change: Change): void {
    if (this.left <= 0) throw this.stop(path, node, outOfBudget)
    const self = readable(node, value)
    const before = old === undefined || !node.looksBack ? undefined : readable(node, old)
    const optional = before === undefined ? Optional.none : before instanceof EvaluationError ? before : new Optional(before)
    for (const rule of node.rules) {
      if (rule.problem !== undefined) this.causes.push(invalid(path || noField, node.schema.type, `rule compile error: ${rule.problem}`))
      if (rule.program === undefined) continue
      const mayStart = rule.rule.optionalOldSelf === true
      if (rule.looksBack && old === undefined && !mayStart) continue
      this.rule(node, rule, rule.program, path, value, [self, mayStart ? optional : before], change)
    }
  }

  private rule(node: RuleNode, rule: CompiledRule, program: Program, path: string, value: unknown, variables: ReadonlyArray<Variable>, change: Change): void {
    const result = program.run(variables, callLimit)
    if (result.cost > this.left) throw this.stop(path, node, outOfBudget)
    this.left -= result.cost
    if ("problem" in result) {
      const { message } = result.problem
      const name = ruleTitle(rule)
      if (result.problem instanceof CostExceeded) {
        throw this.stop(path, node, `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${name}`)
      }
      const detail = message.startsWith("no such overload")
        ? `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${name}`
        : `${message} evaluating rule: ${name}`
      this.causes.push(invalid(path || noField, node.schema.type, detail))
    } else if (result.value !== true) this.broken(node, rule, path, value, variables, change)
  }

  private broken(node: RuleNode, rule: CompiledRule, path: string, value: unknown, variables: ReadonlyArray<Variable>, change: Change): void {
    const at = rule.fieldPath === "" ? path || noField : childField(path, rule.fieldPath)
    const add = (cause: StatusCause): void => {
      if (!rule.looksBack && (change.own ?? change.around)?.unchanged === true) this.warnings.push(causeText(cause))
      else this.causes.push(cause)
    }
    const message = this.message(rule, variables, (problem) => add(invalid(at, node.schema.type, problem)))
    const isHidden = node.schema.type === "object" || node.schema.type === "array"
    add(causeOf(at, rule.rule.reason, isHidden ? undefined : { value }, message))
  }

  private message(rule: CompiledRule, variables: ReadonlyArray<Variable>, refuse: (problem: string) => void): string {
    const plain = rule.rule.message === undefined || rule.rule.message === "" ? `failed rule: ${ruleTitle(rule)}` : rule.rule.message.trim()
    if (rule.message === undefined) return plain
    const result = rule.message.run(variables, callLimit)
    const source = rule.rule.messageExpression!
    if (result.cost > this.left) {
      refuse("messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run")
      throw new BudgetSpent()
    }
    if ("problem" in result && result.problem instanceof CostExceeded) {
      refuse(`no further validation rules will be run due to call cost exceeds limit for messageExpression: ${goQuote(source)}`)
      throw new BudgetSpent()
    }
    this.left -= result.cost
    const text = "value" in result && typeof result.value === "string" ? result.value.trim() : ""
    const fits = text !== "" && !text.includes("\n") && new TextEncoder().encode(text).length <= longestMessage
    return fits ? text : plain
  }

  private stop(path: string, node: RuleNode, detail: string): BudgetSpent {
    this.causes.push(invalid(path || noField, node.schema.type, detail))
    return new BudgetSpent()
  }
}

const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run"

const ruleTitle = ({ rule: { message = "", rule } }: CompiledRule): string => (message === "" ? rule : message).trim()

const causeOf = (field: string, reason: string | undefined, shown: { readonly value: unknown } | undefined, message: string): StatusCause => {
  switch (reason) {
    case "FieldValueForbidden":
      return forbiddenValue(field, message)
    case "FieldValueRequired":
      return requiredValue(field, message)
    case "FieldValueDuplicate":
      return { reason: "FieldValueDuplicate", message: shown === undefined ? "Duplicate value" : `Duplicate value: ${goValue(shown.value)}`, field }
    default:
      return shown === undefined ? invalidHidden(field, message) : invalid(field, shown.value, message)
  }
}

/** What rules have against a value. */
export interface RuleFindings {
  readonly causes: ReadonlyArray<StatusCause>
  readonly warnings: ReadonlyArray<string>
}

/** The rules of a schema. */
export class ObjectRules {
  private readonly root: RuleNode

  constructor(root: RuleNode) {
    this.root = root
  }

  /** Checks a value; what rules have against parts that did not change are warnings. */
  check(value: unknown, old: unknown, correlation: Correlation | undefined, path = ""): RuleFindings {
    const check = new Check()
    try {
      check.node(this.root, path, value, old, { own: correlation, around: undefined })
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error
    }
    return check
  }

  /** Checks a default: as a value that stays, and as one that is new. */
  checkDefault(value: unknown, path: string): ReadonlyArray<StatusCause> {
    const { causes } = this.check(value, value, undefined, path)
    return causes.length > 0 ? causes : this.check(value, undefined, undefined, path).causes
  }
}

/** Compiles the rules of a schema; `undefined` if there are none. */
export const compileRules = (schema: Structural, isRoot: boolean): ObjectRules | undefined => {
  const node = ruleNode(schema.props, schema, isRoot, ruleType(schema, isRoot))
  return node === undefined ? undefined : new ObjectRules(node)
}
