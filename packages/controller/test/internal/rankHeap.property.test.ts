import * as fc from "fast-check"
import { expect, it } from "vitest"
import { type Ranked, RankHeap } from "../../src/internal/rankHeap.ts"

interface Thing extends Ranked {
  readonly id: number
}

it("whatever is pushed and taken out of the middle, the first has the lowest rank, and of those the one that came first", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: 9 }), fc.boolean(), fc.nat()), { maxLength: 200 }), (steps) => {
    const heap = new RankHeap<Thing>()
    let model: Array<Thing> = []
    for (const [rank, isPush, pick] of steps) {
      if (isPush || model.length === 0) {
        const thing: Thing = { id: model.length, rank: 0, heapIndex: -1, heapOrder: 0 }
        heap.push(thing, rank)
        model.push(thing)
      } else {
        const gone = model[pick % model.length]!
        heap.remove(gone)
        expect(gone.heapIndex).toBe(-1)
        model = model.filter((it) => it !== gone)
      }
      const first = model.reduce<Thing | undefined>((least, it) => (least === undefined || it.rank < least.rank ? it : least), undefined)
      expect(heap.first).toBe(first)
      expect(heap.size).toBe(model.length)
    }
  }))
})
