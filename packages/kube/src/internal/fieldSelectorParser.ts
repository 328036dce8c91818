/** The grammar of field selectors. */
import { Result } from "effect"
import type { FieldRequirement, SelectorReason } from "../Selector.ts"

/** The terms of a selector, sorted as Kubernetes sorts them; empty ones are skipped. */
export const parseFieldTerms = (text: string): Result.Result<ReadonlyArray<FieldRequirement>, SelectorReason> => {
  const requirements: Array<FieldRequirement> = []
  for (const term of splitTerms(text).sort()) {
    if (term === "") continue
    // The first operator counts, and a longer one before its own part.
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term)
    if (match === null) return Result.fail({ _tag: "InvalidTerm", text, term })
    const value = unescape(match[3]!)
    if (Result.isFailure(value)) return Result.fail(value.failure)
    requirements.push({ field: match[1]!, operator: match[2] === "!=" ? "!=" : "=", value: value.success })
  }
  return Result.succeed(requirements)
}

/** Splits at the commas that no backslash stands before. */
const splitTerms = (text: string): Array<string> => {
  const terms: Array<string> = []
  let start = 0
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "\\") index++
    else if (text[index] === ",") {
      terms.push(text.slice(start, index))
      start = index + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

const unescape = (text: string): Result.Result<string, SelectorReason> => {
  let value = ""
  const characters = Array.from(text)
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index]!
    if (character === "\\") {
      const escaped = characters[++index]
      if (escaped !== "\\" && escaped !== "," && escaped !== "=") {
        return Result.fail({ _tag: "InvalidEscape", sequence: `\\${escaped ?? ""}` })
      }
      value += escaped
    } else if (character === "," || character === "=") {
      return Result.fail({ _tag: "UnescapedCharacter", character })
    } else value += character
  }
  return Result.succeed(value)
}
