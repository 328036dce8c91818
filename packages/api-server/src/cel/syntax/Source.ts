/** The text of an expression and what is wrong with it. */

/** A problem at a place of the text; -1 stands for no place. */
export interface Problem {
  readonly offset: number
  readonly message: string
}

/** How many problems of one expression are told. */
const maxProblems = 100
const maxLine = 16_384

/** What a problem at no place of the text has as offset. */
export const nowhere = -1

/** Collects the problems of an expression and shows them beneath its lines. */
export class Problems {
  readonly text: string
  readonly found: Array<Problem> = []
  private reported = 0

  constructor(text: string) {
    this.text = text
  }

  get any(): boolean {
    return this.reported > 0
  }

  report(offset: number, message: string): void {
    this.reported++
    if (this.reported <= maxProblems) this.found.push({ offset, message })
  }

  /** All problems in the order of their places, as the compiler prints them. */
  display(): string {
    const ordered = this.found.toSorted((left, right) => left.offset - right.offset)
    const lines = ordered.map((problem) => displayProblem(this.text, problem))
    if (this.reported > maxProblems) lines.push(`${this.reported - maxProblems} more errors were truncated`)
    return lines.join("\n")
  }
}

const displayProblem = (text: string, { message, offset }: Problem): string => {
  if (offset === nowhere) return `ERROR: <input>:-1:0: ${message}`
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf("\n") + 1
  const line = before.split("\n").length
  const column = [...before.slice(lineStart)].length
  const title = `ERROR: <input>:${line}:${column + 1}: ${message}`
  const lineEnd = text.indexOf("\n", lineStart)
  const snippet = text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).replaceAll("\t", " ")
  if (snippet.length > maxLine) return title
  const characters = [...snippet]
  const dots = characters.slice(0, column).map((character) => (isWide(character) ? "．" : "."))
  return `${title}\n | ${snippet}\n | ${dots.join("")}${isWide(characters[column] ?? "") ? "＾" : "^"}`
}

const isWide = (character: string): boolean => (character.codePointAt(0) ?? 0) > 0x7f
