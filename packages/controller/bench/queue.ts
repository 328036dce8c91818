/** Microseconds for each operation of the work queue; controller-runtime's takes about one. */
import { WorkQueue } from "../src/WorkQueue.ts"

/** `atMost`: a microsecond for each operation with 100,000 keys, where memory takes the time; for all together with 1,000. */
const measure = (name: string, operations: number, atMost: number, run: () => void): void => {
  for (let i = 0; i < 3; i++) run()
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 7; i++) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  console.log(JSON.stringify({ name, value: Number(((best * 1000) / operations).toFixed(3)), unit: "µs", atMost }))
}

const keys = Array.from({ length: 100_000 }, (_, i) => `namespace-${i % 20}/object-${i}`)

for (const count of [1000, 100_000]) {
  const some = keys.slice(0, count)
  measure(`add, take and done of a key, ${count} keys`, count, count === 1000 ? 1 : 3, () => {
    const queue = new WorkQueue()
    for (const key of some) queue.add(key, 0)
    for (let item = queue.take(0); item !== undefined; item = queue.take(0)) queue.done(item.key, 0)
  })
  measure(`add of a key that waits already, ${count} keys`, count * 9, 1, () => {
    const queue = new WorkQueue()
    for (let i = 0; i < 10; i++) for (const key of some) queue.add(key, 0)
  })
  measure(`failure, wait, take and done of a key, ${count} keys`, count, count === 1000 ? 1 : 4, () => {
    const queue = new WorkQueue()
    for (let i = 0; i < count; i++) queue.retry(some[i]!, i % 997)
    queue.advance(1e9)
    for (let item = queue.take(1e9); item !== undefined; item = queue.take(1e9)) {
      queue.forget(item.key)
      queue.done(item.key, 1e9)
    }
  })
}
