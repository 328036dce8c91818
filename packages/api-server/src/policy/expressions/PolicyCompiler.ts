/** Compiles the expressions of policies. */
import { type Compiled, Environment, type Extension, type NotCompiled } from "../../cel/Environment.ts"
import type { Program } from "../../cel/program/Compile.ts"
import { type Type, dynType } from "../../cel/types/Type.ts"
import type { PolicySpec } from "./PolicyKinds.ts"
import { type KnownTypes, variableTypes } from "./RequestTypes.ts"

/** An expression that is ready, or that never will be. */
export interface PolicyExpression {
  readonly text: string
  readonly program: Program | undefined
  /** What is wrong with it. */
  readonly problem: string | undefined
  readonly authorizer: boolean
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
  /** What the expressions are compiled with. */
  readonly scope: PolicyScope

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
      ? `must evaluate to ${declared(wanted[0]!)} but got ${declared(compiled.type)}`
      : `must evaluate to one of [${wanted.map(declared).join(" ")}] but got ${declared(compiled.type)}`
    return { text, program: undefined, problem, authorizer }
  }

  private environment(authorizer: boolean): Environment {
    const { extension, known, params } = this.scope
    return new Environment(variableTypes({ params, authorizer }, this.types, known), extension)
  }
}

/** A type by the name under which it is declared. */
const declared = ({ name, parameters }: Type): string => (parameters.length === 0 ? name : `${name}(${parameters.map(declared).join(", ")})`)

/** Values of variables are seen without the types of the fields of objects. */
const variableType = (type: Type): Type => (type.kind === "struct" || type.kind === "opaque" ? dynType : type)

const expressionOf = (text: string, compiled: Compiled | NotCompiled, authorizer: boolean): PolicyExpression =>
  "problem" in compiled
    ? { text, program: undefined, problem: `${compiled.instantiating ? "program instantiation" : "compilation"} failed: ${compiled.problem}`, authorizer }
    : { text, program: compiled.program, problem: undefined, authorizer }
