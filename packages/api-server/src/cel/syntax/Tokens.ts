/** Cuts the text of an expression into tokens. */
import type { Problems } from "./Source.ts"

/** Names of all kinds of tokens, in the order in which lists of expected tokens show them. */
export const tokenKinds = [
  "<EOF>", "'=='", "'!='", "'in'", "'<'", "'<='", "'>='", "'>'", "'&&'", "'||'", "'['", "']'", "'{'", "'}'", "'('", "')'", "'.'", "','", "'-'",
  "'!'", "'?'", "':'", "'+'", "'*'", "'/'", "'%'", "'true'", "'false'", "'null'", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING", "BYTES",
  "IDENTIFIER", "ESC_IDENTIFIER"
] as const

/** A kind of word. */
export type TokenKind = (typeof tokenKinds)[number]

/** One word of an expression. */
export interface Token {
  readonly kind: TokenKind
  readonly offset: number
  readonly text: string
}

const escape = String.raw`\\(?:[abfnrtv"'\\?${"`"}]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`
const texts = [
  `"""(?:${escape}|[^\\\\])*?"""`,
  `'''(?:${escape}|[^\\\\])*?'''`,
  `"(?:${escape}|[^\\\\"\\n\\r])*"`,
  `'(?:${escape}|[^\\\\'\\n\\r])*'`,
  `[rR]"""[^]*?"""`,
  `[rR]'''[^]*?'''`,
  `[rR]"[^"\\n\\r]*"`,
  `[rR]'[^'\\n\\r]*'`
].join("|")

const pattern = (source: string): RegExp => new RegExp(source, "uy")
const hidden = pattern(String.raw`(?:[\t \r\n\f]+|//[^\n]*)+`)
const string = pattern(texts)
const bytes = pattern(`[bB](?:${texts})`)
const number = pattern(String.raw`(\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|((?:0x[0-9a-fA-F]+|\d+)[uU])|(0x[0-9a-fA-F]+|\d+)`)
const name = pattern("[A-Za-z_][A-Za-z0-9_]*")
const escapedName = pattern("`[A-Za-z0-9_./ -]+`")
const sign = pattern(String.raw`==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]`)
/** How far unfinished tokens are read before they are given up. */
const unfinished = pattern(
  `[bB]?(?:[rR]?(?:"""[^]*|'''[^]*)|[rR](?:"[^"\\n\\r]*|'[^'\\n\\r]*)|"(?:${escape}|[^\\\\"\\n\\r])*|'(?:${escape}|[^\\\\'\\n\\r])*)\\\\?` +
    "|`[A-Za-z0-9_./ -]*|[&|=]"
)
const words: ReadonlySet<string> = new Set(["in", "true", "false", "null"])

/** The tokens of the text; characters that belong to none are reported and left out. */
export const tokensOf = (text: string, problems: Problems): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let offset = 0
  const at = (wanted: RegExp): RegExpExecArray | null => {
    wanted.lastIndex = offset
    return wanted.exec(text)
  }
  const take = (kind: TokenKind, found: string): void => {
    tokens.push({ kind, offset, text: found })
    offset += found.length
  }
  while (offset < text.length) {
    const blank = at(hidden)
    if (blank !== null) {
      offset += blank[0].length
      continue
    }
    const found = longest(at)
    if (found !== undefined) take(...found)
    else {
      const start = offset
      offset += at(unfinished)?.[0].length ?? 0
      offset += String.fromCodePoint(text.codePointAt(offset) ?? 0).length
      problems.report(start, `Syntax error: token recognition error at: '${text.slice(start, offset)}'`)
    }
  }
  tokens.push({ kind: "<EOF>", offset: text.length, text: "<EOF>" })
  return tokens
}

const longest = (at: (wanted: RegExp) => RegExpExecArray | null): [TokenKind, string] | undefined => {
  const quoted = at(bytes)
  if (quoted !== null) return ["BYTES", quoted[0]]
  const literal = at(string)
  if (literal !== null) return ["STRING", literal[0]]
  const named = at(name)
  if (named !== null) return [words.has(named[0]) ? (`'${named[0]}'` as TokenKind) : "IDENTIFIER", named[0]]
  const numeral = at(number)
  if (numeral !== null) return [numeral[1] !== undefined ? "NUM_FLOAT" : numeral[2] !== undefined ? "NUM_UINT" : "NUM_INT", numeral[0]]
  const escaped = at(escapedName)
  if (escaped !== null) return ["ESC_IDENTIFIER", escaped[0]]
  const signed = at(sign)
  return signed === null ? undefined : [`'${signed[0]}'` as TokenKind, signed[0]]
}
