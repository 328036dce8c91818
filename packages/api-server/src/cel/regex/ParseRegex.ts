/** Reads regular expressions in Go's syntax, with Go's errors. */
import { codeSource, complement, perlSets, posixSets, rangesSource, unicodeSource } from "./CharacterSets.ts"
import { type RegexNode, RegexSyntaxError } from "./RegexNode.ts"

/** Parses an expression; throws `RegexSyntaxError`. */
export const parseRegex = (text: string): RegexNode => new RegexParser(text).parse()

interface Flags {
  readonly fold: boolean
  readonly dotAll: boolean
  readonly lines: boolean
  readonly ungreedy: boolean
}

const noFlags: Flags = { fold: false, dotAll: false, lines: false, ungreedy: false }

const repeatMax = 1000
const depthMax = 1000

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }

class RegexParser {
  private readonly text: string
  private at = 0
  private depth = 0
  private flags = noFlags

  constructor(text: string) {
    this.text = text
  }

  parse(): RegexNode {
    const node = this.choice()
    if (this.at < this.text.length) throw new RegexSyntaxError("unexpected )", this.text)
    return node
  }

  private choice(): RegexNode {
    const parts = [this.sequence()]
    while (this.text[this.at] === "|") {
      this.at++
      parts.push(this.sequence())
    }
    return parts.length === 1 ? parts[0]! : { kind: "choice", parts }
  }

  private sequence(): RegexNode {
    const parts: Array<RegexNode> = []
    while (this.at < this.text.length && this.text[this.at] !== "|" && this.text[this.at] !== ")") {
      const start = this.at
      if ("*+?".includes(this.text[start]!)) throw new RegexSyntaxError("missing argument to repetition operator", this.text[start]!)
      const counted = this.count()
      if (counted !== undefined) throw new RegexSyntaxError("missing argument to repetition operator", this.text.slice(start, this.at))
      const atom = this.atom()
      if (atom !== undefined) parts.push(this.repeats(atom))
    }
    return parts.length === 0 ? { kind: "empty" } : parts.length === 1 ? parts[0]! : { kind: "sequence", parts }
  }

  /** `*`, `+`, `?` and counts behind an atom. */
  private repeats(atom: RegexNode): RegexNode {
    const start = this.at
    const bounds = this.repeat()
    if (bounds === undefined) return atom
    const lazy = this.text[this.at] === "?"
    if (lazy) this.at++
    const node: RegexNode = { kind: "repeat", of: atom, min: bounds[0], max: bounds[1], lazy: lazy !== this.flags.ungreedy }
    const second = this.at
    if (this.repeat() !== undefined) {
      if (this.text[this.at] === "?") this.at++
      throw new RegexSyntaxError("invalid nested repetition operator", this.text.slice(start, Math.max(this.at, second)))
    }
    return node
  }

  private repeat(): readonly [number, number] | undefined {
    switch (this.text[this.at]) {
      case "*":
        this.at++
        return [0, Number.POSITIVE_INFINITY]
      case "+":
        this.at++
        return [1, Number.POSITIVE_INFINITY]
      case "?":
        this.at++
        return [0, 1]
      default:
        return this.count()
    }
  }

  /** `{2}`, `{2,}`, `{2,5}`; braces around anything else are plain characters. */
  private count(): readonly [number, number] | undefined {
    const found = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.text.slice(this.at, this.at + 30))
    if (found === null || /^0\d/.test(found[1]!) || /^0\d/.test(found[3] ?? "")) return undefined
    const min = Number(found[1])
    const max = found[2] === undefined ? min : found[3] === "" ? Number.POSITIVE_INFINITY : Number(found[3])
    if (min > repeatMax || max < min || (max > repeatMax && max !== Number.POSITIVE_INFINITY)) {
      throw new RegexSyntaxError("invalid repeat count", found[0])
    }
    this.at += found[0].length
    return [min, max]
  }

  /** One thing that can be repeated; `undefined` for flags that only change what follows. */
  private atom(): RegexNode | undefined {
    const char = this.text[this.at]!
    switch (char) {
      case "(":
        return this.group()
      case "[":
        return this.set(this.charClass())
      case ".":
        this.at++
        return this.set(this.flags.dotAll ? "[^]" : "[^\\n]")
      case "^":
        this.at++
        return { kind: "assert", what: this.flags.lines ? "lineStart" : "textStart" }
      case "$":
        this.at++
        return { kind: "assert", what: this.flags.lines ? "lineEnd" : "textEnd" }
      case "\\":
        return this.escape()
      default:
        return this.literal(this.next())
    }
  }

  private set(source: string): RegexNode {
    return { kind: "set", source, fold: this.flags.fold }
  }

  private literal(code: number): RegexNode {
    return this.set(`[${codeSource(code)}]`)
  }

  private next(): number {
    const code = this.text.codePointAt(this.at)!
    this.at += code > 0xffff ? 2 : 1
    return code
  }

  private group(): RegexNode | undefined {
    const outer = this.flags
    if (this.text.startsWith("(?", this.at)) {
      const named = /^\(\?P?<([^>]*)>/.exec(this.text.slice(this.at))
      if (named !== null && !/^\(\?<[=!]/.test(named[0])) {
        if (!/^\w+$/.test(named[1]!)) throw new RegexSyntaxError("invalid named capture", named[0])
        this.at += named[0].length
      } else if (!this.flagGroup()) return undefined
    } else this.at++
    if (++this.depth > depthMax) throw new RegexSyntaxError("expression nests too deeply", this.text)
    const inner = this.choice()
    this.depth--
    if (this.text[this.at] !== ")") throw new RegexSyntaxError("missing closing )", this.text)
    this.at++
    this.flags = outer
    return inner
  }

  /** `(?i)` and `(?i:`; true if a group opens. */
  private flagGroup(): boolean {
    const start = this.at
    if (/^\(\?P?<(?![=!])/.test(this.text.slice(start))) throw new RegexSyntaxError("invalid named capture", this.text.slice(start))
    let flags = this.flags
    let value = true
    let any = false
    for (this.at += 2; this.at < this.text.length;) {
      const char = String.fromCodePoint(this.next())
      const name = flagNames[char]
      if (name !== undefined) {
        flags = { ...flags, [name]: value }
        any = true
      } else if (char === "-" && value) {
        value = false
        any = false
      } else if (char === ":" || char === ")") {
        if (!value && !any) break
        this.flags = flags
        return char === ":"
      } else break
    }
    if (this.at >= this.text.length && /^\(\?[a-zA-Z-]*$/.test(this.text.slice(start))) throw new RegexSyntaxError("missing closing )", this.text)
    throw new RegexSyntaxError("invalid or unsupported Perl syntax", this.text.slice(start, this.at))
  }

  private escape(): RegexNode {
    const char = this.text[this.at + 1]
    if (char === undefined) throw new RegexSyntaxError("trailing backslash at end of expression", "")
    const what = ({ A: "textStart", z: "textEnd", b: "word", B: "notWord" } as const)[char]
    if (what !== undefined) {
      this.at += 2
      return { kind: "assert", what }
    }
    if (char === "Q") return this.quoted()
    const set = this.escapedSet()
    return set === undefined ? this.literal(this.escapedCode()) : this.set(`[${set}]`)
  }

  /** `\Q…\E`: plain text. */
  private quoted(): RegexNode {
    const end = this.text.indexOf("\\E", this.at + 2)
    const plain = this.text.slice(this.at + 2, end < 0 ? undefined : end)
    this.at = end < 0 ? this.text.length : end + 2
    const parts = [...plain].map((char) => this.literal(char.codePointAt(0)!))
    return { kind: "sequence", parts }
  }

  /** `\d`, `\pL`, `\p{Greek}` as the inside of a class; `undefined` if no such escape stands here. */
  private escapedSet(): string | undefined {
    const char = this.text[this.at + 1]!
    const perl = Object.hasOwn(perlSets, char) ? perlSets[char] : undefined
    if (perl !== undefined) {
      this.at += 2
      return rangesSource(perl)
    }
    if (char !== "p" && char !== "P") return undefined
    const found = /^\\[pP](?:\{(\^?)([^}]*)\}|([^{]))/u.exec(this.text.slice(this.at))
    const name = found?.[2] ?? found?.[3] ?? ""
    const source = found === null ? undefined : unicodeSource(name, (char === "P") !== (found[1] === "^"))
    if (source === undefined) throw new RegexSyntaxError("invalid character class range", found?.[0] ?? this.text.slice(this.at))
    this.at += found![0].length
    return source
  }

  private escapedCode(): number {
    const rest = this.text.slice(this.at)
    if (rest.length < 2) throw new RegexSyntaxError("trailing backslash at end of expression", "")
    const hex = /^\\x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/.exec(rest)
    const octal = /^\\(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)
    const control = controls[rest[1]!]
    if (hex !== null && Number.parseInt((hex[1] ?? hex[2])!, 16) <= 0x10ffff) {
      this.at += hex[0].length
      return Number.parseInt((hex[1] ?? hex[2])!, 16)
    }
    if (octal !== null) {
      this.at += octal[0].length
      return Number.parseInt(octal[0].slice(1), 8)
    }
    const char = String.fromCodePoint(rest.codePointAt(1)!)
    if (control === undefined && !/^[!-/:-@[-`{-~]$/.test(char)) throw new RegexSyntaxError("invalid escape sequence", hexStart(rest) ?? rest.slice(0, 1 + char.length))
    this.at += 1 + char.length
    return control ?? char.codePointAt(0)!
  }

  private charClass(): string {
    const start = this.at++
    const negated = this.text[this.at] === "^"
    if (negated) this.at++
    let inside = ""
    for (let first = true; first || this.text[this.at] !== "]"; first = false) {
      if (this.at >= this.text.length) throw new RegexSyntaxError("missing closing ]", this.text.slice(start))
      inside += this.classItem(start)
    }
    this.at++
    return `[${negated ? "^" : ""}${inside}]`
  }

  private classItem(start: number): string {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.text.slice(this.at, this.at + 20))
    if (posix !== null) {
      const ranges = posixSets.get(posix[2]!)
      if (ranges === undefined) throw new RegexSyntaxError("invalid character class range", posix[0])
      this.at += posix[0].length
      return rangesSource(posix[1] === "^" ? complement(ranges) : ranges)
    }
    if (this.text[this.at] === "\\" && this.at + 1 < this.text.length) {
      const set = this.escapedSet()
      if (set !== undefined) return set
    }
    const from = this.at
    const low = this.classCode(start)
    if (this.text[this.at] !== "-" || this.text[this.at + 1] === "]" || this.at + 1 >= this.text.length) return codeSource(low)
    this.at++
    const high = this.classCode(start)
    if (high < low) throw new RegexSyntaxError("invalid character class range", this.text.slice(from, this.at))
    return rangesSource([[low, high]])
  }

  private classCode(start: number): number {
    if (this.at >= this.text.length) throw new RegexSyntaxError("missing closing ]", this.text.slice(start))
    return this.text[this.at] === "\\" ? this.escapedCode() : this.next()
  }
}

const flagNames: Readonly<Record<string, keyof Flags>> = { i: "fold", s: "dotAll", m: "lines", U: "ungreedy" }

/** How much of a broken `\x…` Go shows. */
const hexStart = (rest: string): string | undefined => /^\\x(?:\{[0-9a-fA-F]*[^}]?|[0-9a-fA-F]?.?)/u.exec(rest)?.[0]
