/** Label selectors as they stand in queries (`a=b,c in (d,e),!f`), with the errors of the original's parser. */
import { badRequest } from "../ApiFailure.ts"
import { labelValueErrors, qualifiedNameErrors } from "../internal/nameRules.ts"
import type { LabelHint } from "../store/Collection.ts"
import { SelectorLexer, type Token } from "./SelectorLexer.ts"

type Operator = "in" | "notin" | "exists" | "!" | "gt" | "lt"

interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: ReadonlyArray<string>
}

/** A parsed label selector: all requirements must hold. */
export interface LabelSelector {
  readonly matches: (labels: { readonly [key: string]: string } | undefined) => boolean
  /** A label that every match has, to search by. */
  readonly hint: LabelHint | undefined
  readonly requirements: ReadonlyArray<Requirement>
}

/** Parses a selector; `undefined` selects everything. Throws `BadRequest`. */
export const parseLabelSelector = (text: string | undefined): LabelSelector | undefined => {
  if (text === undefined || text === "") return undefined
  const requirements = new Parser(new SelectorLexer(text)).parse()
  if (requirements.length === 0) return undefined
  const equal = requirements.find((requirement) => requirement.operator === "in" && requirement.values.length === 1)
  return {
    requirements,
    matches: (labels) => requirements.every((requirement) => holds(requirement, labels)),
    hint: equal === undefined ? undefined : { key: equal.key, value: equal.values[0]! }
  }
}

const holds = ({ key, operator, values }: Requirement, labels: { readonly [key: string]: string } | undefined): boolean => {
  const value = labels?.[key]
  switch (operator) {
    case "in":
      return value !== undefined && values.includes(value)
    case "notin":
      return value === undefined || !values.includes(value)
    case "exists":
      return value !== undefined
    case "!":
      return value === undefined
    default: {
      if (value === undefined || !integer.test(value)) return false
      const difference = BigInt(value) - BigInt(values[0]!)
      return operator === "gt" ? difference > 0n : difference < 0n
    }
  }
}

const integer = /^[+-]?\d+$/

const refuse = (text: string): never => {
  throw badRequest(text)
}

const inRequirement = (text: string): never => refuse(`unable to parse requirement: ${text}`)

class Parser {
  private readonly lexer: SelectorLexer

  constructor(lexer: SelectorLexer) {
    this.lexer = lexer
  }

  parse(): ReadonlyArray<Requirement> {
    const requirements: Array<Requirement> = []
    for (;;) {
      const next = this.lexer.peek("values")
      if (next.kind === "end") return requirements
      if (next.kind !== "identifier" && next.kind !== "!") refuse(`found '${next.text}', expected: !, identifier, or 'end of string'`)
      requirements.push(this.requirement())
      const after = this.lexer.take("values")
      if (after.kind === "end") return requirements
      if (after.kind !== ",") refuse(`found '${after.text}', expected: ',' or 'end of string'`)
      const following = this.lexer.peek("values")
      if (following.kind !== "identifier" && following.kind !== "!") refuse(`found '${following.text}', expected: identifier after ','`)
    }
  }

  private requirement(): Requirement {
    let token = this.lexer.take("values")
    const negated = token.kind === "!"
    if (negated) token = this.lexer.take("values")
    if (token.kind !== "identifier") inRequirement(`found '${token.text}', expected: identifier`)
    const key = token.text
    const keyErrors = qualifiedNameErrors(key)
    if (keyErrors.length > 0) inRequirement(`<nil>: Invalid value: ${JSON.stringify(key)}: ${keyErrors.join("; ")}`)
    const next = this.lexer.peek("values")
    if (negated) return { key, operator: "!", values: [] }
    if (next.kind === "end" || next.kind === ",") return { key, operator: "exists", values: [] }
    return checkedRequirement(key, this.operator())
  }

  private operator(): { operator: Operator; values: ReadonlyArray<string> } {
    const token = this.lexer.take("operator")
    switch (token.kind) {
      case "in":
      case "notin":
        return { operator: token.kind, values: this.list() }
      case "=":
      case "==":
        return { operator: "in", values: [this.exactValue()] }
      case "!=":
        return { operator: "notin", values: [this.exactValue()] }
      case ">":
        return { operator: "gt", values: [this.exactValue()] }
      case "<":
        return { operator: "lt", values: [this.exactValue()] }
      default:
        return inRequirement(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`)
    }
  }

  private exactValue(): string {
    const next = this.lexer.peek("values")
    if (next.kind === "end" || next.kind === ",") return ""
    const token = this.lexer.take("values")
    return token.kind === "identifier" ? token.text : inRequirement(`found '${token.text}', expected: identifier`)
  }

  private list(): ReadonlyArray<string> {
    const open = this.lexer.take("values")
    if (open.kind !== "(") inRequirement(`found '${open.text}' expected: '('`)
    const first = this.lexer.peek("values")
    if (first.kind === ")") {
      this.lexer.take("values")
      return [""]
    }
    if (first.kind !== "identifier" && first.kind !== ",") inRequirement(`found '${first.text}', expected: ',', ')' or identifier`)
    const values = this.identifiers()
    if (this.lexer.take("values").kind !== ")") inRequirement(`found '${first.text}', expected: ')'`)
    return [...values].sort()
  }

  private identifiers(): Set<string> {
    const values = new Set<string>()
    for (;;) {
      const token: Token = this.lexer.take("values")
      if (token.kind === "identifier") {
        values.add(token.text)
        const next = this.lexer.peek("values")
        if (next.kind === ")") return values
        if (next.kind !== ",") inRequirement(`found '${next.text}', expected: ',' or ')'`)
      } else if (token.kind === ",") {
        if (values.size === 0) values.add("")
        const next = this.lexer.peek("values")
        if (next.kind === ")") return values.add("")
        if (next.kind === ",") {
          this.lexer.take("values")
          values.add("")
        }
      } else inRequirement(`found '${token.text}', expected: ',', or identifier`)
    }
  }
}

const checkedRequirement = (key: string, { operator, values }: { operator: Operator; values: ReadonlyArray<string> }): Requirement => {
  const errors: Array<string> = []
  const isOrder = operator === "gt" || operator === "lt"
  values.forEach((value, i) => {
    if (isOrder && !integer.test(value)) {
      errors.push(`values[${i}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`)
    }
  })
  values.forEach((value, i) => {
    const wrong = labelValueErrors(value)
    if (wrong.length > 0) errors.push(`values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${wrong.join("; ")}`)
  })
  if (errors.length > 0) inRequirement(errors.length === 1 ? errors[0]! : `[${errors.join(", ")}]`)
  return { key, operator, values }
}
