/** Compiles the rules of a schema and weighs what they may cost. */
import type { StatusCause } from "@fairlead/kube"
import { forbiddenValue } from "../FieldCause.ts"
import { countless } from "../cel/cost/Range.ts"
import { invalid, invalidText } from "./Causes.ts"
import { ruleText } from "./GoDefinitionText.ts"
import { type CompiledRule, RuleCompiler } from "./RulePrograms.ts"
import { type RuleType, ruleType } from "./RuleTypes.ts"
import { ruleName } from "./RuleNames.ts"
import type { SchemaProps } from "./SchemaProps.ts"
import { Structural } from "./Structural.ts"

const ruleLimit = 10_000_000
const totalLimit = 100_000_000
const mostNamed = 4

/** A schema with the type that its rules see. */
interface TypedSchema {
  readonly schema: Structural
  readonly type: RuleType
}

/** What all rules of a schema may cost together. */
class TotalCost {
  total = 0
  private expensive: ReadonlyArray<{ readonly path: string; readonly cost: number }> = []

  add(path: string, cost: number): void {
    this.total = Math.min(this.total + cost, countless)
    if (cost < totalLimit / 100) return
    this.expensive = [...this.expensive, { path, cost }].toSorted((left, right) => right.cost - left.cost).slice(0, mostNamed)
  }

  check(path: string, found: Array<StatusCause>): void {
    if (this.total <= totalLimit) return
    for (const { path: at } of this.expensive) {
      found.push(forbiddenValue(at, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"))
    }
    found.push(forbiddenValue(path, costText("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", this.total, totalLimit)))
  }
}

const costText = (name: string, cost: number, limit: number): string => {
  const factor = cost / limit
  const times = factor > 100 ? "more than 100x" : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`
  const advice = "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared"
  return `${name} exceeds budget by factor of ${times} (${advice})`
}

/** The most values that a schema may have within one value of the schema around it; `undefined` for no limit. */
const mostWithin = ({ additionalProperties, maxItems, maxProperties, type }: SchemaProps): number | undefined => {
  if (type === "array") return maxItems === undefined ? undefined : Math.max(maxItems, 0)
  if (type !== "object" || additionalProperties === undefined) return 1
  return maxProperties === undefined ? undefined : Math.max(maxProperties, 0)
}

/** A place in a schema: how often its rules may run, and what they see there. */
export class RuleScope {
  readonly costs: TotalCost
  private readonly cardinality: number | undefined
  private readonly inherited: () => TypedSchema | undefined
  private typed: TypedSchema | undefined

  constructor(cardinality: number | undefined, costs: TotalCost, inherited: () => TypedSchema | undefined) {
    this.cardinality = cardinality
    this.costs = costs
    this.inherited = inherited
  }

  values(schema: SchemaProps, child: SchemaProps): RuleScope {
    return this.below(schema, child, ({ schema: outer, type }) => typedIf(outer.values, type.element))
  }

  property(schema: SchemaProps, name: string, child: SchemaProps): RuleScope {
    return this.below(schema, child, ({ schema: outer, type }) => typedIf(outer.properties.get(name), type.fields?.get(ruleName(name) ?? "")))
  }

  items(schema: SchemaProps, child: SchemaProps): RuleScope {
    return this.below(schema, child, ({ schema: outer, type }) => typedIf(outer.items, type.element))
  }

  private below(schema: SchemaProps, child: SchemaProps, look: (outer: TypedSchema) => TypedSchema | undefined): RuleScope {
    const most = mostWithin(schema)
    const cardinality = this.cardinality === undefined || most === undefined ? undefined : Math.min(this.cardinality * most, countless)
    return new RuleScope(cardinality, this.costs, () => {
      const outer = this.typedSchema()
      return (outer === undefined ? undefined : look(outer)) ?? typedSchema(child, child["x-kubernetes-embedded-resource"] === true)
    })
  }

  private typedSchema(): TypedSchema | undefined {
    return (this.typed ??= this.inherited())
  }

  /** What is wrong with the rules that stand here. */
  check(schema: SchemaProps, path: string, uncorrelated: string | undefined): ReadonlyArray<StatusCause> {
    const typed = this.typedSchema()
    const at = `${path}.x-kubernetes-validations`
    if (typed === undefined) return [{ reason: "InternalError", field: at, message: `Internal error: ${noType}` }]
    const compiler = new RuleCompiler(typed.type, typed.schema)
    return (schema["x-kubernetes-validations"] ?? []).flatMap((rule, index) => this.checkRule(compiler, compiler.compile(rule), `${at}[${index}]`, uncorrelated))
  }

  private checkRule(compiler: RuleCompiler, compiled: CompiledRule, at: string, uncorrelated: string | undefined): ReadonlyArray<StatusCause> {
    const found: Array<StatusCause> = []
    const { messageProblem, problem, rule } = compiled
    const cost = compiled.cost === 0 ? 0 : Math.min(compiled.cost * (this.cardinality ?? compiler.cardinality), countless)
    if (cost > ruleLimit) found.push(forbiddenValue(`${at}.rule`, costText("estimated rule cost", cost, ruleLimit)))
    this.costs.add(`${at}.rule`, cost)
    if (problem !== undefined) found.push(invalidText(`${at}.rule`, ruleText(rule), problem))
    if (messageProblem !== undefined) found.push(invalidText(`${at}.messageExpression`, ruleText(rule), messageProblem))
    else if (compiled.message !== undefined) {
      const { messageCost } = compiled
      if (messageCost > ruleLimit) found.push(forbiddenValue(`${at}.messageExpression`, costText("estimated messageExpression cost", messageCost, ruleLimit)))
      this.costs.add(`${at}.messageExpression`, messageCost)
    }
    if (compiled.looksBack) {
      if (uncorrelated !== undefined) found.push(invalid(`${at}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`))
    } else if (rule.optionalOldSelf !== undefined) {
      found.push(invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, "may not be set if oldSelf is not used in rule"))
    }
    return found
  }
}

const noType =
  "internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations"

const typedIf = (schema: Structural | undefined, type: RuleType | undefined): TypedSchema | undefined =>
  schema === undefined || type === undefined ? undefined : { schema, type }

const typedSchema = (props: SchemaProps, isRoot: boolean): TypedSchema | undefined => {
  const schema = new Structural(props)
  return typedIf(schema, ruleType(schema, isRoot))
}

/** The place of the schema of whole objects. */
export const rootScope = (props: SchemaProps): RuleScope => new RuleScope(1, new TotalCost(), () => typedSchema(props, true))

/** Reports what all rules cost together if that is too much. */
export const checkTotalCost = (scope: RuleScope, path: string, found: Array<StatusCause>): void => scope.costs.check(path, found)
