/** Microseconds for each operation of the work queue. Prints one JSON line for each case. */
import { WorkQueue } from "../src/WorkQueue.ts"

const measure = (name: string, operations: number, run: () => void): void => {
  for (let i = 0; i < 3; i++) run()
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 7; i++) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  console.log(JSON.stringify({ name, operations, microsPerOperation: Number(((best * 1000) / operations).toFixed(3)) }))
}

const keys = Array.from({ length: 100_000 }, (_, i) => `namespace-${i % 20}/object-${i}`)

for (const count of [1000, 100_000]) {
  const some = keys.slice(0, count)
  measure(`add + take + done, ${count} keys`, count, () => {
    const queue = new WorkQueue()
    for (const key of some) queue.add(key, 0)
    for (let item = queue.take(0); item !== undefined; item = queue.take(0)) queue.done(item.key, 0)
  })
  measure(`add of a key that waits already, ${count} keys`, count * 9, () => {
    const queue = new WorkQueue()
    for (let i = 0; i < 10; i++) for (const key of some) queue.add(key, 0)
  })
  measure(`retry + advance + take + done, ${count} keys`, count, () => {
    const queue = new WorkQueue()
    for (let i = 0; i < count; i++) queue.retry(some[i]!, i % 997)
    queue.advance(1e9)
    for (let item = queue.take(1e9); item !== undefined; item = queue.take(1e9)) {
      queue.forget(item.key)
      queue.done(item.key, 1e9)
    }
  })
}
