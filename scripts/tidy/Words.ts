/** Names and texts keep to the project's words. */
import { type Finding, lineAt, parse, type Source, type SyntaxNode, walk } from "./Source.ts"

const bannedFiles = new Set(["utils", "util", "helpers", "helper", "common", "shared", "misc", "types"])

/** File names: PascalCase modules, camelCase in `internal`, none that says nothing. */
export const checkFileName = (path: string): ReadonlyArray<Finding> => {
  const match = /^(?:packages|apps)\/[^/]+\/src\/(.*?)([^/]+)\.tsx?$/.exec(path)
  if (match === null) return []
  const [, folder = "", name = ""] = match
  const stem = name.replace(/\.generated$/, "")
  const say = (message: string): ReadonlyArray<Finding> => [{ path, line: 1, message }]
  if (bannedFiles.has(stem.toLowerCase())) return say(`"${stem}" says nothing: name the file for what it exports`)
  if (["index", "main", "node"].includes(stem) || name.endsWith(".generated")) return []
  const internal = folder.includes("internal/")
  if (internal && !/^[a-z]/.test(stem)) return say("files in internal/ start with a lower-case letter")
  if (!internal && !/^[A-Z]/.test(stem)) return say("public modules are in PascalCase, named for their main export")
  return []
}

const bannedText: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(TODO|FIXME|XXX|HACK)\b/, "finish it, or write down the limit in the README with a test"],
  [/registry\.npmjs|npmjs\.(org|com)|pypi\.org|proxy\.golang/, "name no registry hosts"],
  [/(?<![\w.])\/(?:work|root|home\/\w+)\//, "no paths of one machine"],
  [/\bissue #?\d+\b(?! of )/i, "texts speak of the project alone: say what, not which ticket"]
]

/** Texts: unfinished work, hosts, machine paths, ticket numbers. */
export const checkText = (source: Source): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  source.text.split("\n").forEach((line, index) => {
    for (const [pattern, remedy] of bannedText) {
      const hit = pattern.exec(line)
      if (hit !== null) findings.push({ path: source.path, line: index + 1, message: `"${hit[0]}": ${remedy}` })
    }
  })
  return findings
}

const bannedNames = /(manager|processor|helper|mock|impl)$/i

const declared = (node: SyntaxNode): { name?: string } | undefined => {
  switch (node.type) {
    case "VariableDeclarator":
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return node["id"] as { name?: string } | undefined
    default:
      return undefined
  }
}

/** Words that Kubernetes itself uses in names that we must be able to say. */
const allowedNames = new Set(["fieldManager", "manager"])

/** Declared names that end in a word which hides what the thing does. */
export const checkNames = (source: Source): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  walk(parse(source).program, (node) => {
    const name = declared(node)?.name
    if (name !== undefined && bannedNames.test(name) && !allowedNames.has(name) && !/(?:field|kube|update|apply)s?manager$/i.test(name)) {
      findings.push({ path: source.path, line: lineAt(source.text, node.start), message: `"${name}": say what it does (see docs/GLOSSARY.md)` })
    }
  })
  return findings
}
