/** Versions such as `1.2.3-rc.1+build`. */
import { goQuote } from "../../builtin/GoText.ts"
import { compareTexts } from "../values/Compare.ts"

/** A version; what comes after a plus does not count. */
export interface Version {
  readonly numbers: readonly [bigint, bigint, bigint]
  /** Parts of what comes after a minus; numbers are numbers. */
  readonly pre: ReadonlyArray<bigint | string>
}

const digits = /^\d+$/
const partCharacters = /^[A-Za-z0-9-]+$/
const numberNames = ["Major", "Minor", "Patch"] as const

const numberProblem = (name: string, text: string): string | undefined => {
  if (!digits.test(text)) return `Invalid character(s) found in ${name.toLowerCase()} number ${goQuote(text)}`
  if (text.length > 1 && text.startsWith("0")) return `${name} number must not contain leading zeroes ${goQuote(text)}`
  return BigInt.asUintN(64, BigInt(text)) === BigInt(text) ? undefined : `strconv.ParseUint: parsing ${goQuote(text)}: value out of range`
}

const preProblem = (part: string): string | undefined => {
  if (part === "") return "Prerelease is empty"
  if (digits.test(part)) return part.length > 1 && part.startsWith("0") ? `Numeric PreRelease version must not contain leading zeroes ${goQuote(part)}` : undefined
  return partCharacters.test(part) ? undefined : `Invalid character(s) found in prerelease ${goQuote(part)}`
}

const buildProblem = (part: string): string | undefined => {
  if (part === "") return "Build meta data is empty"
  return partCharacters.test(part) ? undefined : `Invalid character(s) found in build meta data ${goQuote(part)}`
}

/** Splits at the first few dots only. */
const threeParts = (text: string): ReadonlyArray<string> => {
  const parts = text.split(".")
  return parts.length <= 3 ? parts : [parts[0]!, parts[1]!, parts.slice(2).join(".")]
}

/** Adds what is left out of a version and takes away what is too much. */
const normalized = (text: string): string => {
  const parts = threeParts(text.replace(/^v/, "")).map((part) => (part.length > 1 ? part.replace(/^0+(?=\d)/, "").replace(/^0*(?!\d)/, "0") : part))
  if (parts.length >= 3) return parts.join(".")
  return /[+-]/.test(parts.at(-1)!) ? "short" : [...parts, "0", "0"].slice(0, 3).join(".")
}

/** Reads a version; a text tells why it is none. */
export const parseVersion = (given: string, normalize: boolean): Version | string => {
  const text = normalize ? normalized(given) : given
  if (text === "") return "Version string empty"
  if (normalize && text === "short") return "short version cannot contain PreRelease/Build meta data"
  const parts = threeParts(text)
  if (parts.length !== 3) return "No Major.Minor.Patch elements found"
  const [major, minor, rest] = parts as [string, string, string]
  const plus = rest.indexOf("+")
  const build = plus < 0 ? undefined : rest.slice(plus + 1)
  const before = plus < 0 ? rest : rest.slice(0, plus)
  const minus = before.indexOf("-")
  const pre = minus < 0 ? [] : before.slice(minus + 1).split(".")
  const numbers = [major, minor, minus < 0 ? before : before.slice(0, minus)]
  const wrong =
    numbers.map((number, index) => numberProblem(numberNames[index]!, number)).find((problem) => problem !== undefined) ??
    pre.map(preProblem).find((problem) => problem !== undefined) ??
    build?.split(".").map(buildProblem).find((problem) => problem !== undefined)
  if (wrong !== undefined) return wrong
  return { numbers: numbers.map(BigInt) as unknown as Version["numbers"], pre: pre.map((part) => (digits.test(part) ? BigInt(part) : part)) }
}

const orderOfParts = (left: bigint | string, right: bigint | string): number => {
  if (typeof left === "bigint") return typeof right === "bigint" ? (left < right ? -1 : Number(left > right)) : -1
  return typeof right === "bigint" ? 1 : compareTexts(left, right)
}

/** Says which of two versions comes first; versions with something after a minus come before those without. */
export const versionOrder = (left: Version, right: Version): number => {
  for (const [index, number] of left.numbers.entries()) {
    const other = right.numbers[index]!
    if (number !== other) return number < other ? -1 : 1
  }
  if (left.pre.length === 0 || right.pre.length === 0) return Math.sign(right.pre.length - left.pre.length)
  for (let index = 0; index < Math.min(left.pre.length, right.pre.length); index++) {
    const order = orderOfParts(left.pre[index]!, right.pre[index]!)
    if (order !== 0) return order
  }
  return Math.sign(left.pre.length - right.pre.length)
}
