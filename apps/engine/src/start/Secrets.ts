/** Keeps secrets out of what people and logs get to see. */

/** What is shown instead. */
export const redacted = "<redacted>"

const secretSections: ReadonlySet<string> = new Set(["events.headers", "traces.headers"])

const secretName = /token|password|passwd|secret|credential|api[-_]?key|access[-_]?key|private[-_]?key|authorization/i

/** Settings with names that sound secret but only say where a secret is. */
const openNames: ReadonlySet<string> = new Set(["defaultEnvFromSecrets", "storageConfigSecretName", "automountServiceAccountToken", "defaultEnvVarsFromEnv"])

/** True for a value that is likely a secret: any header, and whatever is named like one. */
export const isSecret = (path: ReadonlyArray<PropertyKey>): boolean => {
  const names = path.map(String)
  if (names.some((it) => openNames.has(it))) return false
  return (names.length > 2 && secretSections.has(names.slice(0, 2).join("."))) || secretName.test(names.at(-1) ?? "")
}

/** Takes the password out of addresses. */
export const redactText = (text: string): string => text.replace(/(\w+:\/\/[^/\s:@]*:)[^/\s@]+@/g, `$1${redacted}@`)

/** The same value with secrets replaced, whatever its shape. */
export const redactValue = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown => {
  if (Array.isArray(value)) return value.map((it, index) => redactValue(it, [...path, index]))
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, redactValue(it, [...path, key])]))
  }
  if (value === undefined || value === "") return value
  return isSecret(path) ? redacted : typeof value === "string" ? redactText(value) : value
}
