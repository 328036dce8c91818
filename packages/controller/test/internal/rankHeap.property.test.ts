import * as fc from "fast-check"
import { expect, it } from "vitest"
import { type Ranked, RankHeap } from "../../src/internal/rankHeap.ts"

interface Thing extends Ranked {
  readonly id: number
}

it("whatever is put, taken out of the middle and put again, the first has the lowest rank, and of those the one that came first", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: 9 }), fc.boolean(), fc.nat()), { maxLength: 400, size: "max" }), (steps) => {
    const heap = new RankHeap<Thing>()
    const things = Array.from({ length: 150 }, (_, id): Thing => ({ id, rank: 0, isRanked: false, heapIndex: -1, heapOrder: 0 }))
    let model: Array<{ readonly thing: Thing; readonly rank: number }> = []
    for (const [rank, isSeen, pick] of steps) {
      const thing = things[pick % things.length]!
      if (thing.isRanked) {
        heap.remove(thing)
        model = model.filter((it) => it.thing !== thing)
      } else {
        heap.push(thing, rank)
        model.push({ thing, rank })
      }
      expect(heap.size).toBe(model.length)
      const least = model.reduce<(typeof model)[number] | undefined>((found, it) => (found === undefined || it.rank < found.rank ? it : found), undefined)
      if (isSeen) expect(heap.first).toBe(least?.thing)
    }
    for (let first = heap.first; first !== undefined; first = heap.first) {
      const least = model.reduce((found, it) => (it.rank < found.rank ? it : found))
      expect(first).toBe(least.thing)
      heap.remove(first)
      model = model.filter((it) => it !== least)
    }
    expect(model).toEqual([])
  }))
})

it("keeps no more places than twice what it holds", () => {
  const heap = new RankHeap<Thing>()
  const things = Array.from({ length: 1000 }, (_, id): Thing => ({ id, rank: 0, isRanked: false, heapIndex: -1, heapOrder: 0 }))
  for (const thing of things) heap.push(thing, 1000 - thing.id)
  for (const thing of things.slice(10)) heap.remove(thing)
  expect(things.filter((it) => it.heapIndex >= 0).length).toBeLessThan(70)
  expect(heap.first).toBe(things[9])
})
