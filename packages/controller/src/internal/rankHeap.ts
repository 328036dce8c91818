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
  /** The ranks of the entries, in a piece: with thousands of entries it is reaching for each of them that takes the time. */
  readonly #ranks: Array<number> = []
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
    const index = this.#entries.length
    this.#entries.push(entry)
    this.#ranks.push(rank)
    this.#up(entry, index)
  }

  remove(entry: T): void {
    const index = entry.heapIndex
    const last = this.#entries.pop()!
    this.#ranks.pop()
    entry.heapIndex = -1
    if (last === entry) return
    this.#up(last, index)
    if (last.heapIndex === index) this.#down(last, index)
  }

  /** Puts the entry at the free place `index`, or further up. */
  #up(entry: T, index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(entry.rank, entry, parent)) break
      this.#place(this.#entries[parent]!, index)
      index = parent
    }
    this.#place(entry, index)
  }

  /** Puts the entry at the free place `index`, or further down. */
  #down(entry: T, index: number): void {
    const { length } = this.#entries
    for (;;) {
      let child = 2 * index + 1
      if (child >= length) break
      if (child + 1 < length && this.#isBefore(this.#ranks[child + 1]!, this.#entries[child + 1]!, child)) child++
      if (this.#isBefore(entry.rank, entry, child)) break
      this.#place(this.#entries[child]!, index)
      index = child
    }
    this.#place(entry, index)
  }

  #isBefore(rank: number, entry: T, at: number): boolean {
    const other = this.#ranks[at]!
    return rank < other || (rank === other && entry.heapOrder < this.#entries[at]!.heapOrder)
  }

  #place(entry: T, index: number): void {
    this.#entries[index] = entry
    this.#ranks[index] = entry.rank
    entry.heapIndex = index
  }
}
