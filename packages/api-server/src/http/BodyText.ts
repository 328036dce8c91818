/** Reads the text of a body: JSON as it is, YAML as the JSON that it stands for. */
import { parseDocument, type YAMLParseError } from "yaml"

/** A body, as far as it could be read. */
export interface ParsedBody {
  /** Absent if the text is no JSON. */
  readonly body?: unknown
  readonly bodyText: string
  readonly bodyProblem?: string
  readonly bodyDuplicates?: ReadonlyArray<string>
}

/** Parses JSON; what is wrong with it is found out later, when somebody needs to say it. */
export const parseJson = (bodyText: string): ParsedBody => {
  try {
    return { body: JSON.parse(bodyText) as unknown, bodyText }
  } catch {
    return { bodyText }
  }
}

/** Parses YAML the way Kubernetes does: one document, the first of several keys that are equal counts as a duplicate. */
export const parseYaml = (bodyText: string): ParsedBody => {
  if (bodyText.trimStart().startsWith("{")) {
    const parsed = parseJson(bodyText)
    if (parsed.body !== undefined) return parsed
  }
  const document = parseDocument(bodyText, { version: "1.1", merge: true, uniqueKeys: false, logLevel: "silent" })
  const error = document.errors[0]
  if (error !== undefined) return { bodyText, bodyProblem: problemOf(error, bodyText) }
  const body = document.toJS() as unknown
  return { body: body === undefined ? null : body, bodyText: JSON.stringify(body ?? null), bodyDuplicates: duplicateKeys(bodyText) }
}

/** What go-yaml says where this parser finds an error; it counts lines from zero, and the end as a line of its own. */
const problemOf = ({ message, linePos }: YAMLParseError, text: string): string => {
  const lines = text.replace(/\n$/, "").split("\n").length
  if (/flow seq/i.test(message)) return `yaml: line ${lines}: did not find expected ',' or ']'`
  if (/flow map/i.test(message)) return `yaml: line ${lines}: did not find expected ',' or '}'`
  const line = linePos?.[0].line ?? 1
  if (/tab/i.test(message)) return `yaml: line ${line}: found character that cannot start any token`
  return `yaml: line ${Math.max(1, line - 1)}: did not find expected key`
}

const duplicateKeys = (text: string): ReadonlyArray<string> => {
  const { errors } = parseDocument(text, { version: "1.1", merge: true, uniqueKeys: true, logLevel: "silent" })
  return errors.flatMap((error) => {
    if (error.code !== "DUPLICATE_KEY") return []
    const { line = 0 } = error.linePos?.[0] ?? {}
    const key = /^[\s"']*([^"':\s]+)/.exec(text.slice(error.pos[0]))?.[1] ?? ""
    return [`line ${line}: key ${JSON.stringify(key)} already set in map`]
  })
}
