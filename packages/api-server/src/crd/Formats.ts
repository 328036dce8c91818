/** The formats of strings that schemas of custom resources can ask for. */
import { parseDuration } from "../cel/functions/Times.ts"
import { parseRequestUri } from "../cel/net/GoUrl.ts"
import { parseCidr, parseIp } from "../cel/net/IpAddress.ts"
import { isAddress } from "./MailAddress.ts"

/** Whether a text has the format. */
export type FormatTest = (text: string) => boolean

/** The test of a string format; `undefined` for formats that are not enforced. Dashes in names do not matter. */
export const formatTest = (format: string): FormatTest | undefined => {
  const name = format.replaceAll("-", "")
  return Object.hasOwn(tests, name) ? tests[name] : undefined
}

/** Whether a format has a meaning for values of a type. */
export const isKnownFormat = (type: string, format: string): boolean => {
  if (type === "" || type === "string") return formatTest(format) !== undefined
  if (type === "integer") return format === "int32" || format === "int64"
  return type === "number" && (format === "float" || format === "double")
}

const matching = (pattern: RegExp): FormatTest => (text) => pattern.test(text)

const isDate: FormatTest = (text) => {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (found === null) return false
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number]
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1]!
}

const isDateTime: FormatTest = (text) => isUsualDateTime(text) || isUnusualDateTime(text)

/** Most times are of days that every month has, in UTC. They are looked at by hand, which is five times as quick as by an expression. */
const isUsualDateTime = (text: string): boolean => {
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  return twoDigits(text, 0) < 100 && twoDigits(text, 2) < 100 && month >= 1 && month <= 12 && day >= 1 && day <= 28 &&
    twoDigits(text, 11) < 24 && twoDigits(text, 14) < 60 && twoDigits(text, 17) < 60 &&
    text.charCodeAt(4) === dash && text.charCodeAt(7) === dash && text.charCodeAt(10) === 84 &&
    text.charCodeAt(13) === colon && text.charCodeAt(16) === colon && text.charCodeAt(text.length - 1) === 90 &&
    (text.length === 20 || (text.charCodeAt(19) === 46 && text.length > 21 && isDigits(text, 20, text.length - 1)))
}

const [dash, colon] = [45, 58]

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const isDigits = (text: string, start: number, end: number): boolean => {
  for (let i = start; i < end; i++) if (!isDigit(text.charCodeAt(i))) return false
  return true
}

/** The number that two digits make; 100 if they are none. */
const twoDigits = (text: string, at: number): number => {
  const tens = text.charCodeAt(at)
  const ones = text.charCodeAt(at + 1)
  return isDigit(tens) && isDigit(ones) ? (tens - 48) * 10 + ones - 48 : 100
}

const base64Codes = new Uint8Array(128)
for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") base64Codes[letter.charCodeAt(0)] = 1

/** Padded base64 that is not empty. Such texts are long, and an expression takes three times as long over them. */
const isBase64: FormatTest = (text) => {
  if (text.length === 0 || text.length % 4 !== 0) return false
  const end = text.length - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0)
  for (let i = 0; i < end; i++) if (base64Codes[text.charCodeAt(i)] !== 1) return false
  return true
}

const isUnusualDateTime: FormatTest = (text) => {
  const [date = "", time] = text.toLowerCase().split("t")
  const found = time === undefined ? null : /^(\d\d):(\d\d):(\d\d)(?:.\d+)?(?:z|[+-]\d\d:\d\d)$/.exec(time)
  return found !== null && isDate(date) && found[1]! <= "23" && found[2]! <= "59" && found[3]! <= "59"
}

/** Units that a number can have beside those of Go, in nanoseconds; after a word at the end of a line anything may follow. */
const durationUnits: ReadonlyArray<readonly [nanos: bigint, exact: ReadonlyArray<string>, word: string]> = [
  [1n, ["ns"], "nano"], [1_000n, ["us", "µs"], "micro"], [1_000_000n, ["ms"], "milli"], [1_000_000_000n, ["s"], "sec"], [60_000_000_000n, ["m"], "min"],
  [3_600_000_000_000n, ["h", "hr"], "hour"], [86_400_000_000_000n, ["d"], "day"], [604_800_000_000_000n, ["w", "wk"], "week"]
]

/** The nanoseconds of a duration as schemas allow it: one of Go, or numbers with units among anything else. */
export const readDuration = (text: string): bigint | undefined => {
  const plain = parseDuration(text)
  if (plain !== undefined) return plain
  let found: bigint | undefined
  for (const [, count, unit] of text.matchAll(/(\d+)[\t\n\f\r ]*([A-Za-zµ]+)/g)) {
    const lower = unit!.toLowerCase()
    const known = durationUnits.find(([, exact, word]) => exact.includes(lower) || lower.startsWith(word))
    if (known !== undefined) found = BigInt.asIntN(64, (found ?? 0n) + BigInt(count!) * known[0])
  }
  return found
}

const isDuration: FormatTest = (text) => readDuration(text) !== undefined

const hostname = /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

const isHostname: FormatTest = (text) => hostname.test(text) && bytesOf(text) <= 255 && text.split(".").every((label) => bytesOf(label) <= 63)

const cardShape = /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/

const isCreditCard: FormatTest = (text) => {
  const digits = text.replace(/\D+/g, "")
  if (!cardShape.test(digits)) return false
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2)
    return total + (value >= 10 ? (value % 10) + 1 : value)
  }, 0)
  return sum % 10 === 0
}

const isIsbn10: FormatTest = (text) => {
  const digits = text.replace(/[\s-]+/g, "")
  return /^\d{9}[\dX]$/.test(digits) && [...digits].reduce((sum, digit, i) => sum + (i + 1) * (digit === "X" ? 10 : Number(digit)), 0) % 11 === 0
}

const isIsbn13: FormatTest = (text) => {
  const digits = text.replace(/[\s-]+/g, "")
  return /^\d{13}$/.test(digits) && [...digits].reduce((sum, digit, i) => sum + (i % 2 === 0 ? 1 : 3) * Number(digit), 0) % 10 === 0
}

const byte = "(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])"
const label = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
const mac = ["([0-9a-fA-F]{2}:){5}", "([0-9a-fA-F]{2}:){7}", "([0-9a-fA-F]{2}:){19}"].map((part) => `${part}[0-9a-fA-F]{2}`).join("|")

const tests: Readonly<Record<string, FormatTest>> = {
  bsonobjectid: matching(/^[0-9a-fA-F]{24}$/),
  uri: (text) => typeof parseRequestUri(text) !== "string",
  email: isAddress,
  hostname: isHostname,
  ipv4: (text) => text.includes(".") && parseIp(text, true) !== undefined,
  ipv6: (text) => text.includes(":") && parseIp(text) !== undefined,
  cidr: (text) => parseCidr(text, true) !== undefined,
  mac: matching(new RegExp(`^(?:${mac}|${mac.replaceAll(":", "-")}|([0-9a-fA-F]{4}\\.){2}[0-9a-fA-F]{4}|([0-9a-fA-F]{4}\\.){3}[0-9a-fA-F]{4}|([0-9a-fA-F]{4}\\.){9}[0-9a-fA-F]{4})$`)),
  uuid: matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i),
  uuid3: matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i),
  uuid4: matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i),
  uuid5: matching(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matching(/^(?=.{11}$)\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matching(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matching(new RegExp(`^rgb\\(\\s*${byte}\\s*,\\s*${byte}\\s*,\\s*${byte}\\s*\\)$`)),
  byte: isBase64,
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && new RegExp(`^${label}$`).test(text),
  k8slongname: (text) => text.length <= 253 && new RegExp(`^${label}(?:\\.${label})*$`).test(text)
}
