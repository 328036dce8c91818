/** SHA-256 without a promise: keys are hashed in the middle of decisions, many small texts each. */

const roundConstants = new Uint32Array(64)
const initial = new Uint32Array(8)

/** The first 32 bits of the fractions of roots of primes, which the standard takes its constants from. */
const fillConstants = (): void => {
  const fraction = (value: number): number => Math.floor((value - Math.floor(value)) * 0x1_0000_0000)
  let found = 0
  for (let candidate = 2; found < 64; candidate++) {
    let isPrime = true
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) isPrime = false
    if (!isPrime) continue
    if (found < 8) initial[found] = fraction(Math.sqrt(candidate))
    roundConstants[found++] = fraction(Math.cbrt(candidate))
  }
}
fillConstants()

const schedule = new Uint32Array(64)

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

const compress = (state: Uint32Array, block: DataView, offset: number): void => {
  for (let i = 0; i < 16; i++) schedule[i] = block.getUint32(offset + 4 * i)
  for (let i = 16; i < 64; i++) {
    const early = schedule[i - 15]!
    const late = schedule[i - 2]!
    const sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    schedule[i] = schedule[i - 16]! + sigma0 + schedule[i - 7]! + sigma1
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const choice = (e & f) ^ (~e & g)
    const first = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + roundConstants[i]! + schedule[i]!) | 0
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const second = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
  state[5]! += f
  state[6]! += g
  state[7]! += h
}

/** The 32 bytes of the digest. */
export const sha256 = (bytes: Uint8Array): Uint8Array => {
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x2000_0000))
  view.setUint32(padded.length - 4, bytes.length << 3)
  const state = initial.slice()
  for (let offset = 0; offset < padded.length; offset += 64) compress(state, view, offset)
  const digest = new Uint8Array(32)
  const out = new DataView(digest.buffer)
  for (let i = 0; i < 8; i++) out.setUint32(4 * i, state[i]!)
  return digest
}
