/** Says what is wrong with addresses and networks, in the words of Go's netip. */
import { goQuote } from "../../builtin/GoText.ts"

interface Problem {
  readonly message: string
  /** The rest of the text, from where it went wrong. */
  readonly at?: string
}

/** What is wrong with a text that is no IP address. */
export const addressProblem = (text: string): string => {
  const { at, message } = problemOf(text)
  return `ParseAddr(${goQuote(text)}): ${message}${at === undefined ? "" : ` (at ${goQuote(at)})`}`
}

/** What is wrong with a text that is no network. */
export const networkProblem = (text: string, isAddress: (text: string) => boolean): string => {
  const slash = text.lastIndexOf("/")
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)]
  const why = slash < 0
    ? "no '/'"
    : address.includes("%") && isAddress(address.slice(0, address.indexOf("%")))
    ? "IPv6 zones cannot be present in a prefix"
    : !isAddress(address)
    ? addressProblem(address)
    : /^(?:0|[1-9]\d*)$/.test(bits)
    ? "prefix length out of range"
    : `bad bits after slash: ${goQuote(bits)}`
  return `netip.ParsePrefix(${goQuote(text)}): ${why}`
}

const problemOf = (text: string): Problem => {
  switch (/[.:%]/.exec(text)?.[0]) {
    case ".":
      return problemOfFour(text) ?? { message: "unable to parse IP" }
    case ":":
      return problemOfSix(text)
    case "%":
      return { message: "missing IPv6 address" }
    default:
      return { message: "unable to parse IP" }
  }
}

const problemOfFour = (text: string): Problem | undefined => {
  let [value, digits, fields] = [0, 0, 0]
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (/\d/.test(character)) {
      if (digits === 1 && value === 0) return { message: "IPv4 field has octet with leading zero" }
      value = value * 10 + Number(character)
      digits++
      if (value > 255) return { message: "IPv4 field has value >255" }
    } else if (character !== ".") return { message: "unexpected character", at: text.slice(i) }
    else if (i === 0 || i === text.length - 1 || text[i - 1] === ".") return { message: "IPv4 field must have at least one digit", at: text.slice(i) }
    else if (fields === 3) return { message: "IPv4 address too long" }
    else [value, digits, fields] = [0, 0, fields + 1]
  }
  return fields < 3 ? { message: "IPv4 address too short" } : undefined
}

const bytes = 16

const problemOfSix = (text: string): Problem => {
  const zone = text.indexOf("%")
  if (zone === text.length - 1) return { message: "zone must be a non-empty string" }
  let rest = zone < 0 ? text : text.slice(0, zone)
  let filled = 0
  let hasGap = rest.startsWith("::")
  if (hasGap) rest = rest.slice(2)
  while (filled < bytes) {
    const digits = /^[0-9a-fA-F]*/.exec(rest)![0].length
    if (digits > 4) return { message: "each group must have 4 or less digits", at: rest }
    if (digits === 0) return { message: "each colon-separated field must have at least one digit", at: rest }
    if (rest[digits] === ".") {
      if (!hasGap && filled !== 12) return { message: "embedded IPv4 address must replace the final 2 fields of the address", at: rest }
      if (filled + 4 > bytes) return { message: "too many hex fields to fit an embedded IPv4 at the end of the address", at: rest }
      const problem = problemOfFour(rest)
      if (problem !== undefined) return problem
      rest = ""
      filled += 4
      break
    }
    filled += 2
    rest = rest.slice(digits)
    if (rest === "") break
    if (rest[0] !== ":") return { message: "unexpected character, want colon", at: rest }
    if (rest.length === 1) return { message: "colon must be followed by more characters", at: rest }
    rest = rest.slice(1)
    if (rest[0] !== ":") continue
    if (hasGap) return { message: "multiple :: in address", at: rest }
    hasGap = true
    rest = rest.slice(1)
    if (rest === "") break
  }
  if (rest !== "") return { message: "trailing garbage after address", at: rest }
  return filled < bytes ? { message: "address string too short" } : { message: "the :: must expand to at least one field of zeros" }
}
