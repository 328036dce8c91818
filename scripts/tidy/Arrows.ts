/** Packages import only what the table in docs/ARCHITECTURE.md allows. */
import { type Finding, parse, read, type Source, type SyntaxNode, lineAt, walk } from "./Source.ts"

/** Package folder name → names of the packages that it may import. */
export type ArrowTable = ReadonlyMap<string, ReadonlySet<string>>

/** Reads lines such as `controller → kube` out of the fenced block that follows the word "Arrows". */
export const arrowTable = (architecture: string): ArrowTable => {
  const block = /## Arrows[\s\S]*?```\n([\s\S]*?)```/.exec(architecture)?.[1]
  if (block === undefined) throw new Error('docs/ARCHITECTURE.md has no fenced block under "## Arrows"')
  const table = new Map<string, ReadonlySet<string>>()
  for (const line of block.split("\n")) {
    const match = /^(\S+)\s+→\s*(.*)$/.exec(line)
    if (match !== null) table.set(match[1]!, new Set(match[2]!.split(",").map((it) => it.trim()).filter((it) => it !== "")))
  }
  return table
}

const scope = "@fairlead/"

/** Findings for one `package.json`: dependencies outside the table. Development dependencies serve tests and are free. */
export const checkManifest = (folder: string, manifest: Source, table: ArrowTable): ReadonlyArray<Finding> => {
  const allowed = table.get(folder)
  if (allowed === undefined) {
    return [{ path: manifest.path, line: 1, message: `${folder} is not in the arrow table of docs/ARCHITECTURE.md: add its line there` }]
  }
  const { dependencies = {} } = JSON.parse(manifest.text) as { dependencies?: Record<string, string> }
  return Object.keys(dependencies)
    .filter((name) => name.startsWith(scope) && !allowed.has(name.slice(scope.length)))
    .map((name) => ({
      path: manifest.path,
      line: 1,
      message: `${folder} may not depend on ${name}; allowed: ${[...allowed].join(", ") || "nothing"}. Move the code, or change the table and say why in docs/decisions`
    }))
}

/** Findings for one source file: imports of packages outside the table. */
export const checkImports = (folder: string, source: Source, table: ArrowTable): ReadonlyArray<Finding> => {
  const allowed = table.get(folder) ?? new Set()
  const findings: Array<Finding> = []
  walk(parse(source).program, (node) => {
    const target = importTarget(node)
    if (target === undefined || !target.startsWith(scope)) return
    const name = target.slice(scope.length).split("/")[0]!
    if (name !== folder && !allowed.has(name)) {
      findings.push({
        path: source.path,
        line: lineAt(source.text, node.start),
        message: `${folder} may not import ${target}; allowed: ${[...allowed].join(", ") || "nothing"}`
      })
    }
  })
  return findings
}

const importTarget = (node: SyntaxNode): string | undefined => {
  if (!["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration", "ImportExpression"].includes(node.type)) return undefined
  const source = node["source"] as { value?: unknown } | null | undefined
  return typeof source?.value === "string" ? source.value : undefined
}

/** The table as it stands in the repository. */
export const currentTable = (): ArrowTable => arrowTable(read("docs/ARCHITECTURE.md").text)
