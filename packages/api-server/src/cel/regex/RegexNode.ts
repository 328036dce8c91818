/** Regular expressions in Go's syntax (RE2) as trees. */

/** What must hold at a place, without taking a character. */
export type Assertion = "textStart" | "textEnd" | "lineStart" | "lineEnd" | "word" | "notWord"

/** One expression. */
export type RegexNode =
  | { readonly kind: "empty" }
  /** One character out of a set; `source` is an ECMAScript class, matched regardless of case if `fold`. */
  | { readonly kind: "set"; readonly source: string; readonly fold: boolean }
  | { readonly kind: "assert"; readonly what: Assertion }
  | { readonly kind: "sequence"; readonly parts: ReadonlyArray<RegexNode> }
  | { readonly kind: "choice"; readonly parts: ReadonlyArray<RegexNode> }
  /** `max` is `Infinity` for no bound. */
  | { readonly kind: "repeat"; readonly of: RegexNode; readonly min: number; readonly max: number; readonly lazy: boolean }

/** Thrown for a text that is no regular expression, with Go's message. */
export class RegexSyntaxError extends Error {
  override readonly name = "RegexSyntaxError"

  constructor(problem: string, text: string) {
    super(`error parsing regexp: ${problem}: \`${text}\``)
  }
}
