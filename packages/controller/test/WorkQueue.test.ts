import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { priorityInitial, WorkQueue, type WorkQueueOptions } from "../src/index.ts"

/** Takes and finishes until nothing is ready. */
const drain = (queue: WorkQueue, now = 0): ReadonlyArray<string> => {
  const keys: Array<string> = []
  for (let item = queue.take(now); item !== undefined; item = queue.take(now)) {
    keys.push(item.key)
    queue.done(item.key, now)
  }
  return keys
}

const queueOf = (keys: ReadonlyArray<string>, options?: WorkQueueOptions): WorkQueue => {
  const queue = new WorkQueue(options)
  for (const key of keys) queue.add(key, 0)
  return queue
}

describe("add", () => {
  it("keeps a key once, first in first out", () => {
    expect(drain(queueOf(["n/a", "n/b", "n/a", "n/c", "n/b"]))).toEqual(["n/a", "n/b", "n/c"])
  })

  it("during the run of its key makes it run again, once, afterwards", () => {
    const queue = queueOf(["n/a"])
    expect(queue.take(0)?.key).toBe("n/a")
    queue.add("n/a", 1)
    queue.add("n/a", 2)
    expect(queue.take(2)).toBeUndefined()
    queue.done("n/a", 3)
    expect(drain(queue, 3)).toEqual(["n/a"])
  })

  it("wins over a delay", () => {
    const queue = new WorkQueue()
    queue.addAfter("n/a", 1000, 0)
    queue.add("n/a", 1)
    expect(drain(queue, 1)).toEqual(["n/a"])
    expect(queue.nextDueAt).toBeUndefined()
  })

  it("with a higher priority moves a waiting key up, with a lower one leaves it", () => {
    const queue = queueOf(["n/a", "n/b"])
    queue.add("n/c", 0, priorityInitial)
    queue.add("n/b", 0, 10)
    queue.add("n/b", 0, priorityInitial)
    expect(drain(queue)).toEqual(["n/b", "n/a", "n/c"])
  })

  it("during a run remembers the highest priority", () => {
    const queue = queueOf(["n/a", "n/b"])
    queue.take(0)
    queue.add("n/a", 0, -1)
    queue.add("n/a", 0, 5)
    queue.done("n/a", 0)
    expect(drain(queue)).toEqual(["n/a", "n/b"])
  })
})

describe("addAfter", () => {
  it("makes the key ready at its time and not before", () => {
    const queue = new WorkQueue()
    queue.addAfter("n/a", 100, 0)
    expect(queue.nextDueAt).toBe(100)
    expect(queue.take(99)).toBeUndefined()
    expect(queue.take(100)?.key).toBe("n/a")
  })

  it("keeps the earliest of several times", () => {
    const queue = new WorkQueue()
    queue.addAfter("n/a", 100, 0)
    queue.addAfter("n/a", 50, 0)
    queue.addAfter("n/a", 200, 0)
    expect(queue.nextDueAt).toBe(50)
    expect(drain(queue, 50)).toEqual(["n/a"])
    expect(queue.nextDueAt).toBeUndefined()
  })

  it("does not delay a key that is ready", () => {
    const queue = queueOf(["n/a"])
    queue.addAfter("n/a", 100, 0)
    expect(queue.nextDueAt).toBeUndefined()
    expect(drain(queue)).toEqual(["n/a"])
  })

  it("that is due during a run makes the key ready after it", () => {
    const queue = queueOf(["n/a"])
    queue.take(0)
    queue.addAfter("n/a", 10, 0)
    queue.advance(20)
    expect(queue.take(20)).toBeUndefined()
    queue.done("n/a", 30)
    expect(drain(queue, 30)).toEqual(["n/a"])
  })

  it("lets keys that are due together come in the order in which they were put", () => {
    const queue = new WorkQueue()
    for (const name of ["c", "a", "b"]) queue.addAfter(`n/${name}`, 10, 0)
    expect(drain(queue, 10)).toEqual(["n/c", "n/a", "n/b"])
  })
})

describe("retry", () => {
  it("doubles the delay with each failure up to the longest, until the key is forgotten", () => {
    const queue = new WorkQueue()
    const delays = Array.from({ length: 20 }, () => queue.retry("n/a", 0))
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(delays.at(-1)).toBe(1_000_000)
    queue.forget("n/a")
    expect(queue.retry("n/a", 0)).toBe(5)
  })

  it("waits as long as it is told to, if that is longer", () => {
    expect(new WorkQueue().retry("n/a", 0, 0, 3000)).toBe(3000)
  })

  it("is slowed down over all keys by the bucket", () => {
    const queue = new WorkQueue({ retryLimit: { perSecond: 10, burst: 2 } })
    const delays = ["a", "b", "c", "d"].map((name) => queue.retry(name, 0))
    expect(delays).toEqual([5, 5, 100, 200])
    expect(queue.retry("e", 1000)).toBe(5)
  })
})

describe("tenants", () => {
  it("have turns, so that one with many keys does not hold up the others", () => {
    expect(drain(queueOf(["big/1", "big/2", "big/3", "big/4", "small/1", "tiny/1", "small/2"])))
      .toEqual(["big/1", "small/1", "tiny/1", "big/2", "small/2", "big/3", "big/4"])
  })

  it("that are at their limit wait, and others go on", () => {
    const queue = queueOf(["a/1", "a/2", "a/3", "b/1"], { tenantActiveMax: 2 })
    expect([queue.take(0)?.key, queue.take(0)?.key, queue.take(0)?.key]).toEqual(["a/1", "b/1", "a/2"])
    expect(queue.take(0)).toBeUndefined()
    queue.add("a/4", 0, 100)
    expect(queue.take(0)).toBeUndefined()
    queue.done("a/1", 0)
    expect(queue.take(0)?.key).toBe("a/4")
    expect(queue.take(0)).toBeUndefined()
    queue.done("a/2", 0)
    expect(queue.take(0)?.key).toBe("a/3")
  })

  it("can be anything that follows from the key", () => {
    const queue = queueOf(["n/x-1", "n/x-2", "n/y-1"], { tenantOf: (key) => key.slice(0, 3) })
    expect(drain(queue)).toEqual(["n/x-1", "n/y-1", "n/x-2"])
  })
})

it("done for a key that nobody has taken is a mistake that says so", () => {
  expect(() => new WorkQueue().done("n/a", 0)).toThrow("done was called for n/a, which nobody has taken")
})

it("stats count what waits, runs and was added", () => {
  const queue = queueOf(["n/a", "n/b", "n/a"])
  queue.add("n/i", 0, priorityInitial)
  queue.addAfter("n/d", 5, 0)
  queue.take(3)
  expect(queue.stats()).toEqual({ adds: 3, retries: 0, depth: 2, depths: [[0, 1], [-100, 1]], delayed: 1, processing: 1, keys: 4, oldestStart: 3 })
})

type Command =
  | { readonly do: "add" | "take" | "done" | "retry" | "forget"; readonly key: string; readonly priority: number }
  | { readonly do: "after"; readonly key: string; readonly delay: number; readonly priority: number }
  | { readonly do: "pass"; readonly millis: number }

const key = fc.constantFrom("a/1", "a/2", "a/3", "b/1", "b/2", "c/1")
const priority = fc.constantFrom(-100, 0, 0, 0, 7)
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constantFrom("add" as const, "take" as const, "done" as const, "retry" as const, "forget" as const), key, priority }),
  fc.record({ do: fc.constant("after" as const), key, delay: fc.constantFrom(1, 5, 20), priority }),
  fc.record({ do: fc.constant("pass" as const), millis: fc.constantFrom(1, 3, 10) })
)

it("whatever is asked of it, no key is lost, doubled, early or worked on twice at once", () => {
  fc.assert(fc.property(fc.array(command, { maxLength: 120, size: "max" }), fc.constantFrom(1, 2, Number.POSITIVE_INFINITY), (commands, tenantActiveMax) => {
    const queue = new WorkQueue({ tenantActiveMax })
    let now = 0
    const failures = new Map<string, number>()
    /** Model: when each key is to run; `running` keys keep what is asked of them in `wanted` too. */
    const wanted = new Map<string, number>()
    const running = new Set<string>()
    const want = (key: string, at: number): void => void wanted.set(key, Math.min(at, wanted.get(key) ?? Number.POSITIVE_INFINITY))
    const active = (tenant: string): number => [...running].filter((it) => it.startsWith(tenant)).length
    const eligible = (): ReadonlyArray<string> =>
      [...wanted].filter(([key, at]) => at <= now && !running.has(key) && active(key[0]!) < tenantActiveMax).map(([key]) => key)
    const takeOne = (): void => {
      const may = eligible()
      const item = queue.take(now)
      expect(item === undefined).toBe(may.length === 0)
      if (item === undefined) return
      expect(may).toContain(item.key)
      expect(item.failures).toBe(failures.get(item.key) ?? 0)
      wanted.delete(item.key)
      running.add(item.key)
    }
    for (const it of commands) {
      switch (it.do) {
        case "add": queue.add(it.key, now, it.priority); want(it.key, now); break
        case "after": queue.addAfter(it.key, it.delay, now, it.priority); want(it.key, now + it.delay); break
        case "retry": {
          const delay = 5 * 2 ** (failures.get(it.key) ?? 0)
          if (queue.retry(it.key, now) !== delay) throw new Error(`${it.key} is not to wait ${delay} ms`)
          failures.set(it.key, (failures.get(it.key) ?? 0) + 1)
          want(it.key, now + delay)
          break
        }
        case "forget": queue.forget(it.key); failures.delete(it.key); break
        case "take": takeOne(); break
        case "pass": now += it.millis; break
        case "done":
          if (running.delete(it.key)) queue.done(it.key, now)
      }
    }
    now += 1e9
    while (wanted.size > 0 || running.size > 0) {
      takeOne()
      for (const it of [...running].slice(0, 1)) {
        queue.done(it, now)
        running.delete(it)
      }
    }
    for (const it of failures.keys()) queue.forget(it)
    expect(queue.stats()).toMatchObject({ depth: 0, delayed: 0, processing: 0, keys: 0 })
  }), { numRuns: 300 })
})
