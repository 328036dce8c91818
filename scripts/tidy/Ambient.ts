/** Below `apps/` nothing reads the clock, chance, timers, environment or console of the machine. */
import { type Finding, lineAt, parse, type Source, type SyntaxNode, walk } from "./Source.ts"

const members: ReadonlyMap<string, string> = new Map(Object.entries({
  "Date.now": "read Clock.currentTimeMillis, or take `now` as an argument",
  "Math.random": "use Random, or take a seeded `random` as an argument",
  "performance.now": "read Clock.currentTimeNanos",
  "process.env": "use Config",
  "crypto.randomUUID": "draw it from the seeded `random`",
  "crypto.getRandomValues": "draw it from the seeded `random`",
  "DateTime.nowUnsafe": "use DateTime.now"
}))

const calls: ReadonlyMap<string, string> = new Map(Object.entries({
  setTimeout: "use Effect.sleep",
  setInterval: "use Effect.schedule",
  setImmediate: "use Effect.yieldNow",
  queueMicrotask: "use Effect.yieldNow",
  fetch: "take a `(Request) => Promise<Response>` as an argument"
}))

/** Files that are named for a runtime may touch it. */
const isRuntimeFile = (path: string): boolean => /(^|\/)(node|deno|bun|workerd)\.ts$/.test(path) || /(Node|Process)\.ts$/.test(path) || path.includes("/node/")

/** Findings for one source file of a package. */
export const checkAmbient = (source: Source): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const report = (node: SyntaxNode, what: string, remedy: string): void => {
    findings.push({ path: source.path, line: lineAt(source.text, node.start), message: `${what} reads the world of the machine: ${remedy}` })
  }
  walk(parse(source).program, (node) => {
    if (node.type === "MemberExpression") {
      const name = `${nameOf(node["object"])}.${nameOf(node["property"])}`
      const remedy = members.get(name)
      if (remedy !== undefined) report(node, name, remedy)
      if (name.startsWith("console.")) report(node, name, "use Effect.log")
    } else if (node.type === "CallExpression") {
      const remedy = calls.get(nameOf(node["callee"]))
      if (remedy !== undefined) report(node, `${nameOf(node["callee"])}()`, remedy)
    } else if (node.type === "NewExpression" && nameOf(node["callee"]) === "Date" && (node["arguments"] as ReadonlyArray<unknown>).length === 0) {
      report(node, "new Date()", "format a time that you were given")
    } else if (node.type === "ImportDeclaration" && !isRuntimeFile(source.path)) {
      const target = (node["source"] as { value: string }).value
      if (target.startsWith("node:")) report(node, `import of ${target}`, "move it to a file named for the runtime (…Node.ts, …Process.ts, node.ts), exported under ./node")
    }
  })
  return findings
}

const nameOf = (node: unknown): string => {
  const it = node as { type?: string; name?: string; object?: unknown; property?: unknown } | undefined
  if (it?.type === "Identifier") return it.name ?? ""
  if (it?.type === "MemberExpression" && nameOf(it.object) === "globalThis") return nameOf(it.property)
  return ""
}
