/** The objects of one namespace in a collection, listed in the order of their names. */
import type { KubeObject } from "@fairlead/kube"

/** A stored object. The record stays the same over updates; `object` is replaced. */
export interface Entry {
  readonly namespace: string
  readonly name: string
  object: KubeObject
  alive: boolean
}

/**
 * Finding and adding cost the same however many objects there are: the sorted list is only mended when it is read,
 * by merging what was added since.
 */
export class Bucket {
  readonly namespace: string
  /** Whether another collection may hold this bucket too: then it must not be written to. */
  isShared = false
  private readonly byName = new Map<string, Entry>()
  private sorted: Array<Entry> = []
  private added: Array<Entry> = []
  private removed = 0
  /** What was asked for last: most objects that are looked up are written next. */
  private found: Entry | undefined

  constructor(namespace: string) {
    this.namespace = namespace
  }

  get size(): number {
    return this.byName.size
  }

  /** A copy with entries of its own; the objects are the same. */
  copy(): Bucket {
    const copy = new Bucket(this.namespace)
    for (const entry of this.entries()) {
      const own = { ...entry }
      copy.byName.set(own.name, own)
      copy.sorted.push(own)
    }
    return copy
  }

  get(name: string): Entry | undefined {
    if (this.found?.name !== name) this.found = this.byName.get(name)
    return this.found
  }

  add(entry: Entry): void {
    this.byName.set(entry.name, entry)
    this.added.push(entry)
  }

  remove(entry: Entry): void {
    this.byName.delete(entry.name)
    if (this.found === entry) this.found = undefined
    entry.alive = false
    this.removed++
  }

  /** All entries in the order of their names. Must not be kept over a write. */
  entries(): ReadonlyArray<Entry> {
    if (this.removed > 0) {
      this.sorted = this.sorted.filter(isAlive)
      this.added = this.added.filter(isAlive)
      this.removed = 0
    }
    if (this.added.length > 0) {
      this.sorted = merge(this.sorted, this.added.sort(byNameOrder))
      this.added = []
    }
    return this.sorted
  }
}

const isAlive = (entry: Entry): boolean => entry.alive

const byNameOrder = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : 1)

const merge = (left: ReadonlyArray<Entry>, right: Array<Entry>): Array<Entry> => {
  if (left.length === 0) return right
  const out: Array<Entry> = []
  let at = 0
  for (const entry of right) {
    while (at < left.length && left[at]!.name < entry.name) out.push(left[at++]!)
    out.push(entry)
  }
  while (at < left.length) out.push(left[at++]!)
  return out
}
