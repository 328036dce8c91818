/** A heap of things by the time they are due, from which any of them can be taken out. */

/** Something that is due at a time. `heapIndex` belongs to the heap; -1 outside of one. */
export interface Due {
  dueAt: number
  heapIndex: number
}

/** A binary heap that knows where each item is. */
export class DueHeap<A extends Due> {
  readonly #items: Array<A> = []

  get size(): number {
    return this.#items.length
  }

  /** The item that is due first. */
  peek(): A | undefined {
    return this.#items[0]
  }

  push(item: A): void {
    item.heapIndex = this.#items.length
    this.#items.push(item)
    this.#up(item)
  }

  /** Takes out the item that is due first. */
  pop(): A | undefined {
    const first = this.#items[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Takes out an item; does nothing when it is not there. */
  remove(item: A): void {
    const index = item.heapIndex
    if (index < 0) return
    item.heapIndex = -1
    const last = this.#items.pop()!
    if (last === item) return
    this.#items[index] = last
    last.heapIndex = index
    this.#up(last)
    this.#down(last)
  }

  /** Gives every item a new time and brings all into order: cheaper than one by one. */
  reschedule(dueAt: (item: A) => number): void {
    for (const item of this.#items) item.dueAt = dueAt(item)
    for (let index = (this.#items.length >> 1) - 1; index >= 0; index--) this.#down(this.#items[index]!)
  }

  #up(item: A): void {
    const items = this.#items
    let index = item.heapIndex
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = items[parentIndex]!
      if (parent.dueAt <= item.dueAt) break
      items[index] = parent
      parent.heapIndex = index
      index = parentIndex
    }
    items[index] = item
    item.heapIndex = index
  }

  #down(item: A): void {
    const items = this.#items
    const half = items.length >> 1
    let index = item.heapIndex
    while (index < half) {
      let childIndex = 2 * index + 1
      let child = items[childIndex]!
      const right = items[childIndex + 1]
      if (right !== undefined && right.dueAt < child.dueAt) {
        childIndex++
        child = right
      }
      if (child.dueAt >= item.dueAt) break
      items[index] = child
      child.heapIndex = index
      index = childIndex
    }
    items[index] = item
    item.heapIndex = index
  }
}
