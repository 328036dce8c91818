/** Uids and name suffixes out of a stream of random numbers. Parts are joined: docs/HACKING.md says why. */

const hex: ReadonlyArray<string> = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))
const twoTo32 = 0x1_0000_0000

const word = (bits: number): string => hex[bits >>> 24]! + hex[(bits >>> 16) & 255]! + hex[(bits >>> 8) & 255]! + hex[bits & 255]!
const half = (bits: number): string => hex[(bits >>> 8) & 255]! + hex[bits & 255]!

/** A random (version 4) UUID. */
export const randomUid = (random: () => number): string => {
  const a = Math.floor(random() * twoTo32)
  const b = Math.floor(random() * twoTo32)
  const c = Math.floor(random() * twoTo32)
  const d = Math.floor(random() * twoTo32)
  return [word(a), half(b >>> 16), half((b & 0x0fff) | 0x4000), half(((c >>> 16) & 0x3fff) | 0x8000), half(c) + word(d)].join("-")
}

const suffixLetters = "bcdfghjklmnpqrstvwxz2456789"

/** Longest base of a generated name; what is longer is cut. */
const generatedBaseMax = 58

/** `base` with five random letters, none of which can form words. */
export const randomName = (base: string, random: () => number): string => {
  let suffix = ""
  for (let i = 0; i < 5; i++) suffix += suffixLetters[Math.floor(random() * suffixLetters.length)]
  return [base.slice(0, generatedBaseMax), suffix].join("")
}
