/** Texts as lower-case words of ASCII letters and digits with hyphens between, as python-slugify writes them with text-unidecode. */
// @ts-expect-error The package has no types.
import unidecode from "unidecode"

/** Perl's Text::Unidecode: what it does not know becomes nothing. */
const toAscii: (text: string) => string = unidecode

const decimalReference = /&#(\d+);/g
const hexReference = /&#x([\da-fA-F]+);/g
const codePointMax = 0x10ffff

const fromReference = (base: number) => (whole: string, digits: string): string => {
  const code = Number.parseInt(digits, base)
  return code <= codePointMax ? String.fromCodePoint(code) : whole
}

/** Empty when nothing of the text can be written so. */
export const slugify = (text: string): string =>
  toAscii(
    text.replace(decimalReference, fromReference(10)).replace(hexReference, fromReference(16)).replace(/'+/g, "-").normalize("NFKD")
  )
    .normalize("NFKD")
    .toLowerCase()
    .replace(/'+/g, "")
    .replace(/(?<=\d),(?=\d)/g, "")
    .replace(/[^-a-z0-9]+/g, "-")
    .replace(/-{2,}/g, "-")
    .replace(/^-+|-+$/g, "")
