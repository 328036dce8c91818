/** Compiles the rules of schemas. */
import { costOf, Environment, mentions } from "../cel/Environment.ts"
import type { Program } from "../cel/program/Compile.ts"
import { optionalOf, type Type } from "../cel/types/Type.ts"
import { followPath } from "./FieldPaths.ts"
import type { RuleProps } from "./SchemaProps.ts"
import { expressionType, requestBytes, type RuleType, sizeAt } from "./RuleTypes.ts"
import type { Structural } from "./Structural.ts"

/** A rule, or what is wrong with it. */
export interface CompiledRule {
  readonly rule: RuleProps
  readonly problem: string | undefined
  readonly messageProblem: string | undefined
  readonly program: Program | undefined
  readonly message: Program | undefined
  /** The most that a check of one value may cost. */
  readonly cost: number
  readonly messageCost: number
  readonly looksBack: boolean
  /** Where errors go, below the value. */
  readonly fieldPath: string
}

/** Rules of one value: their variables have its type. */
export class RuleCompiler {
  private readonly type: RuleType
  private readonly schema: Structural
  private readonly environment: Environment
  private readonly optionalEnvironment: Environment

  constructor(type: RuleType, schema: Structural) {
    const self = expressionType(type, "selfType")
    this.type = type
    this.schema = schema
    this.environment = environmentOf(self, self)
    this.optionalEnvironment = environmentOf(self, optionalOf(self))
  }

  compile(rule: RuleProps): CompiledRule {
    const nothing = {
      rule, problem: undefined, messageProblem: undefined, program: undefined, message: undefined, cost: 0, messageCost: 0, looksBack: false, fieldPath: ""
    }
    if (rule.rule.trim() === "") return nothing
    const environment = rule.optionalOldSelf === true ? this.optionalEnvironment : this.environment
    const compiled = environment.compile(rule.rule)
    if ("problem" in compiled) return { ...nothing, problem: `${compiled.instantiating ? "program instantiation" : "compilation"} failed: ${compiled.problem}` }
    if (compiled.type.kind !== "bool") return { ...nothing, problem: "cel expression must evaluate to a bool" }
    const sizes = (path: ReadonlyArray<string>) => sizeAt(this.type, path)
    const checked = { ...nothing, program: compiled.program, cost: costOf(compiled, sizes), looksBack: mentions(compiled, "oldSelf"), fieldPath: this.pathOf(rule) }
    if ((rule.messageExpression ?? "") === "") return checked
    const message = environment.compile(rule.messageExpression!)
    if ("problem" in message) {
      return { ...checked, messageProblem: `messageExpression ${message.instantiating ? "instantiation" : "compilation"} failed: ${message.problem}` }
    }
    if (message.type.kind !== "string") return { ...checked, messageProblem: "messageExpression must evaluate to a string" }
    return { ...checked, message: message.program, messageCost: costOf(message, sizes) }
  }

  private pathOf({ fieldPath = "" }: RuleProps): string {
    const followed = fieldPath === "" ? undefined : followPath(fieldPath, this.schema, true)
    return typeof followed === "object" ? followed.text : ""
  }

  /** How many values there may be in a request if nothing else limits them. */
  get cardinality(): number {
    return Math.floor(requestBytes / (this.type.leastBytes + 1))
  }
}

const environmentOf = (self: Type, oldSelf: Type): Environment => new Environment(new Map([["self", self], ["oldSelf", oldSelf]]))
