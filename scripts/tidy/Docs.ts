/** Every package says what it is in one sentence, three times the same, and documents its exports. */
import { type Finding, lineAt, parse, type Source, type SyntaxNode, walk } from "./Source.ts"

const headings = ["Purpose", "Smallest example", "Modules", "Depends on", "How it is tested", "Limits"]

/** The description, the README's first sentence and the header of `src/index.ts` are one sentence. */
export const checkSentence = (manifest: Source, readme: Source, index: Source): ReadonlyArray<Finding> => {
  const description = (JSON.parse(manifest.text) as { description?: string }).description ?? ""
  const findings: Array<Finding> = []
  const firstLine = readme.text.split("\n").find((line) => line.trim() !== "" && !line.startsWith("#"))?.trim()
  if (firstLine !== description) {
    findings.push({ path: readme.path, line: 3, message: `the first sentence must be the package's description: "${description}"` })
  }
  if (!index.text.startsWith(`/** ${description} */`)) {
    findings.push({ path: index.path, line: 1, message: `the header must be the package's description: /** ${description} */` })
  }
  for (const heading of headings) {
    if (!new RegExp(`^## ${heading}`, "m").test(readme.text)) {
      findings.push({ path: readme.path, line: 1, message: `the heading "## ${heading}" is missing` })
    }
  }
  return findings
}

const documented = new Set(["FunctionDeclaration", "ClassDeclaration", "TSInterfaceDeclaration", "VariableDeclaration", "TSTypeAliasDeclaration"])

/** Exports of public modules have a doc comment; exports on adjacent lines may share the one above the first. */
export const checkExports = (source: Source): ReadonlyArray<Finding> => {
  if (source.path.includes(".generated.") || source.path.includes("/internal/") || source.path.endsWith("index.ts")) return []
  const { program, comments } = parse(source)
  const docs = comments.filter((comment) => comment.type === "Block" && comment.value.startsWith("*"))
  const findings: Array<Finding> = []
  let coveredUntil = -1
  walk((program as unknown as { body: unknown }).body, (node, parent) => {
    if (parent !== undefined || node.type !== "ExportNamedDeclaration") return
    const declaration = node["declaration"] as SyntaxNode | null
    if (declaration === null || !documented.has(declaration.type)) return
    const before = (offset: number): string => source.text.slice(offset, node.start)
    const hasDoc = docs.some((comment) => comment.end <= node.start && before(comment.end).trim() === "")
    const sharesDoc = coveredUntil >= 0 && before(coveredUntil).trim() === "" && !before(coveredUntil).includes("\n\n")
    if (hasDoc || sharesDoc) coveredUntil = node.end
    else findings.push({ path: source.path, line: lineAt(source.text, node.start), message: "an export without a doc comment: say in one line what it is for" })
  })
  return findings
}
