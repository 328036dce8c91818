/** Reads the repository's files once, parsed where they are TypeScript. */
import { parseSync, type ParseResult } from "oxc-parser"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"

/** The root folder of the repository. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url))

/** One file; `path` is relative to the root with forward slashes. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** A place that breaks a rule, and what to do about it. */
export interface Finding {
  readonly path: string
  readonly line: number
  readonly message: string
}

const skipped = new Set(["node_modules", ".git", ".turbo", "dist", ".test-results", ".fairlead", "coverage", ".cache", "__pycache__"])

/** All files below `folder` (relative to the root), in sorted order. */
export const filesBelow = (folder: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (skipped.has(entry.name)) continue
      const path = join(directory, entry.name)
      if (entry.isDirectory()) visit(path)
      else if (entry.isFile()) found.push(relative(root, path).replaceAll("\\", "/"))
    }
  }
  visit(join(root, folder))
  return found
}

/** Reads one file. */
export const read = (path: string): Source => ({ path, text: readFileSync(join(root, path), "utf8") })

const parsed = new Map<string, ParseResult>()

/** The syntax tree of a TypeScript file. */
export const parse = (source: Source): ParseResult => {
  const key = `${source.path}\n${source.text}`
  let result = parsed.get(key)
  if (result === undefined) {
    result = parseSync(source.path, source.text)
    parsed.set(key, result)
  }
  return result
}

/** One-based line of an offset. */
export const lineAt = (text: string, offset: number): number => {
  let line = 1
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++
  return line
}

/** A node of the syntax tree, as far as the rules look at it. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** Calls `visit` for every node below `node`, parents first. */
export const walk = (node: unknown, visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => void, parent?: SyntaxNode): void => {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, visit, parent)
    return
  }
  if (typeof node !== "object" || node === null || typeof (node as SyntaxNode).type !== "string") return
  const here = node as SyntaxNode
  visit(here, parent)
  for (const key of Object.keys(here)) {
    const child = here[key]
    if (typeof child === "object" && child !== null) walk(child, visit, here)
  }
}

/** Lines that hold code: neither blank nor only a comment. */
export const codeLines = (text: string, start = 0, end = text.length): number => {
  let inside = false
  let count = 0
  for (const raw of text.slice(start, end).split("\n")) {
    const line = raw.trim()
    if (inside) {
      if (line.includes("*/")) inside = false
      continue
    }
    if (line === "" || line.startsWith("//")) continue
    if (line.startsWith("/*")) {
      if (!line.includes("*/")) inside = true
      continue
    }
    count++
  }
  return count
}
