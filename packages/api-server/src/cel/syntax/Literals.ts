/** Reads the constants of expressions. */

/** Why a constant cannot be read. */
export class LiteralProblem {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?"
}

/** What stands between the quotes, and whether escapes are to be left alone. */
const unquoted = (token: string): { readonly text: string; readonly raw: boolean } => {
  const raw = token[0] === "r" || token[0] === "R"
  const quoted = (raw ? token.slice(1) : token).replaceAll(/\r\n?/g, "\n")
  const marks = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''")) ? 3 : 1
  return { text: quoted.slice(marks, -marks), raw }
}

const pieces = /\\([0-3][0-7]{2})|\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|\\([^])|([^\\]+)/gu

/** The text that a string token stands for. */
export const readString = (token: string): string | LiteralProblem => {
  const { raw, text } = unquoted(token)
  if (raw) return text
  let result = ""
  for (const [, octal, byte, short, long, simple, plain] of text.matchAll(pieces)) {
    if (plain !== undefined) result += plain
    else if (simple !== undefined) result += simpleEscapes[simple] ?? ""
    else {
      const code = octal === undefined ? Number.parseInt((byte ?? short ?? long)!, 16) : Number.parseInt(octal, 8)
      if (code > 0x10_ffff || (code >= 0xd800 && code < 0xe000)) return new LiteralProblem("invalid unicode code point")
      result += String.fromCodePoint(code)
    }
  }
  return result
}

/** The bytes that a bytes token stands for; the token comes without its `b`. */
export const readBytes = (token: string): Uint8Array | LiteralProblem => {
  const { raw, text } = unquoted(token)
  if (raw) return new TextEncoder().encode(text)
  const result: Array<number> = []
  for (const [, octal, byte, short, long, simple, plain] of text.matchAll(pieces)) {
    if (short !== undefined || long !== undefined) return new LiteralProblem("unable to unescape string")
    if (plain !== undefined) result.push(...new TextEncoder().encode(plain))
    else if (simple !== undefined) result.push((simpleEscapes[simple] ?? "\0").charCodeAt(0))
    else result.push(octal === undefined ? Number.parseInt(byte!, 16) : Number.parseInt(octal, 8))
  }
  return Uint8Array.from(result)
}

/** The number that an int token stands for. */
export const readInt = (token: string): bigint | LiteralProblem => {
  const value = token.startsWith("-") ? -BigInt(token.slice(1)) : BigInt(token)
  return BigInt.asIntN(64, value) === value ? value : new LiteralProblem("invalid int literal")
}

/** The number that a uint token stands for, its `u` included. */
export const readUint = (token: string): bigint | LiteralProblem => {
  const value = BigInt(token.slice(0, -1))
  return BigInt.asUintN(64, value) === value ? value : new LiteralProblem("invalid uint literal")
}

/** The number that a double token stands for. */
export const readDouble = (token: string): number | LiteralProblem => {
  const value = Number(token)
  return Number.isFinite(value) ? value : new LiteralProblem("invalid double literal")
}
