/** Things by rank, the lowest first; ties in the order in which they were put. */

/** What the heap notes down in the things that it holds. */
export interface Ranked {
  rank: number
  /** True from `push` to `remove`. */
  isRanked: boolean
  /** Where the heap has a place for it, which may be from an earlier time; -1 when it has none. */
  heapIndex: number
  heapOrder: number
}

/** Below this size nothing is swept. */
const sweepSizeMin = 64

/**
 * A binary heap from which any entry can be taken out. What is taken out keeps its place until that comes to the front,
 * or until most places are empty; what is put again for later only moves on from there. So whoever changes his mind all
 * the while, as keys do that wait for hours and are woken every second, costs nothing but that.
 */
export class RankHeap<T extends Ranked> {
  #entries: Array<T> = []
  /** The ranks and orders that the places were given for, each in a piece: reaching for thousands of entries is what takes the time. */
  #ranks: Array<number> = []
  #orders: Array<number> = []
  #order = 0
  size = 0

  get first(): T | undefined {
    for (;;) {
      const top = this.#entries[0]
      if (top === undefined) return undefined
      if (!top.isRanked) this.#dropFirst()
      else if (top.heapOrder !== this.#orders[0]) this.#sink(top, 0, top.rank, top.heapOrder)
      else return top
    }
  }

  push(entry: T, rank: number): void {
    entry.rank = rank
    entry.heapOrder = this.#order++
    entry.isRanked = true
    this.size++
    const place = entry.heapIndex
    if (place < 0) this.#up(entry, this.#entries.length)
    else if (rank < this.#ranks[place]!) this.#up(entry, place)
  }

  remove(entry: T): void {
    entry.isRanked = false
    this.size--
    if (this.#entries.length > sweepSizeMin && this.size * 2 < this.#entries.length) this.#sweep()
  }

  #dropFirst(): void {
    this.#entries[0]!.heapIndex = -1
    const last = this.#entries.pop()!
    const rank = this.#ranks.pop()!
    const order = this.#orders.pop()!
    if (this.#entries.length > 0) this.#sink(last, 0, rank, order)
  }

  #sweep(): void {
    const entries = this.#entries
    this.#entries = []
    this.#ranks = []
    this.#orders = []
    for (const entry of entries) {
      entry.heapIndex = -1
      if (entry.isRanked) this.#up(entry, this.#entries.length)
    }
  }

  /** Gives the entry the place `index`, or one further up. */
  #up(entry: T, from: number): void {
    const { heapOrder, rank } = entry
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(rank, heapOrder, parent)) break
      this.#place(this.#entries[parent]!, index, this.#ranks[parent]!, this.#orders[parent]!)
      index = parent
    }
    this.#place(entry, index, rank, heapOrder)
  }

  /** Gives the entry the place `index`, or one further down. */
  #sink(entry: T, from: number, rank: number, order: number): void {
    const { length } = this.#entries
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= length) break
      if (child + 1 < length && this.#isBefore(this.#ranks[child + 1]!, this.#orders[child + 1]!, child)) child++
      if (this.#isBefore(rank, order, child)) break
      this.#place(this.#entries[child]!, index, this.#ranks[child]!, this.#orders[child]!)
      index = child
    }
    this.#place(entry, index, rank, order)
  }

  #isBefore(rank: number, order: number, at: number): boolean {
    const other = this.#ranks[at]!
    return rank < other || (rank === other && order < this.#orders[at]!)
  }

  #place(entry: T, index: number, rank: number, order: number): void {
    this.#entries[index] = entry
    this.#ranks[index] = rank
    this.#orders[index] = order
    entry.heapIndex = index
  }
}
