/** Rules for single values, each giving the texts of what is wrong. */
import type { Check } from "./Check.ts"
import { regexError } from "../../internal/nameRules.ts"

const none: ReadonlyArray<string> = []

const range = (from: number, to: number): string => `must be between ${from} and ${to}, inclusive`

/** Port numbers. */
export const portErrors = (port: number): ReadonlyArray<string> => (port >= 1 && port <= 65535 ? none : [range(1, 65535)])

/** Names of ports, as IANA has them. */
export const portNameErrors = (name: string): ReadonlyArray<string> => {
  const errors: Array<string> = []
  if (name.length > 15) errors.push("must be no more than 15 characters")
  if (!/^[-a-z0-9]+$/.test(name)) errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
  if (!/[a-z]/.test(name)) errors.push("must contain at least one letter (a-z)")
  if (name.includes("--")) errors.push("must not contain consecutive hyphens")
  if (name.startsWith("-") || name.endsWith("-")) errors.push("must not begin or end with a hyphen")
  return errors
}

/** User ids. */
export const userIdErrors = (id: number): ReadonlyArray<string> => (id >= 0 && id <= 0x7fffffff ? none : [range(0, 0x7fffffff)])

/** Names of environment variables, in the relaxed form that later versions allow. */
export const envNameErrors = (name: string): ReadonlyArray<string> => {
  if (name === "") return ["environment variable name must be non-empty"]
  return /^[ -<>-~]+$/.test(name) ? none : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

const configKey = "[-._a-zA-Z0-9]+"
const isConfigKey = new RegExp(`^${configKey}$`)

/** Keys of config maps and secrets. */
export const configKeyErrors = (key: string): ReadonlyArray<string> => {
  if (key.length <= 253 && !key.startsWith(".") && isConfigKey.test(key)) return none
  const errors: Array<string> = []
  if (key.length > 253) errors.push("must be no more than 253 characters")
  if (!isConfigKey.test(key)) {
    errors.push(regexError("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", configKey, "key.name", "KEY_NAME", "key-name"))
  }
  if (key === "." || key === "..") errors.push(`must not be '${key}'`)
  else if (key.startsWith("..")) errors.push("must not start with '..'")
  return errors
}

const headerName = "[-A-Za-z0-9]+"

/** Names of HTTP headers. */
export const headerErrors = (name: string): ReadonlyArray<string> =>
  new RegExp(`^${headerName}$`).test(name) ? none : [regexError("a valid HTTP header must consist of alphanumeric characters or '-'", headerName, "X-Header-Name")]

const dnsLabel = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
const underscored = "[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?"
const underscoredSubdomain = `${underscored}(\\.${underscored})*`

/** Domains that may have underscores. */
export const underscoreDomainErrors = (name: string): ReadonlyArray<string> => {
  const errors: Array<string> = []
  if (name.length > 253) errors.push("must be no more than 253 characters")
  if (!new RegExp(`^${underscoredSubdomain}$`).test(name)) {
    errors.push(regexError(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      underscoredSubdomain,
      "example.com"
    ))
  }
  return errors
}

const wildcardDomain = `\\*\\.${dnsLabel}(\\.${dnsLabel})*`

/** Domains that start with `*.`. */
export const wildcardDomainErrors = (name: string): ReadonlyArray<string> => {
  const errors: Array<string> = []
  if (name.length > 253) errors.push("must be no more than 253 characters")
  if (!new RegExp(`^${wildcardDomain}$`).test(name)) {
    errors.push(regexError(
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      wildcardDomain,
      "*.example.com"
    ))
  }
  return errors
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/
const sloppyIpv4 = /^(?:0*(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}0*(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/

const isIpv6 = (text: string): boolean => {
  const tail = /^(.*:)((?:\d{1,3}\.){3}\d{1,3})$/.exec(text)
  if (tail !== null && !ipv4.test(tail[2] ?? "")) return false
  const plain = tail === null ? text : `${tail[1]}0:0`
  const halves = plain.split("::")
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")))
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false
  return halves.length === 2 ? groups.length < 8 : groups.length === 8
}

/** The family of an address; `undefined` for texts that are none. */
export const ipFamilyOf = (text: string): "IPv4" | "IPv6" | undefined =>
  ipv4.test(text) ? "IPv4" : text.includes(":") && isIpv6(text) ? "IPv6" : undefined

/** Addresses of either family. */
export const ipErrors = (text: string): ReadonlyArray<string> => {
  if (ipFamilyOf(text) === undefined) {
    return sloppyIpv4.test(text) ? ["must not have leading 0s"] : ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
  }
  return isMapped(text) ? ["must not be an IPv4-mapped IPv6 address"] : none
}

/** An address as it is written best. */
export const canonicalIp = (ip: string): string => {
  const mapped = /^(?:0*:)*:?ffff:((?:\d+\.){3}\d+)$/i.exec(ip)
  if (mapped !== null) return mapped[1] ?? ip
  if (!ip.includes(":")) return ip.split(".").map(Number).join(".")
  return new URL(`http://[${ip}]`).hostname.slice(1, -1)
}

const isMapped = (text: string): boolean => text.includes(":") && /^(?:0*:)*:?ffff:(?:\d+\.){3}\d+$/i.test(text)

const bytesOfIp = (text: string): ReadonlyArray<number> => {
  if (!text.includes(":")) return text.split(".").map(Number)
  const [head = "", tail] = text.split("::")
  const groups = (part: string): Array<string> => (part === "" ? [] : part.split(":"))
  const [before, after] = [groups(head), tail === undefined ? [] : groups(tail)]
  const all = [...before, ...new Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0"), ...after]
  return all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255])
}

/** Whether a range of addresses, with its length of bits, starts at another address than its first. */
const hasHostBits = (address: string, bits: number): boolean =>
  bytesOfIp(address).some((byte, i) => (byte & (0xff >> Math.min(8, Math.max(0, bits - i * 8)))) !== 0)

/** Ranges of addresses. */
export const cidrErrors = (text: string): ReadonlyArray<string> => {
  const [address = "", bits = ""] = text.split("/")
  const family = ipFamilyOf(address) ?? (sloppyIpv4.test(address) ? "IPv4" : undefined)
  const max = family === "IPv4" ? 32 : 128
  const fits = family !== undefined && text.split("/").length === 2 && /^\d{1,3}$/.test(bits) && Number(bits) <= max
  if (!fits) return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
  if (ipFamilyOf(address) === undefined || (bits.length > 1 && bits.startsWith("0"))) return ["must not have leading 0s in IP or prefix length"]
  if (isMapped(address)) return ["must not have an IPv4-mapped IPv6 address"]
  return hasHostBits(address, Number(bits)) ? ["must not have bits set beyond the prefix length"] : none
}

/** Percentages. */
export const percentErrors = (text: string): ReadonlyArray<string> =>
  /^[0-9]+%$/.test(text) ? none : [regexError("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")]

const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

/** A path with a domain before it: `example.com/name`. */
export const checkDomainPath = (check: Check, field: string, value: string): void => {
  if (value === "") return check.required(field)
  const slash = value.indexOf("/")
  const [host, path] = [value.slice(0, slash), value.slice(slash + 1)]
  if (slash <= 0 || path === "") return check.invalid(field, value, "must be a domain-prefixed path (such as \"acme.io/foo\")")
  check.subdomain(field, host)
  if (!new RegExp(`^${httpPath}$`).test(path)) check.invalid(field, path, `Invalid path (regex used for validation is '${httpPath}')`)
}

/** Text of an inclusive range. */
export const inclusiveRange = range

const bitsOf = (range: string): number => Number(range.split("/")[1])

/** Whether all addresses of one valid range, and fewer than all, lie in another. */
export const isStrictlyWithin = (inner: string, outer: string): boolean => {
  const [a, b] = [bytesOfIp(inner.split("/")[0] ?? ""), bytesOfIp(outer.split("/")[0] ?? "")]
  const bits = bitsOf(outer)
  const mask = (i: number): number => 0xff & ~(0xff >> Math.min(8, Math.max(0, bits - i * 8)))
  return a.length === b.length && bits < bitsOf(inner) && a.every((byte, i) => (byte & mask(i)) === ((b[i] ?? 0) & mask(i)))
}
