/** Entries by the time at which they are due; ties in the order in which they were put. */
import type { QueueEntry } from "./queueEntry.ts"

/** A binary heap that knows where each entry is, so that one can be taken out of the middle. */
export class DelayHeap {
  readonly #entries: Array<QueueEntry> = []
  #order = 0

  get size(): number {
    return this.#entries.length
  }

  get first(): QueueEntry | undefined {
    return this.#entries[0]
  }

  push(entry: QueueEntry, dueAt: number): void {
    entry.dueAt = dueAt
    entry.heapOrder = this.#order++
    entry.heapIndex = this.#entries.length
    this.#entries.push(entry)
    this.#up(entry.heapIndex)
  }

  remove(entry: QueueEntry): void {
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

  #place(entry: QueueEntry, index: number): void {
    this.#entries[index] = entry
    entry.heapIndex = index
  }
}

const isBefore = (a: QueueEntry, b: QueueEntry): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.heapOrder < b.heapOrder)
