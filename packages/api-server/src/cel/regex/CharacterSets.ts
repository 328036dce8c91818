/** Named sets of characters of Go's regular expressions, as the insides of ECMAScript classes. */

/** Inclusive ranges of code points, in order. */
export type Ranges = ReadonlyArray<readonly [number, number]>

const codeMax = 0x10ffff

const ranges = (text: string): Ranges => text.split(" ").map((range) => {
  const [from, to] = range.split("-").map((hex) => Number.parseInt(hex, 16)) as [number, number?]
  return [from, to ?? from]
})

/** All other code points. */
export const complement = (sets: Ranges): Ranges => {
  const out: Array<readonly [number, number]> = []
  let next = 0
  for (const [from, to] of [...sets].sort((a, b) => a[0] - b[0])) {
    if (from > next) out.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  if (next <= codeMax) out.push([next, codeMax])
  return out
}

const digit = ranges("30-39")
const space = ranges("9-a c-d 20")
const word = ranges("30-39 41-5a 5f 61-7a")

/** `\d`, `\s`, `\w` and their opposites. */
export const perlSets: Readonly<Record<string, Ranges>> = {
  d: digit, D: complement(digit), s: space, S: complement(space), w: word, W: complement(word)
}

/** `[:alpha:]` and its like. */
export const posixSets: ReadonlyMap<string, Ranges> = new Map(Object.entries({
  alnum: "30-39 41-5a 61-7a", alpha: "41-5a 61-7a", ascii: "0-7f", blank: "9 20", cntrl: "0-1f 7f", digit: "30-39", graph: "21-7e",
  lower: "61-7a", print: "20-7e", punct: "21-2f 3a-40 5b-60 7b-7e", space: "9-d 20", upper: "41-5a", word: "30-39 41-5a 5f 61-7a",
  xdigit: "30-39 41-46 61-66"
}).map(([name, text]) => [name, ranges(text)]))

/** A code point inside of a class. */
export const codeSource = (code: number): string => `\\u{${code.toString(16)}}`

/** Ranges inside of a class. */
export const rangesSource = (sets: Ranges): string => sets.map(([from, to]) => (from === to ? codeSource(from) : `${codeSource(from)}-${codeSource(to)}`)).join("")

const categories = /^(?:Any|[CLMNPSZ]|C[cfos]|L[lmotu]|M[cen]|N[dlo]|P[cdefios]|S[ckmo]|Z[lps])$/

/** A Unicode property such as `L` or `Greek` inside of a class; `undefined` for an unknown name. */
export const unicodeSource = (name: string, negated: boolean): string | undefined => {
  const source = `\\${negated ? "P" : "p"}{${name === "Any" || categories.test(name) ? name : `Script=${name}`}}`
  try {
    new RegExp(`[${source}]`, "u")
    return source
  } catch {
    return undefined
  }
}
