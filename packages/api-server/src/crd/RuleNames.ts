/** Names of properties as rules write them: what no identifier may contain is spelled out. */

const reserved: ReadonlySet<string> = new Set([
  "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
  "return", "var", "void", "while"
])

const spelled: Readonly<Record<string, string>> = { __: "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__" }

/** The name under which rules find a property; `undefined` for properties that they cannot see. */
export const ruleName = (name: string): string | undefined => {
  if (reserved.has(name)) return `__${name}__`
  return /^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name) ? name.replaceAll(/__|[./-]/g, (part) => spelled[part]!) : undefined
}
