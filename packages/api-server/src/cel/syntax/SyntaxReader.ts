/** Reads tokens along a grammar, and goes on after mistakes in the way of the original's parser. */
import type { Problems } from "./Source.ts"
import { nowhere } from "./Source.ts"
import { type Token, type TokenKind, tokenKinds } from "./Tokens.ts"

/** What may come after a part of a rule. */
export interface Follow {
  readonly kinds: ReadonlySet<TokenKind>
  /** Whether the rule may end there, too. */
  readonly mayEnd: boolean
}

const deepestRule = 250
const mostRecoveries = 30
const farthestRecovery = 256

/** The rule cannot go on; the rule that called it does, once tokens that fit have been found. */
class RuleBroken {
  readonly site: object
  readonly message: string
  readonly offset: number
  constructor(site: object, offset: number, message: string) {
    this.site = site
    this.offset = offset
    this.message = message
  }
}

/** Nothing more is read. */
export class ReadingStopped {}

/** Tokens as messages list them. */
const listed = (kinds: ReadonlySet<TokenKind>): string => {
  const names = tokenKinds.filter((kind) => kinds.has(kind))
  return names.length === 1 ? names[0]! : `{${names.join(", ")}}`
}

const quoted = (text: string): string => `'${text.replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}'`

/** Keeps the place among the tokens and the rules that are being read. */
export class SyntaxReader {
  protected readonly problems: Problems
  private readonly tokens: ReadonlyArray<Token>
  private position = 0
  private readonly follows: Array<Follow> = []
  private recovering = false
  private lastErrorAt = -1
  private readonly errorSites = new Set<object>()
  private recoveries = 0
  private depth = 0

  constructor(tokens: ReadonlyArray<Token>, problems: Problems) {
    this.tokens = tokens
    this.problems = problems
  }

  protected get token(): Token {
    return this.tokens[this.position]!
  }

  protected get kind(): TokenKind {
    return this.token.kind
  }

  protected peek(distance: number): TokenKind {
    return (this.tokens[this.position + distance] ?? this.tokens.at(-1)!).kind
  }

  /** Reads a rule of which `follow` comes next in the rule around it. */
  protected rule<A>(follow: Follow, read: () => A, otherwise: (offset: number) => A): A {
    const { offset } = this.token
    this.follows.push(follow)
    try {
      return read()
    } catch (error) {
      if (!(error instanceof RuleBroken)) throw error
      this.complain(error.offset, error.message)
      this.recover(error.site)
      return otherwise(offset)
    } finally {
      this.follows.pop()
    }
  }

  /** The same for a rule that may contain itself. */
  protected deepRule<A>(follow: Follow, read: () => A, otherwise: (offset: number) => A): A {
    if (++this.depth > deepestRule) {
      this.problems.report(nowhere, `expression recursion limit exceeded: ${deepestRule}`)
      throw new ReadingStopped()
    }
    const result = this.rule(follow, read, otherwise)
    this.depth--
    return result
  }

  /** Takes a token that has to be there. */
  protected match(kind: TokenKind, after: Follow): Token {
    const { token } = this
    if (token.kind === kind) {
      this.fine()
      this.consume()
      return token
    }
    this.countRecovery()
    if (this.peek(1) === kind) {
      this.dropUnwanted(new Set([kind]))
      const next = this.token
      this.consume()
      return next
    }
    if (this.mayFollow(token.kind, after)) {
      this.complain(token.offset, `missing ${kind} at ${quoted(token.text)}`)
      return { kind, offset: token.offset, text: `<missing ${kind}>` }
    }
    throw this.mismatch(after, new Set([kind]))
  }

  /** Takes a token that is known to be there. */
  protected take(): Token {
    const { token } = this
    this.fine()
    this.consume()
    return token
  }

  /** Sees to it that one of these tokens comes next. */
  protected expect(kinds: ReadonlySet<TokenKind>): void {
    if (this.recovering || kinds.has(this.kind)) return
    if (kinds.has(this.peek(1))) this.dropUnwanted(kinds)
    else throw this.mismatch(kinds, kinds)
  }

  /** Breaks the rule because the tokens up to `distance` begin nothing that is known. */
  protected noAlternative(site: object, distance: number): never {
    const start = this.token
    const last = this.tokens[Math.min(this.position + distance, this.tokens.length - 1)]!
    const first = this.tokens[this.position]!.offset
    const end = last.kind === "<EOF>" ? this.tokens[this.tokens.length - 2] : last
    const text = end === undefined ? "" : this.problems.text.slice(first, end.offset + end.text.length)
    const reserved = /^.(true|false|null)$/.exec(text)?.[1]
    const message = reserved === undefined
      ? `no viable alternative at input ${start.kind === "<EOF>" ? "'<EOF>'" : quoted(text)}`
      : `mismatched input '${reserved}' expecting IDENTIFIER`
    throw new RuleBroken(site, last.offset, message)
  }

  private mismatch(site: object, kinds: ReadonlySet<TokenKind>): RuleBroken {
    return new RuleBroken(site, this.token.offset, `mismatched input ${quoted(this.token.text)} expecting ${listed(kinds)}`)
  }

  private dropUnwanted(expected: ReadonlySet<TokenKind>): void {
    this.complain(this.token.offset, `extraneous input ${quoted(this.token.text)} expecting ${listed(expected)}`)
    this.consume()
    this.fine()
  }

  private complain(offset: number, message: string): void {
    if (this.recovering) return
    this.recovering = true
    this.problems.report(offset, `Syntax error: ${message}`)
  }

  private fine(): void {
    this.recovering = false
    this.errorSites.clear()
    this.lastErrorAt = -1
  }

  private consume(): void {
    if (this.position < this.tokens.length - 1) this.position++
  }

  private mayFollow(kind: TokenKind, after: Follow): boolean {
    if (after.kinds.has(kind)) return true
    if (!after.mayEnd) return false
    for (const follow of this.follows.toReversed()) {
      if (follow.kinds.has(kind)) return true
      if (!follow.mayEnd) return false
    }
    return kind === "<EOF>"
  }

  private countRecovery(): void {
    if (this.recoveries++ < mostRecoveries) return
    this.problems.report(this.token.offset, `Syntax error: error recovery attempt limit exceeded: ${mostRecoveries}`)
    throw new ReadingStopped()
  }

  private recover(site: object): void {
    this.countRecovery()
    if (this.lastErrorAt === this.position && this.errorSites.has(site)) this.consume()
    this.lastErrorAt = this.position
    this.errorSites.add(site)
    const fitting = new Set(this.follows.flatMap((follow) => [...follow.kinds]))
    const start = this.position
    while (this.kind !== "<EOF>" && !fitting.has(this.kind)) {
      if (this.position - start >= farthestRecovery) {
        this.problems.report(nowhere, `error recovery token lookahead limit exceeded: ${farthestRecovery}`)
        throw new ReadingStopped()
      }
      this.consume()
    }
  }
}
