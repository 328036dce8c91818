/** Things by rank, the lowest first; ties in the order in which they were put. */

/** What the heap notes down in the things that it holds. */
export interface Ranked {
  rank: number
  /** Where it is; -1 when it is in no heap. */
  heapIndex: number
  heapOrder: number
}

/** A binary heap that knows where each entry is, so that one can be taken out of the middle. */
export class RankHeap<T extends Ranked> {
  readonly #entries: Array<T> = []
  #order = 0

  get size(): number {
    return this.#entries.length
  }

  get first(): T | undefined {
    return this.#entries[0]
  }

  push(entry: T, rank: number): void {
    entry.rank = rank
    entry.heapOrder = this.#order++
    entry.heapIndex = this.#entries.length
    this.#entries.push(entry)
    this.#up(entry.heapIndex)
  }

  remove(entry: T): void {
    const index = entry.heapIndex
    const last = this.#entries.pop()!
    entry.heapIndex = -1
    if (last === entry) return
    this.#place(last, index)
    this.#up(index)
    this.#down(last.heapIndex)
  }

  #up(from: number): void {
    const entry = this.#entries[from]!
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = this.#entries[parent]!
      if (!isBefore(entry, above)) break
      this.#place(above, index)
      index = parent
    }
    this.#place(entry, index)
  }

  #down(from: number): void {
    const entry = this.#entries[from]!
    const { length } = this.#entries
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= length) break
      if (child + 1 < length && isBefore(this.#entries[child + 1]!, this.#entries[child]!)) child++
      const below = this.#entries[child]!
      if (!isBefore(below, entry)) break
      this.#place(below, index)
      index = child
    }
    this.#place(entry, index)
  }

  #place(entry: T, index: number): void {
    this.#entries[index] = entry
    entry.heapIndex = index
  }
}

const isBefore = (a: Ranked, b: Ranked): boolean => a.rank < b.rank || (a.rank === b.rank && a.heapOrder < b.heapOrder)
