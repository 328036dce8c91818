/** Reads expressions. */
import { Uint, type Value } from "../values/Value.ts"
import { call, type Expr, ident, type ListItem, literal, type MapEntry, memberCall, type StructField } from "./Expr.ts"
import { LiteralProblem, readBytes, readDouble, readInt, readString, readUint } from "./Literals.ts"
import { expandMacro } from "./Macros.ts"
import { nowhere, Problems } from "./Source.ts"
import { type Follow, ReadingStopped, SyntaxReader } from "./SyntaxReader.ts"
import { type Token, type TokenKind, tokensOf } from "./Tokens.ts"
import {
  kinds, orEnd, literals, primaries, operands, relations, sums, products, names, afterAll, afterCondition, afterYes, afterAnd, afterRelation,
  afterCalc, afterUnary, afterOperand, afterPrimary, afterArguments, afterIndex, afterItems, afterEntries, afterItem, afterKey,
  thenExpression, inArguments, inList, endOfList, inMap, endOfMap, inStruct, inIndex
} from "./FollowSets.ts"

const selectSite = {}
const signSite = {}
const dotSite = {}

const reserved: ReadonlySet<string> = new Set([
  "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"
])
const longestText = 100_000
const deepest = 250

const missing = (offset: number): Expr => ({ kind: "missing", offset })

class ExpressionReader extends SyntaxReader {
  private readonly heights = new Map<Expr, number>()

  read(): Expr {
    const result = this.expression(afterAll)
    this.rule(orEnd(), () => void this.match("<EOF>", orEnd()), () => undefined)
    return result
  }

  private expression(next: Follow): Expr {
    return this.deepRule(next, () => {
      const condition = this.or(afterCondition)
      if (this.kind !== "'?'") return condition
      const { offset } = this.take()
      const yes = this.or(afterYes)
      this.match("':'", thenExpression)
      const no = this.expression(orEnd())
      return this.tall(call(offset, "_?_:_", condition, yes, no), condition, yes, no)
    }, missing)
  }

  private or(next: Follow): Expr {
    return this.rule(next, () => this.terms("'||'", "_||_", () => this.and(afterAnd)), missing)
  }

  private and(next: Follow): Expr {
    return this.rule(next, () => this.terms("'&&'", "_&&_", () => this.relation(afterRelation)), missing)
  }

  /** Reads terms of a logical operator into a tree of even height. */
  private terms(operator: TokenKind, name: string, read: () => Expr): Expr {
    const all = [read()]
    const offsets: Array<number> = []
    while (this.kind === operator) {
      offsets.push(this.take().offset)
      all.push(read())
    }
    const tree = (low: number, high: number): Expr => {
      if (low > high) return all[low]!
      const middle = (low + high + 1) >> 1
      const [left, right] = [tree(low, middle - 1), tree(middle + 1, high)]
      return this.tall(call(offsets[middle]!, name, left, right), left, right, 0)
    }
    return tree(0, offsets.length - 1)
  }

  private relation(next: Follow): Expr {
    return this.rule(next, () => this.chain(relations, () => this.calc(afterCalc)), missing)
  }

  private calc(next: Follow): Expr {
    return this.rule(next, () => this.chain(sums, () => this.chain(products, () => this.unary(afterUnary))), missing)
  }

  private chain(operators: ReadonlySet<TokenKind>, read: () => Expr): Expr {
    let left = read()
    while (operators.has(this.kind)) {
      const { offset, text } = this.take()
      const right = read()
      left = this.tall(call(offset, text === "in" ? "@in" : `_${text}_`, left, right), left, right)
    }
    return left
  }

  private unary(next: Follow): Expr {
    return this.rule(next, () => {
      this.expect(operands)
      const sign = this.kind
      const after = this.peek(1)
      if (sign === "'-'" && !operands.has(after)) this.noAlternative(signSite, 1)
      if (sign === "'-'" && after === "'!'") this.noAlternative(signSite, 1)
      if (sign !== "'!'" && (sign !== "'-'" || after === "NUM_INT" || after === "NUM_FLOAT")) return this.member(afterOperand)
      const { offset } = this.take()
      let count = 1
      for (; this.kind === sign; count++) this.take()
      const operand = this.member(afterOperand)
      return count % 2 === 0 ? operand : this.tall(call(offset, sign === "'!'" ? "!_" : "-_", operand), operand, 0)
    }, missing)
  }

  private member(next: Follow): Expr {
    return this.rule(next, () => {
      let result = this.primary(afterPrimary)
      while (this.kind === "'.'" || this.kind === "'['") {
        result = this.tall(this.kind === "'['" ? this.index(result) : this.selection(result), result)
      }
      return result
    }, missing)
  }

  private selection(operand: Expr): Expr {
    const next = this.peek(1)
    if (next !== "'?'" && !names.has(next)) this.noAlternative(selectSite, 1)
    const dot = this.take()
    if (this.kind === "IDENTIFIER" && this.peek(1) === "'('") {
      const name = this.take()
      const open = this.take()
      const args = this.callArguments()
      return this.expanded(open.offset, name.text, operand, args)
    }
    const optional = this.kind === "'?'"
    if (optional) this.take()
    const name = this.fieldName()
    if (optional) return call(dot.offset, "_?._", operand, literal(name.offset, name.text))
    return { kind: "select", offset: dot.offset, operand, field: name.text, test: false }
  }

  private index(operand: Expr): Expr {
    const { offset } = this.take()
    this.expect(inIndex)
    const optional = this.kind === "'?'"
    if (optional) this.take()
    const key = this.expression(afterIndex)
    this.match("']'", afterPrimary)
    return this.tall(call(offset, optional ? "_[?_]" : "_[_]", operand, key), operand, key)
  }

  private fieldName(): Token {
    return this.rule(afterPrimary, () => {
      this.expect(names)
      const token = this.kind === "ESC_IDENTIFIER" ? this.take() : this.match("IDENTIFIER", orEnd())
      return token.kind === "ESC_IDENTIFIER" ? { ...token, text: token.text.slice(1, -1) } : token
    }, (offset) => ({ kind: "IDENTIFIER", offset, text: "" }))
  }

  private primary(next: Follow): Expr {
    return this.rule(next, () => {
      this.expect(primaries)
      const { kind } = this
      if (kind === "'('") {
        this.take()
        const inner = this.expression(afterArguments)
        this.match("')'", orEnd())
        return inner
      }
      if (kind === "'['") return this.listOf()
      if (kind === "'{'") return this.mapOf()
      return literals.has(kind) ? this.constant() : this.named()
    }, missing)
  }

  private named(): Expr {
    const start = this.token
    const leading = this.kind === "'.'"
    if (leading && this.peek(1) !== "IDENTIFIER") this.noAlternative(dotSite, 1)
    const first = leading ? 1 : 0
    let length = first + 1
    while (this.peek(length) === "'.'" && this.peek(length + 1) === "IDENTIFIER") length += 2
    if (this.peek(length) === "'{'") return this.struct(length)
    if (leading) this.take()
    const token = this.match("IDENTIFIER", orEnd("'('"))
    const name = leading ? `.${token.text}` : token.text
    if (this.kind !== "'('") return reserved.has(token.text) ? this.wrong(start.offset, `reserved identifier: ${token.text}`) : ident(token.offset, name)
    const { offset } = this.take()
    const args = this.callArguments()
    return reserved.has(token.text) ? this.wrong(start.offset, `reserved identifier: ${token.text}`) : this.expanded(offset, name, undefined, args)
  }

  private callArguments(): ReadonlyArray<Expr> {
    this.expect(inArguments)
    const all: Array<Expr> = []
    if (operands.has(this.kind)) {
      this.rule(afterArguments, () => {
        all.push(this.expression(afterItem))
        while (this.kind === "','") {
          this.take()
          all.push(this.expression(afterItem))
        }
      }, () => undefined)
    }
    this.match("')'", afterPrimary)
    return all
  }

  private expanded(offset: number, name: string, target: Expr | undefined, args: ReadonlyArray<Expr>): Expr {
    const expansion = expandMacro(offset, name, target, args)
    if (expansion !== undefined && "problem" in expansion) return this.wrong(expansion.at.offset, expansion.problem)
    const result = expansion ?? (target === undefined ? call(offset, name, ...args) : memberCall(offset, name, target, ...args))
    return this.tall(result, ...args, ...(target === undefined ? [0] : [target]))
  }

  /** Reads what stands between commas; a comma may follow the last. */
  private separated(next: Follow, starts: ReadonlySet<TokenKind>, read: () => void): void {
    if (!starts.has(this.kind)) return
    this.rule(next, () => {
      read()
      while (this.kind === "','" && starts.has(this.peek(1))) {
        this.take()
        read()
      }
    }, () => undefined)
  }

  private listOf(): Expr {
    const { offset } = this.take()
    const items: Array<ListItem> = []
    this.expect(inList)
    this.separated(afterItems, inIndex, () => {
      const optional = this.optionalMark()
      items.push({ value: this.expression(afterItem), optional })
    })
    this.expect(endOfList)
    if (this.kind === "','") this.take()
    this.match("']'", orEnd())
    return this.tall({ kind: "list", offset, items }, ...items.map((item) => item.value), 0)
  }

  private optionalMark(): boolean {
    if (this.kind !== "'?'") return false
    this.take()
    return true
  }

  private mapOf(): Expr {
    const { offset } = this.take()
    const entries: Array<MapEntry> = []
    this.expect(inMap)
    this.separated(afterEntries, inIndex, () => {
      const optional = this.optionalMark()
      const key = this.expression(afterKey)
      this.match("':'", thenExpression)
      entries.push({ key, value: this.expression(afterItem), optional })
    })
    this.expect(endOfMap)
    if (this.kind === "','") this.take()
    this.match("'}'", orEnd())
    return this.tall({ kind: "map", offset, entries }, ...entries.flatMap(({ key, value }) => [key, value]), 0)
  }

  private struct(length: number): Expr {
    let name = ""
    for (let taken = 0; taken < length; taken++) name += this.take().text
    const { offset } = this.take()
    const fields: Array<StructField> = []
    this.expect(inStruct)
    this.separated(afterEntries, kinds("'?'", ...names), () => {
      const optional = this.optionalMark()
      const field = this.fieldName()
      const colon = this.match("':'", thenExpression)
      fields.push({ offset: colon.offset, name: field.text, value: this.expression(afterItem), optional })
    })
    this.expect(endOfMap)
    if (this.kind === "','") this.take()
    this.match("'}'", orEnd())
    return this.tall({ kind: "struct", offset, name, fields }, ...fields.map((field) => field.value), 0)
  }

  private constant(): Expr {
    const start = this.token
    const negative = this.kind === "'-'"
    if (negative) this.take()
    const token = this.take()
    const value = constantValue(token.kind, negative ? `-${token.text}` : token.text)
    return value instanceof LiteralProblem ? this.wrong(start.offset, value.message) : literal(start.offset, value)
  }

  private wrong(offset: number, message: string): Expr {
    this.problems.report(offset, message)
    return missing(offset)
  }

  /** Keeps track of how deep an expression goes. */
  private tall(expr: Expr, ...inner: ReadonlyArray<Expr | number>): Expr {
    const plain = inner.at(-1) === 0
    const height = Math.max(0, ...inner.map((each) => (typeof each === "number" ? each : this.heights.get(each) ?? 0))) + (plain ? 0 : 1)
    if (height > deepest) {
      this.problems.report(nowhere, "max recursion depth exceeded")
      throw new ReadingStopped()
    }
    this.heights.set(expr, height)
    return expr
  }
}

const constantValue = (kind: TokenKind, text: string): Value | LiteralProblem => {
  switch (kind) {
    case "NUM_INT":
      return readInt(text)
    case "NUM_UINT": {
      const value = readUint(text)
      return value instanceof LiteralProblem ? value : new Uint(value)
    }
    case "NUM_FLOAT":
      return readDouble(text)
    case "STRING":
      return readString(text)
    case "BYTES":
      return readBytes(text.slice(1))
    case "'null'":
      return null
    default:
      return text === "true"
  }
}

/** Reads an expression; the problems tell what is wrong with it. */
export const readExpression = (text: string, problems: Problems): Expr => {
  const size = [...text].length
  if (size > longestText) {
    problems.report(nowhere, `expression code point size exceeds limit: size: ${size}, limit ${longestText}`)
    return missing(0)
  }
  try {
    return new ExpressionReader(tokensOf(text, problems), problems).read()
  } catch (error) {
    if (error instanceof ReadingStopped) return missing(0)
    throw error
  }
}
