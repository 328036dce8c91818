/** Cuts a label selector into words and signs. */

const signs = new Set([")", ",", "!", "==", "=", ">", "<", "!=", "("] as const)
type Sign = typeof signs extends Set<infer A> ? A : never

/** One word or sign; `in` and `notin` count as words where a value is expected. */
export interface Token {
  readonly kind: "identifier" | "in" | "notin" | "end" | "error" | Sign
  readonly text: string
}

const isSpace = (char: string): boolean => char === " " || char === "\t" || char === "\r" || char === "\n"
const isSign = (char: string): boolean => "=!(),><".includes(char)

/** Reads tokens one by one. */
export class SelectorLexer {
  private readonly tokens: ReadonlyArray<Token>
  private position = 0

  constructor(text: string) {
    this.tokens = scan(text)
  }

  peek(context: "values" | "operator"): Token {
    return inContext(this.tokens[this.position] ?? end, context)
  }

  take(context: "values" | "operator"): Token {
    const token = this.peek(context)
    this.position++
    return token
  }
}

const end: Token = { kind: "end", text: "" }

const inContext = (token: Token, context: "values" | "operator"): Token =>
  context === "values" && (token.kind === "in" || token.kind === "notin") ? { kind: "identifier", text: token.text } : token

const scan = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    if (isSpace(char)) at++
    else if (isSign(char)) {
      const token = longestSign(text, at)
      tokens.push(token)
      at += token.text.length
    } else {
      const start = at
      while (at < text.length && !isSpace(text[at]!) && !isSign(text[at]!)) at++
      const word = text.slice(start, at)
      tokens.push({ kind: word === "in" || word === "notin" ? word : "identifier", text: word })
    }
  }
  return tokens
}

const longestSign = (text: string, at: number): Token => {
  const two = text.slice(at, at + 2)
  const sign = (signs as ReadonlySet<string>).has(two) ? two : text[at]!
  return { kind: sign as Sign, text: sign }
}
