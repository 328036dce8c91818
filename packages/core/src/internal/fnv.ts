/** Fowler–Noll–Vo hashes (variant 1a), as Go's `hash/fnv` computes them. */

const utf8 = new TextEncoder()

/** 32-bit FNV-1a of the UTF-8 bytes of a text, as an unsigned number. */
export const fnv1a32 = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7f) return fnv1a32Bytes(utf8.encode(text))
    hash = Math.imul(hash ^ unit, 0x01000193)
  }
  return hash >>> 0
}

const fnv1a32Bytes = (bytes: Uint8Array): number => {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** Width of a hash in bits. */
export type FnvBits = 32 | 64 | 128

const parameters = {
  32: { offset: 0x811c9dc5n, prime: 0x01000193n },
  64: { offset: 0xcbf29ce484222325n, prime: 0x100000001b3n },
  128: { offset: 0x6c62272e07bb014262b821756295c58dn, prime: 0x1000000000000000000013bn }
} as const

/** FNV-1a of the given width, most significant byte first. */
export const fnv1aBytes = (text: string, bits: FnvBits): Uint8Array => {
  const { offset, prime } = parameters[bits]
  let hash: bigint = offset
  for (const byte of utf8.encode(text)) hash = BigInt.asUintN(bits, (hash ^ BigInt(byte)) * prime)
  const out = new Uint8Array(bits / 8)
  for (let index = out.length - 1; index >= 0; index--) {
    out[index] = Number(hash & 0xffn)
    hash >>= 8n
  }
  return out
}
