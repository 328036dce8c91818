/** Regular expressions with the meaning that Go gives them: they take time linear in the text wherever that matters. */
import { LinearMatcher, matchesLinearly } from "./LinearMatcher.ts"
import { parseRegex } from "./ParseRegex.ts"
import type { RegexNode } from "./RegexNode.ts"

/** A compiled expression. */
export interface GoRegex {
  /** Whether the text contains a match. */
  readonly test: (text: string) => boolean
  /** The first match; `undefined` if there is none. */
  readonly find: (text: string) => string | undefined
  /** All matches that do not overlap, at most `limit` of them. */
  readonly findAll: (text: string, limit: number) => ReadonlyArray<string>
}

const compiled = new Map<string, GoRegex>()
const compiledMax = 2000

/** Compiles an expression, or gives the one compiled before; throws `RegexSyntaxError`. */
export const goRegex = (text: string): GoRegex => {
  let regex = compiled.get(text)
  if (regex === undefined) {
    regex = compileRegex(parseRegex(text))
    if (compiled.size >= compiledMax) compiled.clear()
    compiled.set(text, regex)
  }
  return regex
}

const [matchedMax, matchedLengthMax] = [256, 64]

/** Remembers the short texts that last matched: reasons and names come again and again, and matching them takes ten times as long. */
const remembering = (test: (text: string) => boolean): ((text: string) => boolean) => {
  const matched = new Set<string>()
  return (text) => {
    if (matched.has(text)) return true
    if (!test(text)) return false
    if (matched.size >= matchedMax) matched.clear()
    if (text.length <= matchedLengthMax) matched.add(text)
    return true
  }
}

const compileRegex = (node: RegexNode): GoRegex => {
  const source = sourceOf(node)
  const once = new RegExp(source, "u")
  return {
    test: nests(node) && matchesLinearly(node) ? remembering(new LinearMatcher(node).test) : (text) => once.test(text),
    find: (text) => once.exec(text)?.[0],
    findAll: (text, limit) => {
      const found: Array<string> = []
      let end = -1
      for (const match of text.matchAll(new RegExp(source, "gu"))) {
        if (limit >= 0 && found.length >= limit) break
        // As Go has it, an empty match right behind another match does not count.
        if (match[0] !== "" || match.index !== end) found.push(match[0])
        end = match.index + match[0].length
      }
      return found
    }
  }
}

/** Whether a repetition without end stands in another one: ECMAScript's matcher may then take exponential time. */
const nests = (node: RegexNode, inside = false): boolean => {
  switch (node.kind) {
    case "repeat": {
      const endless = node.max === Number.POSITIVE_INFINITY
      return (inside && endless) || nests(node.of, inside || endless)
    }
    case "sequence":
    case "choice":
      return node.parts.some((part) => nests(part, inside))
    default:
      return false
  }
}

const assertions = {
  textStart: "^", textEnd: "$", lineStart: "(?:^|(?<=\\n))", lineEnd: "(?=\\n|$)", word: "\\b", notWord: "\\B"
} as const

const sourceOf = (node: RegexNode): string => {
  switch (node.kind) {
    case "empty":
      return ""
    case "set":
      return node.fold ? `(?i:${node.source})` : node.source
    case "assert":
      return assertions[node.what]
    case "sequence":
      return node.parts.map((part) => (part.kind === "choice" ? `(?:${sourceOf(part)})` : sourceOf(part))).join("")
    case "choice":
      return node.parts.map(sourceOf).join("|")
    default:
      return `(?:${sourceOf(node.of)})${bounds(node.min, node.max)}${node.lazy ? "?" : ""}`
  }
}

const bounds = (min: number, max: number): string => {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`
  return min === 0 && max === 1 ? "?" : `{${min},${max}}`
}
