/** YAML and JSON documents that remember where each of their values stands. */
import { isMap, isNode, isPair, LineCounter, parseAllDocuments, type Document } from "yaml"

/** Something wrong in a file, as it is told to a person. */
export interface FileProblem {
  readonly file: string
  /** One-based; 0 when the problem is with the file as a whole. */
  readonly line: number
  /** Path of the value: `spec.task.retries`; empty for the whole document. */
  readonly field: string
  readonly message: string
}

/** One document of a file. */
export interface YamlDocument {
  readonly file: string
  readonly value: unknown
  /** The line of the value at `path`, or of the nearest one above it that exists. */
  readonly lineOf: (path: ReadonlyArray<PropertyKey>) => number
}

/** Documents of a file, or what is wrong with its syntax. Empty documents are left out. */
export const parseYaml = (
  file: string,
  text: string
): { readonly documents: ReadonlyArray<YamlDocument>; readonly problems: ReadonlyArray<FileProblem> } => {
  const counter = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: true, merge: true })
  const documents: Array<YamlDocument> = []
  const problems: Array<FileProblem> = []
  for (const document of Array.isArray(parsed) ? parsed : []) {
    for (const error of document.errors) {
      problems.push({ file, line: counter.linePos(error.pos[0]).line, field: "", message: `not valid YAML: ${error.message}` })
    }
    if (document.errors.length > 0 || document.contents === null) continue
    try {
      const value: unknown = document.toJS({ maxAliasCount: 100 })
      if (value !== null) documents.push({ file, value, lineOf: (path) => lineOf(document, counter, path) })
    } catch (error) {
      // Aliases are only followed now: one may have no anchor, or they multiply beyond all bounds.
      const line = lineOfNode(document.contents, counter)
      problems.push({ file, line, field: "", message: `not valid YAML: ${error instanceof Error ? error.message : String(error)}` })
    }
  }
  return { documents, problems }
}

const lineOf = (document: Document, counter: LineCounter, path: ReadonlyArray<PropertyKey>): number => {
  let node: unknown = document.contents
  let line = lineOfNode(node, counter)
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((it) => isPair(it) && isNode(it.key) && String(it.key.toJSON()) === String(key))
      if (pair === undefined) return line
      line = lineOfNode(pair.key, counter)
      node = pair.value
    } else {
      const child = (node as { get?: (key: unknown, keep: boolean) => unknown } | null)?.get?.(key, true)
      if (child === undefined) return line
      line = lineOfNode(child, counter)
      node = child
    }
  }
  return line
}

const lineOfNode = (node: unknown, counter: LineCounter): number => {
  const start = isNode(node) ? node.range?.[0] : undefined
  return start === undefined ? 1 : counter.linePos(start).line
}

/** `file:line: field: message`, as compilers print it. */
export const formatProblem = (problem: FileProblem): string =>
  `${problem.file}${problem.line > 0 ? `:${problem.line}` : ""}: ${problem.field === "" ? "" : `${problem.field}: `}${problem.message}`
