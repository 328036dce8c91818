/** MD5, which Airflow's label values contain. Not for anything that must be secret. */

const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const sines = Array.from({ length: 64 }, (_, at) => Math.floor(Math.abs(Math.sin(at + 1)) * 2 ** 32))
const encoder = new TextEncoder()

/** 32 lower-case hex digits of the UTF-8 of `text`. */
export const md5 = (text: string): string => {
  const words = padded(encoder.encode(text))
  let state: readonly [number, number, number, number] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
  for (let block = 0; block < words.length; block += 16) state = round(state, words, block)
  return state.map(littleEndianHex).join("")
}

/** The message in words of 32 bits, filled up to whole blocks and closed with its length in bits. */
const padded = (bytes: Uint8Array): Uint32Array => {
  const words = new Uint32Array((((bytes.length + 8) >>> 6) + 1) * 16)
  bytes.forEach((byte, at) => {
    words[at >> 2]! |= byte << ((at & 3) * 8)
  })
  words[bytes.length >> 2]! |= 0x80 << ((bytes.length & 3) * 8)
  words[words.length - 2] = bytes.length * 8
  words[words.length - 1] = Math.floor(bytes.length / 2 ** 29)
  return words
}

const round = (state: readonly [number, number, number, number], words: Uint32Array, block: number): [number, number, number, number] => {
  let [a, b, c, d] = state
  for (let step = 0; step < 64; step++) {
    const [mix, word] = mixed(step, b, c, d)
    const sum = (a + mix + sines[step]! + words[block + word]!) | 0
    const shift = shifts[(step >> 4) * 4 + (step & 3)]!
    const next = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
    ;[a, d, c, b] = [d, c, b, next]
  }
  return [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0]
}

const mixed = (step: number, b: number, c: number, d: number): readonly [mix: number, word: number] => {
  if (step < 16) return [(b & c) | (~b & d), step]
  if (step < 32) return [(d & b) | (~d & c), (5 * step + 1) & 15]
  if (step < 48) return [b ^ c ^ d, (3 * step + 5) & 15]
  return [c ^ (b | ~d), (7 * step) & 15]
}

const littleEndianHex = (word: number): string =>
  [0, 8, 16, 24].map((shift) => ((word >>> shift) & 0xff).toString(16).padStart(2, "0")).join("")
