/** The grammar of label selectors, token by token as Kubernetes reads it, so that its messages come out the same. */
import { Result } from "effect"
import { keyProblems, valueProblems } from "../LabelSyntax.ts"
import type { LabelOperator, LabelRequirement, RequirementProblem, SelectorReason } from "../Selector.ts"
import { toInt64 } from "./labelPredicate.ts"

/** The requirements of a selector in the order of the text. */
export const parseLabelRequirements = (text: string): Result.Result<ReadonlyArray<LabelRequirement>, SelectorReason> => {
  try {
    return Result.succeed(parseSelector(new Tokens(text)))
  } catch (error) {
    if (error instanceof Stop) return Result.fail(error.reason)
    throw error
  }
}

/** What keeps a requirement from being one. */
export const requirementProblems = ({ key, operator, values }: LabelRequirement): ReadonlyArray<RequirementProblem> => {
  const problems: Array<RequirementProblem> = []
  const keyDetail = keyProblems(key)
  if (keyDetail.length > 0) problems.push({ field: "key", value: key, detail: keyDetail.join("; ") })
  const countDetail = countProblem(operator, values.length)
  if (countDetail !== undefined) problems.push({ field: "values", value: values, detail: countDetail })
  if (operator === "gt" || operator === "lt") {
    values.forEach((value, index) => {
      if (toInt64(value) === undefined) problems.push({ field: `values[${index}]`, value, detail: integerDetail })
    })
  }
  values.forEach((value, index) => {
    const detail = valueProblems(value)
    if (detail.length > 0) problems.push({ field: `values[${index}][${key}]`, value, detail: detail.join("; ") })
  })
  return problems
}

const integerDetail = "for 'Gt', 'Lt' operators, the value must be an integer"

const countProblem = (operator: LabelOperator, count: number): string | undefined => {
  switch (operator) {
    case "in":
    case "notin":
      return count === 0 ? "for 'in', 'notin' operators, values set can't be empty" : undefined
    case "exists":
    case "!":
      return count === 0 ? undefined : "values set must be empty for exists and does not exist"
    case "gt":
    case "lt":
      return count === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required"
    default:
      return count === 1 ? undefined : "exact-match compatibility requires one single value"
  }
}

/** Leaves the parser from any depth. */
class Stop {
  readonly reason: SelectorReason
  constructor(reason: SelectorReason) {
    this.reason = reason
  }
}

const stop = (detail: string, inRequirement = true): never => {
  throw new Stop({ _tag: "Syntax", detail, inRequirement })
}

type TokenKind = "end" | "identifier" | "in" | "notin" | "(" | ")" | "," | "!" | "!=" | "=" | "==" | ">" | "<"

interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const symbols = "=!(),><"
const spaces = " \t\r\n"

/** Splits a text into tokens. A zero character ends what is read, as it does in Kubernetes. */
class Tokens {
  private readonly text: string
  private position = 0
  private ahead: Token | undefined

  constructor(text: string) {
    this.text = text
  }

  /** The next token, left in place; where keys and values stand, `in` and `notin` are words like any other. */
  peek(asWord = true): Token {
    this.ahead ??= this.read()
    const { kind, text } = this.ahead
    return asWord && (kind === "in" || kind === "notin") ? { kind: "identifier", text } : this.ahead
  }

  next(asWord = true): Token {
    const token = this.peek(asWord)
    this.ahead = undefined
    return token
  }

  private read(): Token {
    const { text } = this
    while (this.position < text.length && spaces.includes(text[this.position]!)) this.position++
    const first = text[this.position]
    if (first === undefined || first === "\0") return { kind: "end", text: "" }
    if (!symbols.includes(first)) return this.readWord()
    const double = (first === "=" || first === "!") && text[this.position + 1] === "="
    const symbol = double ? `${first}=` : first
    this.position += symbol.length
    return { kind: symbol as TokenKind, text: symbol }
  }

  private readWord(): Token {
    const { text } = this
    const start = this.position
    while (this.position < text.length && !symbols.includes(text[this.position]!) && !spaces.includes(text[this.position]!)) {
      if (text[this.position++] === "\0") return word(text.slice(start, this.position - 1))
    }
    return word(text.slice(start, this.position))
  }
}

const word = (text: string): Token => ({ kind: text === "in" || text === "notin" ? text : "identifier", text })

const parseSelector = (tokens: Tokens): ReadonlyArray<LabelRequirement> => {
  const requirements: Array<LabelRequirement> = []
  const first = tokens.peek()
  if (first.kind === "end") return requirements
  if (first.kind !== "identifier" && first.kind !== "!") stop(`found '${first.text}', expected: !, identifier, or 'end of string'`, false)
  for (;;) {
    requirements.push(parseRequirement(tokens))
    const after = tokens.next()
    if (after.kind === "end") return requirements
    if (after.kind !== ",") stop(`found '${after.text}', expected: ',' or 'end of string'`, false)
    const next = tokens.peek()
    if (next.kind !== "identifier" && next.kind !== "!") stop(`found '${next.text}', expected: identifier after ','`, false)
  }
}

const parseRequirement = (tokens: Tokens): LabelRequirement => {
  const negated = tokens.peek().kind === "!"
  if (negated) tokens.next()
  const key = tokens.next()
  if (key.kind !== "identifier") stop(`found '${key.text}', expected: identifier`)
  const keyDetail = keyProblems(key.text)
  if (keyDetail.length > 0) refuse([{ field: "<nil>", value: key.text, detail: keyDetail.join("; ") }])
  if (negated) return { key: key.text, operator: "!", values: [] }
  const next = tokens.peek().kind
  if (next === "end" || next === ",") return { key: key.text, operator: "exists", values: [] }
  const operator = parseOperator(tokens)
  const values = operator === "in" || operator === "notin" ? parseValues(tokens) : [parseValue(tokens)]
  const requirement: LabelRequirement = { key: key.text, operator, values: [...new Set(values)].sort() }
  const problems = requirementProblems(requirement)
  if (problems.length > 0) refuse(problems)
  return requirement
}

const refuse = (problems: ReadonlyArray<RequirementProblem>): never => {
  throw new Stop({ _tag: "InvalidRequirement", problems, inText: true })
}

const parseOperator = (tokens: Tokens): LabelOperator => {
  const { kind, text } = tokens.next(false)
  switch (kind) {
    case "in":
    case "notin":
    case "=":
    case "==":
    case "!=":
      return kind
    case ">":
      return "gt"
    case "<":
      return "lt"
    default:
      return stop(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`)
  }
}

const parseValue = (tokens: Tokens): string => {
  const next = tokens.peek().kind
  if (next === "end" || next === ",") return ""
  const { kind, text } = tokens.next()
  return kind === "identifier" ? text : stop(`found '${text}', expected: identifier`)
}

const parseValues = (tokens: Tokens): ReadonlyArray<string> => {
  const open = tokens.next()
  if (open.kind !== "(") stop(`found '${open.text}' expected: '('`)
  const first = tokens.peek()
  if (first.kind === ")") {
    tokens.next()
    return [""]
  }
  if (first.kind !== "identifier" && first.kind !== ",") stop(`found '${first.text}', expected: ',', ')' or identifier`)
  const values = parseValueList(tokens)
  tokens.next()
  return values
}

/** Reads up to the closing parenthesis; an empty place between commas is the empty value. */
const parseValueList = (tokens: Tokens): ReadonlyArray<string> => {
  const values: Array<string> = []
  for (;;) {
    const { kind, text } = tokens.next()
    const after = tokens.peek()
    if (kind === "identifier") {
      values.push(text)
      if (after.kind === ")") return values
      if (after.kind !== ",") stop(`found '${after.text}', expected: ',' or ')'`)
    } else if (kind === ",") {
      if (values.length === 0) values.push("")
      if (after.kind === ")") return [...values, ""]
      if (after.kind === ",") {
        tokens.next()
        values.push("")
      }
    } else stop(`found '${text}', expected: ',', or identifier`)
  }
}
