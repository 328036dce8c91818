/** Things in the order in which they came, each of which can leave at any time. */

/** What the chain notes down in the things that it holds. */
export interface Linked<T> {
  next: T | undefined
  previous: T | undefined
}

/** A list linked through its members: no memory of its own, where a `Set` is copied again and again as its members come and go. */
export class Chain<T extends Linked<T>> {
  first: T | undefined
  #last: T | undefined
  size = 0

  push(it: T): void {
    it.previous = this.#last
    it.next = undefined
    if (this.#last === undefined) this.first = it
    else this.#last.next = it
    this.#last = it
    this.size++
  }

  remove(it: T): void {
    if (it.previous === undefined) this.first = it.next
    else it.previous.next = it.next
    if (it.next === undefined) this.#last = it.previous
    else it.next.previous = it.previous
    it.next = it.previous = undefined
    this.size--
  }

  toArray(): ReadonlyArray<T> {
    const members: Array<T> = []
    for (let it = this.first; it !== undefined; it = it.next) members.push(it)
    return members
  }
}
