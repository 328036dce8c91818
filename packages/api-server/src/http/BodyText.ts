/** Reads the text of a body: JSON as it is, YAML as the JSON that it stands for. */
import { parseDocument, type DocumentOptions, type ParseOptions, type SchemaOptions, type YAMLParseError } from "yaml"
import { ApiFailure, badRequest } from "../ApiFailure.ts"

/** A body, as far as it could be read. */
export interface ParsedBody {
  /** Absent if the text is no JSON. */
  readonly body?: unknown
  readonly bodyText: string
  readonly bodyProblem?: string
  readonly bodyDuplicates?: ReadonlyArray<string>
}

/** Parses JSON; what is wrong with it is found out later, when somebody needs to say it. Throws `BadRequest` for what is nested without end. */
export const parseJson = (bodyText: string): ParsedBody => {
  if (isTooDeep(bodyText)) throw tooDeep()
  try {
    return { body: JSON.parse(bodyText) as unknown, bodyText }
  } catch {
    return { bodyText }
  }
}

/** YAML as Kubernetes reads it: the words of YAML 1.1, of which times stay the text that was written. */
const yamlOptions: ParseOptions & DocumentOptions & SchemaOptions = {
  version: "1.1",
  merge: true,
  logLevel: "silent",
  customTags: (tags) => tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:timestamp")
}

/** Parses YAML the way Kubernetes does: one document, the first of several keys that are equal counts as a duplicate. */
export const parseYaml = (bodyText: string): ParsedBody => {
  if (bodyText.trimStart().startsWith("{")) {
    const parsed = parseJson(bodyText)
    if (parsed.body !== undefined) return parsed
  }
  try {
    const document = parseDocument(bodyText, { ...yamlOptions, uniqueKeys: false })
    const error = document.errors[0]
    if (error !== undefined) return { bodyText, bodyProblem: problemOf(error, bodyText) }
    const body = document.toJS() as unknown
    const json = JSON.stringify(body ?? null)
    if (isTooDeep(json)) throw tooDeep()
    return { body: body ?? null, bodyText: json, bodyDuplicates: duplicateKeys(bodyText) }
  } catch (error) {
    // The parser gives up on aliases of aliases, on keys that no map of text can have, and, as a RangeError, on depth.
    if (error instanceof ApiFailure) throw error
    if (error instanceof RangeError) throw tooDeep()
    return { bodyText, bodyProblem: error instanceof ReferenceError ? "yaml: document contains excessive aliasing" : "yaml: did not find expected node content" }
  }
}

/**
 * How deep maps and lists may stand in each other. kube-apiserver reads ten times as deep; here each level takes room on the stack of whoever looks at
 * the object later.
 */
const depthMax = 1000

const isTooDeep = (json: string): boolean => {
  // Most bodies are too short to be deep.
  if (json.length < 2 * depthMax) return false
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === quote) i = endOfText(json, i)
    else if (code === openMap || code === openList) {
      if (++depth > depthMax) return true
    } else if (code === closeMap || code === closeList) depth--
  }
  return false
}

const [quote, backslash, openMap, closeMap, openList, closeList] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d]

const endOfText = (json: string, start: number): number => {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let escapes = 0
    while (json.charCodeAt(end - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return end
  }
  return json.length
}

const tooDeep = (): ApiFailure => badRequest("exceeded max depth")

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
  const { errors } = parseDocument(text, { ...yamlOptions, uniqueKeys: true })
  return errors.flatMap((error) => {
    if (error.code !== "DUPLICATE_KEY") return []
    const { line = 0 } = error.linePos?.[0] ?? {}
    const key = /^[\s"']*([^"':\s]+)/.exec(text.slice(error.pos[0]))?.[1] ?? ""
    return [`line ${line}: key ${JSON.stringify(key)} already set in map`]
  })
}
