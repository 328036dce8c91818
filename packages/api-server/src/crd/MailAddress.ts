/** Addresses as Go's `mail.ParseAddress` takes them: `a@b.example`, `Name <a@b.example>`. */

const atomText = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\\u0080-\\u{10ffff}]"
const atom = `${atomText}+`
const dotAtom = `${atom}(?:\\.${atom})*`
const space = "[ \\t]*"
const comment = `\\((?:[^()\\\\]|\\\\.)*\\)`
const gap = `(?:[ \\t]|${comment})*`
const quoted = `"(?:[^"\\\\\\r\\n]|\\\\.)*"`
const literal = "\\[[^\\[\\]\\\\\\s]*\\]"
const spec = `(?:${dotAtom}|"(?:[^"\\\\\\r\\n]|\\\\.)+")@(?:${dotAtom}|${literal})`
const phrase = `(?:(?:${atom}|${quoted})(?:${space}(?:${atom}|${quoted}|\\.))*)`

const plain = new RegExp(`^${gap}${spec}${gap}$`, "u")
const named = new RegExp(`^${gap}(?:${phrase})?${gap}<${space}${spec}${space}>${gap}$`, "u")

/** Whether a text is one address, with or without a name. */
export const isAddress = (text: string): boolean => plain.test(text) || named.test(text)
