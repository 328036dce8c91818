/** Paths to fields in rules and selectable fields: `.spec.name`, `.labels['a.b']`. */
import type { Structural } from "./Structural.ts"

/** Where a path leads. */
export interface FieldPath {
  /** The path as it stands in field errors. */
  readonly text: string
  readonly first: string
  readonly schema: Structural | undefined
}

/** Follows a path through a schema; gives the reason as a text if it leads nowhere. */
export const followPath = (path: string, root: Structural, allowsKeys: boolean): FieldPath | string => {
  const tokens = path.match(/'(?:[^'\\]|\\.|\\')*'|[.[\]]|[^.[\]']+|'/g) ?? []
  let text = ""
  let first = ""
  let schema: Structural | undefined = root
  const enter = (name: string): string | undefined => {
    if (first === "") first = name
    if (schema === undefined || (schema.properties.size === 0 && !schema.takesOthers)) return "does not refer to a valid field"
    if (schema.properties.size === 0) {
      text += `[${name}]`
      schema = schema.values
      return undefined
    }
    text += text === "" ? name : `.${name}`
    schema = schema.properties.get(name)
    return schema === undefined ? "does not refer to a valid field" : undefined
  }
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    if (token !== "[" && token !== ".") return `expected [ or . but got: ${token}`
    if (token === "[" && !allowsKeys) return "array notation is not allowed"
    const name = tokens[++i]
    if (name === undefined) return "unexpected end of JSON path"
    const problem = token === "." ? enter(name) : enterKey(name, tokens[++i], enter)
    if (problem !== undefined) return problem
  }
  return { text, first, schema }
}

const enterKey = (token: string, closing: string | undefined, enter: (name: string) => string | undefined): string | undefined => {
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) return `expected single quoted string but got ${token}`
  const bad = /\\[^abfnrtv'\\]/.exec(token)
  if (bad !== null) return `invalid string literal: invalid escape char ${bad[0]}`
  const problem = enter(token.slice(1, -1).replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char))
  if (problem !== undefined) return problem
  if (closing === undefined) return "unexpected end of JSON path"
  return closing === "]" ? undefined : `expected ] but got ${closing}`
}

const escapes: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }
