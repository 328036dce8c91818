/** Pieces of a stream put together to parts of one size, in buffers that are used again. */
import { concat } from "./bytes.ts"

/** Less than this is kept as it came: most streams are far smaller than a part. */
const smallMost = 256 * 1024

/** Takes pieces of any size, and gives parts of exactly `size` bytes. */
export class Parts {
  readonly #size: number
  readonly #free: Array<Uint8Array> = []
  #small: Array<Uint8Array> = []
  #buffer: Uint8Array | undefined
  #length = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Takes a piece; answers the parts that are complete now. */
  push(piece: Uint8Array): ReadonlyArray<Uint8Array> {
    if (this.#buffer === undefined && this.#length + piece.length < Math.min(smallMost, this.#size)) {
      this.#small.push(piece)
      this.#length += piece.length
      return []
    }
    const parts: Array<Uint8Array> = []
    const early = this.#small
    this.#small = []
    if (early.length > 0) this.#length = 0
    for (const it of [...early, piece]) this.#fill(it, parts)
    return parts
  }

  #fill(piece: Uint8Array, parts: Array<Uint8Array>): void {
    for (let taken = 0; taken < piece.length;) {
      const buffer = (this.#buffer ??= this.#free.pop() ?? new Uint8Array(this.#size))
      const some = piece.subarray(taken, taken + this.#size - this.#length)
      buffer.set(some, this.#length)
      this.#length += some.length
      taken += some.length
      if (this.#length < this.#size) continue
      parts.push(buffer)
      this.#buffer = undefined
      this.#length = 0
    }
  }

  /** A part that nobody looks at any more: its bytes may be overwritten. */
  release(part: Uint8Array): void {
    if (part.length === this.#size) this.#free.push(part)
  }

  /** What is left over, taken out. */
  rest(): Uint8Array {
    const rest = this.#buffer === undefined ? concat(this.#small) : this.#buffer.subarray(0, this.#length)
    this.#small = []
    this.#buffer = undefined
    this.#length = 0
    return rest
  }
}
