/** The places in texts where `format` puts values. */

/** A place for a value, or what is wrong with it. */
export interface Clause {
  readonly letter: string
  /** Digits behind the point. */
  readonly precision: number | undefined
  readonly problem: string | undefined
}

const cannotParse = (why: string): string => `could not parse formatting clause: ${why}`
const cannotParsePrecision = (why: string): string => cannotParse(`error while parsing precision: ${why}`)

const clauseOf = (precision: string | undefined, letter: string | undefined): Clause => {
  const clause = { letter: letter ?? "", precision: precision === undefined || precision === "" ? undefined : Number(precision) }
  if (letter === undefined) {
    return { ...clause, problem: precision === undefined ? "unexpected end of string" : cannotParsePrecision("could not find end of precision specifier") }
  }
  if (precision === "") {
    return { ...clause, problem: cannotParsePrecision('error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax') }
  }
  return { ...clause, problem: "sdfebxXo".includes(letter) ? undefined : cannotParse(`unrecognized formatting clause "${letter}"`) }
}

/** Replaces the places for values in a text. */
export const replaceClauses = (text: string, replace: (clause: Clause) => string): string =>
  text.replaceAll(/%%|%(?:\.(\d*))?([^])?/gu, (found, precision: string | undefined, letter: string | undefined) =>
    found === "%%" ? "%" : replace(clauseOf(precision, letter)))

/** Why values of a type cannot be put in place of a clause. */
export const clauseProblem = (letter: string, type: string): string => `${wanted[letter.toLowerCase()]}, was given ${type}`

const wanted: Readonly<Record<string, string>> = {
  s: "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
  d: "decimal clause can only be used on integers",
  f: "fixed-point clause can only be used on doubles",
  e: "scientific clause can only be used on doubles",
  b: "only integers and bools can be formatted as binary",
  x: "only integers, byte buffers, and strings can be formatted as hex",
  o: "octal clause can only be used on integers"
}
