/** Files and functions stay small enough to read in one go. */
import { codeLines, type Finding, lineAt, parse, type Source, walk } from "./Source.ts"

/** Most code lines (no blanks, no comments) of a source file, a test file and a function. */
export const limits = { source: 300, test: 800, function: 70 } as const

const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])

/** Findings for one file. Generated files are data and have no limit. */
export const checkSizes = (source: Source): ReadonlyArray<Finding> => {
  if (source.path.includes(".generated.")) return []
  const isTest = /(^|\/)test\//.test(source.path)
  const findings: Array<Finding> = []
  const size = codeLines(source.text)
  const limit = isTest ? limits.test : limits.source
  if (size > limit) {
    findings.push({ path: source.path, line: 1, message: `${size} code lines, at most ${limit}: split it by purpose` })
  }
  if (isTest) return findings
  walk(parse(source).program, (node) => {
    if (!functions.has(node.type)) return
    const lines = codeLines(source.text, node.start, node.end)
    if (lines > limits.function) {
      findings.push({
        path: source.path,
        line: lineAt(source.text, node.start),
        message: `a function of ${lines} code lines, at most ${limits.function}: move decisions into plain functions`
      })
    }
  })
  return findings
}
