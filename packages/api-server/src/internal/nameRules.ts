/** Rules for names, label keys and label values; each gives the texts of what is wrong, as Kubernetes words it. */
import { LabelSyntax } from "@fairlead/kube"

/** What is wrong with a value that does not match a pattern, with examples of some that do. */
export const regexError = (text: string, pattern: string, ...examples: ReadonlyArray<string>): string =>
  `${text} (e.g. ${examples.map((example, i) => `${i === 0 ? "" : " or "}'${example}', `).join("")}regex used for validation is '${pattern}')`

const tooLong = (max: number): string => `must be no more than ${max} characters`

const dnsLabelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const subdomainPattern = `${dnsLabelPattern}(\\.${dnsLabelPattern})*`
const dns1035Pattern = "[a-z]([-a-z0-9]*[a-z0-9])?"

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`)
const dnsLabel = whole(dnsLabelPattern)
const subdomain = whole(subdomainPattern)
const dns1035 = whole(dns1035Pattern)

const byteLength = (text: string): number => {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) bytes += 1
    else if (code < 0x800) bytes += 2
    else if (code >= 0xd800 && code < 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}

/** RFC 1123 subdomain: names of most objects. */
export const subdomainErrors = (value: string): ReadonlyArray<string> => {
  if (value.length <= 253 && subdomain.test(value)) return none
  const errors: Array<string> = []
  if (byteLength(value) > 253) errors.push(tooLong(253))
  if (!subdomain.test(value)) {
    errors.push(regexError(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      subdomainPattern,
      "example.com"
    ))
  }
  return errors
}

/** RFC 1123 label: names of namespaces, services and containers. */
export const dnsLabelErrors = (value: string): ReadonlyArray<string> => {
  if (value.length <= 63 && dnsLabel.test(value)) return none
  const errors: Array<string> = []
  if (byteLength(value) > 63) errors.push(tooLong(63))
  if (!dnsLabel.test(value)) {
    errors.push(subdomain.test(value)
      ? "must not contain dots"
      : regexError(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
        dnsLabelPattern,
        "my-name",
        "123-abc"
      ))
  }
  return errors
}

/** RFC 1035 label: names of definitions and of their versions. */
export const dns1035Errors = (value: string): ReadonlyArray<string> => {
  const errors: Array<string> = []
  if (byteLength(value) > 63) errors.push(tooLong(63))
  if (!dns1035.test(value)) {
    errors.push(regexError(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      dns1035Pattern,
      "my-name",
      "abc-123"
    ))
  }
  return errors
}

/** Segments of a path: names of roles and bindings. */
export const pathSegmentErrors = (value: string): ReadonlyArray<string> => {
  if (value === "." || value === "..") return [`may not be '${value}'`]
  const errors: Array<string> = []
  if (value.includes("/")) errors.push("may not contain '/'")
  if (value.includes("%")) errors.push("may not contain '%'")
  return errors
}

/** Label and annotation keys: a name with an optional DNS prefix. */
export const qualifiedNameErrors = (value: string): ReadonlyArray<string> => LabelSyntax.keyProblems(value)

/** Label values. */
export const labelValueErrors = (value: string): ReadonlyArray<string> => LabelSyntax.valueProblems(value)

const none: ReadonlyArray<string> = []
