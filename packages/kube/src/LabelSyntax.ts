/** The rules for label keys and values, with the messages of Kubernetes. */

/** What is wrong with a label key (also the key of an annotation, and the name of a finalizer); empty when nothing is. */
export const keyProblems = (key: string): ReadonlyArray<string> => {
  if (soundKeys.has(key)) return none
  const problems = problemsOfKey(key)
  if (problems.length === 0 && soundKeys.size < soundKeysMax) soundKeys.add(key)
  return problems
}

/** Keys are few and come again and again, so those that were found sound are remembered. */
const soundKeys = new Set<string>()
const soundKeysMax = 1000
const none: ReadonlyArray<string> = []

const problemsOfKey = (key: string): ReadonlyArray<string> => {
  const parts = key.split("/")
  if (parts.length > 2) return [`a valid label key ${nameRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  const name = parts[parts.length - 1]!
  const problems = parts.length === 2 ? prefixProblems(parts[0]!).map((problem) => `prefix part ${problem}`) : []
  if (name.length === 0) problems.push("name part must be non-empty")
  else if (byteLength(name) > nameLengthMax) problems.push(`name part ${tooLong(nameLengthMax)}`)
  if (!namePattern.test(name)) problems.push(`name part ${nameRule}`)
  return problems
}

/** What is wrong with a label value; empty when nothing is. */
export const valueProblems = (value: string): ReadonlyArray<string> => {
  if (value.length <= nameLengthMax && (value === "" || namePattern.test(value))) return none
  const problems: Array<string> = []
  if (byteLength(value) > nameLengthMax) problems.push(tooLong(nameLengthMax))
  if (value !== "" && !namePattern.test(value)) problems.push(valueRule)
  return problems
}

const prefixProblems = (prefix: string): Array<string> => {
  if (prefix.length === 0) return ["must be non-empty"]
  const problems: Array<string> = []
  if (byteLength(prefix) > prefixLengthMax) problems.push(tooLong(prefixLengthMax))
  if (!subdomainPattern.test(prefix)) problems.push(subdomainRule)
  return problems
}

const nameLengthMax = 63
const prefixLengthMax = 253

const namePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

const nameRule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const valueRule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const subdomainRule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
  "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

const tooLong = (max: number): string => `must be no more than ${max} bytes`

const encoder = new TextEncoder()
/** Kubernetes counts bytes of UTF-8; texts that are short enough either way need no encoding. */
const byteLength = (text: string): number => (text.length * 3 <= nameLengthMax ? text.length : encoder.encode(text).length)
