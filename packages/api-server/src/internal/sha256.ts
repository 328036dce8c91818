/** SHA-256, for hashes that must be there at once. */

const rounds = Uint32Array.from({ length: 64 }, (_, i) => fraction(Math.cbrt(nthPrime(i))))
const initial = Uint32Array.from({ length: 8 }, (_, i) => fraction(Math.sqrt(nthPrime(i))))

function fraction(value: number): number {
  return Math.floor((value - Math.floor(value)) * 0x1_0000_0000)
}

function nthPrime(n: number): number {
  let found = -1
  for (let candidate = 2;; candidate++) {
    let isPrime = true
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) isPrime = false
    if (isPrime && ++found === n) return candidate
  }
}

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

/** The digest of some bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array => {
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x2000_0000))
  view.setUint32(padded.length - 4, bytes.length << 3)
  const state = initial.slice()
  for (let at = 0; at < padded.length; at += 64) mixBlock(state, view, at)
  const digest = new Uint8Array(32)
  const out = new DataView(digest.buffer)
  state.forEach((word, i) => out.setUint32(i * 4, word))
  return digest
}

const schedule = new Uint32Array(64)

const mixBlock = (state: Uint32Array, view: DataView, at: number): void => {
  for (let i = 0; i < 16; i++) schedule[i] = view.getUint32(at + i * 4)
  for (let i = 16; i < 64; i++) {
    const a = schedule[i - 15]!
    const b = schedule[i - 2]!
    const small = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
    const large = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
    schedule[i] = schedule[i - 16]! + small + schedule[i - 7]! + large
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i]! + schedule[i]!) | 0
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  const mixed = [a, b, c, d, e, f, g, h]
  for (let i = 0; i < 8; i++) state[i] = state[i]! + mixed[i]!
}

/** How discovery marks the version in which a kind is stored. */
export const storageVersionHash = ({ group, version, kind }: { group: string; version: string; kind: string }): string =>
  btoa(String.fromCharCode(...sha256(new TextEncoder().encode(`${group}/${version}/${kind}`)).subarray(0, 8)))

/** A signature that only the holder of the secret can make. */
export const hmacSha256 = (secret: string, text: string): Uint8Array => {
  const encoder = new TextEncoder()
  const given = encoder.encode(secret)
  const key = new Uint8Array(64)
  key.set(given.length > 64 ? sha256(given) : given)
  const message = encoder.encode(text)
  const inner = new Uint8Array(64 + message.length)
  key.forEach((byte, i) => (inner[i] = byte ^ 0x36))
  inner.set(message, 64)
  const outer = new Uint8Array(96)
  key.forEach((byte, i) => (outer[i] = byte ^ 0x5c))
  outer.set(sha256(inner), 64)
  return sha256(outer)
}
