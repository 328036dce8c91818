/** Pieces of a stream put together to parts of one size. */
import { concat } from "./bytes.ts"

/** Takes pieces of any size, and gives parts of exactly `size` bytes. */
export class Parts {
  readonly #size: number
  #pieces: Array<Uint8Array> = []
  #length = 0

  constructor(size: number) {
    this.#size = size
  }

  /** Takes a piece; answers the parts that are complete now. */
  push(piece: Uint8Array): ReadonlyArray<Uint8Array> {
    const parts: Array<Uint8Array> = []
    let rest = piece
    while (this.#length + rest.length >= this.#size) {
      const room = this.#size - this.#length
      this.#pieces.push(rest.subarray(0, room))
      parts.push(this.rest())
      rest = rest.subarray(room)
    }
    if (rest.length > 0) this.#pieces.push(rest)
    this.#length += rest.length
    return parts
  }

  /** What is left over, taken out. */
  rest(): Uint8Array {
    const part = concat(this.#pieces)
    this.#pieces = []
    this.#length = 0
    return part
  }
}
