import { describe, expect, it } from "vitest"
import { RunQueue } from "../../src/internal/runQueue.ts"

const drain = (queue: RunQueue): void => {
  for (let task = queue.take(); task !== undefined; task = queue.take()) task()
}

describe("RunQueue", () => {
  it("take gives tasks in the order of their push", () => {
    const queue = new RunQueue()
    const seen: Array<number> = []
    for (let index = 0; index < 5; index++) queue.push(() => seen.push(index), 0)
    expect(queue.size).toBe(5)
    drain(queue)
    expect(seen).toEqual([0, 1, 2, 3, 4])
    expect(queue.size).toBe(0)
  })

  it("a lower priority number runs first, also when it is pushed while others run", () => {
    const queue = new RunQueue()
    const seen: Array<string> = []
    queue.push(() => seen.push("later"), 10)
    queue.push(() => {
      seen.push("now")
      queue.push(() => seen.push("first"), -1)
    }, 0)
    queue.push(() => seen.push("next"), 0)
    drain(queue)
    expect(seen).toEqual(["now", "first", "next", "later"])
  })

  it("keeps its order over many tasks while it never runs empty", () => {
    const queue = new RunQueue()
    const seen: Array<number> = []
    let pushed = 0
    const push = (): void => {
      const number = pushed++
      queue.push(() => {
        seen.push(number)
        if (pushed < 50_000) push()
      }, 0)
    }
    for (let index = 0; index < 100; index++) push()
    drain(queue)
    expect(seen.length).toBe(pushed)
    expect(seen.every((number, index) => number === index)).toBe(true)
  })
})
