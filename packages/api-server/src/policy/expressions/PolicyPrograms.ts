/** Compiles the expressions of policies, and carries them out within a budget. */
import { type Compiled, Environment, type Extension, type NotCompiled } from "../../cel/Environment.ts"
import { CostExceeded } from "../../cel/program/Frame.ts"
import type { Program } from "../../cel/program/Compile.ts"
import { type Type, dynType } from "../../cel/types/Type.ts"
import { fail, MapValue, type Value } from "../../cel/values/Value.ts"
import type { KubeObject } from "@fairlead/kube"
import type { ServedResource } from "../../ServedResource.ts"
import { type AdmissionInput, authorizerValues, inVersion, namespaceObject, namespaceValue, requestValue } from "./AdmissionInput.ts"
import { fromJson } from "./JsonValues.ts"
import type { PolicySpec } from "./PolicyKinds.ts"
import { type KnownTypes, variableTypes } from "./RequestTypes.ts"

const callLimit = 1_000_000
const budget = 10_000_000
const conditionsBudget = 2_500_000

/** An expression that is ready, or that never will be. */
export interface PolicyExpression {
  readonly text: string
  readonly program: Program | undefined
  /** What is wrong with it. */
  readonly problem: string | undefined
  readonly authorizer: boolean
}

/** What came of an expression. */
export type Outcome = { readonly value: Value } | { readonly problem: string }

/** The budget of a policy is spent; it does nothing more. */
export class OutOfBudget extends Error {
  override readonly name = "OutOfBudget"
  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run")
  }
}

/** What expressions of a policy are compiled with. */
export interface PolicyScope {
  readonly params: boolean
  /** What the expressions of mutations may use besides. */
  readonly extension?: Extension | undefined
  /** Types of objects and parameters, where expressions are only checked. */
  readonly known?: KnownTypes | undefined
}

/** Compiles the expressions of one policy; they may refer to its variables. */
export class PolicyCompiler {
  /** The variables of the policy, in order. */
  readonly variables = new Map<string, PolicyExpression>()
  private readonly types = new Map<string, Type>()
  private readonly scope: PolicyScope

  constructor(variables: PolicySpec["variables"], scope: PolicyScope) {
    this.scope = scope
    for (const { expression, name } of variables ?? []) this.define(name, expression)
  }

  /** Adds a variable. */
  define(name: string, text: string): PolicyExpression {
    const compiled = this.environment(true).compile(text)
    const expression = expressionOf(text, compiled, true)
    this.variables.set(name, expression)
    this.types.set(name, "problem" in compiled ? dynType : variableType(compiled.type))
    return expression
  }

  /** Compiles an expression whose value must be of one of the types; of none in particular if there are none. */
  compile(text: string, wanted: ReadonlyArray<Type>, authorizer = true): PolicyExpression {
    const compiled = this.environment(authorizer).compile(text)
    if ("problem" in compiled || wanted.length === 0 || wanted.some((type) => type.equals(compiled.type))) return expressionOf(text, compiled, authorizer)
    const problem = wanted.length === 1
      ? `must evaluate to ${wanted[0]} but got ${compiled.type}`
      : `must evaluate to one of [${wanted.join(" ")}] but got ${compiled.type}`
    return { text, program: undefined, problem, authorizer }
  }

  private environment(authorizer: boolean): Environment {
    const { extension, known, params } = this.scope
    return new Environment(variableTypes({ params, authorizer }, this.types, known), extension)
  }

  /** Carries expressions out for one write. */
  start(input: AdmissionInput, matched: ServedResource, params: KubeObject | undefined): PolicyRun {
    return new PolicyRun(this.variables, this.scope.params, input, matched, params, true)
  }

  /** Carries out conditions, which know nothing of the namespace and get a smaller budget. */
  startConditions(input: AdmissionInput, matched: ServedResource, params: KubeObject | undefined): PolicyRun {
    return new PolicyRun(this.variables, this.scope.params, input, matched, params, false)
  }
}

/** Values of variables are seen without the types of the fields of objects. */
const variableType = (type: Type): Type => (type.kind === "struct" || type.kind === "opaque" ? dynType : type)

const expressionOf = (text: string, compiled: Compiled | NotCompiled, authorizer: boolean): PolicyExpression =>
  "problem" in compiled
    ? { text, program: undefined, problem: `${compiled.instantiating ? "program instantiation" : "compilation"} failed: ${compiled.problem}`, authorizer }
    : { text, program: compiled.program, problem: undefined, authorizer }

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

  constructor(
    variables: ReadonlyMap<string, PolicyExpression>,
    hasParams: boolean,
    input: AdmissionInput,
    matched: ServedResource,
    params: KubeObject | undefined,
    isMain: boolean
  ) {
    this.left = isMain ? budget : conditionsBudget
    this.values = [
      fromJson(inVersion(input, matched, input.object) ?? null),
      fromJson(inVersion(input, matched, input.oldObject) ?? null),
      requestValue(input, matched),
      isMain ? namespaceValue(namespaceObject(input)) : null,
      ...(hasParams ? [fromJson(params ?? null)] : [])
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
