/** Functions on texts. */
import { goRegex } from "../regex/GoRegex.ts"
import { RegexSyntaxError } from "../regex/RegexNode.ts"
import { fail, ItemList, type ListValue, type Value } from "../values/Value.ts"
import { textSize } from "./Conversions.ts"
import { type Declared, declare } from "./Declare.ts"
import { formatText, quoteText } from "./TextFormat.ts"

/** A regular expression; what is wrong with it ends the evaluation. */
const regexOf = (pattern: string, prefix = ""): ReturnType<typeof goRegex> => {
  try {
    return goRegex(pattern)
  } catch (error) {
    if (error instanceof RegexSyntaxError) return fail(`${prefix}${error.message}`)
    throw error
  }
}

const outOfRange = (index: bigint): never => fail(`index out of range: ${index}`)

const within = (index: bigint, size: number): number => (index < 0n || index > size ? outOfRange(index) : Number(index))

const charAt = (text: string, index: bigint): string => {
  const characters = [...text]
  return characters[within(index, characters.length)] ?? ""
}

const startsAt = (characters: ReadonlyArray<string>, part: ReadonlyArray<string>, index: number): boolean =>
  part.every((character, offset) => characters[index + offset] === character)

const indexOf = (text: string, part: string, offset = 0n): bigint => {
  if (part === "") return offset
  if (offset < 0n) return outOfRange(offset)
  const [characters, wanted] = [[...text], [...part]]
  for (let index = Number(offset); index <= characters.length - wanted.length; index++) if (startsAt(characters, wanted, index)) return BigInt(index)
  return -1n
}

const lastIndexOf = (text: string, part: string, offset: bigint): bigint => {
  if (part === "") return offset
  if (offset < 0n) return outOfRange(offset)
  const [characters, wanted] = [[...text], [...part]]
  if (offset >= characters.length) return -1n
  for (let index = Math.min(Number(offset), characters.length - wanted.length); index >= 0; index--) {
    if (startsAt(characters, wanted, index)) return BigInt(index)
  }
  return -1n
}

const lastIndex = (text: string, part: string): bigint => {
  const size = textSize(text)
  if (part === "") return BigInt(size)
  return text.length < part.length || size === 0 ? -1n : lastIndexOf(text, part, BigInt(size - 1))
}

const substring = (text: string, start: bigint): string => {
  const characters = [...text]
  return characters.slice(within(start, characters.length)).join("")
}

const substringTo = (text: string, start: bigint, end: bigint): string => {
  if (start > end) return fail(`invalid substring range. start: ${start}, end: ${end}`)
  const characters = [...text]
  return characters.slice(within(start, characters.length), within(end, characters.length)).join("")
}

/** Splits into as many parts as wanted; all there are for a negative count. */
const split = (text: string, separator: string, count = -1n): ListValue => {
  if (count === 0n) return new ItemList([])
  const parts = separator === "" ? [...text] : text.split(separator)
  if (count < 0n || parts.length <= count) return new ItemList(parts)
  const kept = Number(count) - 1
  return new ItemList([...parts.slice(0, kept), parts.slice(kept).join(separator)])
}

const replace = (text: string, old: string, replacement: string, count = -1n): string => {
  if (count < 0n) return old === "" ? ["", ...text, ""].join(replacement) : text.replaceAll(old, () => replacement)
  const parts = old === "" ? ["", ...text, ""] : text.split(old)
  const kept = Math.min(Number(count), parts.length - 1)
  return parts.slice(0, kept).map((part) => part + replacement).join("") + parts.slice(kept).join(old)
}

const blank = String.raw`[\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+`
const blankEnds = new RegExp(`^${blank}|${blank}$`, "g")

const join = (list: ListValue, separator = ""): string =>
  list.items().map((item) => (typeof item === "string" ? item : fail(`join: invalid input: ${String(item)}`))).join(separator)

const findAll = (text: string, pattern: string, count = -1n): ListValue => new ItemList(regexOf(pattern, "Illegal regex: ").findAll(text, Number(count)))

const matches = (text: string, pattern: string): boolean => regexOf(pattern).test(text)

/** Functions on texts, regular expressions among them. */
export const texts: ReadonlyArray<Declared> = [
  declare("charAt.(string, int) -> string", charAt),
  declare("contains.(string, string) -> bool", (text: string, part: string) => text.includes(part)),
  declare("endsWith.(string, string) -> bool", (text: string, part: string) => text.endsWith(part)),
  declare("startsWith.(string, string) -> bool", (text: string, part: string) => text.startsWith(part)),
  declare("indexOf.(string, string) -> int", (text: string, part: string) => indexOf(text, part)),
  declare("indexOf.(string, string, int) -> int", indexOf),
  declare("lastIndexOf.(string, string) -> int", lastIndex),
  declare("lastIndexOf.(string, string, int) -> int", lastIndexOf),
  declare("lowerAscii.(string) -> string", (text: string) => text.replaceAll(/[A-Z]+/g, (part) => part.toLowerCase())),
  declare("upperAscii.(string) -> string", (text: string) => text.replaceAll(/[a-z]+/g, (part) => part.toUpperCase())),
  declare("replace.(string, string, string) -> string", (text: string, old: string, replacement: string) => replace(text, old, replacement)),
  declare("replace.(string, string, string, int) -> string", replace),
  declare("split.(string, string) -> list(string)", (text: string, separator: string) => split(text, separator)),
  declare("split.(string, string, int) -> list(string)", split),
  declare("substring.(string, int) -> string", substring),
  declare("substring.(string, int, int) -> string", substringTo),
  declare("trim.(string) -> string", (text: string) => text.replaceAll(blankEnds, "")),
  declare("join.(list(string)) -> string", (list: ListValue) => join(list)),
  declare("join.(list(string), string) -> string", join),
  declare("format.(string, list(dyn)) -> string", (text: string, args: ListValue): Value => formatText(text, args)),
  declare("strings.quote(string) -> string", quoteText),
  declare("matches(string, string) -> bool", matches),
  declare("matches.(string, string) -> bool", matches),
  declare("find.(string, string) -> string", (text: string, pattern: string) => regexOf(pattern, "Illegal regex: ").find(text) ?? ""),
  declare("findAll.(string, string) -> list(string)", (text: string, pattern: string) => findAll(text, pattern)),
  declare("findAll.(string, string, int) -> list(string)", findAll)
]
