import { describe, expect, it } from "vitest"
import { type Timer, TimerHeap } from "../../src/internal/timerHeap.ts"
import * as SeededRandom from "../../src/SeededRandom.ts"

const nothing = (): void => undefined

const takeAll = (heap: TimerHeap): Array<Timer> => {
  const taken: Array<Timer> = []
  for (let timer = heap.pop(); timer !== undefined; timer = heap.pop()) {
    timer.run = undefined
    taken.push(timer)
  }
  return taken
}

const byTime = (a: Timer, b: Timer): number => a.time - b.time || a.sequence - b.sequence

describe("TimerHeap", () => {
  it("pop gives the timers by time and equal times in the order of setting", () => {
    const heap = new TimerHeap()
    for (const time of [5, 1, 3, 1, 0.5, 3, 1]) heap.push(time, nothing)
    expect(takeAll(heap).map(({ time, sequence }) => [time, sequence])).toEqual([
      [0.5, 4], [1, 1], [1, 3], [1, 6], [3, 2], [3, 5], [5, 0]
    ])
  })

  it("pop never gives a cancelled timer", () => {
    const heap = new TimerHeap()
    const first = heap.push(1, nothing)
    heap.push(2, nothing)
    heap.cancel(first)
    heap.cancel(first)
    expect(heap.size).toBe(1)
    expect(takeAll(heap).map((timer) => timer.time)).toEqual([2])
    expect(heap.size).toBe(0)
  })

  it("cancelling a timer that has run changes nothing", () => {
    const heap = new TimerHeap()
    const first = heap.push(1, nothing)
    const [popped] = takeAll(heap)
    expect(popped).toBe(first)
    heap.push(2, nothing)
    heap.cancel(first)
    expect(heap.size).toBe(1)
  })

  it("dead timers are swept out when they are more than half", () => {
    const heap = new TimerHeap()
    const timers = Array.from({ length: 10_000 }, (_, index) => heap.push(index, nothing))
    for (const timer of timers.slice(0, 9_000)) heap.cancel(timer)
    expect(heap.size).toBe(1_000)
    expect(heap.capacity).toBeLessThan(2_001)
    expect(takeAll(heap).map((timer) => timer.time)).toEqual(timers.slice(9_000).map((timer) => timer.time))
  })

  it("agrees with a sorted list whatever is pushed, cancelled and popped", () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = SeededRandom.make(seed)
      const heap = new TimerHeap()
      let model: Array<Timer> = []
      for (let step = 0; step < 600; step++) {
        const choice = random.next()
        if (choice < 0.5) model.push(heap.push(random.nextBelow(40) / 4, nothing))
        else if (choice < 0.8 && model.length > 0) {
          const victim = model[random.nextBelow(model.length)]!
          heap.cancel(victim)
          model = model.filter((timer) => timer !== victim)
        } else {
          const popped = heap.pop()
          model.sort(byTime)
          expect(popped).toBe(model.shift())
          if (popped !== undefined) popped.run = undefined
        }
        expect(heap.size).toBe(model.length)
      }
      expect(takeAll(heap)).toEqual(model.sort(byTime))
    }
  })
})
