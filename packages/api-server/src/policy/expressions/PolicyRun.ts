/** Carries out the expressions of policies within a budget. */
import { CostExceeded } from "../../cel/program/Frame.ts"
import { fail, MapValue, type Value } from "../../cel/values/Value.ts"
import type { KubeObject } from "@fairlead/kube"
import type { ServedResource } from "../../ServedResource.ts"
import { type AdmissionInput, authorizerValues, inVersion, namespaceObject, namespaceValue, requestValue } from "./AdmissionInput.ts"
import { fromJson } from "./JsonValues.ts"
import type { PolicyCompiler, PolicyExpression } from "./PolicyCompiler.ts"

const callLimit = 1_000_000
const budget = 10_000_000
const conditionsBudget = 2_500_000

/** What came of an expression. */
export type Outcome = { readonly value: Value } | { readonly problem: string }

/** A policy or webhook as far as one write is concerned. */
export interface Matched {
  readonly input: AdmissionInput
  /** The resource that a rule named. */
  readonly resource: ServedResource
  readonly params: KubeObject | undefined
}

/** The budget of a policy is spent; it does nothing more. */
export class OutOfBudget extends Error {
  override readonly name = "OutOfBudget"
  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run")
  }
}

/** Variables of a policy, worked out when they are first looked at. */
class LazyVariables extends MapValue {
  private readonly found = new Map<string, Value>()
  private readonly evaluate: (name: string) => Value | undefined
  private readonly names: ReadonlyArray<string>

  constructor(names: ReadonlyArray<string>, evaluate: (name: string) => Value | undefined) {
    super()
    this.names = names
    this.evaluate = evaluate
  }

  get size(): number {
    return this.names.length
  }

  find(key: Value): Value | undefined {
    const name = String(key)
    let value = this.found.get(name)
    if (value === undefined) {
      value = this.evaluate(name)
      if (value !== undefined) this.found.set(name, value)
    }
    return value
  }

  keys(): ReadonlyArray<Value> {
    return this.names
  }
}

/** Carries out expressions for one write and one set of parameters. */
export class PolicyRun {
  private left: number
  private readonly values: ReadonlyArray<Value | undefined>
  private readonly authorizers: readonly [Value, Value]
  private readonly lazy: LazyVariables

  /** Conditions know nothing of the namespace, and have a smaller budget. */
  constructor({ scope, variables }: PolicyCompiler, { input, params, resource: matched }: Matched, isCondition = false) {
    this.left = isCondition ? conditionsBudget : budget
    this.values = [
      fromJson(inVersion(input, matched, input.object) ?? null),
      fromJson(inVersion(input, matched, input.oldObject) ?? null),
      requestValue(input, matched),
      isCondition ? null : namespaceValue(namespaceObject(input)),
      ...(scope.params ? [fromJson(params ?? null)] : [])
    ]
    this.authorizers = authorizerValues(input)
    this.lazy = new LazyVariables([...variables.keys()], (name) => this.variable(name, variables.get(name)))
  }

  private variable(name: string, expression: PolicyExpression | undefined): Value | undefined {
    if (expression === undefined) return undefined
    if (expression.program === undefined) return fail(`composited variable ${JSON.stringify(name)} fails to compile: ${expression.problem}`)
    const result = this.evaluate(expression)
    return "value" in result ? result.value : fail(`composited variable ${JSON.stringify(name)} fails to evaluate: ${result.problem}`)
  }

  private evaluate({ authorizer, problem, program }: PolicyExpression): Outcome {
    if (program === undefined) return { problem: problem ?? "" }
    const result = program.run([...this.values, ...(authorizer ? this.authorizers : []), this.lazy], callLimit)
    if (result.cost > this.left) throw new OutOfBudget()
    this.left -= result.cost
    if (!("problem" in result)) return { value: result.value }
    if (result.problem instanceof OutOfBudget || !(isExpected(result.problem))) throw result.problem
    return { problem: result.problem.message }
  }

  /** Carries an expression out; throws if the budget does not last. */
  run(expression: PolicyExpression): Outcome {
    if (expression.program === undefined) return { problem: `compilation error: ${expression.problem}` }
    const result = this.evaluate(expression)
    return "value" in result ? result : { problem: `expression '${expression.text}' resulted in error: ${result.problem}` }
  }
}

const isExpected = (problem: Error): boolean => problem instanceof CostExceeded || problem.name === "EvaluationError"
