/** Writes values as YAML exactly as the original's library does: which strings are quoted and how, where long lines break, how keys are ordered. */

const lineWidth = 80

/** A value of JSON as YAML text. */
export const yamlText = (value: unknown): string => {
  const text = new YamlWriter()
  text.value(value, 0, 0)
  return text.finish()
}

const isEmptyList = (value: unknown): value is ReadonlyArray<never> => Array.isArray(value) && value.length === 0

class YamlWriter {
  #text = ""
  /** Characters since the last line break. */
  #column = 0

  finish(): string {
    return `${this.#text}\n`
  }

  /** `indent` is that of the line the value stands in, `listIndent` that of the dashes of a list. */
  value(value: unknown, indent: number, listIndent: number): void {
    if (typeof value === "string") this.#string(value, indent)
    else if (isEmptyList(value)) this.#put("[]")
    else if (Array.isArray(value)) this.#list(value, listIndent)
    else if (typeof value === "object" && value !== null) this.#map(value as Readonly<Record<string, unknown>>, indent)
    else this.#put(String(value))
  }

  #list(list: ReadonlyArray<unknown>, indent: number): void {
    list.forEach((item, i) => {
      if (i > 0) this.#line(indent)
      this.#put("- ")
      this.value(item, indent + 2, indent + 2)
    })
  }

  #map(map: Readonly<Record<string, unknown>>, indent: number): void {
    const keys = Object.keys(map).filter((key) => map[key] !== undefined).sort(byNature)
    if (keys.length === 0) return this.#put("{}")
    keys.forEach((key, i) => {
      if (i > 0) this.#line(indent)
      const value = map[key]
      this.#key(key, indent)
      if (isNested(value)) {
        this.#line(Array.isArray(value) ? indent : indent + 2)
        this.value(value, indent + 2, indent)
      } else {
        this.#put(" ")
        this.value(value, indent + 2, indent)
      }
    })
  }

  #key(key: string, indent: number): void {
    const isSimple = !key.includes("\n") && new TextEncoder().encode(key).length <= 128
    if (isSimple) {
      this.#scalar(key, indent, false)
      this.#put(":")
      return
    }
    this.#put("? ")
    this.#scalar(key, indent + 2, true)
    this.#line(indent)
    this.#put(":")
  }

  #string(value: string, indent: number): void {
    this.#scalar(value, indent, true)
  }

  #scalar(value: string, indent: number, mayBreak: boolean): void {
    const style = styleOf(value, mayBreak)
    if (style === "literal") return this.#literal(value, indent)
    if (style === "plain") return this.#words(value, indent, mayBreak, false)
    const quote = style === "single" ? "'" : '"'
    this.#put(quote)
    if (style === "single") this.#words(value.replaceAll("'", "''"), indent, mayBreak, true)
    else this.#words(escaped(value), indent, mayBreak, true, value)
    this.#put(quote)
  }

  /** Breaks a line at the first single space behind its width. */
  #words(text: string, indent: number, mayBreak: boolean, isQuoted: boolean, raw = text): void {
    if (text.includes("\n")) return this.#paragraphs(text, indent)
    let start = 0
    for (let i = 0; mayBreak && i < text.length; i++) {
      if (text[i] !== " " || this.#column + (i - start) <= lineWidth || text[i - 1] === " ") continue
      if (isQuoted && (i === 0 || i === text.length - 1)) continue
      const nextIsSpace = text[i + 1] === " "
      if (nextIsSpace && raw === text) continue
      this.#put(text.slice(start, i))
      this.#line(indent)
      if (nextIsSpace) this.#put("\\")
      start = i + 1
    }
    this.#put(text.slice(start))
  }

  /** Line breaks within single quotes are doubled. */
  #paragraphs(text: string, indent: number): void {
    text.split("\n").forEach((line, i, all) => {
      if (i > 0) this.#text += i === 1 || all[i - 1] !== "" ? "\n\n" : "\n"
      if (line === "") return
      this.#column = 0
      if (i > 0) this.#put(" ".repeat(indent))
      this.#put(line)
    })
  }

  #literal(value: string, indent: number): void {
    const indentHint = /^[ \n]/.test(value) ? "2" : ""
    const chomp = !value.endsWith("\n") ? "-" : value === "\n" || value.endsWith("\n\n") ? "+" : ""
    this.#put(`|${indentHint}${chomp}`)
    const lines = (value.endsWith("\n") ? value.slice(0, -1) : value).split("\n")
    const depth = Math.max(indent, 2)
    for (const line of lines) this.#text += line === "" ? "\n" : `\n${" ".repeat(depth)}${line}`
    this.#column = lineWidth
  }

  #line(indent: number): void {
    this.#text += `\n${" ".repeat(indent)}`
    this.#column = indent
  }

  #put(text: string): void {
    this.#text += text
    this.#column += text.length
  }
}

const isNested = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !isEmptyList(value) && (Array.isArray(value) || Object.values(value).some((item) => item !== undefined))

type Style = "plain" | "single" | "double" | "literal"

const styleOf = (value: string, mayBreak: boolean): Style => {
  const isMultiline = value.includes("\n")
  const isSpecial = [...value].some((char) => !isPrintable(char)) || / \n/.test(value)
  if (isMultiline) {
    if (!mayBreak || isSpecial || value.endsWith(" ")) return "double"
    return "literal"
  }
  if (looksTyped(value)) return "double"
  if (isSpecial) return "double"
  return isPlain(value) ? "plain" : "single"
}

const isPrintable = (char: string): boolean => {
  const code = char.codePointAt(0)!
  if (code < 0x20) return code === 0x0a
  if (code < 0x7f) return true
  return code === 0x85 || (code >= 0xa0 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff)
}

const isPlain = (value: string): boolean =>
  !/^(?:---|\.\.\.)|^[#,[\]{}&*!|>'"%@`]|^[?:-](?:[ \t\n]|$)|^ | $|:(?:[ \t\n]|$)|[ \t\n]#/.test(value)

const words = new Set(["", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN"])
for (const word of ["y", "yes", "on", "true", "n", "no", "off", "false"]) {
  words.add(word).add(word.toUpperCase()).add(word[0]!.toUpperCase() + word.slice(1))
}
for (const sign of ["", "+", "-"]) for (const infinity of [".inf", ".Inf", ".INF"]) words.add(sign + infinity)

const number = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const integer = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/
const date = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?)?$/
const sexagesimal = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/

/** Whether a plain text would be read as something else than a text. */
const looksTyped = (value: string): boolean => {
  if (words.has(value)) return true
  if (!/^[-+.0-9]/.test(value)) return false
  if (sexagesimal.test(value)) return true
  const plain = value.startsWith(".") ? value : value.replaceAll("_", "")
  return number.test(plain) || integer.test(plain) || date.test(value)
}

const escapes: Readonly<Record<string, string>> = {
  "\0": "0", "\x07": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e", '"': '"', "\\": "\\",
  "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P"
}

const escaped = (value: string): string =>
  [...value].map((char) => {
    const code = char.codePointAt(0)!
    const isBreak = code === 0x0a || code === 0x0d || code === 0x85 || code === 0x2028 || code === 0x2029
    if (isPrintable(char) && !isBreak && char !== '"' && char !== "\\") return char
    const short = escapes[char]
    if (short !== undefined) return `\\${short}`
    const hex = code.toString(16).toUpperCase()
    return code <= 0xff ? `\\x${hex.padStart(2, "0")}` : code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`
  }).join("")

const isLetter = (char: string): boolean => /\p{L}/u.test(char)
const isDigit = (char: string | undefined): boolean => char !== undefined && /[0-9]/.test(char)

/** Keys in natural order: letters after other signs, numbers by their value. */
const byNature = (a: string, b: string): number => {
  if (a === b) return 0
  const [left, right] = [[...a], [...b]]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [x, y] = [left[i]!, right[i]!]
    if (x === y) continue
    if (isLetter(x) && isLetter(y)) return x < y ? -1 : 1
    if (isLetter(x) || isLetter(y)) return isLetter(y) ? -1 : 1
    return byNumber(left, right, i) || (x < y ? -1 : 1)
  }
  return left.length - right.length
}

const byNumber = (left: ReadonlyArray<string>, right: ReadonlyArray<string>, at: number): number => {
  const digits = (chars: ReadonlyArray<string>): string => {
    let end = at
    while (isDigit(chars[end])) end++
    return chars.slice(at, end).join("")
  }
  let prefix = ""
  if (left[at] === "0" || right[at] === "0") {
    for (let i = at - 1; i >= 0 && isDigit(left[i]); i--) if (left[i] !== "0") prefix = "1"
  }
  const [a, b] = [digits(left), digits(right)]
  return Number(prefix + a) - Number(prefix + b) || a.length - b.length
}
