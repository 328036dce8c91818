/** A 64-bit hash of text in plain arithmetic, the same on every engine. */

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))

/** Spreads every bit of a word over the whole word (the finaliser of MurmurHash3). */
const spread = (word: number): number => {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/**
 * Two 32-bit lanes of MurmurHash3 with different multipliers over the same words, joined at the end. It tells texts apart by
 * accident, not against an adversary.
 */
export class WordHash {
  private one: number
  private two: number

  constructor(one = 0x9747b28c, two = 0x2f6e2b1d) {
    this.one = one | 0
    this.two = two | 0
  }

  /** Adds one text, two UTF-16 units a word. Its length is hashed too, so where one text ends and the next begins matters. */
  update(text: string): void {
    const { length } = text
    const words = new Int32Array((length + 1) >> 1)
    // Past the end `charCodeAt` gives NaN, which counts as 0 here; the length keeps "a" and "a\0" apart.
    for (let index = 0; index < words.length; index++) words[index] = text.charCodeAt(2 * index) | (text.charCodeAt(2 * index + 1) << 16)
    this.updateWords(words, words.length, length)
  }

  /** Adds the first `count` words, which stand for something of this length. */
  updateWords(words: Int32Array, count: number, length: number): void {
    let one = this.one
    let two = this.two
    for (let index = 0; index < count; index++) {
      const word = words[index]!
      one = Math.imul(rotate(one ^ Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593), 13), 5) + 0xe6546b64 | 0
      two = Math.imul(rotate(two ^ Math.imul(rotate(Math.imul(word, 0x239b961b), 17), 0x38b34ae5), 11), 5) + 0x561ccd1b | 0
    }
    this.one = spread((one ^ length) + two)
    this.two = spread((two ^ Math.imul(length, 0x9e3779b1)) + this.one)
  }

  /** The two halves of the hash so far, as signed 32-bit words. */
  words(): readonly [number, number] {
    const one = spread(this.one + this.two)
    return [one, spread(this.two + Math.imul(one, 0x85ebca77))]
  }
}

/** Sixteen lower-case hexadecimal digits. */
export const toHex = ([one, two]: readonly [number, number]): string =>
  (one >>> 0).toString(16).padStart(8, "0") + (two >>> 0).toString(16).padStart(8, "0")
