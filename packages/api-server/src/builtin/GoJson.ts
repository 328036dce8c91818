/**
 * Reads JSON text the way Go's decoder does: every member in document order, numbers as they were written, and syntax
 * errors in its words. Slow and exact; `JSON.parse` does the work wherever nothing is wrong.
 */

/** A JSON value as it stands in the document. */
export type GoValue =
  | { readonly kind: "object"; readonly members: ReadonlyArray<readonly [string, GoValue]> }
  | { readonly kind: "array"; readonly items: ReadonlyArray<GoValue> }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "null" }

/** Why a text is not JSON, as Go says it. */
export class GoSyntaxError extends Error {}

const quoteChar = (char: string): string => {
  if (char === "'") return "'\\''"
  if (char === "\"") return "'\"'"
  return `'${JSON.stringify(char).slice(1, -1)}'`
}

class Reader {
  at = 0
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  fail(context: string): never {
    const char = this.text[this.at]
    throw new GoSyntaxError(char === undefined ? "unexpected end of JSON input" : `invalid character ${quoteChar(char)} ${context}`)
  }

  space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.at++
    }
  }

  value(depth: number): GoValue {
    if (depth > 10_000) throw new GoSyntaxError("exceeded max depth")
    this.space()
    const char = this.text[this.at]
    if (char === "{") return this.object(depth)
    if (char === "[") return this.array(depth)
    if (char === "\"") return { kind: "string", value: this.string() }
    if (char === "t") return this.literal("true", { kind: "bool", value: true })
    if (char === "f") return this.literal("false", { kind: "bool", value: false })
    if (char === "n") return this.literal("null", { kind: "null" })
    if (char === "-" || (char !== undefined && char >= "0" && char <= "9")) return this.number()
    return this.fail("looking for beginning of value")
  }

  object(depth: number): GoValue {
    const members: Array<readonly [string, GoValue]> = []
    this.at++
    for (;;) {
      this.space()
      if (members.length === 0 && this.text[this.at] === "}") break
      if (this.text[this.at] !== "\"") this.fail("looking for beginning of object key string")
      const key = this.string()
      this.space()
      if (this.text[this.at] !== ":") this.fail("after object key")
      this.at++
      members.push([key, this.value(depth + 1)])
      this.space()
      if (this.text[this.at] === "}") break
      if (this.text[this.at] !== ",") this.fail("after object key:value pair")
      this.at++
    }
    this.at++
    return { kind: "object", members }
  }

  array(depth: number): GoValue {
    const items: Array<GoValue> = []
    this.at++
    for (;;) {
      this.space()
      if (items.length === 0 && this.text[this.at] === "]") break
      items.push(this.value(depth + 1))
      this.space()
      if (this.text[this.at] === "]") break
      if (this.text[this.at] !== ",") this.fail("after array element")
      this.at++
    }
    this.at++
    return { kind: "array", items }
  }

  string(): string {
    const start = this.at++
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (Number.isNaN(code) || code < 32) this.fail("in string literal")
      if (code === 34) break
      this.at++
      if (code !== 92) continue
      const escaped = this.text[this.at] ?? ""
      if (escaped === "" || !"bfnrt\\/\"u".includes(escaped)) this.fail("in string escape code")
      this.at++
      for (let i = 0; escaped === "u" && i < 4; i++) {
        if (!/[0-9a-fA-F]/.test(this.text[this.at] ?? "")) this.fail("in \\u hexadecimal character escape")
        this.at++
      }
    }
    this.at++
    return JSON.parse(this.text.slice(start, this.at)) as string
  }

  literal(word: string, value: GoValue): GoValue {
    for (let i = 0; i < word.length; i++) {
      if (this.text[this.at] !== word[i]) this.fail(`in literal ${word} (expecting '${word[i]}')`)
      this.at++
    }
    return value
  }

  digits(): number {
    const start = this.at
    while (this.text.charCodeAt(this.at) >= 48 && this.text.charCodeAt(this.at) <= 57) this.at++
    return this.at - start
  }

  number(): GoValue {
    const start = this.at
    if (this.text[this.at] === "-") this.at++
    if (this.text[this.at] === "0") this.at++
    else if (this.digits() === 0) this.fail("in numeric literal")
    if (this.text[this.at] === ".") {
      this.at++
      if (this.digits() === 0) this.fail("after decimal point in numeric literal")
    }
    if (this.text[this.at] === "e" || this.text[this.at] === "E") {
      this.at++
      if (this.text[this.at] === "+" || this.text[this.at] === "-") this.at++
      if (this.digits() === 0) this.fail("in exponent of numeric literal")
    }
    return { kind: "number", text: this.text.slice(start, this.at) }
  }
}

/** Parses a whole text; throws `GoSyntaxError`. */
export const parse = (text: string): GoValue => {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.space()
  if (reader.at < text.length) reader.fail("after top-level value")
  return value
}

/** What Go says about a text that `JSON.parse` refuses; `undefined` if Go would take it. */
export const syntaxErrorOf = (text: string): string | undefined => {
  try {
    parse(text)
    return undefined
  } catch (error) {
    if (error instanceof GoSyntaxError) return error.message
    throw error
  }
}

/** What a quick look at a JSON text finds: how many object keys it has, and whether a number has a point or exponent. */
export interface TextFacts {
  readonly keys: number
  readonly fractions: boolean
}

/** Looks at a valid JSON text once, without building anything. */
export const factsOf = (text: string): TextFacts => {
  let keys = 0
  let fractions = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 34) {
      for (;;) {
        const end = text.indexOf("\"", i + 1)
        let slash = end
        while (text.charCodeAt(slash - 1) === 92) slash--
        i = end
        if (end < 0 || (end - slash) % 2 === 0) break
      }
      if (i < 0) break
    } else if (code === 58) keys++
    else if (code === 46) fractions = true
    else if (code === 69 || code === 101) {
      // The letter e also stands in true and false: only an exponent follows a digit.
      const before = text.charCodeAt(i - 1)
      if (before >= 48 && before <= 57) fractions = true
    }
  }
  return { keys, fractions }
}
